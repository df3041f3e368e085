"""The water detector: what each kind raises and does not, and that a verdict is remembered."""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import translation
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import User
from accounts.roles import Role
from core import clock
from core.text import name_key
from projects import contracts, suspicions
from projects.choices import (
    EventKind,
    EvidenceKind,
    Stage,
    Status,
    SuspicionGrade,
    SuspicionKind,
    SuspicionState,
    SuspicionVerdictKind,
    Verdict,
)
from projects.models import ContractEvent, Enterprise, Evidence, Project, Suspicion, SuspicionRule
from tests import factories

TODAY = datetime.date(2026, 6, 30)
MARCH, MAY = datetime.date(2026, 3, 2), datetime.date(2026, 5, 11)
K, V = SuspicionKind, SuspicionVerdictKind


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def firm(name: str = "柳州市恒达科技有限公司", **fields: Any) -> Enterprise:
    return factories.enterprise(name=name, name_key=name_key(name), **fields)


def signed(
    name: str,
    *,
    on: datetime.date = MARCH,
    amount: int = 12_500,
    stage: str = Stage.COMMENCEMENT,
    **fields: Any,
) -> Project:
    """A verified signing of a project that has moved on since, unless the batch says otherwise."""
    event = {key: fields.pop(key) for key in ("ceremony", "note", "evidence", "recorded_by") if key in fields}
    given = {"stage_since": on, "name": name, **fields}
    project = factories.project(stage, **given)
    factories.verified_event(project, signed_on=on, amount=Decimal(amount), **event)
    return project


def found(*kinds: str, today: datetime.date = TODAY) -> list[Suspicion]:
    suspicions.find(today)
    return list(Suspicion.objects.filter(kind__in=kinds or K.values).order_by("pk"))


def texts(one: Suspicion) -> str:
    return " ".join(part.text for part in suspicions.sentences(one.facts))


@pytest.fixture
def twice(db) -> tuple[Project, Project]:
    """One contract, signed at a ceremony in March and at another one in May."""
    investor, unit = firm(), factories.unit()
    told: dict[str, Any] = {"enterprise": investor, "reporting_unit": unit}
    first = signed("恒达线控底盘项目", ceremony=factories.ceremony(), **told)
    second = signed(
        "恒达线控底盘建设项目", on=MAY, amount=12_600, ceremony=factories.ceremony(held_on=MAY), **told
    )
    return first, second


# --- Signed again ------------------------------------------------------------------------------------


def test_a_contract_signed_at_two_ceremonies_is_found(twice):
    first, second = twice

    (one,) = found()

    assert (one.kind, one.project, one.grade) == (K.REPEATED, second, SuspicionGrade.HIGH)
    assert set(one.records.all()) == {first, second}
    assert one.amount == Decimal(12_600)
    assert "12,500" in texts(one)
    assert "2026-05-11" in texts(one)


def test_a_true_second_phase_with_its_own_contract_is_left_alone(twice):
    _first, second = twice
    Project.objects.filter(pk=second.pk).update(name="恒达线控底盘项目二期")
    _contract_file(second)
    _contract_file(_first)

    assert found() == []


def test_two_projects_of_one_enterprise_that_differ_are_left_alone(db):
    investor, unit = firm(), factories.unit()
    signed("恒达线控底盘项目", enterprise=investor, reporting_unit=unit)
    signed("人形机器人整机", on=MAY, amount=52_000, enterprise=investor, reporting_unit=unit)

    assert found() == []


@pytest.mark.parametrize("why", ["ended", "returned", "not counted"])
def test_what_does_not_count_is_no_water(db, leader, why):
    investor, unit = firm(), factories.unit()
    told: dict[str, Any] = {"enterprise": investor, "reporting_unit": unit, "stage_since": MARCH}
    signed("恒达线控底盘项目", **told)
    second = factories.project(Stage.COMMENCEMENT, name="恒达线控底盘项目", **told)
    reason = "本地企业搬迁" if why == "not counted" else ""
    event = factories.contract_event(second, signed_on=MAY, exclusion_reason=reason)
    if why == "returned":
        contracts.send_back(event, reason="缺盖章页", by=leader, today=TODAY)
    if why == "ended":
        Project.objects.filter(pk=second.pk).update(status=Status.ENDED)

    assert found() == []


