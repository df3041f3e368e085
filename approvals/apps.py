from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApprovalsConfig(AppConfig):
    name = "approvals"
    verbose_name = _("Approvals")

    def ready(self) -> None:
        from approvals import access, ledger_kind, moved, receivers  # noqa: F401, PLC0415 (models first)

        access.register()
        moved.register()
        ledger_kind.declare()
