from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApprovalsConfig(AppConfig):
    name = "approvals"
    verbose_name = _("Approvals")

    def ready(self) -> None:
        from approvals import access, moved, receivers  # noqa: F401, PLC0415 (models must be there first)

        access.register()
        moved.register()
