"""The pages of on-site meetings: who reads what, what a button does, and what a page costs."""

import datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from briefings import meetings
from briefings.models import MeetingDecision, MeetingState, OnSiteMeeting, RankingRule, Veto
from core import clock
from projects.choices import Stage
from tests import factories

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)
JULY = datetime.date(2026, 7, 6)
HELD = datetime.date(2026, 7, 24)


@pytest.fixture(autouse=True)
def _in_july(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: JULY)


def project(unit, month):
    day = datetime.date(2026, month, 10)
    made = factories.project(Stage.CONSTRUCTION, reporting_unit=unit, fixed_assets=Decimal(20000))
    factories.verified_event(made, amount=Decimal(20000), signed_on=day)
    return made


@pytest.fixture
def meeting(clerk, liubei, luzhai):
    """Liubei leads; nobody is chosen yet."""
    for month in (1, 2, 3):
        project(liubei, month)
    project(luzhai, 4)
    return meetings.plan(year=2026, half=1, planned_on=HELD, by=clerk, today=datetime.date(2026, 3, 2))


@pytest.fixture
def approved(meeting, liubei, luzhai, clerk, leader):
    """Held at Liubei, with a decision that Luzhai owns."""
    meetings.choose_host(meeting, liubei, by=leader, today=JULY)
    meetings.show(meeting, liubei.projects.first(), unmet=0, by=clerk)
    meetings.set_agenda(meeting, planned_on=JULY, place="中心", agenda="09:00", by=clerk, today=JULY)
    meetings.hold(meeting, on=JULY, by=clerk, today=JULY)
    meetings.decide(meeting, text="报送开工计划", owner=luzhai, due_on=JULY + 30 * DAY)
    meetings.write_minutes(meeting, text="会议要求抓紧落实。", by=clerk)
    return meetings.approve_minutes(meeting, by=leader, today=JULY)


def get(user, route, *args, **query):
    client = factories.in_english()
    client.force_login(user)
    return client.get(reverse(f"briefings:{route}", args=args), query)


def post(user, route, *args, **sent):
    client = factories.in_english()
    client.force_login(user)
    return client.post(reverse(f"briefings:{route}", args=args), sent)


OF_A_MEETING = ("meeting", "ranking", "meeting_projects", "attendees", "scores", "minutes")


# --- Who reads what -------------------------------------------------------------------------------


def test_bureau_and_city_leader_read_every_page_at_any_time(meeting, clerk, leader, city_leader):
    for user in (clerk, leader, city_leader):
        assert {get(user, route, meeting.pk).status_code for route in OF_A_MEETING} == {200}


def test_before_the_agenda_a_unit_reads_where_it_stands_and_nothing_else(meeting, stranger, force_lead):
    codes = [get(stranger, route, meeting.pk).status_code for route in OF_A_MEETING]

    assert codes == [200, 200, 403, 403, 403, 403]
    assert {get(force_lead, route, meeting.pk).status_code for route in OF_A_MEETING} == {404}


def test_a_unit_reads_its_own_standing_until_the_meeting_was_held(meeting, stranger, liubei, luzhai):
    page = get(stranger, "ranking", meeting.pk)

    assert [row["unit"] for row in page.context["rows"]] == [luzhai]
    assert page.context["statement"] == ""
    assert get(stranger, "standing", meeting.pk, luzhai.code).status_code == 200
    assert get(stranger, "standing", meeting.pk, liubei.code).status_code == 403


def test_afterwards_everybody_reads_the_whole_ranking(approved, stranger, force_lead, liubei):
    for user in (stranger, force_lead):
        assert len(get(user, "ranking", approved.pk).context["rows"]) == 2
        assert get(user, "standing", approved.pk, liubei.code).status_code == 200


def test_minutes_that_are_not_approved_are_the_bureaus(meeting, liubei, clerk, leader, stranger):
    meetings.choose_host(meeting, liubei, by=leader, today=JULY)
    meetings.show(meeting, liubei.projects.first(), unmet=0, by=clerk)
    meetings.set_agenda(meeting, planned_on=JULY, place="中心", agenda="09:00", by=clerk, today=JULY)
    meetings.hold(meeting, on=JULY, by=clerk, today=JULY)
    meetings.write_minutes(meeting, text="未定稿的内容", by=clerk)

    assert "未定稿的内容" not in get(stranger, "minutes", meeting.pk).content.decode()
    assert get(stranger, "minutes_file", meeting.pk, "docx").status_code == 404
    assert "未定稿的内容" in get(clerk, "minutes", meeting.pk).content.decode()


