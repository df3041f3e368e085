"""The mechanism as rows: for the security administrator; memberships for the system administrator."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from taskforces import mechanisms
from taskforces.models import BatchLabel, Mechanism, Membership, ReportingUnit, Seat, TaskForce


class PartOfMechanism(admin.TabularInline):
    """Whoever may change the mechanism may change its parts."""

    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("taskforces.view_mechanism")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("taskforces.change_mechanism")

    has_change_permission = has_add_permission
    has_delete_permission = has_add_permission


class SeatInline(PartOfMechanism):
    model = Seat
    ordering = ("order",)


class BatchLabelInline(PartOfMechanism):
    model = BatchLabel
    ordering = ("pk",)


@admin.register(Mechanism)
class MechanismAdmin(admin.ModelAdmin):
    list_display = ("year", "name", "name_en", "briefings_a_year", "site_meetings_a_year", "is_example")
    ordering = ("-year",)
    inlines = (SeatInline, BatchLabelInline)
    actions = ("begin_next_year",)

    @admin.action(description=_("Make next year's mechanism from this one"), permissions=["add"])
    def begin_next_year(self, request: HttpRequest, chosen: QuerySet[Mechanism]) -> HttpResponse | None:
        """A copy with the same seats and labels, opened to be edited."""
        if len(chosen) != 1:
            self.message_user(request, _("Choose one year."), messages.ERROR)
            return None
        try:
            fresh = mechanisms.begin_next_year(chosen[0])
        except mechanisms.CannotCopy as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return None
        told = gettext("The mechanism of %(year)d is made. Edit what changes.") % {"year": fresh.year}
        self.message_user(request, told, messages.SUCCESS)
        return redirect("admin:taskforces_mechanism_change", fresh.pk)


@admin.register(TaskForce)
class TaskForceAdmin(admin.ModelAdmin):
    list_display = ("name", "name_en", "code", "order")
    ordering = ("order",)


@admin.register(ReportingUnit)
class ReportingUnitAdmin(admin.ModelAdmin):
    list_display = ("name", "name_en", "code", "short_name", "kind", "order")
    ordering = ("order",)


@admin.register(Membership)
class MembershipAdmin(admin.ModelAdmin):
    list_display = ("user", "task_force", "unit", "is_lead")
    list_select_related = ("user", "task_force", "unit")
    list_filter = ("task_force", "unit")
    autocomplete_fields = ("user",)
    search_fields = ("user__name", "user__username")
    ordering = ("user__username",)
    fieldsets = (
        (
            None,
            {
                "fields": ("user", "task_force", "unit", "is_lead"),
                "description": _("A person works for a task force or for a unit: fill in one of the two."),
            },
        ),
    )
