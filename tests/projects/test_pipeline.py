import datetime
import threading
from decimal import Decimal

import pytest
from django.db import connections, transaction
from django.utils import translation

from projects import contracts, pipeline
from projects.choices import EventKind, EvidenceKind, Stage, Status
from projects.models import Evidence, Project, StageChange
from projects.pipeline import CannotAdvance, CannotChangeStatus
from projects.signals import stage_changed
from tests import factories

SINCE = factories.DAY
TODAY = datetime.date(2026, 3, 20)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def project(steel, liubei, clerk):
    return factories.project(
        task_force=steel, reporting_unit=liubei, created_by=clerk, officer="李工", content="线材深加工"
    )


def proof(project, kind):
    Evidence.objects.create(
        project=project, kind=kind, file=factories.stored_file(), added_by=project.created_by
    )


def advance(project, to, by, on=TODAY, **more):
    return pipeline.advance(project, to, by=by, on=on, today=TODAY, **more)


def refused(call, *args, **kwargs):
    with pytest.raises((CannotAdvance, CannotChangeStatus)) as raised, transaction.atomic():
        call(*args, **kwargs)
    return raised.value


def moves(project):
    return list(
        project.stage_changes.order_by("pk").values_list("source", "target", "on", "by__name", "note")
    )


# --- Forwards ----------------------------------------------------------------------------------------


def test_advance_writes_the_move_into_the_history(project, force_member):
    change = advance(project, Stage.NEGOTIATION, force_member, note="已见面")

    project.refresh_from_db()
    assert (project.stage, project.stage_since, project.version) == (Stage.NEGOTIATION, TODAY, 2)
    assert moves(project) == [("preparation", "negotiation", TODAY, "莫专员", "已见面")]
    assert isinstance(change, StageChange)


def test_advance_tells_the_news_inside_the_transaction(project, force_member):
    heard = []

    def listen(sender, project, change, **_rest):
        heard.append((project.stage, change.target, transaction.get_connection().in_atomic_block))

    stage_changed.connect(listen)
    try:
        advance(project, Stage.NEGOTIATION, force_member)
    finally:
        stage_changed.disconnect(listen)

    assert heard == [("negotiation", "negotiation", True)]


def test_a_project_walks_through_all_seven_batches(project, force_member, clerk, leader):
    project.national_code, project.permit_no = "2603-450205-04-01-100001", "450205202603010101"
    project.fixed_assets, project.annual_output = Decimal(9000), Decimal(22000)
    project.accepted_on = TODAY
    project.save()
    for kind in (EvidenceKind.START, EvidenceKind.COMPLETION, EvidenceKind.CAPACITY):
        proof(project, kind)
    factories.progress_report(project, SINCE.replace(day=1), invested=Decimal(10))

    advance(project, Stage.NEGOTIATION, force_member, on=SINCE)
    terms = contracts.Terms(kind=EventKind.SIGNED, signed_on=SINCE, amount=Decimal(12500))
    contracts.verify(contracts.record(project, terms, by=clerk, today=SINCE), by=leader, today=SINCE)
    project.refresh_from_db()
    for stage in (Stage.COMMENCEMENT, Stage.CONSTRUCTION, Stage.PRODUCTION, Stage.FULL_CAPACITY):
        advance(project, stage, force_member)

    assert [move[:2] for move in moves(project)] == [
        ("preparation", "negotiation"),
        ("negotiation", "signing"),
        ("signing", "commencement"),
        ("commencement", "construction"),
        ("construction", "production"),
        ("production", "full_capacity"),
    ]


@pytest.mark.parametrize(
    ("stage", "missing"),
    [
        (Stage.NEGOTIATION, ["officer in charge", "what is built"]),
        (Stage.SIGNING, ["the enterprise's credit code", "a verified signing"]),
        (
            Stage.COMMENCEMENT,
            ["national project code", "construction permit", "photo or permit of the start of works"],
        ),
        (Stage.CONSTRUCTION, ["fixed-asset part", "a progress report with investment done"]),
        (
            Stage.PRODUCTION,
            ["day on which the works were accepted", "acceptance of completion or first invoice"],
        ),
        (Stage.FULL_CAPACITY, ["expected annual output", "proof of output at design capacity"]),
    ],
)
def test_advance_refuses_with_the_list_of_what_is_missing(force_member, stage, missing):
    before = list(Stage)[stage.rank - 2]
    project = factories.project(before, enterprise=factories.enterprise(uscc=None))

    refusal = refused(advance, project, stage, force_member)

    assert refusal.details == missing == [str(need.label) for need in pipeline.missing_for(project, stage)]
    assert str(refusal) == f"Before “{stage.label}”, fill in what is still missing:"
    assert moves(project) == []


