from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BriefingsConfig(AppConfig):
    name = "briefings"
    verbose_name = _("Briefings")

    def ready(self) -> None:
        from briefings.periods import closed_before  # noqa: PLC0415 (models must be there first)
        from projects.rules import CLOSED_MONTHS  # noqa: PLC0415

        CLOSED_MONTHS.append(closed_before)
