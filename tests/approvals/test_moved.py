"""Due days and the calendar: a notice foreseen, entered, listed and told to whom it concerns."""

import datetime

import pytest
from django.test import Client

from accounts.models import Notification
from approvals import clocks, moved
from approvals.choices import ItemEventKind, ItemState
from approvals.clocks import Entry
from approvals.models import DueDayMove, Item
from core import clock, notices, workdays
from core.models import CalendarOverride
from core.notices import CannotEnter
from projects.choices import Stage
from projects.models import Project
from tests import factories
from tests.approvals.conftest import told

K = ItemEventKind
TODAY = datetime.date(2026, 12, 30)  # a Wednesday
NEW_YEAR = "元旦：1月1日至3日放假，共3天。1月10日（周日）上班。春节：2月5日至11日放假调休。"


@pytest.fixture(autouse=True)
def _today(monkeypatch) -> None:
    monkeypatch.setattr(clock, "today", lambda: TODAY)


@pytest.fixture
def project(steel, liubei, service_member) -> Project:
    project = factories.project(Stage.SIGNING, name="特钢线材项目", task_force=steel, reporting_unit=liubei)
    factories.service(project, factories.service_team(service_member))
    return project


def item(project: Project, *steps: tuple[str, str], promised: int = 5) -> Item:
    template = factories.item_template(promised_days=promised, statutory_days=20)
    made = factories.item(project, template, opened_on=datetime.date(2026, 12, 1))
    entries = [Entry(made, kind, datetime.date.fromisoformat(on), **told(kind)) for kind, on in steps]
    clocks.log_events(entries, by=project.created_by, today=TODAY)
    made.refresh_from_db()
    return made


def enter(by, text: str = NEW_YEAR, **facts):
    return notices.enter(year=2027, reference="国办发明电〔2026〕7号", text=text, by=by, today=TODAY, **facts)


def dues(item: Item) -> tuple[str, str]:
    item.refresh_from_db()
    return f"{item.promise_due}", f"{item.statute_due}"


def test_a_notice_moves_what_reaches_into_its_year(project, security_admin, service_member):
    """Over New Year into a year of which nobody knew the make-up days."""
    over = item(project, (K.ACCEPTED, "2026-12-28"))
    within = item(project, (K.ACCEPTED, "2026-12-02"), (K.APPROVED, "2026-12-04"))
    assert dues(over) == ("2027-01-05", "2027-01-26")
    foreseen = notices.foresee(notices.calendar_with(2027, notices.understood(NEW_YEAR, year=2027).days))

    notice, count = enter(security_admin)

    assert (foreseen.counted, foreseen.moved, foreseen.earlier) == (1, 1, 1)
    assert count == 1
    assert dues(over) == ("2027-01-05", "2027-01-25")  # Sunday the 10th is worked
    assert dues(within)[0] == "2026-12-09"
    move = DueDayMove.objects.get()
    assert (move.item, move.notice, move.promise_before) == (over, notice, move.promise_after)
    assert (f"{move.statute_before}", f"{move.statute_after}") == ("2027-01-26", "2027-01-25")
    [told] = Notification.objects.filter(user=service_member)
    assert (told.kind, told.facts, told.url) == (
        "due_days_moved",
        {"count": 1},
        f"/approvals/moved/?notice={notice.pk}",
    )


def test_a_notice_that_moves_nothing_tells_nobody(project, security_admin):
    item(project, (K.ACCEPTED, "2026-12-02"))

    assert enter(security_admin)[1] == 0

    assert not DueDayMove.objects.exists()
    assert not Notification.objects.exists()


def test_a_stopped_clock_has_no_due_day_to_move(project, security_admin):
    paused = item(project, (K.ACCEPTED, "2026-12-28"), (K.SPECIAL_STARTED, "2026-12-30"))

    assert enter(security_admin)[1] == 0

    assert (dues(paused), paused.state) == (("None", "None"), ItemState.SPECIAL)


def test_a_correction_leaves_the_old_moves(project, security_admin):
    over = item(project, (K.ACCEPTED, "2026-12-28"))
    first, _count = enter(security_admin)

    second, _count = enter(
        security_admin, NEW_YEAR.replace("1月10日（周日）上班。", ""), replaces=first, reason="调休更正"
    )

    assert dues(over)[1] == "2027-01-26"
    moves = DueDayMove.objects.order_by("pk").values_list("notice", "statute_before", "statute_after")
    assert [(pk, f"{a}", f"{b}") for pk, a, b in moves] == [
        (first.pk, "2027-01-26", "2027-01-25"),
        (second.pk, "2027-01-25", "2027-01-26"),
    ]


