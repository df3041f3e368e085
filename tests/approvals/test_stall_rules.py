"""S5 to S9 and Yinchuan's lamps, amber and red, the presets, and what is remembered of a red."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approvals import clocks, lists, stalls
from approvals.choices import Cleared, ItemEventKind, LampPreset, Phase, Severity, StallCode, StallUnit
from approvals.models import Item, PresetChoice, StallFlag, StallRule
from approvals.stalls import CannotChoose
from core.workdays import calendar
from projects import pipeline
from projects.choices import Confidentiality, Stage, Status
from projects.models import Project
from tests import factories

K, S = ItemEventKind, StallCode
AMBER, RED = Severity.AMBER, Severity.RED
SIGNED = datetime.date(2025, 9, 1)


def d(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text if len(text) > 5 else f"2025-{text}")


@pytest.fixture(autouse=True)
def rules(db):
    stalls.load_stall_rules(d("01-01"))
    calendar()


@pytest.fixture
def project(steel, liubei) -> Project:
    return signed(task_force=steel, reporting_unit=liubei)


def signed(stage: str = Stage.SIGNING, **fields) -> Project:
    given = {"stage_since": SIGNED, "signed_on": SIGNED, "contracted": Decimal(10_000), **fields}
    made = factories.project(stage, **given)
    factories.stage_change(made, Stage.SIGNING, on=given["signed_on"])
    return made


def report(project: Project, month: str, recorded: str, invested: int = 0) -> None:
    at = timezone.make_aware(datetime.datetime.combine(d(recorded), datetime.time(12)))
    factories.progress_report(project, d(month), recorded_at=at, invested=invested)


def only(*codes: str) -> None:
    StallRule.objects.exclude(code__in=codes).delete()


def found(on: str) -> list[tuple]:
    return [(s.code, s.severity, s.first_day) for s in stalls.find(d(on))]


def choose_yinchuan(on: str = "01-01") -> None:
    PresetChoice.objects.create(preset=LampPreset.YINCHUAN, effective_from=d(on))


# --- S5 could be submitted, is not ----------------------------------------------------------------


@pytest.fixture
def pair(project) -> tuple[Item, Item]:
    """An item, and one that needs it first, both opened with the signing."""
    only(S.NOT_SUBMITTED)
    first = factories.item_template()
    items = [
        factories.item(project, template, opened_on=SIGNED)
        for template in (first, factories.item_template(prerequisites=[first]))
    ]
    return items[0], items[1]


def log(item: Item, *steps: tuple[str, str]) -> None:
    entries = [
        clocks.Entry(
            item, kind, d(on), note="原因" if kind in K.PAUSES else "", declared_days=_declared(kind)
        )
        for kind, on in steps
    ]
    clocks.log_events(entries, by=item.project.created_by, today=d("2026-06-30"))


def _declared(kind: str) -> int | None:
    return 5 if kind in K.PAUSES else None


def test_not_submitted_counts_from_the_day_it_could_be(pair):
    assert found("09-12") == []
    assert found("09-15") == [(S.NOT_SUBMITTED, AMBER, d("09-15"))]  # the second waits for the first


def test_not_submitted_counts_from_the_last_prerequisite(pair):
    first, second = pair
    log(first, (K.ACCEPTED, "09-02"), (K.APPROVED, "09-10"))

    assert found("09-23") == []
    assert [(s.item, s.first_day) for s in stalls.find(d("09-24"))] == [(second.pk, d("09-24"))]
    ready = lists.readiness([first, second])[second.pk].ready_on
    assert stalls.find(d("09-24"))[0].facts == {"since": str(ready)}


def test_not_submitted_turns_red_after_sixty_working_days(pair):
    assert found("11-26") == [(S.NOT_SUBMITTED, AMBER, d("09-15"))]
    assert found("11-28") == [(S.NOT_SUBMITTED, RED, d("09-15"))]


def test_what_the_counter_gave_back_counts_anew(pair):
    log(pair[0], (K.SUBMITTED, "09-10"), (K.NOT_ACCEPTED, "09-12"))

    assert found("09-25") == []
    assert found("09-26") == [(S.NOT_SUBMITTED, AMBER, d("09-26"))]


def test_not_submitted_asks_nothing_before_the_signing_or_of_resting_projects(pair, project):
    Project.objects.filter(pk=project.pk).update(status=Status.PAUSED)
    assert found("10-31") == []
    Project.objects.filter(pk=project.pk).update(status=Status.ACTIVE, stage=Stage.NEGOTIATION)
    assert found("10-31") == []


def test_what_follows_the_works_is_asked_for_when_something_stands(project):
    only(S.NOT_SUBMITTED)
    factories.item(project, factories.item_template(phase=Phase.ACCEPTANCE), opened_on=SIGNED)
    assert found("12-31") == []

    Project.objects.filter(pk=project.pk).update(accepted_on=d("10-09"))
    assert found("10-21") == []
    assert found("10-22") == [(S.NOT_SUBMITTED, AMBER, d("10-22"))]


def test_not_submitted_of_a_past_day_forgets_what_came_later(pair):
    log(pair[0], (K.ACCEPTED, "09-30"), (K.APPROVED, "10-09"))

    assert found("09-20") == [(S.NOT_SUBMITTED, AMBER, d("09-15"))]
    assert found("10-10") == []


# --- S6 stopped for longer than announced ------------------------------------------------------------


def test_long_pause_begins_on_the_working_day_after_the_announced_length(project):
    only(S.LONG_PAUSE)
    item = factories.item(project, opened_on=SIGNED)
    log(item, (K.ACCEPTED, "09-02"), (K.SPECIAL_STARTED, "09-08"))  # five days: until Monday the 15th

    assert found("09-15") == []
    assert found("09-16") == [(S.LONG_PAUSE, AMBER, d("09-16"))]
    assert found("09-26") == [(S.LONG_PAUSE, AMBER, d("09-16"))]
    assert found("09-28") == [(S.LONG_PAUSE, RED, d("09-16"))]

    log(item, (K.SPECIAL_ENDED, "09-30"))
    assert found("09-30") == []
    assert found("09-29") == [(S.LONG_PAUSE, RED, d("09-16"))]


def test_long_pause_of_before_announcements_has_a_usual_length(project):
    only(S.LONG_PAUSE)
    item = factories.item(project, opened_on=SIGNED)
    by = project.created_by
    for kind, on in ((K.ACCEPTED, "09-02"), (K.NOTICE_STARTED, "09-08")):
        factories.item_event(item, kind, on=d(on), by=by)
    clocks.recount(today=d("09-08"))
    Item.objects.filter(pk=item.pk).update(
        state="notice", paused_since=d("09-08"), last_event_on=d("09-08"), accepted_on=d("09-02")
    )

    assert found("10-10") == []
    assert found("10-11") == [(S.LONG_PAUSE, AMBER, d("10-11"))]


# --- S7 no progress reported ----------------------------------------------------------------------


def test_no_report_asks_for_the_first_full_month_after_the_signing(project):
    """October's report is missed on the fifth working day of November."""
    only(S.NO_REPORT)

    assert found("11-06") == []
    assert found("11-07") == [(S.NO_REPORT, AMBER, d("11-07"))]
    assert found("2026-01-07") == [(S.NO_REPORT, AMBER, d("11-07"))]
    assert found("2026-01-08") == [(S.NO_REPORT, RED, d("11-07"))]  # October, November, December


