"""Items, issues and stalls over the API. Every answer is held against the schema."""

import datetime
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from approvals.api import Issues
from approvals.choices import IssueState, ItemState, Severity, StallCode
from approvals.models import Issue, Item
from approvals.views.issues import STEPS
from projects.choices import Confidentiality, Stage
from projects.models import Project
from tests import factories
from tests.api import Caller, caller, ids, problem

ITEMS, ISSUES, STALLS = "/api/v1/items/", "/api/v1/issues/", "/api/v1/stalls/"
DAY = factories.DAY  # Monday, 2 March 2026
PDF = b"%PDF-1.7\n%%EOF\n"


@pytest.fixture(autouse=True)
def _on_friday_20_march():
    with time_machine.travel(datetime.datetime(2026, 3, 20, 4, tzinfo=datetime.UTC)):
        yield


@pytest.fixture
def mill(steel, liubei) -> Project:
    return factories.project(
        Stage.SIGNING, name="高强钢生产线", task_force=steel, reporting_unit=liubei, code="LZ-2026-9001"
    )


@pytest.fixture
def team(mill, service_member) -> User:
    """A member of the service team that follows the mill."""
    factories.service(mill, factories.service_team(service_member))
    return service_member


@pytest.fixture
def permit(mill, planning) -> Item:
    """A land permit of five promised and twenty statutory days."""
    template = factories.item_template(
        code="land-permit", name="用地规划许可", name_en="Land permit", department=planning
    )
    return factories.item(mill, template)


def hide(project: Project) -> None:
    project.code_name, project.confidentiality = "曙光", Confidentiality.CONFIDENTIAL
    project.save()


# --- Items ----------------------------------------------------------------------------------------------


def log(user: User, item: Item, key: str = "", **sent: Any) -> Any:
    return caller(user).send(f"{ITEMS}{item.pk}/events/", key=key, **sent)


def test_what_happened_to_an_item_is_written_and_worked_out(permit, team):
    log(team, permit, kind="submitted", on="2026-03-03")

    answer = log(team, permit, kind="accepted", on="2026-03-04", note="材料齐全")

    told = answer.json()
    assert answer.status_code == 201
    assert {name: told[name] for name in told if name not in ("id", "events")} == {
        "project": {
            "id": permit.project_id,
            "code": "LZ-2026-9001",
            "name": "高强钢生产线",
            "is_veiled": False,
        },
        "item": {"code": "land-permit", "name": "Land permit"},
        "department": {"code": "planning", "name": "Planning department"},
        "phase": 1,
        "state": "running",
        "lamp": "over_promise",
        "standing": "7 days over promise",
        "opened_on": "2026-03-02",
        "submitted_on": "2026-03-03",
        "accepted_on": "2026-03-04",
        "closed_on": None,
        "last_event_on": "2026-03-04",
        "counted_days": 12,
        "promised_days": 5,
        "statutory_days": 20,
        "promise_due": "2026-03-11",
        "statute_due": "2026-04-01",
        "is_provisional": False,
        "paused_since": None,
        "announced_days": None,
        "announced_until": None,
        "over_promise": 7,
        "over_statute": 0,
        "certificate_no": "",
        "waits_for": [],
        "days": {"government": 13, "enterprise": 1, "intermediary": 0, "notice": 0},
        "next_kinds": [
            "taken_on",
            "correction_started",
            "special_started",
            "notice_started",
            "refused",
            "declined",
            "withdrawal_asked",
            "approved",
            "approved_pending",
            "withdrawn",
        ],
    }
    assert [(event["kind"], event["on"], event["by"], event["note"]) for event in told["events"]] == [
        ("submitted", "2026-03-03", "农专员", ""),
        ("accepted", "2026-03-04", "农专员", "材料齐全"),
    ]


