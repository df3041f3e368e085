"""The month: who has reported, who confirms, who is late and reminded; its page."""

import datetime
import re
import threading

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.models import Notification
from briefings import drafting, reminders, reports, timetable
from briefings.choices import BriefingState, ReviewKind
from briefings.models import Briefing, Timetable
from briefings.reminders import BEFORE
from briefings.waiting import waiting_for
from core import clock
from projects import progress
from projects.choices import Stage, Status
from projects.models import Project
from projects.progress import Told
from tests import factories
from tests.briefings import march
from tests.briefings.march import MARCH

REPORT_BY, CONFIRM_BY = datetime.date(2026, 4, 3), datetime.date(2026, 4, 8)  # 3rd and 5th working day
LATE = datetime.date(2026, 4, 9)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def city(steel, auto, liubei, luzhai, clerk):
    march.build(steel, auto, liubei, luzhai)
    drafting.draft(MARCH, today=datetime.date(2026, 4, 1), by=clerk)
    return Briefing.objects.filter(period__month=MARCH)


@pytest.fixture
def running(steel, liubei, luzhai):
    """Two projects in Liubei and one in Luzhai that report March."""
    Project.objects.update(status=Status.ENDED)
    since = datetime.date(2025, 6, 1)
    return [
        factories.project(Stage.CONSTRUCTION, task_force=steel, reporting_unit=unit, stage_since=since)
        for unit in (liubei, liubei, luzhai)
    ]


def of(key):
    return Briefing.objects.get(period__month=MARCH, scope_key=key)


def told(project, by, today=REPORT_BY):
    progress.report_all(month=MARCH, told={project.pk: Told(1, 1)}, by=by, today=today)


# --- The timetable ---------------------------------------------------------------------------------


def test_a_month_goes_by_the_row_in_force(db):
    assert (timetable.report_by(MARCH), timetable.confirm_by(MARCH)) == (REPORT_BY, CONFIRM_BY)

    Timetable.objects.create(effective_from=MARCH, report_within=1, confirm_within=2)
    Timetable.objects.create(effective_from=datetime.date(2026, 4, 1), report_within=9, confirm_within=9)

    assert timetable.report_by(MARCH) == datetime.date(2026, 4, 1)
    assert timetable.confirm_by(MARCH) == datetime.date(2026, 4, 2)
    assert timetable.confirm_by(datetime.date(2026, 2, 1)) == datetime.date(2026, 3, 6)


def test_a_timetable_begins_a_month_and_reports_come_first(db):
    for row in (
        Timetable(effective_from=datetime.date(2026, 3, 2)),
        Timetable(effective_from=MARCH, report_within=6, confirm_within=5),
        Timetable(effective_from=MARCH, report_within=0),
    ):
        with pytest.raises(ValidationError):
            row.full_clean()


# --- Who has reported ---------------------------------------------------------------------------------


def test_reports_are_counted_by_unit_with_their_lateness(running, clerk):
    told(running[0], clerk)
    told(running[2], clerk)

    rows = reports.by_unit(MARCH, today=LATE)

    assert [(row.unit.code, row.reported, row.running, row.missing, row.late_days) for row in rows] == [
        ("450205", 1, 2, 1, 3),
        ("450223", 1, 1, 0, 0),
    ]
    assert [row.late_days for row in reports.by_unit(MARCH, today=REPORT_BY)] == [0, 0]


def test_reports_are_those_known_on_the_day(running, clerk):
    told(running[0], clerk, today=LATE)

    assert [row.reported for row in reports.by_unit(MARCH, today=REPORT_BY)] == [0, 0]


# --- The window ----------------------------------------------------------------------------------------


def test_the_bureau_confirms_for_them_after_the_window_with_its_reason(city, leader):
    with pytest.raises(drafting.CannotReview, match="until 2026-04-08"):
        drafting.lapse(of("force:steel"), reason="x", by=leader, today=CONFIRM_BY)
    with pytest.raises(drafting.CannotReview, match="Say why"):
        drafting.lapse(of("force:steel"), reason=" ", by=leader, today=LATE)

    review = drafting.lapse(of("force:steel"), reason="专班组长出差，逾期未确认", by=leader, today=LATE)

    assert (review.kind, review.facts) == (ReviewKind.LAPSED, {"due": "2026-04-08"})
    assert of("force:steel").state == BriefingState.REVIEWED
    drafting.sign_off(of("force:steel"), by=leader)
    assert of("force:steel").state == BriefingState.SIGNED_OFF


