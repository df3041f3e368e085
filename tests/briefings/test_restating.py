"""A closed month: frozen for good, restated from what was learnt since, corrected by documents."""

import datetime
import json
import threading
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from briefings import adding, correcting, figures, periods
from briefings.causes import Why
from briefings.figures import CODES, Window
from briefings.models import ClosedFigure, ClosedIndicator, CorrectedFigure, CorrectionDocument, Period
from briefings.restating import NothingFrozen, Restated, Restatement
from core import audit
from core.clock import moment
from projects.choices import EventKind, Stage
from projects.models import Project
from tests import factories
from tests.briefings.test_figures import MONEY, happenings, percents, play, quick, signed, undone

pytestmark = pytest.mark.django_db

JUNE = datetime.date(2025, 6, 1)
CLOSED = datetime.date(2025, 7, 10)
TODAY = datetime.date(2025, 9, 1)


def june(day: int = 10) -> datetime.date:
    return JUNE.replace(day=day)


@pytest.fixture
def project(steel, liubei) -> Project:
    return factories.project(Stage.SIGNING, task_force=steel, reporting_unit=liubei)


@pytest.fixture
def closed(project, luzhai, leader) -> Period:
    """June 2025 with one signing of 1.2 亿 and its add-on, closed on 10 July."""
    signed(project, 12000, june())
    signed(project, "3000.50", june(20), kind=EventKind.ADD_ON)
    return periods.close(JUNE, by=leader, on=CLOSED)


def restated(period: Period, code: str, key: str = "city", span: str = "month") -> Restated:
    found = Restatement(period, today=TODAY).of(key)
    return next(one for one in found if (one.indicator.code, one.figure.span) == (code, span))


def causes(period: Period, code: str, key: str = "city", span: str = "month") -> list[Any]:
    return Restatement(period, today=TODAY).causes(restated(period, code, key, span))


def differing(period: Period, key: str = "city") -> dict[str, tuple[Any, Any]]:
    found = Restatement(period, today=TODAY).of(key)
    return {
        one.indicator.code: (one.published, one.now)
        for one in found
        if one.differs and one.figure.span == "month"
    }


# --- Closing freezes ---------------------------------------------------------------------------------


def test_closing_freezes_every_indicator_of_every_scope_over_both_spans(closed, steel, liubei):
    for span, window in {"year": Window.year_to(JUNE), "month": Window.of_month(JUNE)}.items():
        living = {
            (code, periods.key_of(scope)): (adding.stored(figure.value), adding.stored(figure.base))
            for scope, found in figures.all_scopes(CODES, window).items()
            for code, figure in found.items()
        }
        frozen = ClosedFigure.objects.filter(span=span).select_related("indicator")
        assert {(one.indicator.code, one.scope_key): (one.value, one.base) for one in frozen} == living
    assert ClosedIndicator.objects.count() == len(CODES)
    assert restated(closed, "contracted", "unit:" + liubei.code).published == Decimal("15000.50")


def test_a_closed_indicator_keeps_its_words_in_both_languages_and_the_rules(closed):
    kept = ClosedIndicator.objects.get(code="contracted")
    assert (kept.name, kept.name_en) == ("新签合同投资额", "Newly contracted investment")
    assert kept.formula_en.startswith("The amounts of all verified contract events")
    assert (kept.unit, kept.rules) == ("万元", "2025-01 v1")


def test_the_rows_kept_add_up_to_the_figures_of_every_scope(project, liubei, luzhai, leader):
    factories.share(project, liubei, 60)
    factories.share(project, luzhai, 40)
    signed(project, "33333.33", june())
    factories.stage_change(
        project, Stage.COMMENCEMENT, source=Stage.SIGNING, on=june(12), recorded_at=moment(june(12))
    )
    factories.engagement(factories.visit(june(2), unit=liubei))
    factories.service(project, since=june(2), until=june(5), recorded_on=june(5))
    factories.stall_flag(factories.item(project), raised_on=june(6))
    periods.close(JUNE, by=leader, on=CLOSED)

    whole = Restatement(periods.period(JUNE), today=CLOSED).of()
    assert [one.indicator.code for one in whole if one.differs] == []
    told = {one.indicator.code for one in whole if one.published}
    assert {"contracted", "projects_signed", "started", "projects_served", "stalled_items"} <= told


