"""Stalls: which days they begin, what the night writes, twice, late, in two workers, and for past days."""

import datetime
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import Q
from django.utils import translation

from accounts.models import Notification
from accounts.notifications import sentence_of
from approvals import clocks, issues, stalls, tasks
from approvals.choices import IssueCategory, IssueState, ItemEventKind, Severity, StallCode
from approvals.models import Item, StallFlag, StallRule
from approvals.stalls import CannotAcknowledge
from core import clock
from core.models import CalendarOverride
from core.workdays import calendar
from projects.choices import Stage, Status
from tests import factories

K, S = ItemEventKind, StallCode
OPENED = datetime.date(2025, 9, 1)
LATER = datetime.date(2026, 6, 30)


def d(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text if len(text) > 5 else f"2025-{text}")


@pytest.fixture
def night(db):
    """The first thresholds of S1 to S4; the other rules and the red ones have tests of their own."""
    only_first_rules()


def only_first_rules() -> None:
    stalls.load_stall_rules(OPENED)
    first = Q(code__in=(S.OVER_PROMISE, S.SILENT, S.BLOCKED), severity=Severity.AMBER)
    StallRule.objects.exclude(first | Q(code=S.OVER_STATUTE)).delete()
    calendar()


@pytest.fixture
def project(steel):
    return factories.project(Stage.SIGNING, task_force=steel)


@pytest.fixture
def item(night, project) -> Item:
    template = factories.item_template(name="环评报告表", name_en="Impact form")
    return factories.item(project, template, opened_on=OPENED, promised_days=5, statutory_days=20)


def log(item: Item, *steps: tuple[str, str], note: str = "记事") -> None:
    entries = [
        clocks.Entry(
            item,
            kind,
            d(on),
            note=note if kind == K.NOTE or kind in K.PAUSES else "",
            declared_days=60 if kind in K.PAUSES else None,
        )
        for kind, on in steps
    ]
    clocks.log_events(entries, by=item.project.created_by, today=LATER)


def found(on: str) -> list[tuple]:
    return [(s.code, s.item, s.first_day) for s in stalls.find(d(on))]


def book() -> list[tuple]:
    rows = StallFlag.objects.order_by("pk")
    return [(f.code, f.item_id, f.first_day, f.raised_on, f.cleared_on) for f in rows]


# --- The rules ----------------------------------------------------------------------------


def test_over_promise_begins_on_the_working_day_after_the_due_day(item):
    log(item, (K.ACCEPTED, "09-08"), (K.NOTE, "09-12"))  # due on the 15th

    assert found("09-15") == []
    assert found("09-16") == [(S.OVER_PROMISE, item.pk, d("09-16"))]
    assert found("09-17") == [(S.OVER_PROMISE, item.pk, d("09-16"))]


def test_over_promise_does_not_begin_on_a_free_day(item):
    log(item, (K.ACCEPTED, "09-05"), (K.NOTE, "09-12"))  # due on Friday the 12th

    assert found("09-14") == []
    assert found("09-15") == [(S.OVER_PROMISE, item.pk, d("09-15"))]


def test_over_statute_is_told_apart_from_over_promise(item):
    """Due by statute on Saturday 11 October, a working day."""
    log(item, (K.ACCEPTED, "09-08"), (K.NOTE, "10-10"), (K.NOTE, "10-13"))

    assert found("10-11") == [(S.OVER_PROMISE, item.pk, d("09-16"))]
    assert found("10-13") == [
        (S.OVER_PROMISE, item.pk, d("09-16")),
        (S.OVER_STATUTE, item.pk, d("10-13")),
    ]


def test_item_that_was_late_stays_flagged_while_its_clock_stands_still(item):
    log(item, (K.ACCEPTED, "09-08"), (K.SPECIAL_STARTED, "09-18"))

    assert found("10-31") == [(S.OVER_PROMISE, item.pk, d("09-16"))]


