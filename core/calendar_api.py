"""The working calendar over the API: every day of a year that is not what its weekday says."""

import datetime

from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core import workdays
from core.api import SIGNED_IN
from core.endpoints import Endpoint, described
from core.forms import FIRST_YEAR, LAST_YEAR
from core.models import CalendarNotice
from core.workdays import DayKind


class OddDay(serializers.Serializer):
    day = serializers.DateField()
    is_workday = serializers.BooleanField()
    kind = serializers.ChoiceField(
        DayKind.choices, help_text=_("A day off, a make-up working day, or the region's own day.")
    )
    reason = serializers.CharField()


class CalendarYear(serializers.Serializer):
    """A day that is not named is worked from Monday to Friday and free at the weekend."""

    year = serializers.IntegerField()
    is_provisional = serializers.BooleanField(
        help_text=_("The notice of its days off is not known yet: due days in it may still move.")
    )
    workdays = serializers.ListField(child=serializers.IntegerField(), help_text=_("Of each month."))
    days = OddDay(many=True)


class Calendar(Endpoint):
    """What all working days are counted by."""

    access = {"read": SIGNED_IN}
    queryset = CalendarNotice.objects.none()
    lookup_field = "year"

    @described(CalendarYear)
    def retrieve(self, request: Request, year: int) -> Response:
        """One year with its days off, make-up working days and the region's own days."""
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise Http404
        days = workdays.calendar()
        told = days.days(datetime.date(year - 1, 12, 31), datetime.date(year, 12, 31))
        per_month = [0] * 12
        for day in told:
            per_month[day.date.month - 1] += day.is_workday
        odd = [day for day in told if day.kind not in (DayKind.WORKDAY, DayKind.WEEKEND)]
        return Response(
            {
                "year": year,
                "is_provisional": days.is_provisional(year),
                "workdays": per_month,
                "days": [
                    {"day": d.date, "is_workday": d.is_workday, "kind": d.kind.value, "reason": d.reason}
                    for d in odd
                ],
            }
        )
