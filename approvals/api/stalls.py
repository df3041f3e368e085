"""What is stalled, why, for how long, and who acts."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import user_of
from approvals import escalation, stalls
from approvals.choices import Cleared, IssueLevel, Severity, StallCode, StallUnit
from approvals.filters import StallFilter
from approvals.models import StallFlag
from approvals.models.flag import StallFlagQuerySet
from core import clock
from core.endpoints import Code, Endpoint, Plain, Rows, code_of, described
from core.workdays import calendar
from projects.api.shapes import ProjectName, labels_told
from projects.showing import labels


class Said(serializers.Serializer):
    """What a lead said will be done."""

    by = serializers.CharField()
    at = serializers.DateTimeField()
    note = serializers.CharField()


class StallRow(serializers.Serializer):
    id = serializers.IntegerField()
    code = serializers.ChoiceField(StallCode.choices)
    severity = serializers.ChoiceField(Severity.choices)
    was_red = serializers.BooleanField(
        help_text=_("Has been red; one that was made good turns amber and keeps this.")
    )
    sentence = serializers.CharField()
    days = serializers.IntegerField(
        help_text=_("For how long, counted in `unit`; the last count of a cleared one.")
    )
    unit = serializers.ChoiceField(StallUnit.choices)
    project = ProjectName()
    item_id = serializers.IntegerField(
        allow_null=True, help_text=_("Empty for a flag of the project itself.")
    )
    item = Code(allow_null=True)
    subject = serializers.CharField(help_text=_("What is stalled: the item, or what of the project."))
    first_day = serializers.DateField()
    raised_on = serializers.DateField()
    cleared_on = serializers.DateField(allow_null=True)
    cleared_because = serializers.ChoiceField(Cleared.choices, allow_null=True)
    made_good = serializers.BooleanField(help_text=_("Was red and has been settled."))
    level = serializers.ChoiceField(
        IssueLevel.choices, help_text=_("How far up the ladder it has climbed while nobody answered.")
    )
    level_since = serializers.DateField()
    acts = serializers.CharField(help_text=_("Who has to act; empty for a cleared one."))
    acknowledged = Said(allow_null=True)


class Stalls(Endpoint):
    """The flags that the night has raised on the projects you may open and on their items."""

    access = {"read": ("approvals.view_stalled",)}
    queryset = StallFlag.objects.none()
    filterset_class = StallFilter

    def get_queryset(self) -> StallFlagQuerySet:
        return StallFlag.objects.visible_to(user_of(self.request))

    @described(StallRow(many=True))
    def list(self, request: Request) -> Response:
        """Those still standing first, red before amber, the longest first."""
        rows = self.get_queryset().for_list()
        return self.leaf(self.filter_queryset(rows), self._rows)

    def _rows(self, flags: Sequence[StallFlag]) -> Rows:
        user = user_of(self.request)
        named = labels([flag.project_id for flag in flags], user)
        today, days = clock.today(), calendar()
        return [
            {
                "id": flag.pk,
                "code": flag.code,
                "severity": flag.severity,
                "was_red": flag.was_red,
                "sentence": stalls.sentence(flag, today, days=days, reader=user),
                "days": stalls.days_of(flag, today, days=days),
                "unit": stalls.unit_of(flag),
                "project": labels_told(flag.project_id, named),
                "item_id": flag.item_id,
                "item": code_of(flag.item.template) if flag.item else None,
                "subject": flag.subject,
                "first_day": flag.first_day,
                "raised_on": flag.raised_on,
                "cleared_on": flag.cleared_on,
                "cleared_because": flag.cleared_because or None,
                "made_good": flag.is_made_good,
                "level": flag.level,
                "level_since": escalation.since_of(flag),
                "acts": "" if flag.cleared_on else stalls.acts(flag),
                "acknowledged": _said(flag),
            }
            for flag in flags
        ]


def _said(flag: StallFlag) -> Plain | None:
    if flag.acknowledged_by is None:
        return None
    return {
        "by": flag.acknowledged_by.name,
        "at": flag.acknowledged_at,
        "note": flag.acknowledged_note,
    }