def test_an_add_on_at_a_later_ceremony_that_is_the_contract_again(db):
    project = signed("恒达线控底盘项目", ceremony=factories.ceremony())
    later = factories.ceremony(held_on=MAY)
    factories.verified_event(
        project, kind=EventKind.ADD_ON, amount=Decimal(12_500), signed_on=MAY, ceremony=later
    )

    again = found(K.REPEATED)

    assert [one.subject[0] for one in again] == ["e"]
    assert "No file was handed in" in texts(again[0])


# --- Two units ---------------------------------------------------------------------------------------


def test_two_units_that_claim_one_project_are_found_unless_they_share_it(db):
    investor = firm()
    first = signed("恒达线控底盘项目", enterprise=investor)
    second = signed("恒达线控底盘项目", on=MAY, enterprise=investor)

    (one,) = found()

    assert (one.kind, one.grade) == (K.TWO_UNITS, SuspicionGrade.HIGH)
    factories.share(first, second.reporting_unit)
    suspicions.find(TODAY)
    assert not Suspicion.objects.open().filter(kind=K.TWO_UNITS).exists()


def test_the_same_national_code_written_otherwise_is_one_project(db):
    signed("恒达线控底盘", national_code="2603-450205-04-01-123456")
    signed("某某零部件", amount=80_000, national_code="2603450205０4 01123456")

    (one,) = found()

    assert one.kind == K.TWO_UNITS
    assert "national project code" in texts(one)


# --- Framework ---------------------------------------------------------------------------------------


def _framework(project: Project, **fields: Any) -> ContractEvent:
    return factories.verified_event(
        project,
        kind=EventKind.FRAMEWORK,
        amount=Decimal(0),
        original_amount=Decimal(12_500),
        signed_on=MARCH,
        **fields,
    )


def test_a_framework_after_which_no_contract_was_handed_in(db):
    project = signed("恒达线控底盘项目", on=MAY)
    _framework(project)

    (one,) = found()

    assert (one.kind, one.grade) == (K.FRAMEWORK, SuspicionGrade.MEDIUM)
    _contract_file(project)
    assert [row for row in found() if row.is_open] == []


def test_the_file_of_the_framework_handed_in_again_is_no_contract(db):
    paper, again = factories.stored_file(sha256="a" * 64), factories.stored_file(sha256="a" * 64)
    project = signed("恒达线控底盘项目", on=MAY, evidence=again)
    _framework(project, evidence=paper)

    (one,) = found()

    assert "the very file" in texts(one)
    assert one.grade == SuspicionGrade.HIGH


@pytest.mark.parametrize(("name", "note"), [("恒达战略合作框架项目", ""), ("恒达新能源项目 MOU", "")])
def test_words_of_intent_in_a_signed_name(db, name, note):
    signed(name, note=note)

    assert [one.kind for one in found()] == [K.FRAMEWORK]


# --- Phases ------------------------------------------------------------------------------------------


def _parts(*amounts: int, names: str = "恒达产线{}期", **fields: Any) -> list[Project]:
    told = {"enterprise": firm(), "reporting_unit": factories.unit(), **fields}
    return [
        signed(names.format("一二三四五六"[i]), on=MARCH + datetime.timedelta(20 * i), amount=amount, **told)
        for i, amount in enumerate(amounts)
    ]


def test_phases_just_above_the_threshold_are_found(db):
    parts = _parts(10_000, 10_400, 10_900)

    (one,) = found()

    assert (one.kind, one.project, one.records.count()) == (K.PHASES, parts[-1], 3)
    assert one.amount == Decimal(31_300)
    assert "just above 10,000" in texts(one)


def test_a_contract_cut_into_parts_that_make_it_up_again(db):
    investor, unit = firm(), factories.unit()
    whole = signed(
        "恒达产业园",
        on=MARCH - datetime.timedelta(400),
        amount=60_000,
        enterprise=investor,
        reporting_unit=unit,
    )
    _parts(25_000, 35_500, enterprise=investor, reporting_unit=unit)

    split = found(K.PHASES)

    assert [one.records.count() for one in split] == [3]
    assert whole in split[0].records.all()
    assert "Together 60,500" in texts(split[0])


def test_a_later_contract_that_sums_up_the_earlier_ones(db):
    investor, unit = firm(), factories.unit()
    told = {"enterprise": investor, "reporting_unit": unit}
    signed("恒达压铸", on=MARCH - datetime.timedelta(800), amount=7_000, **told)
    signed("恒达电控", on=MARCH - datetime.timedelta(400), amount=8_000, **told)
    whole = signed("恒达新能源汽车产业园", amount=15_000, **told)

    (one,) = found()

    assert (one.kind, one.project, one.amount) == (K.PHASES, whole, Decimal(15_000))