def test_vetoes_are_read_by_the_unit_they_bar(leader, liubei, luzhai, stranger, clerk):
    meetings.enter_veto(
        liubei, kind="safety", happened_on=JULY, reason="事故", document="1号", by=leader, today=JULY
    )

    assert "事故" in get(clerk, "vetoes").content.decode()
    assert "事故" not in get(stranger, "vetoes").content.decode()


# --- What the ranking says -----------------------------------------------------------------------


def test_the_ranking_says_in_how_many_weightings_the_first_is_first(meeting, leader):
    page = get(leader, "ranking", meeting.pk)

    assert "Liubei District is first in 100.0 % of 891 weightings (891)" in page.context["statement"]
    assert page.context["form"].initial["host"] == page.context["rows"][0]["unit"].pk


def test_every_number_of_a_standing_opens_what_is_behind_it(meeting, leader, liubei):
    page = get(leader, "standing", meeting.pk, liubei.code)

    links = [row["url"] for row in page.context["of_months"]] + [page.context["conversion"]["url"]]
    assert len(links) == 7
    client = factories.in_english()
    client.force_login(leader)
    assert {client.get(link).status_code for link in links} == {200}
    assert len(page.context["events"]) == 3


def test_before_a_month_has_ended_there_is_no_ranking_yet(clerk, leader):
    early = meetings.plan(year=2026, half=2, planned_on=JULY + 90 * DAY, by=clerk, today=JULY)

    assert "2026-08-01" in get(leader, "ranking", early.pk).content.decode()


@pytest.mark.parametrize("route", OF_A_MEETING)
def test_a_page_costs_the_same_for_few_and_many(meeting, clerk, liubei, leader, route, count_queries):
    def open_it():
        assert get(leader, route, meeting.pk).status_code == 200

    meetings.choose_host(meeting, liubei, by=leader, today=JULY)
    shown = list(liubei.projects.order_by("pk"))
    meetings.show(meeting, shown[0], unmet=0, by=clerk)
    meetings.invite(meeting, name="甲", office="企业")
    open_it()
    few = count_queries(open_it)
    for one in shown[1:]:
        row = meetings.show(meeting, one, unmet=0, by=clerk)
        meetings.screen(row, department="reform", passed=True, by=clerk, today=JULY)
    for name in "乙丙丁":
        meetings.invite(meeting, name=name, office="企业")

    assert count_queries(open_it) == few


def test_the_list_of_decisions_costs_the_same_for_few_and_many(approved, liubei, clerk, count_queries):
    def open_it():
        assert get(clerk, "decisions", group="all").status_code == 200

    few = count_queries(open_it)
    for number in (2, 3, 4):
        MeetingDecision.objects.create(
            meeting=approved, number=number, text="另一项", unit=liubei, due_on=JULY + DAY
        )

    assert count_queries(open_it) == few


def test_the_list_of_meetings_costs_the_same_for_few_and_many(approved, clerk, liubei, count_queries):
    def open_it():
        assert get(clerk, "meetings").status_code == 200

    few = count_queries(open_it)
    for year in (2023, 2024, 2025):
        OnSiteMeeting.objects.create(
            year=year, half=1, planned_on=HELD, held_on=HELD, state=MeetingState.HELD, host=liubei
        )

    assert count_queries(open_it) == few


# --- What a button does ----------------------------------------------------------------------------


