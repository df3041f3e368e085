"""What has changed: from whose rows, told how, since when; and what it costs."""

import datetime

import pytest
from django.utils import timezone

from approvals import changes, clocks, issues, stalls
from approvals.choices import IssueCategory, ItemEventKind
from approvals.models import DueDayMove, Item, ItemEvent
from core.workdays import calendar
from tests import factories
from tests.approvals.conftest import OPENED, TODAY

YESTERDAY = TODAY - datetime.timedelta(days=1)
LONG_AGO = datetime.datetime(2025, 8, 1, 1, tzinfo=datetime.UTC)

pytestmark = pytest.mark.usefixtures("today")


def at(day: datetime.date, hour: int = 9) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time(hour)))


def entered(item: Item, kind: str, on: datetime.date, when: datetime.datetime, **fields) -> ItemEvent:
    return factories.item_event(item, kind, on=on, recorded_at=when, **fields)


def told(user, first: datetime.date = YESTERDAY) -> list[tuple]:
    found = changes.since(user, first, today=TODAY, days=calendar())
    return [(change.kind, change.what, change.who, change.late) for change in found]


@pytest.fixture
def item(followed, planning) -> Item:
    """An item in whose history nothing happened lately."""
    return factories.item(followed, factories.item_template(department=planning), opened_on=OPENED)


@pytest.fixture
def quiet(followed) -> None:
    """The project was given to its team long ago."""
    followed.services.update(recorded_at=LONG_AGO)


def test_entries_are_told_newest_first_and_late_ones_say_so(item, quiet, service_member):
    entered(item, ItemEventKind.SUBMITTED, YESTERDAY, at(YESTERDAY), by=service_member)
    entered(item, ItemEventKind.NOTE, datetime.date(2025, 9, 12), at(TODAY), by=service_member)
    entered(item, ItemEventKind.NOTE, datetime.date(2025, 9, 12), LONG_AGO, by=service_member)

    assert told(service_member) == [
        ("item", ItemEventKind.NOTE.label, "农专员", 5),
        ("item", ItemEventKind.SUBMITTED.label, "农专员", 0),
    ]


def test_a_struck_entry_is_told_by_what_it_strikes(item, quiet, service_member):
    wrong = entered(item, ItemEventKind.SUBMITTED, OPENED, LONG_AGO)
    clocks.strike(wrong, by=service_member, today=TODAY, note="录错了")

    # what the verb wrote is of the moment of this test, after every day of its calendar
    [line] = changes.since(service_member, TODAY, today=TODAY, days=calendar())
    assert wrong.on.isoformat() in line.what
    assert (line.note, line.late) == ("录错了", 0)


def test_every_kind_of_row_is_told(item, quiet, service_member, clerk, planning, followed):
    issues.log(
        followed,
        category=IssueCategory.LAND,
        text="地块控规调整未完成",
        department=planning,
        on=TODAY,
        by=clerk,
        today=TODAY,
    )
    entered(item, ItemEventKind.SUBMITTED, OPENED, at(TODAY))
    DueDayMove.objects.create(item=item, on=TODAY, promise_before=YESTERDAY, promise_after=TODAY)
    factories.stage_change(followed, "commencement", on=TODAY)
    factories.contract_event(followed)
    factories.stall_flag(item, raised_on=TODAY)
    factories.service(factories.project("signing"))

    kinds = {kind for kind, _what, _who, _late in told(service_member)}

    assert kinds == {"item", "due", "issue", "project", "flag"}


def test_flag_raised_answered_and_cleared_makes_three_lines(item, quiet, service_member, force_lead):
    flag = factories.stall_flag(item, raised_on=YESTERDAY)
    stalls.acknowledge(flag, note="周五前召开协调会", by=force_lead)
    type(flag).objects.filter(pk=flag.pk).update(cleared_on=TODAY)

    found = changes.since(service_member, YESTERDAY, today=TODAY, days=calendar())

    assert len([change for change in found if change.kind == "flag"]) == 3


def test_a_department_hears_only_of_what_is_addressed_to_it(item, quiet, department_officer, followed):
    other = factories.item(followed, opened_on=OPENED)
    entered(item, ItemEventKind.SUBMITTED, OPENED, at(TODAY))
    entered(other, ItemEventKind.SUBMITTED, OPENED, at(TODAY))
    factories.stage_change(followed, "commencement", on=TODAY)

    found = changes.since(department_officer, YESTERDAY, today=TODAY, days=calendar())

    assert [(change.route, change.pk) for change in found] == [("approvals:item", item.pk)]


def test_a_team_hears_nothing_of_projects_of_others(item, quiet):
    entered(item, ItemEventKind.SUBMITTED, OPENED, at(TODAY))

    assert told(factories.user("service")) == []


def test_it_costs_the_same_for_one_and_many_rows(item, quiet, service_member, count_queries, followed):
    def ask():
        changes.since(service_member, YESTERDAY, today=TODAY, days=calendar())

    entered(item, ItemEventKind.SUBMITTED, OPENED, at(TODAY))
    factories.stall_flag(item, raised_on=TODAY)
    one = count_queries(ask)
    for _n in range(3):
        other = factories.item(followed, opened_on=OPENED)
        entered(other, ItemEventKind.SUBMITTED, OPENED, at(TODAY))
        factories.stall_flag(other, raised_on=TODAY)

    assert count_queries(ask) == one