def test_closing_asks_as_often_whatever_the_size_of_the_city(leader, steel, liubei):
    def queries(month: datetime.date) -> int:
        with CaptureQueriesContext(connection) as asked:
            periods.close(month, by=leader, on=month + datetime.timedelta(days=40))
        return len(asked)

    signed(factories.project(task_force=steel, reporting_unit=liubei), 12000, june())
    before = queries(JUNE)
    for _n in range(4):
        signed(factories.project(task_force=steel, reporting_unit=liubei), 12000, datetime.date(2025, 7, 3))
    assert queries(datetime.date(2025, 7, 1)) == before


def test_a_month_closed_on_paper_has_nothing_frozen(leader):
    periods.take_over_closed(JUNE, by=leader, on=CLOSED)

    assert not ClosedFigure.objects.exists()
    with pytest.raises(NothingFrozen):
        Restatement(periods.period(JUNE), today=TODAY)


# --- Nothing changes it ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda: Period.objects.update(closed_on=None),
        lambda: Period.objects.update(closed_on=TODAY),
        lambda: ClosedFigure.objects.update(value=0),
        lambda: ClosedIndicator.objects.update(year_rows=[]),
        lambda: ClosedFigure.objects.all()._raw_delete("default"),
        lambda: _sql("UPDATE briefings_period SET closed_on = NULL"),
        lambda: _sql("DELETE FROM briefings_period"),
        lambda: _sql("UPDATE briefings_closedfigure SET value = 1"),
        lambda: _sql("DELETE FROM briefings_closedfigure"),
        lambda: _sql("DELETE FROM briefings_closedindicator"),
        lambda: _sql("UPDATE briefings_correctionDocument SET reason = 'x'".lower()),
        lambda: _sql("DELETE FROM briefings_correctedfigure"),
    ],
)
def test_the_database_refuses_to_change_a_closed_month(closed, leader, change):
    issue(closed, leader)

    with pytest.raises(IntegrityError), transaction.atomic():
        change()


def _sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_an_open_month_is_still_an_ordinary_row(leader):
    month = periods.period(JUNE)
    month.delete()
    assert periods.close(JUNE, by=leader, on=CLOSED).closed_on == CLOSED


@pytest.mark.django_db(transaction=True)
def test_of_two_who_close_at_once_one_wins_and_the_other_is_told(leader):
    factories.mechanism(2025)
    start, told = threading.Barrier(2), []

    def close() -> None:
        try:
            start.wait(10)
            periods.close(JUNE, by=leader, on=CLOSED)
            told.append("closed")
        except periods.CannotClose as refusal:
            told.append(str(refusal))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=close) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(told, key=len)[0] == "closed"
    assert "2025-07-10" in sorted(told, key=len)[1]
    assert ClosedIndicator.objects.count() == len(CODES)


# --- What is learnt later ------------------------------------------------------------------------------


def test_a_signing_verified_after_the_closing_is_told_with_by_whom_and_when(closed, steel, clerk, leader):
    late = signed(
        factories.project(task_force=steel),
        20000,
        june(25),
        recorded_on=datetime.date(2025, 8, 1),
        recorded_by=clerk,
        verified_on=datetime.date(2025, 8, 4),
        verified_by=leader,
        note="合同扫描件补交",
    )

    assert restated(closed, "contracted").published == Decimal("15000.50")
    assert restated(closed, "contracted").difference == 20000
    [cause] = causes(closed, "contracted")
    assert (cause.row, cause.why, cause.published, cause.now) == (late, Why.LATE, 0, 20000)
    assert (cause.recorded_by, cause.recorded_on) == (clerk.name, datetime.date(2025, 8, 1))
    assert (cause.verified_by, cause.verified_on) == (leader.name, datetime.date(2025, 8, 4))
    assert cause.reason == "合同扫描件补交"


def test_a_correction_entered_after_the_closing_shows_in_the_month_of_what_it_corrects(closed, project):
    signing = project.contract_events.get(kind=EventKind.SIGNED)
    august = datetime.date(2025, 8, 12)
    signed(project, "-2500.25", august, kind=EventKind.CORRECTION, corrects=signing, note="录入有误")

    assert figures.compute(["contracted"], Window.of_month(JUNE))["contracted"].value == Decimal("15000.50")
    assert differing(closed)["contracted"] == (Decimal("15000.50"), Decimal("12500.25"))
    # The project falls under the threshold: it goes out whole.
    assert differing(closed)["contracted_industrial_100m"] == (12000, 0)
    assert [(cause.why, cause.difference, cause.reason) for cause in causes(closed, "contracted")] == [
        (Why.CORRECTED, Decimal("-2500.25"), "录入有误")
    ]