def test_a_project_is_not_asked_again_for_what_earlier_batches_asked(force_member):
    project = factories.project(Stage.PRODUCTION, annual_output=Decimal(5))
    proof(project, EvidenceKind.CAPACITY)

    advance(project, Stage.FULL_CAPACITY, force_member)

    assert project.stage == Stage.FULL_CAPACITY


@pytest.mark.parametrize(
    "to", [Stage.PREPARATION, Stage.SIGNING, Stage.COMMENCEMENT, Stage.CONSTRUCTION, Stage.FULL_CAPACITY]
)
def test_advance_refuses_to_skip_to_stay_and_to_go_back(project, force_member, to):
    assert str(refused(advance, project, to, force_member)) == (
        f"A project in “Preparation” cannot go to “{to.label}”."
    )


def test_advance_refuses_the_step_after_the_last(force_member):
    project = factories.project(Stage.FULL_CAPACITY)

    assert str(refused(advance, project, Stage.PREPARATION, force_member)) == (
        "A project in “Full capacity” cannot go to “Preparation”."
    )


def test_advance_refuses_days_that_cannot_be(project, force_member):
    tomorrow, before = TODAY + datetime.timedelta(days=1), SINCE - datetime.timedelta(days=1)

    assert str(refused(advance, project, Stage.NEGOTIATION, force_member, on=tomorrow)) == (
        "The day of the move lies in the future. Enter the day on which it happened."
    )
    assert str(refused(advance, project, Stage.NEGOTIATION, force_member, on=before)) == (
        "The project has been in “Preparation” only since 2026-03-02. Enter that day or a later one."
    )


@pytest.mark.parametrize("status", [Status.PAUSED, Status.ENDED])
def test_advance_refuses_a_paused_or_ended_project(force_member, status):
    project = factories.project(status=status, officer="李工", content="x")

    assert str(refused(advance, project, Stage.NEGOTIATION, force_member)) == (
        "This project is paused or ended. Resume it first."
    )


def test_advance_tells_who_has_moved_it_since_the_page_was_opened(project, force_member, force_lead):
    seen = project.version
    advance(project, Stage.NEGOTIATION, force_lead)

    refusal = refused(advance, project, Stage.SIGNING, force_member, seen_version=seen)

    assert str(refusal) == (
        "黄组长 has just moved this project to “Negotiation”. Look at it again, then decide."
    )


def test_advance_with_a_stale_object_changes_nothing(project, force_member, force_lead):
    stale = Project.objects.get(pk=project.pk)
    advance(project, Stage.NEGOTIATION, force_lead)

    refusal = refused(advance, stale, Stage.NEGOTIATION, force_member)

    assert str(refusal) == (
        "黄组长 has just moved this project to “Negotiation”. Look at it again, then decide."
    )
    assert len(moves(project)) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_advance_at_once_one_wins(project, force_member, force_lead):
    ready, results = threading.Barrier(2), []

    def run(by):
        mine = Project.objects.get(pk=project.pk)
        ready.wait()
        try:
            results.append(advance(mine, Stage.NEGOTIATION, by, seen_version=mine.version))
        except CannotAdvance as refusal:
            results.append(refusal)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(by,)) for by in (force_member, force_lead)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    project.refresh_from_db()
    assert sorted(type(result).__name__ for result in results) == ["CannotAdvance", "StageChange"]
    assert (len(moves(project)), project.version) == (1, 2)


# --- Backwards, and believing a ledger -----------------------------------------------------------------


def test_take_back_is_written_with_its_reason(force_lead):
    project = factories.project(Stage.CONSTRUCTION)

    pipeline.take_back(
        project, Stage.SIGNING, by=force_lead, on=TODAY, today=TODAY, reason=" 误点，实际未开工 "
    )

    project.refresh_from_db()
    assert (project.stage, project.stage_since) == (Stage.SIGNING, TODAY)
    assert moves(project) == [("construction", "signing", TODAY, "黄组长", "误点，实际未开工")]


