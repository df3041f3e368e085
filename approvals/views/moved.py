"""Due days that the working calendar has moved."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.access import allow, user_of
from accounts.models import User
from approvals import excel
from approvals.models import DueDayMove
from approvals.views.leafing import Leaves
from core import exporting
from core.models import CalendarNotice
from core.pages import page
from projects.showing import name_of


@allow("approvals.view_item")
def moved(request: HttpRequest) -> HttpResponseBase:
    """What a notice of days off, or any change of the calendar, has moved; the latest first."""
    user = user_of(request)
    rows = DueDayMove.objects.visible_to(user).for_list().order_by("-recorded_at", "-pk")
    asked = request.GET.get("notice", "")
    notice = CalendarNotice.objects.filter(pk=int(asked)).first() if _is_number(asked) else None
    if notice is not None:
        rows = rows.filter(notice=notice)
    if exporting.asked(request):
        narrowed = [(_("Notice"), notice.reference)] if notice else []
        moves = exporting.each(rows, lambda move: _row(move, user))
        return exporting.answer(request, excel.MOVED, moves, narrowed=narrowed)
    shown = Leaves(rows).get_page(request.GET.get("page"))
    context = {"notice": notice, "page": shown, "rows": [_row(move, user) for move in shown]}
    return page(request, "approvals/moved.html", context)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _row(move: DueDayMove, user: User) -> dict[str, Any]:
    """A move as a line of a list, with ready strings."""
    project = move.item.project
    return {
        "url": reverse("approvals:item", args=[move.item_id]),
        "name": str(move.item.template),
        "project": name_of(project, user),
        "project_url": reverse("approvals:panel", args=[project.pk]),
        "department": str(move.item.template.department),
        "promise": _from_to(move.promise_before, move.promise_after),
        "statute": _from_to(move.statute_before, move.statute_after),
        "on": move.on.isoformat(),
        "why": move.notice.reference if move.notice else move.because or _("Nightly recount"),
    }


def _from_to(before: Any, after: Any) -> dict[str, str] | None:
    if before == after:
        return None
    unknown = pgettext("a due day", "unknown")
    return {
        "before": before.isoformat() if before else unknown,
        "after": after.isoformat() if after else unknown,
    }