def test_a_correction_that_names_nothing_is_taken_to_mean_the_signing(closed, project):
    signed(project, 100, datetime.date(2025, 8, 12), kind=EventKind.CORRECTION, note="x")

    assert restated(closed, "contracted").difference == 100


def test_a_correction_of_an_older_months_event_leaves_june_alone_and_shows_from_january(closed, leader):
    old = factories.project()
    may = signed(old, 9000, datetime.date(2025, 5, 5))
    signed(old, -500, datetime.date(2025, 8, 12), kind=EventKind.CORRECTION, corrects=may, note="x")

    # The signing itself was verified in May and not there on the day of closing: the factory wrote it late.
    assert restated(closed, "contracted").difference == 0
    assert restated(closed, "contracted", span="year").now == Decimal("15000.50") + 8500


def test_a_void_belongs_to_its_own_month(closed, project):
    signed(project, "-15000.50", datetime.date(2025, 8, 2), kind=EventKind.VOIDED)

    assert differing(closed) == {}


def test_a_project_given_to_another_unit_is_told_with_who_did_it(closed, project, liubei, luzhai, leader):
    with audit.acting(leader):
        Project.objects.filter(pk=project.pk).update(reporting_unit=luzhai)

    assert restated(closed, "contracted").difference == 0
    assert restated(closed, "contracted", f"unit:{liubei.code}").difference == Decimal("-15000.50")
    moved = causes(closed, "contracted", f"unit:{luzhai.code}")
    assert {cause.why for cause in moved} == {Why.MOVED}
    assert moved[0].recorded_by == leader.name
    assert [(change.old, change.new) for change in moved[0].changes] == [(liubei.name, luzhai.name)]


def test_a_project_shared_since_counts_otherwise_for_its_unit(closed, project, liubei, luzhai):
    factories.share(project, liubei, 60)
    factories.share(project, luzhai, 40)

    assert restated(closed, "contracted", f"unit:{liubei.code}").now == Decimal("9000.30")
    assert {cause.why for cause in causes(closed, "contracted", f"unit:{liubei.code}")} == {Why.CHANGED}
    assert restated(closed, "contracted", f"unit:{luzhai.code}").now == Decimal("6000.20")


def test_a_visit_heard_of_late_is_told(closed, liubei):
    factories.visit(june(3), unit=liubei, recorded_on=datetime.date(2025, 8, 1))

    assert differing(closed, f"unit:{liubei.code}")["visits"] == (0, 1)
    assert [cause.why for cause in causes(closed, "visits")] == [Why.LATE]


@settings(quick, max_examples=6)
@given(happenings, percents, st.integers(0, 12))
def test_whatever_comes_later_the_frozen_stays_and_causes_add_up(leader, monkeypatch, history, split, known):
    """A part of the history is played before April is closed, the rest after."""
    monkeypatch.setattr(figures, "CODES", (*MONEY, "projects_signed"))
    with undone():
        play(history[:known], split, leader)
        month = datetime.date(2025, 4, 1)
        closed = periods.close(month, by=leader, on=datetime.date(2025, 5, 5))
        frozen = list(ClosedFigure.objects.order_by("pk").values())
        projects = list(Project.objects.order_by("pk"))
        for number, kind, cents, on, wait in history[known:]:
            takes_back = kind in (EventKind.REDUCED, EventKind.VOIDED)
            factories.verified_event(
                projects[number],
                kind=kind,
                amount=Decimal(-cents if takes_back else cents) / 100,
                signed_on=on,
                verified_on=on + datetime.timedelta(days=wait),
                recorded_by=leader,
                verified_by=leader,
            )

        assert list(ClosedFigure.objects.order_by("pk").values()) == frozen
        restatement = Restatement(closed, today=datetime.date(2026, 12, 31))
        unit = next(key for key in restatement.scopes if key.startswith("unit:"))
        for one in (*restatement.of("city"), *restatement.of(unit)):
            assert sum(cause.difference for cause in restatement.causes(one)) == one.difference


# --- Correction documents --------------------------------------------------------------------------------