def test_a_pause_entered_late_brings_its_end_along(permit, team):
    log(team, permit, kind="accepted", on="2026-03-04")

    answer = log(
        team,
        permit,
        kind="special_started",
        on="2026-03-05",
        ended_on="2026-03-12",
        declared_days=10,
        note="专家评审",
    )

    assert [event["kind"] for event in answer.json()["events"]] == [
        "accepted",
        "special_started",
        "special_ended",
    ]
    assert answer.json()["counted_days"] == 7


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"kind": "approved", "on": "2026-03-04"}, (409, "does_not_fit")),
        ({"kind": "submitted", "on": "2026-03-23"}, (409, "cannot_log")),
        ({"kind": "submitted", "on": "2026-02-27"}, (409, "cannot_log")),
        ({"kind": "struck", "on": "2026-03-04"}, (400, "invalid")),
        ({"kind": "note", "on": "2026-03-04"}, (409, "cannot_log")),
        ({"kind": "submitted"}, (400, "invalid")),
        ({"kind": "special_started", "on": "2026-03-04", "declared_days": 5}, (400, "invalid")),
        ({"kind": "special_started", "on": "2026-03-04", "note": "专家评审"}, (400, "invalid")),
        ({"kind": "submitted", "on": "2026-03-04", "ended_on": "2026-03-05"}, (400, "invalid")),
        ({"kind": "submitted", "on": "2026-03-04", "state": "approved", "by": 1}, (400, "invalid")),
    ],
)
def test_what_cannot_have_happened_is_refused(permit, team, sent, wrong):
    assert problem(log(team, permit, **sent))[:2] == wrong
    assert not permit.events.exists()


EVENTS = f"{ITEMS}events/"


@pytest.fixture
def survey(mill, planning) -> Item:
    template = factories.item_template(code="survey", name="勘察", name_en="Survey", department=planning)
    return factories.item(mill, template)


def many(permit: Item, survey: Item) -> list[dict[str, Any]]:
    """A day's log in no order, its items named in both ways."""
    return [
        {"item": permit.pk, "kind": "accepted", "on": "2026-03-04"},
        {"project": "LZ-2026-9001", "code": "survey", "kind": "approved", "on": "2026-03-05"},
        {"item": permit.pk, "kind": "submitted", "on": "2026-03-03"},
        {"item": survey.pk, "kind": "submitted", "on": "2026-03-03"},
        {
            "item": permit.pk,
            "kind": "special_started",
            "on": "2026-03-05",
            "note": "专家评审",
            "declared_days": 5,
        },
    ]


def test_many_events_are_entered_in_one_call(permit, survey, team):
    sent = many(permit, survey)

    answer = caller(team).send(EVENTS, key="1", events=sent)

    assert answer.status_code == 201
    told = answer.json()
    assert [(one["place"], one["item"]) for one in told["entered"]] == [
        (0, permit.pk),
        (1, survey.pk),
        (2, permit.pk),
        (3, survey.pk),
        (4, permit.pk),
    ]
    assert told["already"] == []
    permit.refresh_from_db()
    assert (permit.state, permit.announced_days) == (ItemState.SPECIAL, 5)
    again = caller(team).send(EVENTS, key="1", events=sent)
    assert (again.headers["Idempotent-Replayed"], again.json()) == ("true", told)
    anew = caller(team).send(EVENTS, key="2", events=[*sent, {**sent[0], "kind": "urged"}])
    assert (anew.json()["already"], [one["place"] for one in anew.json()["entered"]]) == (
        [0, 1, 2, 3, 4],
        [5],
    )


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        (
            {"kind": "approved", "on": "2026-03-23"},
            ["The day lies in the future. Enter the day on which it happened."],
        ),
        (
            {"kind": "notice_ended", "on": "2026-03-05"},
            ["“Public notice ended” on 2026-03-05 does not fit: the item is “Being handled” then."],
        ),
        ({"kind": "special_started", "on": "2026-03-05", "declared_days": 5}, ["Write why the clock stops"]),
        ({"kind": "special_started", "on": "2026-03-05", "note": "…"}, ["Enter the announced length"]),
        ({"kind": "approved"}, {"on": ["This field is required."]}),
        ({"kind": "struck", "on": "2026-03-05"}, {"kind": ["“struck” is not a valid choice."]}),
        ({"kind": "approved", "on": "2026-03-05", "item": 999999}, ["There is no such item among those"]),
    ],
)
def test_one_wrong_event_keeps_all_out_and_is_named_by_its_place(permit, survey, team, wrong, errors):
    sent = [*many(permit, survey)[:4], {"item": permit.pk, **wrong}]

    answer = caller(team).send(EVENTS, key="1", events=sent)

    assert answer.status_code == 400
    told = answer.json()["errors"]["events"]
    assert told.keys() == {"4"}
    if isinstance(errors, dict):
        assert told["4"].keys() == errors.keys()
    else:
        assert told["4"][0].startswith(errors[0])
    assert not permit.events.exists()
    assert not survey.events.exists()