def test_a_report_made_later_settles_it_and_a_past_day_remembers(project):
    only(S.NO_REPORT)
    report(project, "2025-11-01", recorded="12-20")

    assert found("12-19") == [(S.NO_REPORT, AMBER, d("11-07"))]
    assert found("12-20") == []


@pytest.mark.parametrize("stage", [Stage.NEGOTIATION, Stage.PRODUCTION, Stage.FULL_CAPACITY])
def test_no_report_is_asked_from_signing_to_production(stage):
    only(S.NO_REPORT)
    signed(stage)

    assert found("2026-03-31") == []


# --- S8 stage ageing ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "first"),
    [(Stage.PREPARATION, "10-16"), (Stage.NEGOTIATION, "10-01"), (Stage.SIGNING, "09-21")],
)
def test_each_batch_has_its_age_in_calendar_days(stage, first):
    only(S.STAGE_AGED)
    factories.project(stage, stage_since=SIGNED)

    assert found(str(d(first) - datetime.timedelta(days=1))) == []
    assert found(first) == [(S.STAGE_AGED, AMBER, d(first))]


def test_age_may_be_counted_in_working_days(project):
    only(S.STAGE_AGED)
    StallRule.objects.filter(clock=Stage.SIGNING).update(unit=StallUnit.WORKDAYS)

    assert found("09-27") == []
    assert found("09-28") == [(S.STAGE_AGED, AMBER, d("09-28"))]