def test_what_is_disputed_is_answered_before_the_bureau_confirms(city, leader, force_lead):
    drafting.dispute(of("force:steel"), figure="contracted:year", reason="少一个项目", by=force_lead)

    with pytest.raises(drafting.CannotReview, match="still disputed"):
        drafting.lapse(of("force:steel"), reason="x", by=leader, today=LATE)


def test_the_city_comes_after_the_others_or_says_which_are_missing(city, clerk, force_lead):
    drafting.confirm(of("force:steel"), by=force_lead)

    with pytest.raises(drafting.OthersMissing) as refused:
        drafting.confirm(of("city"), by=clerk)
    review = drafting.confirm(of("city"), by=clerk, reason="市委会议提前")

    missing = [str(one.task_force or one.unit) for one in city.filter(state="draft").order_by("pk")]
    assert len(missing) == 3
    assert all(name in str(refused.value) for name in missing)
    assert (review.reason, review.facts) == ("市委会议提前", {"without": missing})


def test_the_city_is_confirmed_without_a_word_when_all_others_are(city, clerk):
    city.exclude(scope_key="city").update(state=BriefingState.REVIEWED)

    assert drafting.confirm(of("city"), by=clerk).facts == {}


# --- Reminders -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "step"),
    [
        ("2026-04-06", None),  # a day off before the last two
        ("2026-04-07", BEFORE),
        ("2026-04-08", BEFORE),
        ("2026-04-09", 1),
        ("2026-04-10", 1),
        ("2026-04-13", 3),
        ("2026-04-15", 5),
        ("2026-04-22", 10),
        ("2026-06-30", 10),
    ],
)
def test_a_reminder_has_steps(day, step):
    assert reminders.step(CONFIRM_BY, datetime.date.fromisoformat(day)) == step


def kinds(user):
    found = Notification.objects.filter(user=user, kind__startswith="remind").order_by("pk")
    return list(found.values_list("kind", "facts__day"))


def test_who_is_late_is_reminded_once_a_step(city, running, force_lead, county_officer, clerk, leader):
    told(running[2], clerk)
    for day in (2, 2, 3, 7, 9, 10, 14):  # nothing ran on the 13th, when the third day was over
        reminders.remind(datetime.date(2026, 4, day))

    assert kinds(force_lead) == [
        ("remind_confirm", "2026-04-08"),
        ("remind_confirm_late", "2026-04-08"),
        ("remind_confirm_late", "2026-04-08"),
    ]
    assert [kind for kind, _day in kinds(county_officer)] == [
        "remind_report",
        "remind_report_late",
        "remind_confirm",
        "remind_report_late",
        "remind_confirm_late",
        "remind_report_late",
        "remind_confirm_late",
    ]
    assert [kind for kind, _day in kinds(leader)] == ["remind_unheard", "remind_unheard"]


def test_what_is_done_reminds_nobody(city, running, force_lead, county_officer, clerk):
    for project in running:
        told(project, clerk)
    drafting.confirm(of("force:steel"), by=force_lead)
    drafting.dispute(of("unit:450205"), figure="contracted:year", reason="请核对", by=county_officer)

    reminders.remind(LATE)

    assert (kinds(force_lead), kinds(county_officer)) == ([], [])


def test_nobody_is_reminded_on_a_day_off_or_of_a_closed_month(city, force_lead, clerk):
    assert reminders.remind(datetime.date(2026, 4, 11)) == 0
    city.first().period.__class__.objects.update(closed_on=datetime.date(2026, 4, 8), closed_by=clerk)

    assert reminders.remind(LATE) == 0
    assert kinds(force_lead) == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_remind_once(city, force_lead):
    start = threading.Barrier(2)

    def work():
        try:
            start.wait(10)
            reminders.remind(LATE)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [kind for kind, _day in kinds(force_lead)] == ["remind_confirm_late"]


# --- The page --------------------------------------------------------------------------------------------