def test_a_leap_day_taken_by_the_region_moves_due_days(project, security_admin):
    template = factories.item_template(promised_days=1, statutory_days=2)
    leap = factories.item(project, template, opened_on=datetime.date(2028, 2, 1))
    entry = Entry(leap, K.ACCEPTED, datetime.date(2028, 2, 28))
    clocks.log_events([entry], by=project.created_by, today=datetime.date(2028, 2, 28))
    assert dues(leap) == ("2028-02-29", "2028-03-01")

    CalendarOverride.objects.create(day=datetime.date(2028, 2, 29), is_workday=False, note="自治区通知")
    notices.recount(notices.Change(because="自治区通知"), today=datetime.date(2028, 2, 28))

    assert dues(leap) == ("2028-03-01", "2028-03-02")
    assert DueDayMove.objects.get().because == "自治区通知"


def test_a_refused_notice_moves_nothing(project, security_admin):
    over = item(project, (K.ACCEPTED, "2026-12-28"))

    with pytest.raises(CannotEnter):
        enter(security_admin, "1月1日至3日")

    assert dues(over) == ("2027-01-05", "2027-01-26")
    assert not DueDayMove.objects.exists()


def test_the_night_lists_what_it_moves(project):
    item(project, (K.ACCEPTED, "2026-12-28"))
    CalendarOverride.objects.create(day=datetime.date(2027, 1, 4), is_workday=False, note="自治区通知")
    workdays.forget()

    assert len(clocks.recount(today=TODAY)) == 1
    assert clocks.recount(today=TODAY) == []

    move = DueDayMove.objects.get()
    assert (move.notice, move.because) == (None, "")


def test_a_single_day_in_the_settings_counts_at_once(project, client, security_admin):
    over = item(project, (K.ACCEPTED, "2026-12-28"))
    client.force_login(security_admin)

    client.post("/admin/core/calendaroverride/add/", {"day": "2027-01-04", "note": "自治区通知"})
    assert dues(over)[0] == "2027-01-06"
    override = CalendarOverride.objects.get()
    client.post(f"/admin/core/calendaroverride/{override.pk}/delete/", {"post": "yes"})

    assert dues(over)[0] == "2027-01-05"
    assert list(DueDayMove.objects.order_by("pk").values_list("because", flat=True)) == [
        "2027-01-04：自治区通知",
        "2027-01-04 已删除",
    ]


def test_foreseeing_and_recounting_cost_the_same_for_one_and_three(project, security_admin, count_queries):
    days = notices.calendar_with(2027, notices.understood(NEW_YEAR, year=2027).days)
    item(project, (K.ACCEPTED, "2026-12-28"))
    foresee = count_queries(lambda: moved.foresee(days))
    recount = count_queries(lambda: clocks.recount(today=TODAY, days=days))
    for _n in range(3):
        item(project, (K.ACCEPTED, "2026-12-28"))

    assert count_queries(lambda: moved.foresee(days)) == foresee
    assert count_queries(lambda: clocks.recount(today=TODAY, days=days)) == recount
    assert DueDayMove.objects.count() == 4


# --- The page ---------------------------------------------------------------------------------


@pytest.fixture
def reader() -> Client:
    return factories.in_english()


def test_the_page_lists_what_moved_to_those_who_may_see_the_items(
    project, reader, security_admin, clerk, stranger, count_queries
):
    item(project, (K.ACCEPTED, "2026-12-28"))
    notice, _count = enter(security_admin)
    url = f"/approvals/moved/?notice={notice.pk}"
    reader.force_login(clerk)

    page = reader.get(url).content.decode()

    assert "1 due day moved" in page
    assert "<del>2027-01-26</del>" in page
    assert "<ins>2027-01-25</ins>" in page
    one = count_queries(lambda: reader.get(url))
    for _n in range(3):
        item(project, (K.ACCEPTED, "2026-12-28"))
    clocks.recount(today=TODAY, days=workdays.NATIONAL, notice=notice)
    assert "5 due days moved" in reader.get(url).content.decode()
    assert count_queries(lambda: reader.get(url)) == one
    reader.force_login(stranger)
    assert "No due day has moved" in reader.get(url).content.decode()


@pytest.mark.parametrize("asked", ["x", "-1", "9" * 30, "999"])
def test_an_unknown_notice_shows_all(project, reader, clerk, asked):
    reader.force_login(clerk)

    assert reader.get(f"/approvals/moved/?notice={asked}").status_code == 200
