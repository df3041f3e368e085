"""Due days and the calendar: what a notice would move, what it has moved, and telling whom it concerns."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.notifications import notify, says
from approvals import clocks
from approvals.models import DueDayMove, ServiceTeam
from core import notices
from core.workdays import Calendar

says(
    "due_days_moved",
    gettext_lazy("The working calendar has changed. Due days moved among your items: %(count)s."),
)


def foresee(days: Calendar) -> notices.Foreseen:
    """How many due days would be others by this calendar. Writes nothing."""
    counted = later = earlier = 0
    for item, would in clocks.foresee(days):
        counted += 1
        pairs = zip(clocks.dues(item), would, strict=True)
        was, now = next(((was, now) for was, now in pairs if was and now and was != now), (None, None))
        if was and now:
            later += now > was
            earlier += now < was
    return notices.Foreseen(counted, later, earlier)


def recount(change: notices.Change, days: Calendar, today: datetime.date) -> int:
    """Count every item under way anew, write down what moved, and tell the service teams once."""
    moves = clocks.recount(today=today, days=days, notice=change.notice, because=change.because)
    if moves:
        _tell(moves)
    return len(moves)


def _tell(moves: Iterable[DueDayMove]) -> None:
    """One notice to each member of the teams that follow the projects, with the number of theirs."""
    moves = list(moves)
    members = ServiceTeam.members.through.objects.filter(
        serviceteam__services__project__in={move.item.project_id for move in moves},
        serviceteam__services__until__isnull=True,
    )
    of_project: dict[int, set[int]] = defaultdict(set)
    for project, user in members.values_list("serviceteam__services__project", "user"):
        of_project[project].add(user)
    counts = Counter(user for move in moves for user in of_project[move.item.project_id])
    by_count: dict[int, list[User]] = defaultdict(list)
    for member in User.objects.filter(pk__in=list(counts), is_active=True).order_by("pk"):
        by_count[counts[member.pk]].append(member)
    first = moves[0]
    url = reverse("approvals:moved") + (f"?notice={first.notice_id}" if first.notice_id else "")
    for count, users in by_count.items():
        notify(users, key=f"moved-{first.pk}", kind="due_days_moved", facts={"count": count}, url=url)


def register() -> None:
    notices.COUNTINGS["approvals"] = notices.Counting(foresee=foresee, recount=recount)