def test_item_that_stopped_in_time_is_not_late(item):
    log(item, (K.ACCEPTED, "09-08"), (K.SPECIAL_STARTED, "09-15"))

    assert found("12-31") == []


def test_silence_is_judged_by_whose_turn_it_is(item):
    item.limit = None
    item.save()
    log(item, (K.ACCEPTED, "09-08"))
    assert found("09-12") == []
    assert found("09-15") == [(S.SILENT, item.pk, d("09-15"))]

    log(item, (K.CORRECTION_STARTED, "09-15"))
    assert found("09-26") == []
    assert found("09-28") == [(S.SILENT, item.pk, d("09-28"))]  # the tenth working day is a Sunday


def test_a_note_is_a_sign_of_life(item):
    log(item, (K.ACCEPTED, "09-08"), (K.NOTE, "09-12"))

    assert [code for code, *_rest in found("09-18")] == [S.OVER_PROMISE]
    assert [code for code, *_rest in found("09-19")] == [S.OVER_PROMISE, S.SILENT]


def test_expert_review_and_public_notice_are_silent_by_nature(item):
    log(item, (K.ACCEPTED, "09-08"), (K.NOTICE_STARTED, "09-09"))

    assert found("12-31") == []


def test_blocked_by_an_open_issue_from_the_fifth_working_day_on(item, clerk, planning):
    issue = issues.log(
        item.project,
        category=IssueCategory.LAND,
        text="控规调整未完成",
        department=planning,
        on=d("09-19"),
        by=clerk,
        today=LATER,
        blocks=[item],
    )

    assert found("09-25") == []
    assert found("09-26") == [(S.BLOCKED, item.pk, d("09-26"))]

    issues.take_on(issue, on=d("09-28"), by=clerk, today=LATER)
    issues.suspend(issue, reason="等省厅批复", on=d("09-28"), by=clerk, today=LATER)
    assert found("10-20") == [(S.BLOCKED, item.pk, d("09-26"))]  # suspended is not resolved


def test_blocked_counts_anew_when_an_issue_is_reopened(item, clerk):
    issue = factories.issue(
        item.project, raised_on=d("09-01"), state=IssueState.RESOLVED, resolved_on=d("09-12"), blocks=[item]
    )
    assert found("10-10") == []

    issues.reopen(issue, reason="又停了", on=d("10-09"), by=clerk, today=d("10-09"))

    assert found("10-14") == []
    assert found("10-15") == [(S.BLOCKED, item.pk, d("10-15"))]


def test_several_issues_are_one_stall_told_by_the_oldest(item):
    for raised in ("09-03", "09-02"):
        factories.issue(item.project, raised_on=d(raised), text=raised, blocks=[item])

    (stall,) = stalls.find(d("10-20"))

    assert (stall.first_day, stall.facts["text"]) == (d("09-09"), "09-02")


@pytest.mark.parametrize("status", [Status.PAUSED, Status.ENDED])
def test_paused_and_ended_projects_are_left_out(item, status):
    log(item, (K.ACCEPTED, "09-08"))
    factories.issue(item.project, raised_on=d("09-02"), blocks=[item])
    item.project.status = status
    item.project.save()

    assert found("12-31") == []


def test_decided_items_are_no_stalls(item):
    log(item, (K.ACCEPTED, "09-08"), (K.APPROVED, "09-25"))
    factories.issue(item.project, raised_on=d("09-02"), blocks=[item])

    assert found("10-20") == []


def test_stall_over_new_year_and_a_leap_day(item):
    log(item, (K.ACCEPTED, "2025-12-25"))  # 26, 29, 30, 31, then Sunday 4 January is worked

    assert (S.OVER_PROMISE, item.pk, d("2026-01-05")) in found("2026-01-05")
    assert S.OVER_PROMISE not in [code for code, *_rest in found("2026-01-04")]


def test_stall_follows_the_office_s_own_days(item):
    CalendarOverride.objects.create(day=d("09-10"), is_workday=False, note="自治区通知")
    log(item, (K.ACCEPTED, "09-08"))

    assert item.promise_due == d("09-16")
    assert S.OVER_PROMISE not in [code for code, *_rest in found("09-16")]
    assert (S.OVER_PROMISE, item.pk, d("09-17")) in found("09-17")


