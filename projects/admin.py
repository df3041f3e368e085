"""The thresholds of the water detector, for the security administrator."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from projects.models import SuspicionRule


@admin.register(SuspicionRule)
class SuspicionRuleAdmin(admin.ModelAdmin):
    """A change is a new row with its own day: what was raised by the old one stays explained."""

    list_display = ("kind_shown", "setting", "value", "effective_from", "source")
    list_filter = ("kind", "setting")
    ordering = ("kind", "setting", "-effective_from")

    @admin.display(description=SuspicionRule._meta.get_field("kind").verbose_name, ordering="kind")
    def kind_shown(self, row: SuspicionRule) -> str:
        return str(row.get_kind_display() or "—")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
