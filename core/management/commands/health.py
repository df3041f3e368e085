from argparse import ArgumentParser

from django.core.management import BaseCommand, CommandError

from core import health


class Command(BaseCommand):
    help = "Says how the program's parts are; ends with an error when one of them is unwell."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("parts", nargs="*", choices=[[], *health.CHECKS])

    def handle(self, *args: object, parts: list[str], **options: object) -> None:
        states = health.examine(*parts)
        for name, complaint in states.items():
            self.stdout.write(f"{name}: {complaint or 'ok'}")
        if any(states.values()):
            raise CommandError(", ".join(name for name, complaint in states.items() if complaint))
