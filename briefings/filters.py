"""What briefings are narrowed by, on the page and in the API."""

import django_filters
from django.utils.translation import gettext_lazy as _

from briefings.choices import BriefingState, ScopeKind
from briefings.models import Briefing, MeetingState, OnSiteMeeting
from taskforces.models import ReportingUnit, TaskForce


class BriefingFilter(django_filters.FilterSet):
    month = django_filters.DateFilter(
        "period__month", input_formats=["%Y-%m", "%Y-%m-%d"], label=_("Month, like 2025-06")
    )
    scope = django_filters.MultipleChoiceFilter(choices=ScopeKind.choices, label=_("About"))
    state = django_filters.MultipleChoiceFilter(choices=BriefingState.choices, label=_("State"))
    task_force = django_filters.ModelChoiceFilter(
        queryset=TaskForce.objects.order_by("order", "pk"), to_field_name="code", label=_("Task force")
    )
    unit = django_filters.ModelChoiceFilter(
        queryset=ReportingUnit.objects.order_by("order", "pk"),
        to_field_name="code",
        label=_("Reporting unit"),
    )

    class Meta:
        model = Briefing
        fields = ("month", "scope", "state", "task_force", "unit")


class MeetingFilter(django_filters.FilterSet):
    year = django_filters.NumberFilter(label=_("Year"))
    state = django_filters.MultipleChoiceFilter(choices=MeetingState.choices, label=_("State"))
    host = django_filters.ModelChoiceFilter(
        queryset=ReportingUnit.objects.order_by("order", "pk"), to_field_name="code", label=_("Host")
    )

    class Meta:
        model = OnSiteMeeting
        fields = ("year", "state", "host")