def test_age_of_a_past_day_is_that_of_the_batch_then(steel):
    only(S.STAGE_AGED)
    project = factories.project(Stage.SIGNING, stage_since=d("10-20"), task_force=steel)
    factories.stage_change(project, Stage.NEGOTIATION, on=SIGNED)
    factories.stage_change(project, Stage.SIGNING, on=d("10-20"))

    assert found("08-31") == []
    assert found("10-19") == [(S.STAGE_AGED, AMBER, d("10-01"))]
    assert found("10-21") == []


# --- S9 not started ------------------------------------------------------------------------------------


def test_not_started_begins_on_the_day_after_the_agreed_one():
    only(S.NOT_STARTED)
    signed(planned_start=d("10-10"))

    assert found("10-10") == []
    assert found("10-11") == [(S.NOT_STARTED, AMBER, d("10-11"))]
    assert found("2026-01-10") == [(S.NOT_STARTED, RED, d("10-11"))]


def test_started_projects_and_those_without_a_day_are_no_stalls():
    only(S.NOT_STARTED)
    signed()
    signed(Stage.COMMENCEMENT, planned_start=d("10-10"))

    assert found("12-31") == []


# --- Yinchuan's lamps ------------------------------------------------------------------------------------


def test_start_planned_for_this_month_is_amber_and_red_in_the_third_month_running():
    choose_yinchuan()
    signed(planned_start=d("10-20"))

    assert found("09-30") == []
    assert found("10-01") == [(S.START_DUE, AMBER, d("10-01"))]
    assert found("11-30") == [(S.START_DUE, AMBER, d("10-01"))]
    assert found("12-01") == [(S.START_DUE, RED, d("10-01"))]


def building(**fields) -> Project:
    """Begun on 1 January 2025, to produce 200 days later, a plan of 1,000 万元."""
    given = {
        "stage_since": d("01-01"),
        "signed_on": d("2024-06-01"),
        "planned_production": d("01-01") + datetime.timedelta(days=200),
        "fixed_assets": Decimal(1_000),
        **fields,
    }
    made = signed(Stage.COMMENCEMENT, **given)
    factories.stage_change(made, Stage.COMMENCEMENT, on=d("01-01"))
    return made


def test_investment_behind_the_time_passed_is_amber_from_ten_points_and_red_beyond_thirty():
    choose_yinchuan("2024-01-01")
    report(building(), "2025-01-01", "01-10", invested=100)  # 10 per cent: the time of day 20

    day = d("01-01") + datetime.timedelta(days=40)
    assert found(str(day - datetime.timedelta(days=1))) == []
    assert found(str(day)) == [(S.BEHIND_TIME, AMBER, day)]
    assert found(str(day + datetime.timedelta(days=40))) == [(S.BEHIND_TIME, AMBER, day)]  # 30 points
    assert found(str(day + datetime.timedelta(days=41))) == [(S.BEHIND_TIME, RED, day)]


def test_begun_without_investment_in_the_statistics():
    choose_yinchuan("2024-01-01")
    building(planned_production=None)

    assert found("01-31") == []
    assert found("02-01") == [(S.NOT_IN_STATISTICS, AMBER, d("02-01"))]
    assert found("03-01") == [(S.NOT_IN_STATISTICS, RED, d("02-01"))]