def test_many_events_need_an_item_and_a_right(permit, survey, team, clerk):
    without = caller(team).send(EVENTS, events=[{"kind": "submitted", "on": "2026-03-03"}])
    nothing = caller(team).send(EVENTS, events=[])

    assert without.json()["errors"]["events"].keys() == {"0"}
    assert nothing.status_code == 400
    assert caller(clerk).send(EVENTS, events=many(permit, survey)).status_code == 403


def test_many_events_cost_the_same_queries_for_one_item_and_three(mill, team, count_queries):
    def sent(n: int) -> list[dict[str, Any]]:
        items = [factories.item(mill) for _n in range(n)]
        return [{"item": item.pk, "kind": "submitted", "on": "2026-03-03"} for item in items]

    by = caller(team)
    by.send(EVENTS, events=sent(2))
    two, five = sent(2), sent(5)

    assert count_queries(lambda: by.send(EVENTS, events=two)) == count_queries(
        lambda: by.send(EVENTS, events=five)
    )


def test_the_working_calendar_of_a_year_is_told_to_everybody(team, security_admin):
    known, unknown = (caller(team).get(f"/api/v1/calendar/{year}/").json() for year in (2026, 2027))

    assert known["workdays"] == [21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23]
    assert (known["is_provisional"], unknown["is_provisional"]) == (False, True)
    made_up = {"day": "2026-02-14", "is_workday": True, "kind": "makeup", "reason": "Make-up working day"}
    assert made_up in known["days"]
    assert caller(security_admin).get("/api/v1/calendar/2026/").status_code == 200
    assert caller(team).get("/api/v1/calendar/1999/").status_code == 404


