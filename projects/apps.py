from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProjectsConfig(AppConfig):
    name = "projects"
    verbose_name = _("Projects")

    def ready(self) -> None:
        from projects import ledger_kind  # noqa: PLC0415 (models must be loaded first)

        ledger_kind.declare()