def test_a_report_with_investment_puts_it_into_the_statistics():
    choose_yinchuan("2024-01-01")
    report(building(planned_production=None), "2025-02-01", "02-20", invested=1)

    assert found("02-19") == [(S.NOT_IN_STATISTICS, AMBER, d("02-01"))]
    assert found("02-20") == []


# --- Presets -------------------------------------------------------------------------------------------


def test_the_preset_in_force_lights_the_lamps_and_the_other_ones_are_taken_down(project, leader):
    Project.objects.filter(pk=project.pk).update(planned_start=d("10-20"))
    stalls.choose_preset(LampPreset.YINCHUAN, effective_from=d("10-15"), by=leader, today=d("10-14"))

    stalls.announce(d("10-14"))
    assert codes() == {S.STAGE_AGED}
    stalls.announce(d("10-15"))
    assert codes() == {S.START_DUE}
    dropped = StallFlag.objects.get(code=S.STAGE_AGED)
    assert (dropped.cleared_on, dropped.cleared_because) == (d("10-15"), Cleared.DROPPED)


def codes() -> set[str]:
    return set(StallFlag.objects.open().values_list("code", flat=True))


@pytest.mark.parametrize(
    ("preset", "day", "why"),
    [
        (LampPreset.YINCHUAN, "10-13", "passed"),
        (LampPreset.STANDARD, "10-15", "in force"),
        (LampPreset.YINCHUAN, "10-20", "made already"),
    ],
)
def test_choosing_lamps_refuses(leader, preset, day, why):
    choose_yinchuan("10-20")
    with translation.override("en"), pytest.raises(CannotChoose, match=why):
        stalls.choose_preset(preset, effective_from=d(day), by=leader, today=d("10-14"))


def test_a_threshold_changed_on_a_day_keeps_the_flag_with_what_was_said_to_it(project, force_lead):
    only(S.STAGE_AGED)
    stalls.announce(d("10-01"))
    stalls.acknowledge(StallFlag.objects.get(), note="十月底前开工", by=force_lead)
    StallRule.objects.create(
        code=S.STAGE_AGED,
        clock=Stage.SIGNING,
        days=32,
        unit=StallUnit.DAYS,
        severity=AMBER,
        effective_from=d("10-02"),
    )

    stalls.announce(d("10-02"))  # not yet aged by the new threshold: nothing was settled
    assert StallFlag.objects.get().cleared_because == Cleared.DROPPED
    stalls.announce(d("10-03"))

    assert [(f.first_day, f.raised_on) for f in StallFlag.objects.open()] == [(d("10-03"), d("10-03"))]


def test_a_larger_threshold_that_is_passed_all_the_same_keeps_the_flag(project, force_lead):
    only(S.STAGE_AGED)
    stalls.announce(d("09-21"))
    stalls.acknowledge(StallFlag.objects.get(), note="十月底前开工", by=force_lead)
    StallRule.objects.create(
        code=S.STAGE_AGED,
        clock=Stage.SIGNING,
        days=25,
        unit=StallUnit.DAYS,
        severity=AMBER,
        effective_from=d("10-10"),
    )

    announced = stalls.announce(d("10-10"))

    assert (announced.raised, announced.kept, announced.cleared) == ([], 1, [])
    flag = StallFlag.objects.get()
    assert (flag.first_day, flag.acknowledged_note) == (d("09-26"), "十月底前开工")


# --- Memory --------------------------------------------------------------------------------------------


def test_a_red_that_is_made_good_turns_amber_and_stays_known(project):
    only(S.NO_REPORT)
    stalls.announce(d("12-01"))
    stalls.announce(d("2026-01-12"))
    assert [(f.severity, f.was_red) for f in StallFlag.objects.all()] == [(RED, True)]

    report(project, "2025-11-01", "2026-01-12")  # two of three months: December is missing still
    stalls.announce(d("2026-01-13"))
    assert [(f.severity, f.was_red, f.facts["month"]) for f in StallFlag.objects.open()] == [
        (AMBER, False, "2025-12-01")
    ]
    good = StallFlag.objects.made_good().get()
    assert (good.severity, good.was_red, good.cleared_because) == (AMBER, True, Cleared.SETTLED)