# --- Names of enterprises ------------------------------------------------------------------------------


def _two_firms(one: str, other: str, **of_other: Any) -> list[Suspicion]:
    signed("线控底盘", enterprise=firm(one))
    signed("人形机器人整机", amount=90_000, enterprise=firm(other, **of_other))
    return found(K.VARIANTS)


def test_one_enterprise_under_two_names_is_found(db):
    (one,) = _two_firms("广西柳州恒达科技有限公司", "恒达科技（集团）股份公司", uscc=None)

    assert one.records.count() == 2
    assert "Only one of them has a credit code." in texts(one)


@pytest.mark.parametrize("other", ["恒达2号制造有限公司", "宏远桥梁有限公司", "恒达科技有限公司"])
def test_another_number_another_name_or_another_code_is_another_firm(db, other):
    assert _two_firms("恒达科技有限公司" if "科技" in other else "恒达1号制造有限公司", other) == []


def test_parent_and_subsidiary_are_two_firms(db):
    parent = firm("广西恒达科技有限公司", uscc=None)
    signed("线控底盘", enterprise=parent)
    signed("人形机器人整机", amount=90_000, enterprise=firm("恒达科技集团", uscc=None, parent=parent))

    assert found(K.VARIANTS) == []


# --- Jumps -------------------------------------------------------------------------------------------


def _changed(kind: str, amount: int, *, base: int = 12_500, **fields: Any) -> list[Suspicion]:
    project = signed("线控底盘", amount=base)
    factories.verified_event(
        project, kind=kind, amount=Decimal(amount), signed_on=MARCH + datetime.timedelta(9), **fields
    )
    return found(K.JUMP)


def test_a_correction_over_the_threshold_is_found(db):
    (one,) = _changed(EventKind.CORRECTION, 800, base=9_400)

    assert one.grade == SuspicionGrade.MEDIUM
    assert "over 10,000" in texts(one)


def test_an_add_on_of_many_times_the_amount_is_found(db):
    (one,) = _changed(EventKind.ADD_ON, 62_500)

    assert "6.0 times" in texts(one)


@pytest.mark.parametrize(
    ("kind", "amount"),
    [(EventKind.ADD_ON, 5_000), (EventKind.CORRECTION, -12_500), (EventKind.VOIDED, -12_500)],
)
def test_ordinary_changes_and_voids_are_no_jump(db, kind, amount):
    assert _changed(kind, amount) == []


# --- No move -----------------------------------------------------------------------------------------


def test_a_contract_without_a_move_is_raised_anew_after_as_many_months(db, leader):
    signed("线控底盘", stage=Stage.SIGNING)

    assert found(today=datetime.date(2026, 9, 1)) == []
    (one,) = found(today=datetime.date(2026, 9, 2))
    suspicions.judge(one, verdict=V.CLEAR, reason="等用地指标", by=leader, today=datetime.date(2026, 9, 3))
    assert len(found(today=datetime.date(2027, 2, 1))) == 1
    _judged, again = found(today=datetime.date(2027, 3, 2))
    assert again.before == one
    assert "12 months" in texts(again)


def test_progress_and_approvals_are_moves_and_saying_the_same_is_none(db):
    moving = signed("线控底盘", stage=Stage.SIGNING)
    factories.progress_report(moving, datetime.date(2026, 5, 1), invested=Decimal(10))
    handled = signed("酸笋深加工", stage=Stage.SIGNING)
    factories.item(handled, last_event_on=datetime.date(2026, 8, 20))
    idle = signed("竹木复合板材", stage=Stage.SIGNING)
    for month in (4, 5, 6, 7):
        factories.progress_report(idle, datetime.date(2026, month, 1), invested=Decimal(0))

    assert [one.project for one in found(today=datetime.date(2026, 9, 30))] == [idle]


# --- The night ---------------------------------------------------------------------------------------


def test_a_second_night_and_a_second_worker_change_nothing(twice, count_queries):
    found()
    before = list(Suspicion.objects.values())

    again = suspicions.find(TODAY + datetime.timedelta(1))

    assert (again.raised, again.kept, again.gone) == ([], 1, [])
    assert list(Suspicion.objects.values()) == before
    row = before[0]
    with pytest.raises(IntegrityError), transaction.atomic():
        Suspicion.objects.create(**{key: row[key] for key in row if key != "id"})