def test_a_meeting_goes_its_way_through_the_pages(clerk, leader, liubei, luzhai, force_lead):
    for month in (1, 2, 3):
        project(liubei, month)

    post(clerk, "plan_meeting", year=2026, half=1, planned_on="2026-07-06")
    meeting = OnSiteMeeting.objects.get()
    post(leader, "ranking", meeting.pk, host=liubei.pk, reason="")
    first = liubei.projects.order_by("pk").first()
    post(clerk, "meeting_projects", meeting.pk, step="show", project=first.pk, reason="体量大")
    row = meeting.shown.get()
    post(clerk, "meeting_projects", meeting.pk, step="screen", row=row.pk, department="reform", passed="1")
    post(clerk, "attendees", meeting.pk, step="everybody")
    post(clerk, "agenda", meeting.pk, planned_on="2026-07-06", place="中心", agenda="09:00 观摩")
    post(clerk, "held", meeting.pk, on="2026-07-06")
    own = meeting.attendees.get(user=force_lead)
    post(force_lead, "score_form", meeting.pk, own.pk, **{f"points_{row.pk}": "88"})
    post(clerk, "decide", meeting.pk, text="报送计划", owner=f"unit:{luzhai.pk}", due_on="2026-08-30")
    post(clerk, "minutes", meeting.pk, text="会议纪要")
    post(leader, "minutes", meeting.pk, step="approve")

    meeting.refresh_from_db()
    assert (meeting.state, meeting.host) == (MeetingState.APPROVED, liubei)
    assert [(one.department, one.passed) for one in row.screenings.all()] == [("reform", True)]
    assert get(clerk, "scores", meeting.pk).context["averages"][0]["mean"] == Decimal(88)
    assert list(meeting.steps.order_by("pk").values_list("kind", flat=True)) == [
        "planned",
        "host_chosen",
        "agenda_set",
        "held",
        "approved",
    ]


def test_a_refusal_stands_at_the_form(meeting, leader, luzhai):
    page = post(leader, "ranking", meeting.pk, host=luzhai.pk, reason="")

    assert "is not first in the ranking" in page.content.decode()
    assert OnSiteMeeting.objects.get().host is None


@pytest.mark.parametrize("route", ["ranking", "meeting_projects", "attendees", "minutes"])
def test_who_may_not_write_changes_nothing(approved, stranger, route, liubei):
    before = list(OnSiteMeeting.objects.values())

    post(stranger, route, approved.pk, step="everybody", host=liubei.pk, text="x")

    assert list(OnSiteMeeting.objects.values()) == before
    assert approved.attendees.count() == 0


def test_nobody_fills_in_another_ones_sheet(approved, stranger, force_lead, clerk):
    row = approved.attendees.create(user=force_lead, name="黄组长")

    assert get(stranger, "score_form", approved.pk, row.pk).status_code == 403
    assert get(clerk, "score_form", approved.pk, row.pk).status_code == 200


def test_the_owner_reports_a_decision_done_and_others_cannot(approved, stranger, county_officer):
    decision = approved.decisions.get()

    assert post(county_officer, "decision", decision.pk, step="finish", note="已办").status_code == 403
    assert post(stranger, "decision", decision.pk, step="drop", note="取消").status_code == 403
    post(stranger, "decision", decision.pk, step="finish", note="已报送")

    decision.refresh_from_db()
    assert (decision.state, decision.done_note) == ("done", "已报送")


def test_a_button_pressed_twice_acts_once(approved, clerk):
    decision = approved.decisions.get()
    for _time in range(2):
        post(
            clerk,
            "decision",
            decision.pk,
            step="move",
            due_on="2026-09-30",
            note="延期",
            form_token="f" * 32,
        )

    assert approved.steps.filter(kind="moved").count() == 1


def test_the_leader_sets_weights_and_vetoes_and_the_clerk_does_not(leader, clerk, liubei):
    weights = {"rank_weight": 30, "conversion_weight": 30, "issues_weight": 20, "quality_weight": 20}
    rule = {
        **weights,
        "effective_from": "2026-07-06",
        "rank_indicator": "contracted",
        "conversion_indicator": "start_rate",
        "spread": 10,
        "step": 5,
        "reason": "经局务会审定",
    }
    barred = {
        "unit": liubei.pk,
        "kind": "fake_data",
        "happened_on": "2026-06-01",
        "reason": "数据不实",
        "document": "1号",
    }
    for user in (clerk, leader):
        post(user, "ranking_rules", **rule)
        post(user, "vetoes", **barred)

    assert [made.set_by for made in RankingRule.objects.all()] == [leader]
    assert [made.entered_by for made in Veto.objects.all()] == [leader]


@pytest.mark.parametrize("suffix", ["docx", "pdf"])
@pytest.mark.parametrize("route", ["score_sheet", "minutes_file"])
def test_the_papers_come_as_files(approved, stranger, route, suffix):
    paper = get(stranger, route, approved.pk, suffix)

    assert paper.status_code == 200
    assert paper.content[:2] in (b"PK", b"%P")
    assert get(stranger, route, approved.pk, "txt").status_code == 404
