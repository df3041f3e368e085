"""The office's own calendar, for the security administrator.

Single days are entered here; each is followed by a recount, so that no due day waits for the night.
Notices of whole years are entered on the page of the working calendar and only read here.
"""

from typing import Any

from django.contrib import admin, messages
from django.db import models, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import clock, notices
from core.models import CalendarNotice, CalendarOverride


@admin.register(CalendarOverride)
class CalendarOverrideAdmin(admin.ModelAdmin):
    exclude = ("entered_by", "entered_at")
    list_display = ("day", "is_workday", "note", "entered_by", "entered_at")
    list_select_related = ("entered_by",)
    list_filter = ("is_workday",)
    date_hierarchy = "day"
    ordering = ("-day",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Notes who entered the day."""
        if not change:
            obj.entered_by = request.user
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            self._recount(request, _("%(day)s: %(note)s") % {"day": obj.day.isoformat(), "note": obj.note})

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            super().delete_model(request, obj)
            self._recount(request, _("%(day)s deleted") % {"day": obj.day.isoformat()})

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        days = [day.isoformat() for day in queryset.order_by("day").values_list("day", flat=True)]
        with transaction.atomic():
            super().delete_queryset(request, queryset)
            self._recount(request, _("%(day)s deleted") % {"day": ", ".join(days)})

    def _recount(self, request: HttpRequest, because: str) -> None:
        moved = notices.recount(notices.Change(because=because[:200]), today=clock.today())
        if moved:
            sentence = ngettext("%(n)s due day has moved.", "%(n)s due days have moved.", moved)
            messages.info(request, sentence % {"n": moved})


@admin.register(CalendarNotice)
class CalendarNoticeAdmin(admin.ModelAdmin):
    list_display = ("year", "reference", "reason", "entered_by", "entered_at")
    list_select_related = ("entered_by",)
    ordering = ("-year", "-pk")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