def test_the_scan_asks_as_much_for_many_signings_as_for_few(db, count_queries):
    def scan() -> None:
        suspicions.find(TODAY)

    signed("恒达线控底盘项目")
    scan()
    few = count_queries(scan)
    investor, unit = firm(), factories.unit()
    for turn in range(8):
        signed("恒达线控底盘项目", amount=12_500 + turn, enterprise=investor, reporting_unit=unit)

    assert count_queries(scan) - few <= 4  # what is new is written: rows, what they compare, the trail
    assert count_queries(scan) == few


def test_what_was_judged_is_not_raised_again_but_new_evidence_is(twice, leader):
    (one,) = found()
    suspicions.judge(one, verdict=V.CLEAR, reason="两个厂区", by=leader, today=TODAY)

    assert [row.state for row in found()] == [SuspicionState.CLEARED]
    _first, second = twice
    factories.verified_event(second, kind=EventKind.CORRECTION, amount=Decimal(-100), signed_on=MAY)
    _old, again = found(K.REPEATED)
    assert (again.state, again.before) == (SuspicionState.OPEN, one)
    assert [word.reason for word in again.before.verdicts.all()] == ["两个厂区"]


def test_an_unjudged_finding_is_told_better_and_goes_when_the_books_are_put_right(twice):
    (one,) = found()
    _first, second = twice
    factories.verified_event(second, kind=EventKind.CORRECTION, amount=Decimal(-100), signed_on=MAY)

    (better,) = found(K.REPEATED, today=TODAY + datetime.timedelta(1))
    assert (better.pk, better.fingerprint == one.fingerprint) == (one.pk, False)
    Project.objects.filter(pk=second.pk).update(status=Status.ENDED)
    (gone,) = found(today=TODAY + datetime.timedelta(2))
    assert gone.gone_on == TODAY + datetime.timedelta(2)
    Project.objects.filter(pk=second.pk).update(status=Status.ACTIVE)
    (back,) = found(K.REPEATED, today=TODAY + datetime.timedelta(3))
    assert (back.pk, back.gone_on) == (one.pk, None)


def test_another_threshold_from_a_day_on_grades_anew(twice):
    (one,) = found()
    SuspicionRule.objects.create(kind="", setting="high", value=101, effective_from=TODAY)

    assert [row.grade for row in found()] == [SuspicionGrade.MEDIUM]
    assert one.points > 80


def test_the_command_tells_what_was_raised(twice, capsys):
    call_command("find_suspicions", "--today", TODAY.isoformat(), "--json")

    assert '"kind": "repeated"' in capsys.readouterr().out
    call_command("find_suspicions", "--today", TODAY.isoformat())
    assert "0 raised, 1 kept, 0 gone" in capsys.readouterr().out


# --- The verdict ---------------------------------------------------------------------------------------


def judge(one: Suspicion, verdict: str, by: User, **fields: Any) -> Any:
    return suspicions.judge(
        one, **{"verdict": verdict, "reason": "已核实", "by": by, "today": TODAY, **fields}
    )


def test_excluding_a_verified_signing_enters_a_correction_that_somebody_else_verifies(twice, leader, clerk):
    (one,) = found()
    _first, second = twice

    event = judge(one, V.EXCLUDE, leader).event

    assert (event.kind, event.amount) == (EventKind.CORRECTION, Decimal(-12_600))
    contracts.verify(event, by=clerk, today=TODAY)
    second.refresh_from_db()
    assert second.contracted == 0
    assert [row.state for row in found()] == [SuspicionState.EXCLUDED]


def test_excluding_an_entry_that_waits_returns_it(db, leader):
    investor, unit = firm(), factories.unit()
    signed("恒达线控底盘项目", enterprise=investor, reporting_unit=unit)
    waiting = factories.contract_event(
        factories.project(
            Stage.NEGOTIATION, name="恒达线控底盘项目", enterprise=investor, reporting_unit=unit
        ),
        signed_on=MAY,
    )
    (one,) = found()

    judge(one, V.EXCLUDE, leader)

    waiting.refresh_from_db()
    assert waiting.verdict.verdict == Verdict.RETURNED


def test_watching_keeps_it_on_the_list_and_a_last_word_follows(twice, leader, clerk):
    (one,) = found()
    judge(one, V.WATCH, leader)
    assert [row.state for row in found()] == [SuspicionState.WATCHED]

    judge(one, V.MERGE, clerk, kept=twice[0])

    assert [word.verdict for word in one.verdicts.order_by("pk")] == [V.WATCH, V.MERGE]
    with pytest.raises(suspicions.CannotJudge, match="has already judged it"):
        judge(one, V.CLEAR, leader)