@pytest.fixture
def browse(monkeypatch):
    def at(user, day=LATE) -> Client:
        monkeypatch.setattr(clock, "today", lambda: day)
        client = Client()
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        client.force_login(user)
        return client

    return at


PAGE = reverse("briefings:this_month")


def words(response) -> str:
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).split())


def stops(response):
    track = [(one.station.key, one.station.done, one.station.total) for one in response.context["track"]]
    here = next((one.station.key for one in response.context["track"] if one.state == "now"), "")
    return track, here


def test_the_page_shows_how_far_the_month_is(city, running, clerk, force_lead, browse):
    drafting.confirm(of("force:steel"), by=force_lead)
    told(running[0], clerk)

    response = browse(clerk).get(PAGE)

    assert stops(response) == (
        [
            ("reports", 1, 3),
            ("drafted", 5, 5),
            ("confirmed", 1, 4),
            ("reviewed", 0, 1),
            ("signed_off", 0, 5),
            ("published", 0, 5),
            ("closed", 0, 1),
        ],
        "reports",
    )
    assert "3 working days late" in words(response)
    assert "1 working day late" in words(response)


def test_each_reader_has_one_next_thing_to_do(
    city, running, clerk, leader, force_lead, county_officer, city_leader, browse
):
    def act(user):
        found = browse(user).get(PAGE).context["act"]
        return found and found.label

    assert act(county_officer) == "Report progress (2 missing)…"
    for project in running:
        told(project, clerk)
    assert [act(one) for one in (county_officer, force_lead, clerk, leader, city_leader)] == [
        "Confirm the figures…",
        "Confirm the figures…",
        "Confirm the figures…",
        None,
        None,
    ]
    city.update(state=BriefingState.REVIEWED)
    assert [act(one) for one in (force_lead, leader)] == [None, "Sign off…"]


def test_a_unit_sees_its_own_reports_and_briefing_only(city, running, county_officer, browse):
    shown = browse(county_officer).get(PAGE).context

    assert [row.reports.unit.code for row in shown["reports"]] == ["450205"]
    assert [row.briefing.scope_key for row in shown["waiting"]] == ["unit:450205"]


def test_the_next_month_opens_once_the_last_is_closed(city, clerk, browse):
    city.first().period.__class__.objects.update(closed_on=datetime.date(2026, 4, 8), closed_by=clerk)

    client = browse(clerk)

    assert client.get(PAGE).context["month"] == datetime.date(2026, 4, 1)
    closed = client.get(f"{PAGE}?month=2026-03")
    assert "This month is closed" in words(closed)
    assert {one.state for one in closed.context["track"]} == {"done"}


def test_the_page_asks_as_often_however_many_report(city, running, clerk, browse, count_queries, luzhai):
    client = browse(clerk)
    client.get(PAGE)
    few = count_queries(lambda: client.get(PAGE))
    since = datetime.date(2025, 6, 1)
    for _n in range(3):
        unit = factories.unit()
        factories.project(Stage.CONSTRUCTION, reporting_unit=unit, stage_since=since)

    assert count_queries(lambda: client.get(PAGE)) == few


def test_the_leader_confirms_for_them_from_the_page(city, leader, clerk, browse):
    found = of("force:steel")
    where = reverse("briefings:step", args=[found.pk, "lapse"])

    early = browse(leader, CONFIRM_BY).get(found.get_absolute_url())
    assert "Confirm for them" not in words(early)
    assert "Confirm for them" in words(browse(leader).get(found.get_absolute_url()))
    assert browse(clerk).get(where).status_code == 403
    answer = browse(leader).post(where, {"version": found.version, "reason": "逾期", "form_token": "t"})

    assert answer.status_code == 302
    assert of("force:steel").reviews.get().kind == ReviewKind.LAPSED


def test_missing_reports_stand_under_today(running, county_officer, clerk, leader):
    def lines(user):
        found = waiting_for(user, LATE).tasks
        return [(task.title, task.note, task.due) for task in found if "Progress" in task.title]

    assert lines(county_officer) == [("Progress of 2026-03", "2 projects are missing", REPORT_BY)]
    told(running[0], clerk)
    assert lines(county_officer) == [("Progress of 2026-03", "1 project is missing", REPORT_BY)]
    assert (lines(clerk), lines(leader)) == ([], [])