def test_an_item_event_sent_twice_is_one(permit, team):
    answers = [log(team, permit, key="k", kind="submitted", on="2026-03-03") for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert permit.events.count() == 1


def test_who_sees_items_and_who_writes_on_them(
    permit, team, clerk, force_member, county_officer, stranger, department_officer, city_leader, statistician
):
    factories.service_team()
    outsider = factories.user("service")
    elsewhere = factories.user("department", agency=factories.agency())
    people = {
        "team": team,
        "clerk": clerk,
        "force_member": force_member,
        "county_officer": county_officer,
        "department_officer": department_officer,
        "city_leader": city_leader,
        "stranger": stranger,
        "outsider": outsider,
        "elsewhere": elsewhere,
        "statistician": statistician,
    }

    assert {
        name: (
            caller(user).get(ITEMS).status_code == 200 and len(ids(caller(user).get(ITEMS))),
            caller(user).get(f"{ITEMS}{permit.pk}/").status_code,
            log(user, permit, kind="note", on="2026-03-03", note="x").status_code,
        )
        for name, user in people.items()
    } == {
        "team": (1, 200, 201),
        "clerk": (1, 200, 403),
        "force_member": (1, 200, 403),
        "county_officer": (1, 200, 403),
        "department_officer": (1, 200, 201),
        "city_leader": (1, 200, 403),
        "stranger": (0, 404, 403),
        "outsider": (0, 404, 404),
        "elsewhere": (0, 404, 404),
        "statistician": (False, 403, 403),
    }


def test_the_items_come_by_urgency_and_through_the_pages_filters(mill, planning, clerk):
    today, other = factories.item_template(department=planning), factories.agency(code="water")
    late = factories.item(
        mill, today, state=ItemState.RUNNING, promise_due="2026-03-10", running_since=DAY, last_event_on=DAY
    )
    waits = factories.item(mill, factories.item_template(department=other))
    in_time = factories.item(
        mill,
        factories.item_template(department=other),
        state=ItemState.RUNNING,
        promise_due="2026-03-27",
        running_since=DAY,
        last_event_on=DAY,
    )
    api = caller(clerk)

    assert ids(api.get(ITEMS)) == [late.pk, in_time.pk, waits.pk]
    assert ids(api.get(f"{ITEMS}?lamp=over_promise")) == [late.pk]
    assert ids(api.get(f"{ITEMS}?group=waiting")) == [waits.pk]
    assert ids(api.get(f"{ITEMS}?department=water&state=running")) == [in_time.pk]
    assert ids(api.get(f"{ITEMS}?project={mill.pk}&q=高强")) == [late.pk, in_time.pk, waits.pk]


def test_pages_of_items_go_on_by_urgency(mill, clerk):
    for day in (None, 9, 3, None, 5):
        due = day and datetime.date(2026, 3, day)
        factories.item(mill, state=ItemState.RUNNING, promise_due=due, running_since=DAY, last_event_on=DAY)
    api = caller(clerk)

    seen, link = [], f"{ITEMS}?page_size=2"
    while link:
        answer = api.get(link.removeprefix("http://testserver"))
        seen, link = seen + ids(answer), answer.json()["next"]

    assert seen == ids(api.get(ITEMS))
    assert len(seen) == 5


def test_the_lists_ask_as_often_for_three_rows_as_for_one(mill, team, count_queries):
    hide(mill)

    def make() -> None:
        item = factories.item(mill, state=ItemState.RUNNING, running_since=DAY, last_event_on=DAY)
        factories.item_event(item)
        factories.stall_flag(item, acknowledged_by=team, acknowledged_at=item.project.created_at)
        factories.issue(mill, blocks=[item])

    api = Caller()
    api.force_login(team)
    make()
    one = [count_queries(lambda url=url: api.get(url)) for url in (ITEMS, ISSUES, STALLS)]
    make(), make()

    assert [count_queries(lambda url=url: api.get(url)) for url in (ITEMS, ISSUES, STALLS)] == one
    assert [len(ids(api.get(url))) for url in (ITEMS, ISSUES, STALLS)] == [3, 3, 3]
    assert [row["project"]["name"] for row in api.get(STALLS).json()["results"]] == ["曙光"] * 3


def test_one_item_asks_as_often_with_a_long_history(permit, team, count_queries):
    api = Caller()
    api.force_login(team)
    factories.item_event(permit)
    one = count_queries(lambda: api.get(f"{ITEMS}{permit.pk}/"))
    for _ in range(4):
        factories.item_event(permit)
        factories.item(permit.project)

    assert count_queries(lambda: api.get(f"{ITEMS}{permit.pk}/")) == one
    assert one <= 12


@pytest.mark.parametrize("url", [ITEMS, ISSUES, STALLS])
@pytest.mark.parametrize(
    "question",
    [
        "ordering=(select pg_sleep(5))",
        "state__regex=(a%2B)%2B",
        "project__created_by__password__startswith=p",
        "project=99999999999999999999",
        "project=1 or 1=1",
        "team=1;drop",
        "task_force=' or ''='",
        "q=%00",
        "page=99999999999999999999",
    ],
)
def test_hostile_questions_are_refused(permit, clerk, url, question):
    assert problem(caller(clerk).get(f"{url}?{question}"))[:2] == (400, "invalid")


def test_another_countys_project_is_no_filter(mill, permit, stranger):
    for url in (ITEMS, ISSUES, STALLS):
        assert problem(caller(stranger).get(f"{url}?project={mill.pk}"))[:2] == (400, "invalid")
        assert ids(caller(stranger).get(f"{url}?q={mill.code}")) == []


# --- Issues ---------------------------------------------------------------------------------------------


def new_issue(mill: Project, **more: Any) -> dict[str, Any]:
    return {
        "project": mill.pk,
        "category": "utilities",
        "text": "10kV临时用电未接入",
        "department": "planning",
        "on": "2026-03-09",
        **more,
    }


@pytest.fixture
def logged(mill, planning) -> Issue:
    return factories.issue(mill, department=planning, raised_on=datetime.date(2026, 3, 9))


def step(user: User, issue: Issue, name: str, key: str = "", tag: str = "", **sent: Any) -> Any:
    return caller(user).send(f"{ISSUES}{issue.pk}/{name}/", key=key, tag=tag, **sent)


def test_an_issue_is_logged_with_what_it_blocks(mill, permit, team):
    answer = caller(team).send(ISSUES, **new_issue(mill, blocks=[permit.pk]))

    issue = Issue.objects.get()
    assert answer.status_code == 201, answer.content
    assert answer.headers["Location"] == f"{ISSUES}{issue.pk}/"
    assert answer.headers["ETag"] == f'"{issue.pk}-1"'
    assert answer.json() == {
        "id": issue.pk,
        "code": "WT-2026-0001",
        "project": {"id": mill.pk, "code": "LZ-2026-9001", "name": "高强钢生产线", "is_veiled": False},
        "category": "utilities",
        "text": "10kV临时用电未接入",
        "department": {"code": "planning", "name": "Planning department"},
        "level": 1,
        "level_since": "2026-03-09",
        "climbs_on": None,
        "state": "logged",
        "state_since": "2026-03-09",
        "raised_on": "2026-03-09",
        "reopened_on": None,
        "resolved_on": None,
        "due_on": "2026-03-23",
        "days": 9,
        "version": 1,
        "statement": "",
        "confirmed_by": None,
        "confirmed_name": "",
        "confirmed_through": None,
        "also_concerns": [],
        "question": None,
        "blocks": [
            {"id": permit.pk, "item": {"code": "land-permit", "name": "Land permit"}, "project": mill.pk}
        ],
        "evidence": [],
        "events": [
            {
                "source": None,
                "target": "logged",
                "on": "2026-03-09",
                "by": "农专员",
                "note": "",
                "level": None,
                "after_days": None,
                "department": {"code": "planning", "name": "Planning department"},
                "returned_for": None,
                "project": None,
                "let_go": False,
                "takes_back": False,
            }
        ],
    }


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"project": 999999}, {"project"}),
        ({"department": "atlantis"}, {"department"}),
        ({"text": "甲" * 501}, {"text"}),
        ({"text": "甲\u202e乙"}, {"text"}),
        ({"blocks": [999999]}, {"blocks"}),
        ({"category": "weather"}, {"category"}),
        ({"state": "resolved", "level": 5, "code": "x"}, {"state", "level", "code"}),
    ],
)
def test_what_is_wrong_with_a_new_issue_is_said_of_its_field(mill, planning, team, sent, wrong):
    answer = caller(team).send(ISSUES, **new_issue(mill, **sent))

    assert problem(answer)[:2] == (400, "invalid")
    assert set(answer.json()["errors"]) == wrong
    assert not Issue.objects.exists()