def test_nobody_judges_their_own_entry_without_a_reason_or_a_finding_that_is_gone(twice, leader):
    (one,) = found()
    _first, second = twice

    with pytest.raises(suspicions.CannotJudge, match="yourself"):
        judge(one, V.CLEAR, second.created_by)
    with pytest.raises(suspicions.CannotJudge, match="Say why"):
        judge(one, V.CLEAR, leader, reason=" ")
    with pytest.raises(suspicions.CannotJudge, match="Choose which"):
        judge(one, V.MERGE, leader, kept=second)
    Project.objects.filter(pk=second.pk).update(status=Status.ENDED)
    found()
    with pytest.raises(suspicions.CannotJudge, match="no more"):
        judge(one, V.CLEAR, leader)


# --- Who sees it ---------------------------------------------------------------------------------------


def test_a_task_force_sees_its_own_and_the_names_of_others_only_where_it_may(twice, auto):
    _first, second = twice
    found()
    Project.objects.filter(pk=second.pk).update(task_force=auto)
    of_auto = factories.user(Role.FORCE_LEAD, task_force=auto, is_lead=True)
    elsewhere = factories.user(Role.FORCE_LEAD, task_force=factories.task_force(), is_lead=True)

    assert Suspicion.objects.visible_to(of_auto).count() == 1
    assert Suspicion.objects.visible_to(elsewhere).count() == 0
    assert Suspicion.objects.visible_to(factories.user(Role.UNIT, unit=second.reporting_unit)).count() == 0


def _contract_file(project: Project) -> None:
    Evidence.objects.create(
        project=project,
        kind=EvidenceKind.CONTRACT,
        file=factories.stored_file(),
        added_by=project.created_by,
    )


# --- Whatever the nights -------------------------------------------------------------------------------

NAMES = ("恒达线控底盘项目", "恒达线控底盘一期", "恒达线控底盘二期", "人形机器人", "恒达框架合作项目")
cities = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.integers(0, 2),  # the enterprise
        st.integers(0, 1),  # the unit
        st.dates(datetime.date(2025, 6, 1), datetime.date(2026, 3, 31)),
        st.sampled_from((9_400, 10_000, 10_400, 12_500, 20_400)),
        st.sampled_from((Stage.SIGNING, Stage.COMMENCEMENT)),
    ),
    min_size=2,
    max_size=6,
)
some_nights = st.lists(
    st.dates(datetime.date(2026, 1, 1), datetime.date(2026, 12, 31)), min_size=1, max_size=5
)


def _standing() -> list[tuple[Any, ...]]:
    rows = Suspicion.objects.standing().order_by("kind", "subject")
    return list(rows.values_list("kind", "subject", "fingerprint", "points", "state"))


@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(told=cities, nights=some_nights)
def test_the_last_night_decides_however_many_there_were_and_in_whatever_order(db, leader, told, nights):
    with transaction.atomic():
        firms = [
            firm(name, uscc=None) for name in ("柳州恒达科技有限公司", "恒达科技集团", "宏远桥梁有限公司")
        ]
        places = [factories.unit(), factories.unit()]
        for name, investor, unit, on, amount, stage in told:
            signed(
                name,
                on=on,
                amount=amount,
                stage=stage,
                enterprise=firms[investor],
                reporting_unit=places[unit],
            )
        last = max(nights)
        with transaction.atomic():
            suspicions.find(last)
            once = _standing()
            transaction.set_rollback(True)

        for night in (*nights, last, last):
            suspicions.find(night)
        assert _standing() == once
        before = list(Suspicion.objects.order_by("pk").values())
        for night in nights:
            suspicions.find(night)
        assert list(Suspicion.objects.order_by("pk").values()) == before
        for one in Suspicion.objects.open():
            suspicions.judge(one, verdict=V.CLEAR, reason="已核实", by=leader, today=last)
        for night in nights:
            suspicions.find(night)
        assert not Suspicion.objects.open().exists()
        transaction.set_rollback(True)


def test_the_night_looks_by_itself(twice, monkeypatch):
    from projects.tasks import find_suspicions

    monkeypatch.setattr(clock, "today", lambda: TODAY)
    find_suspicions()

    assert [one.raised_on for one in Suspicion.objects.all()] == [TODAY]
