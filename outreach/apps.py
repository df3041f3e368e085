from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OutreachConfig(AppConfig):
    name = "outreach"
    verbose_name = _("Outreach")

    def ready(self) -> None:
        from outreach import ledger_kind  # noqa: PLC0415 (models must be loaded first)

        ledger_kind.declare()