def test_an_issue_of_another_countys_project_cannot_be_logged(mill, planning, stranger):
    answer = caller(stranger).send(ISSUES, **new_issue(mill))

    assert answer.json()["errors"] == {"project": ["There is no such project among yours."]}


def test_an_issue_blocks_items_of_its_own_project_only(mill, planning, team):
    foreign = factories.item()

    answer = caller(team).send(ISSUES, **new_issue(mill, blocks=[foreign.pk]))

    assert list(answer.json()["errors"]) == ["blocks"]


def test_an_issue_sent_twice_is_logged_once(mill, planning, team):
    answers = [caller(team).send(ISSUES, key="i", **new_issue(mill)) for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert Issue.objects.count() == 1


def test_from_logged_to_resolved_and_open_again(logged, team):
    assert step(team, logged, "take-on", on="2026-03-10").json()["state"] == "accepted"
    assert step(team, logged, "handle", on="2026-03-11", note="已约谈").json()["state"] == "handling"
    assert step(team, logged, "suspend", on="2026-03-12", note="等待上级批复").json()["state"] == "suspended"
    assert step(team, logged, "handle", on="2026-03-13").json()["state"] == "handling"
    assert step(team, logged, "escalate", note="两部门意见不一").json()["level"] == 2
    assert step(team, logged, "answer", note="下周通电").json()["state"] == "answered"

    resolved = resolve(team, logged)

    told = resolved.json()
    assert (resolved.status_code, told["state"], told["statement"]) == (200, "resolved", "已架设临时线路")
    assert (told["confirmed_by"], told["confirmed_name"]) == ("enterprise", "张工")
    assert [(proof["name"], proof["added_by"]) for proof in told["evidence"]] == [("通电单.pdf", "农专员")]
    again = step(team, logged, "reopen", note="又断电了").json()
    assert (again["state"], again["resolved_on"], again["reopened_on"]) == ("handling", None, "2026-03-20")
    assert [event["target"] for event in again["events"]] == [
        "accepted",
        "handling",
        "suspended",
        "handling",
        "handling",
        "answered",
        "resolved",
        "handling",
    ]


def resolve(user: User, issue: Issue, key: str = "", **more: Any) -> Any:
    sent = {
        "statement": "已架设临时线路",
        "confirmed_by": "enterprise",
        "confirmed_name": "张工",
        "evidence": [SimpleUploadedFile("通电单.pdf", PDF)],
        **more,
    }
    headers = {"idempotency-key": key} if key else {}
    return caller(user).post(f"{ISSUES}{issue.pk}/resolve/", sent, format="multipart", headers=headers)


@pytest.fixture
def in_hand(logged) -> Issue:
    logged.state = IssueState.HANDLING
    logged.save()
    return logged


def test_resolving_needs_evidence(in_hand, team):
    answer = step(team, in_hand, "resolve", statement="已解决", confirmed_by="officer", confirmed_name="张工")

    assert problem(answer) == (409, "cannot_step", "Before it counts as resolved, this is needed:")
    assert answer.json()["details"] == ["At least one file that proves it."]


def test_a_page_is_no_evidence(in_hand, team):
    answer = resolve(team, in_hand, evidence=[SimpleUploadedFile("x.pdf", b"<html><script>")])

    assert problem(answer)[:2] == (422, "bad_file")
    in_hand.refresh_from_db()
    assert in_hand.state == "handling"


def test_a_resolution_sent_twice_is_one(in_hand, team):
    answers = [resolve(team, in_hand, key="r") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert in_hand.evidence.count() == 1


@pytest.mark.parametrize("name", ["suspend", "answer", "escalate", "reopen"])
def test_some_steps_need_a_word(in_hand, team, name):
    answer = step(team, in_hand, name)

    assert problem(answer)[:2] == (400, "invalid")
    assert list(answer.json()["errors"]) == ["note"]


def test_a_step_that_is_not_open_is_refused(logged, team):
    assert problem(step(team, logged, "answer", note="x"))[:2] == (409, "cannot_step")
    assert problem(step(team, logged, "take-on", on="2026-03-21"))[:2] == (409, "cannot_step")
    assert problem(step(team, logged, "take-on", state="resolved"))[:2] == (400, "invalid")


def test_a_step_seen_from_an_old_state_is_refused(logged, team):
    tag = caller(team).get(f"{ISSUES}{logged.pk}/").headers["ETag"]
    step(team, logged, "take-on", tag=tag)

    answer = step(team, logged, "handle", tag=tag)

    assert problem(answer)[:2] == (412, "precondition_failed")
    assert answer.json()["now"]["state"] == "accepted"


def test_a_step_sent_twice_is_taken_once(logged, team):
    answers = [step(team, logged, "take-on", key="s") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert logged.events.count() == 1


def test_each_step_asks_for_the_right_that_its_button_asks_for():
    buttons = {"handle": {"handle", "resume", "send_back", "take_back"}}
    # The last three have pages of their own.
    apart = ("read", "create", "confirmation", "concern", "let_go")
    actions = [name for name in Issues.access if name not in apart]

    assert {name: set(Issues.access[name]) for name in actions} == {
        name: {right for button in buttons.get(name, {name}) for right in STEPS[button].permissions}
        for name in actions
    }
    assert set().union(*(buttons.get(name, {name}) for name in actions)) == set(STEPS)


def test_who_sees_an_issue_and_who_works_on_it(
    logged, team, clerk, county_officer, stranger, department_officer, city_leader
):
    elsewhere = factories.user("department", agency=factories.agency())

    def tried(user: User) -> tuple[int, int, int]:
        read = caller(user).get(f"{ISSUES}{logged.pk}/").status_code
        return len(ids(caller(user).get(ISSUES))), read, step(user, logged, "take-on").status_code

    people = (clerk, county_officer, city_leader, stranger, elsewhere, department_officer)
    assert [tried(user) for user in people] == [
        (1, 200, 403),
        (1, 200, 403),
        (1, 200, 403),
        (0, 404, 403),
        (0, 404, 404),
        (1, 200, 200),
    ]
    assert problem(resolve(department_officer, logged))[:2] == (403, "permission_denied")


def test_the_issues_come_newest_first_and_through_the_pages_filters(mill, planning, clerk):
    old = factories.issue(mill, department=planning, raised_on=DAY)
    new = factories.issue(mill, raised_on=datetime.date(2026, 3, 10), category="finance")
    done = factories.issue(mill, raised_on=DAY, state=IssueState.RESOLVED, resolved_on=DAY)
    api = caller(clerk)

    assert ids(api.get(ISSUES)) == [new.pk, done.pk, old.pk]
    assert ids(api.get(f"{ISSUES}?group=open&department=planning")) == [old.pk]
    assert ids(api.get(f"{ISSUES}?category=finance&raised_after=2026-03-03")) == [new.pk]
    assert ids(api.get(f"{ISSUES}?state=resolved")) == [done.pk]


def test_one_issue_asks_as_often_with_a_long_history(logged, team, permit, count_queries):
    api = Caller()
    api.force_login(team)

    def add() -> None:
        factories.issue_event(logged, IssueState.HANDLING)
        logged.evidence.create(file=factories.stored_file(), added_by=team)
        logged.blocks.add(factories.item(logged.project))

    add()
    one = count_queries(lambda: api.get(f"{ISSUES}{logged.pk}/"))
    add(), add()

    assert count_queries(lambda: api.get(f"{ISSUES}{logged.pk}/")) == one
    assert one <= 14


# --- Stalls ---------------------------------------------------------------------------------------------


def test_a_stall_tells_why_how_long_and_who_acts(permit, leader, city_leader):
    Item.objects.filter(pk=permit.pk).update(
        state=ItemState.RUNNING, running_since=DAY, accepted_on=DAY, promise_due="2026-03-09"
    )
    flag = factories.stall_flag(
        permit,
        first_day=datetime.date(2026, 3, 10),
        raised_on=datetime.date(2026, 3, 11),
        facts={"due": "2026-03-09", "limit": 5},
        acknowledged_by=leader,
        acknowledged_at=datetime.datetime(2026, 3, 12, 1, tzinfo=datetime.UTC),
        acknowledged_note="周五前协调",
    )

    assert caller(city_leader).get(STALLS).json() == {
        "next": None,
        "results": [
            {
                "id": flag.pk,
                "code": "S1",
                "severity": "amber",
                "was_red": False,
                "sentence": "Land permit is 9 working days over the promised limit (due on 9 March).",
                "days": 9,
                "unit": "workdays",
                "project": {
                    "id": permit.project_id,
                    "code": "LZ-2026-9001",
                    "name": "高强钢生产线",
                    "is_veiled": False,
                },
                "item_id": permit.pk,
                "item": {"code": "land-permit", "name": "Land permit"},
                "subject": "Land permit",
                "first_day": "2026-03-10",
                "raised_on": "2026-03-11",
                "cleared_on": None,
                "cleared_because": None,
                "made_good": False,
                "level": 1,
                "level_since": "2026-03-11",
                "acts": "Planning department",
                "acknowledged": {"by": "覃局长", "at": "2026-03-12T01:00:00Z", "note": "周五前协调"},
            }
        ],
    }


def test_the_stalls_come_red_first_cleared_last_and_only_ones_own(mill, clerk, stranger):
    amber = factories.stall_flag(factories.item(mill))
    cleared = factories.stall_flag(factories.item(mill), severity=Severity.RED, cleared_on=DAY)
    red = factories.stall_flag(factories.item(mill), severity=Severity.RED, code=StallCode.OVER_STATUTE)
    api = caller(clerk)

    assert ids(api.get(STALLS)) == [red.pk, amber.pk, cleared.pk]
    assert ids(api.get(f"{STALLS}?group=open&severity=red")) == [red.pk]
    assert ids(api.get(f"{STALLS}?page_size=1&code=S1")) == [amber.pk]
    assert ids(caller(stranger).get(STALLS)) == []