def test_amber_made_good_and_red_of_a_paused_project_are_not_made_good_reds(project):
    only(S.NO_REPORT)
    other = signed()
    stalls.announce(d("2026-01-12"))
    Project.objects.filter(pk=other.pk).update(status=Status.PAUSED)
    report(project, "2025-12-01", "2026-01-12")

    stalls.announce(d("2026-01-13"))

    told = StallFlag.objects.order_by("project").values_list("severity", "cleared_because")
    assert list(told) == [(AMBER, Cleared.SETTLED), (RED, Cleared.RESTING)]


# --- In words ------------------------------------------------------------------------------------------


def sentences(on: str) -> list[tuple[str, str]]:
    stalls.announce(d(on))
    flags = StallFlag.objects.open().for_list().order_by("code", "pk")
    return [(stalls.sentence(flag, d(on), days=calendar()), stalls.acts(flag)) for flag in flags]


@translation.override("en")
def test_sentences_of_projects_and_who_acts(project, liubei, steel):
    Project.objects.filter(pk=project.pk).update(planned_start=d("10-10"))

    assert sentences("11-10") == [
        ("No progress reported since October 2025: 1 month missed. A reason is due.", str(liubei)),
        ("In the batch “Signing” for 70 days (since 1 September).", str(liubei)),
        ("Works were to begin on 10 October by the contract and have not begun: 31 days late.", str(liubei)),
    ]


@translation.override("en")
def test_sentences_of_yinchuan_s_lamps(liubei):
    choose_yinchuan("2024-01-01")
    building(reporting_unit=liubei)
    signed(planned_start=d("2025-02-20"), signed_on=d("2025-01-05"), stage_since=d("2025-01-05"))

    assert [text for text, _acts in sentences("03-03")] == [
        "Works were planned to begin on 20 February and have not begun: 2 months running.",
        "Investment done is 0.0 % of the plan: 30 points behind the time passed"
        " (production planned on 20 July).",
        "Works began on 1 January and no fixed-asset investment has been reported for 2 months.",
    ]


@translation.override("en")
def test_sentences_of_items_not_submitted_and_stopped(project):
    only(S.NOT_SUBMITTED, S.LONG_PAUSE)
    waits = factories.item(project, factories.item_template(name_en="Filing"), opened_on=SIGNED)
    stopped = factories.item(project, factories.item_template(name_en="Design"), opened_on=SIGNED)
    log(stopped, (K.ACCEPTED, "09-02"), (K.SPECIAL_STARTED, "09-08"))

    assert sentences("09-17") == [
        (
            "Filing could be submitted since 1 September and has not been for 12 working days.",
            "The enterprise",
        ),
        (
            "Design: the clock stands still since 8 September, 2 working days longer than announced"
            " (5 working days).",
            str(stopped.template.department),
        ),
    ]
    assert waits.state == "waiting"


@translation.override("en")
def test_what_an_issue_says_of_a_confidential_project_is_told_to_its_owners_only(
    project, clerk, city_leader, force_lead
):
    only(S.BLOCKED)
    item = factories.item(project, opened_on=SIGNED)
    factories.issue(
        project, raised_on=SIGNED, text="the secret buyer wavers", category="finance", blocks=[item]
    )
    Project.objects.filter(pk=project.pk).update(confidentiality=Confidentiality.CONFIDENTIAL)
    stalls.announce(d("09-20"))
    flag = StallFlag.objects.for_list().get()

    def told(reader=None) -> str:
        return stalls.sentence(flag, d("09-20"), days=calendar(), reader=reader)

    assert "secret" not in told()
    assert "(Finance)" in told()
    assert "(Finance)" in told(city_leader)
    assert "the secret buyer wavers" in told(clerk)
    assert "the secret buyer wavers" in told(force_lead)


