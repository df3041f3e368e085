"""Rows that every city starts from: agencies, units, task forces, mechanisms, catalogue, rules."""

from typing import Any

from django.core.management.base import BaseCommand

import accounts.reference
import approvals.catalogue
import briefings.reference
import taskforces.reference
from briefings import counting_rules
from core.clock import today
from projects import layouts


class Command(BaseCommand):
    help = "Load agencies, units, task forces, mechanisms, catalogue, rules, names on documents, layouts."

    def handle(self, *args: Any, **options: Any) -> None:
        accounts.reference.load()
        taskforces.reference.load()
        approvals.catalogue.load(today())
        briefings.reference.load()
        counting_rules.load()
        layouts.load()
        if options["verbosity"]:
            self.stdout.write("Reference rows are in place.")