def issue(period: Period, by: Any, **given: Any) -> CorrectionDocument:
    rows = ClosedFigure.objects.filter(indicator__period=period, indicator__code="contracted")
    figure = rows.get(scope_key="city", span="month")
    said: dict[str, Any] = {
        "number": "柳招商〔2025〕77号",
        "title": "关于更正6月合同投资额的通知",
        "reason": "合同金额录入有误。",
        "figures": {figure: Decimal(12500)},
        "on": TODAY,
    }
    return correcting.issue(period, by=by, **said | given)


def test_a_correction_document_stands_beside_the_published_figure(closed, leader):
    document = issue(closed, leader, number="柳招商[2025]77号")

    assert (document.number, document.by, document.on) == ("柳招商〔2025〕77号", leader, TODAY)
    [row] = CorrectedFigure.objects.all()
    assert (row.published, row.corrected) == (Decimal("15000.50"), 12500)
    assert restated(closed, "contracted").published == Decimal("15000.50")


@pytest.mark.parametrize("given", [{"figures": {}}, {"reason": " "}, {"title": ""}, {"number": "77"}])
def test_a_correction_document_without_substance_is_refused(closed, leader, given):
    with pytest.raises(correcting.Refusal):
        issue(closed, leader, **given)
    assert not CorrectionDocument.objects.exists()


def test_a_number_is_given_once(closed, leader):
    issue(closed, leader)
    with pytest.raises(correcting.CannotCorrect, match="77"):
        issue(closed, leader)


def test_a_figure_that_reads_the_same_or_belongs_to_another_month_is_refused(closed, leader):
    figure = ClosedFigure.objects.get(indicator__code="contracted", scope_key="city", span="month")
    with pytest.raises(correcting.CannotCorrect):
        issue(closed, leader, figures={figure: figure.value})
    july = periods.close(datetime.date(2025, 7, 1), by=leader, on=datetime.date(2025, 8, 10))
    with pytest.raises(correcting.CannotCorrect):
        issue(july, leader, figures={figure: Decimal(1)})


def test_an_open_month_needs_no_correction_document(leader):
    said = {"number": "柳招商〔2025〕77号", "title": "x", "reason": "y", "figures": {}}
    with pytest.raises(correcting.CannotCorrect):
        correcting.issue(periods.period(JUNE), by=leader, on=TODAY, **said)


# --- From the shell ----------------------------------------------------------------------------------------


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_the_commands_close_a_month_and_tell_its_restatement(project, steel):
    signed(project, 12000, june())
    told = run("close_period", "2025-06")
    assert told.startswith("2025-06: ")
    with pytest.raises(CommandError) as refusal:
        run("close_period", "2025-06")
    assert refusal.value.returncode == 2

    found = json.loads(run("restatement", "2025-06", "--json"))
    assert (found["month"], found["figures"]) == ("2025-06", [])


def test_the_command_tells_each_difference_with_its_causes(closed, project, monkeypatch):
    signing = project.contract_events.get(kind=EventKind.SIGNED)
    event = signed(
        project, 500, datetime.date(2025, 8, 12), kind=EventKind.CORRECTION, corrects=signing, note="补记"
    )

    found = json.loads(run("restatement", "2025-06", "--json", "--scope", "city"))

    row = next(r for r in found["figures"] if (r["indicator"], r["span"]) == ("contracted", "month"))
    causes, _hidden = row.pop("causes"), row.pop("hidden")
    assert row == {
        "scope": "city",
        "indicator": "contracted",
        "name": "新签合同投资额",
        "span": "month",
        "unit": "万元",
        "published": "15000.5",
        "now": "15500.5",
        "difference": "500",
    }
    assert [(c["row"], c["why"], c["difference"], c["reason"]) for c in causes] == [
        (event.pk, "corrected", "500", "补记")
    ]


@pytest.mark.parametrize(
    "arguments", [("restatement", "2025-05"), ("restatement", "June"), ("close_period", "2099-01")]
)
def test_the_commands_refuse_with_the_sentence_of_the_verb(closed, arguments):
    with pytest.raises(CommandError) as refusal:
        run(*arguments)
    assert refusal.value.returncode == 2


def test_the_command_refuses_a_scope_that_there_is_not(closed):
    with pytest.raises(CommandError):
        run("restatement", "2025-06", "--scope", "force:nobody")