def test_take_back_may_name_the_day_on_which_the_earlier_batch_began(force_lead):
    project = factories.project(Stage.CONSTRUCTION)
    earlier = SINCE - datetime.timedelta(days=90)

    pipeline.take_back(project, Stage.SIGNING, by=force_lead, on=earlier, today=TODAY, reason="更正")

    assert project.stage_since == earlier


@pytest.mark.parametrize(
    ("to", "reason", "sentence"),
    [
        (Stage.SIGNING, "  ", "Moving back is a correction: give the reason."),
        (Stage.CONSTRUCTION, "更正", "Choose an earlier batch than “Construction”."),
        (Stage.PRODUCTION, "更正", "Choose an earlier batch than “Construction”."),
        (
            Stage.NEGOTIATION,
            "更正",
            "The signing is verified. Void the contract instead of moving back behind it.",
        ),
    ],
)
def test_take_back_refuses(force_lead, to, reason, sentence):
    project = factories.project(Stage.CONSTRUCTION)
    factories.verified_event(project)

    refusal = refused(pipeline.take_back, project, to, by=force_lead, on=TODAY, today=TODAY, reason=reason)

    assert str(refusal) == sentence


def test_take_back_refuses_an_ended_project(force_lead):
    project = factories.project(Stage.CONSTRUCTION, status=Status.ENDED)

    refusal = refused(
        pipeline.take_back, project, Stage.SIGNING, by=force_lead, on=TODAY, today=TODAY, reason="更正"
    )

    assert str(refusal) == "This project has ended."


def test_take_over_believes_a_ledger_without_asking_for_facts(clerk):
    project = factories.project(Stage.NEGOTIATION)

    pipeline.take_over(project, Stage.CONSTRUCTION, by=clerk, on=TODAY, note="台账第3行")
    nothing = pipeline.take_over(project, Stage.CONSTRUCTION, by=clerk, on=TODAY, note="台账第3行")

    assert (nothing, moves(project)) == (
        None,
        [("negotiation", "construction", TODAY, "韦经办", "台账第3行")],
    )


# --- Health ------------------------------------------------------------------------------------------


def statuses(project):
    return list(project.status_changes.order_by("pk").values_list("source", "target", "reason", "until"))


def test_pause_renew_resume_and_end_are_written_down(project, force_member):
    until, later = datetime.date(2026, 6, 1), datetime.date(2026, 6, 20)
    common = {"by": force_member, "today": TODAY}

    pipeline.pause(project, reason="等待用地", until=until, **common)
    pipeline.pause(project, reason="仍等待用地", until=later, **common)
    pipeline.resume(project, reason="用地已落实", **common)
    pipeline.end(project, reason="客商撤资", **common)

    project.refresh_from_db()
    assert statuses(project) == [
        ("active", "paused", "等待用地", until),
        ("paused", "paused", "仍等待用地", later),
        ("paused", "active", "用地已落实", None),
        ("active", "ended", "客商撤资", None),
    ]
    assert (project.status, project.status_reason, project.paused_until, project.version) == (
        Status.ENDED,
        "客商撤资",
        None,
        5,
    )


@pytest.mark.parametrize("until", [TODAY, TODAY + datetime.timedelta(days=93)])
def test_pause_lasts_at_most_three_months(project, force_member, until):
    refusal = refused(pipeline.pause, project, reason="等待", until=until, by=force_member, today=TODAY)

    assert str(refusal) == "A pause lasts until a day within the next three months; then it is renewed."


def test_status_changes_need_a_reason_and_a_living_project(project, force_member):
    common = {"by": force_member, "today": TODAY}

    assert str(refused(pipeline.end, project, reason=" ", **common)) == "Give the reason."
    assert str(refused(pipeline.resume, project, reason="x", **common)) == "This project is not paused."
    pipeline.end(project, reason="撤资", **common)
    assert str(refused(pipeline.end, project, reason="撤资", **common)) == "This project has ended."
    assert len(statuses(project)) == 1


def test_status_change_with_a_stale_object_is_refused(project, force_member):
    stale = Project.objects.get(pk=project.pk)
    advance(project, Stage.NEGOTIATION, force_member)

    refusal = refused(pipeline.end, stale, reason="撤资", by=force_member, today=TODAY)

    assert str(refusal) == (
        "莫专员 has just moved this project to “Negotiation”. Look at it again, then decide."
    )