def test_newest_rule_in_force_on_the_day_is_the_one(item):
    StallRule.objects.create(code=S.OVER_PROMISE, days=3, severity=Severity.AMBER, effective_from=d("10-01"))
    log(item, (K.ACCEPTED, "09-08"), (K.NOTE, "09-28"))

    assert [(s.severity, s.first_day) for s in stalls.find(d("09-28"))] == [(Severity.AMBER, d("09-16"))]
    assert [(s.severity, s.first_day) for s in stalls.find(d("10-09")) if s.code == S.OVER_PROMISE] == [
        (Severity.AMBER, d("09-18"))
    ]


def test_a_second_row_with_a_larger_threshold_turns_amber_into_red(item):
    StallRule.objects.create(code=S.OVER_PROMISE, days=3, severity=Severity.RED, effective_from=OPENED)
    log(item, (K.ACCEPTED, "09-08"), (K.NOTE, "09-15"))

    assert [(s.severity, s.first_day) for s in stalls.find(d("09-17"))] == [(Severity.AMBER, d("09-16"))]
    assert [(s.severity, s.first_day) for s in stalls.find(d("09-18"))] == [(Severity.RED, d("09-16"))]


def test_find_asks_the_same_number_of_queries_for_one_and_three(item, django_assert_num_queries):
    def stall(made: Item) -> None:
        log(made, (K.ACCEPTED, "09-08"))
        factories.issue(made.project, raised_on=d("09-02"), blocks=[made])

    stall(item)
    with django_assert_num_queries(6):
        assert len(stalls.find(d("10-31"))) == 4
    for _turn in range(2):
        stall(factories.item(opened_on=OPENED))
    with django_assert_num_queries(6):
        assert len(stalls.find(d("10-31"))) == 12


def test_find_for_a_past_day_answers_as_things_stood_then(item, clerk):
    log(item, (K.ACCEPTED, "09-08"), (K.NOTE, "09-12"))
    then = found("09-18")
    issue = factories.issue(item.project, raised_on=d("09-02"), state=IssueState.HANDLING, blocks=[item])
    factories.issue_event(issue, IssueState.HANDLING, on=d("09-02"))
    blocked = found("09-18")
    assert [code for code, *_rest in blocked] == [S.OVER_PROMISE, S.BLOCKED]

    log(item, (K.APPROVED, "09-22"))
    issues.resolve(
        issue,
        statement="已办",
        files=[factories.stored_file()],
        confirmed_by="officer",
        confirmed_name="韦",
        on=d("09-23"),
        by=clerk,
        today=LATER,
    )

    assert found("09-18") == blocked
    assert found("09-30") == []
    assert then == [(S.OVER_PROMISE, item.pk, d("09-16"))]


# --- The night ------------------------------------------------------------------------------


def test_announce_raises_keeps_and_clears(item):
    log(item, (K.ACCEPTED, "09-08"), (K.NOTE, "09-15"))

    first = stalls.announce(d("09-16"))
    assert ([f.code for f in first.raised], first.kept, first.cleared) == ([S.OVER_PROMISE], 0, [])
    second = stalls.announce(d("09-17"))
    assert (second.raised, second.kept, second.cleared) == ([], 1, [])
    log(item, (K.APPROVED, "09-18"))
    third = stalls.announce(d("09-19"))
    assert (third.raised, third.kept, [f.code for f in third.cleared]) == ([], 0, [S.OVER_PROMISE])

    assert book() == [(S.OVER_PROMISE, item.pk, d("09-16"), d("09-16"), d("09-19"))]


def test_announce_twice_changes_nothing_more(item):
    log(item, (K.ACCEPTED, "09-08"))
    stalls.announce(d("10-31"))
    before = list(StallFlag.objects.order_by("pk").values())

    again = stalls.announce(d("10-31"))

    assert (again.raised, again.kept, again.cleared) == ([], 3, [])
    assert list(StallFlag.objects.order_by("pk").values()) == before