# --- The night, for every rule -----------------------------------------------------------------------------


@pytest.fixture
def busy(project) -> None:
    """Something for every rule of the standard lamps."""
    project.planned_start = d("10-10")
    project.save()
    late, silent, stopped, _waits = (factories.item(project, opened_on=SIGNED) for _turn in range(4))
    log(late, (K.ACCEPTED, "09-02"))
    log(silent, (K.ACCEPTED, "11-25"))
    log(stopped, (K.ACCEPTED, "09-02"), (K.SPECIAL_STARTED, "09-03"))
    factories.issue(project, raised_on=SIGNED, blocks=[late])
    signed(planned_start=d("12-20"), stage_since=d("11-28"), signed_on=d("11-28"))


def standing() -> set[tuple]:
    rows = StallFlag.objects.open()
    return {(f.code, f.project_id, f.item_id, f.severity, f.first_day) for f in rows}


def asked(on: datetime.date) -> set[tuple]:
    return {(s.code, s.project, s.item, s.severity, s.first_day) for s in stalls.find(on)}


def test_every_standard_rule_is_raised_kept_and_cleared(busy, project):
    stalls.announce(d("12-10"))
    assert codes() == {f"S{n}" for n in range(1, 10)}
    before = list(StallFlag.objects.order_by("pk").values())

    again = stalls.announce(d("12-10"))
    assert (again.raised, again.cleared) == ([], [])
    assert list(StallFlag.objects.order_by("pk").values()) == before

    project.status = Status.PAUSED
    project.save()
    stalls.announce(d("12-11"))
    assert standing() == asked(d("12-11"))
    assert set(StallFlag.objects.exclude(cleared_on=None).values_list("cleared_because", flat=True)) == {
        Cleared.RESTING
    }


def test_find_asks_the_same_number_of_queries_for_one_and_three_projects(busy, django_assert_num_queries):
    with django_assert_num_queries(12):
        stalls.find(d("12-10"))
    for _turn in range(2):
        factories.item(signed(planned_start=d("10-10")), opened_on=SIGNED)
    with django_assert_num_queries(12):
        stalls.find(d("12-10"))


NIGHTS = st.lists(st.integers(min_value=0, max_value=150), min_size=1, max_size=8)


@given(
    nights=NIGHTS,
    reports=st.lists(st.integers(min_value=0, max_value=5), max_size=3),
    change=st.integers(0, 150),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_nights_ran_the_last_one_s_flags_are_what_is_stalled(busy, project, nights, reports, change):
    """In any order, repeated, with a preset chosen in between and reports made late."""
    with _undone():
        PresetChoice.objects.create(
            preset=LampPreset.YINCHUAN, effective_from=SIGNED + datetime.timedelta(days=change)
        )
        for night, month in zip(nights, [*reports, *[None] * len(nights)], strict=False):
            if month is not None:
                on = SIGNED + datetime.timedelta(days=night)
                report(project, "2025-09-01", str(on))
            stalls.announce(SIGNED + datetime.timedelta(days=night))
        last = SIGNED + datetime.timedelta(days=max(nights))
        stalls.announce(last)

        assert standing() == asked(last)
        before = list(StallFlag.objects.order_by("pk").values())
        stalls.announce(last)
        assert list(StallFlag.objects.order_by("pk").values()) == before


@contextmanager
def _undone() -> Iterator[None]:
    """What happens inside is taken back, for the next example."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_moved_on_projects_are_no_longer_asked(project, leader):
    only(S.STAGE_AGED)
    stalls.announce(d("10-01"))
    assert codes() == {S.STAGE_AGED}
    pipeline.take_over(project, Stage.COMMENCEMENT, by=leader, on=d("10-02"), note="开工")

    stalls.announce(d("10-03"))

    assert codes() == set()
    assert found("10-01") == [(S.STAGE_AGED, AMBER, d("09-21"))]