def test_announce_after_missed_nights_knows_the_first_day(item):
    log(item, (K.ACCEPTED, "09-08"), (K.NOTE, "10-28"))

    stalls.announce(d("10-31"))

    assert book() == [
        (S.OVER_PROMISE, item.pk, d("09-16"), d("10-31"), None),
        (S.OVER_STATUTE, item.pk, d("10-13"), d("10-31"), None),
    ]


def test_announce_tells_a_second_silence_as_a_new_one(item):
    item.limit = None
    item.save()
    log(item, (K.ACCEPTED, "09-08"))
    stalls.announce(d("09-15"))
    log(item, (K.NOTE, "09-16"))  # and silent again, while no night ran

    stalls.announce(d("10-20"))

    assert book() == [
        (S.SILENT, item.pk, d("09-15"), d("09-15"), d("10-20")),
        (S.SILENT, item.pk, d("09-23"), d("10-20"), None),
    ]


def test_announce_corrects_the_first_day_when_the_calendar_is_set_right(item):
    log(item, (K.ACCEPTED, "09-08"), (K.NOTE, "09-18"))
    stalls.announce(d("09-18"))
    CalendarOverride.objects.create(day=d("09-10"), is_workday=False, note="自治区通知")
    clocks.recount(today=d("09-19"))

    stalls.announce(d("09-19"))

    assert book() == [(S.OVER_PROMISE, item.pk, d("09-17"), d("09-18"), None)]


def test_announce_for_a_past_day_neither_doubles_nor_clears_what_later_nights_raised(item):
    log(item, (K.ACCEPTED, "09-08"), (K.NOTE, "09-12"), (K.NOTE, "10-28"))
    stalls.announce(d("10-31"))
    before = book()

    assert [f.code for f in stalls.announce(d("09-10")).raised] == []
    past = stalls.announce(d("09-17"))

    assert (past.raised, past.kept, past.cleared) == ([], 1, [])
    assert book() == before


def test_announce_keeps_the_last_count_of_a_cleared_flag(item):
    log(item, (K.ACCEPTED, "09-08"), (K.NOTE, "09-17"))
    stalls.announce(d("09-18"))
    log(item, (K.APPROVED, "09-19"))
    stalls.announce(d("09-22"))
    flag = StallFlag.objects.select_related("item__template").get()

    assert stalls.days_of(flag, d("12-31"), days=calendar()) == 4


@pytest.mark.django_db(transaction=True)
def test_two_workers_announce_at_once_and_end_in_the_same_rows_as_one():
    only_first_rules()
    items = [factories.item(opened_on=OPENED) for _turn in range(3)]
    for item in items:
        log(item, (K.ACCEPTED, "09-08"))

    def work(_turn: int) -> int:
        try:
            return len(stalls.announce(d("10-31")).raised)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        raised = sorted(pool.map(work, range(3)))

    assert raised == [0, 0, 9]
    assert StallFlag.objects.count() == 9


def test_announce_tells_leads_and_the_team_once_a_night(item, force_lead, force_member, service_member):
    factories.service(item.project, factories.service_team(service_member))
    log(item, (K.ACCEPTED, "09-08"))

    stalls.announce(d("10-31"))
    stalls.announce(d("10-31"))

    with translation.override("en"):
        said = {sentence_of(notice) for notice in Notification.objects.all()}
    assert said == {"Newly stalled among your projects: 3."}
    told = Notification.objects.order_by("user__username").values_list("user__username", "facts", "url")
    assert list(told) == [
        ("force_lead", {"count": 3}, "/approvals/stalled/?raised_on=2025-10-31"),
        ("service_member", {"count": 3}, "/approvals/stalled/?raised_on=2025-10-31"),
    ]


def test_task_flags_as_of_today(item, monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: d("09-16"))
    log(item, (K.ACCEPTED, "09-08"), (K.NOTE, "09-15"))

    tasks.flag_stalls()
    tasks.flag_stalls()

    assert book() == [(S.OVER_PROMISE, item.pk, d("09-16"), d("09-16"), None)]


def test_command_prints_what_it_raised_and_cleared(item, capsys):
    log(item, (K.ACCEPTED, "09-08"), (K.NOTE, "09-15"))

    call_command("flag_stalls", "--today", "2025-09-18", "--json")
    printed = json.loads(capsys.readouterr().out)
    flag = StallFlag.objects.get()

    assert printed == {
        "today": "2025-09-18",
        "raised": [
            {
                "id": flag.pk,
                "code": "S1",
                "severity": "amber",
                "project": item.project.code,
                "item": item.template.code,
                "first_day": "2025-09-16",
                "days": 3,
                "sentence": printed["raised"][0]["sentence"],
            }
        ],
        "kept": 0,
        "cleared": [],
        "sent_up": [],
    }
    call_command("flag_stalls", "--today", "2025-09-18", "--json")
    assert json.loads(capsys.readouterr().out) == {
        "today": "2025-09-18",
        "raised": [],
        "kept": 1,
        "cleared": [],
        "sent_up": [],
    }


# --- In words ---------------------------------------------------------------------------------


def sentences(on: str, today: str | None = None) -> list[str]:
    stalls.announce(d(on))
    flags = StallFlag.objects.open().select_related("item__template").order_by("code")
    return [stalls.sentence(flag, d(today or on), days=calendar()) for flag in flags]


@translation.override("en")
def test_sentence_says_rule_days_and_due_day(item):
    log(item, (K.ACCEPTED, "09-08"), (K.NOTE, "10-13"))
    factories.issue(item.project, code="WT-2025-0007", raised_on=d("09-02"), text="no power", blocks=[item])

    assert sentences("10-20") == [
        "Impact form is 21 working days over the promised limit (due on 15 September).",
        "Impact form is 6 working days over the statutory limit (due on 11 October).",
        "Nothing has been entered for Impact form for 5 working days (last on 13 October).",
        "Impact form: blocked for 30 working days, since 2 September, by issue WT-2025-0007 (no power).",
    ]


@translation.override("en")
def test_sentence_counts_on_from_day_to_day_and_names_another_year(item):
    log(item, (K.ACCEPTED, "09-08"), (K.NOTE, "09-16"))

    assert sentences("09-16") == [
        "Impact form is 1 working day over the promised limit (due on 15 September)."
    ]
    assert sentences("09-16", today="2026-01-05") == [
        "Impact form is 75 working days over the promised limit (due on 15 September 2025)."
    ]


@translation.override("en")
def test_sentence_says_when_the_enterprise_is_silent(item):
    log(item, (K.ACCEPTED, "09-08"), (K.CORRECTION_STARTED, "09-10"))

    assert sentences("09-24") == [
        "Impact form: with the enterprise for 10 working days without an entry (last on 10 September)."
    ]


# --- What people say ------------------------------------------------------------------------------


def test_acknowledge_writes_who_and_what_once(force_lead, leader, night):
    flag = factories.stall_flag()

    stalls.acknowledge(flag, note=" 9月20日前召开专家评审会 ", by=force_lead)

    assert (flag.acknowledged_by, flag.acknowledged_note) == (force_lead, "9月20日前召开专家评审会")
    with pytest.raises(CannotAcknowledge, match="黄组长"):
        stalls.acknowledge(flag, note="另一种办法", by=leader)


@pytest.mark.parametrize("wrong", ["nothing said", "cleared"])
def test_acknowledge_refuses(force_lead, night, wrong):
    flag = factories.stall_flag(cleared_on=factories.DAY if wrong == "cleared" else None)

    with pytest.raises(CannotAcknowledge):
        stalls.acknowledge(flag, note="办" if wrong == "cleared" else " ", by=force_lead)

    flag.refresh_from_db()
    assert flag.acknowledged_by is None
