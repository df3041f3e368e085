import datetime
import threading
from decimal import Decimal

import pytest
from django.db import connection, connections, transaction
from django.utils import translation

from projects import contracts, pipeline
from projects.choices import Currency, EventKind, Stage, Status, Verdict
from projects.contracts import CannotRecord, CannotVerify, Terms
from projects.models import ContractEvent, ContractVerdict, Project
from tests import factories

SIGNED_ON = datetime.date(2026, 3, 2)
TODAY = datetime.date(2026, 3, 10)


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def project(steel, liubei, clerk):
    return factories.project(
        Stage.NEGOTIATION, task_force=steel, reporting_unit=liubei, created_by=clerk, stage_since=SIGNED_ON
    )


def signing(amount: int = 12500, **values) -> Terms:
    return Terms(kind=EventKind.SIGNED, signed_on=SIGNED_ON, amount=Decimal(amount), **values)


def enter(project, terms, by):
    return contracts.record(project, terms, by=by, today=TODAY)


def enter_verified(project, terms, clerk, leader):
    event = enter(project, terms, clerk)
    contracts.verify(event, by=leader, today=TODAY)
    project.refresh_from_db()
    return event


def refusal(call, *args, **kwargs) -> str:
    with pytest.raises((CannotRecord, CannotVerify)) as raised, transaction.atomic():
        call(*args, **kwargs)
    return str(raised.value)


# --- Entering ------------------------------------------------------------------------------------


def test_record_writes_the_event_and_leaves_the_project_uncounted(project, clerk):
    event = enter(project, signing(note="一期"), clerk)

    project.refresh_from_db()
    assert list(
        ContractEvent.objects.values_list("kind", "amount", "signed_on", "recorded_by", "recorded_on", "note")
    ) == [("signed", Decimal("12500.00"), SIGNED_ON, clerk.pk, TODAY, "一期")]
    assert (event.project, project.contracted, project.signed_on, project.stage) == (
        project,
        0,
        None,
        Stage.NEGOTIATION,
    )


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        (
            Terms(kind=EventKind.SIGNED, signed_on=TODAY + datetime.timedelta(days=1), amount=Decimal(1)),
            "The day of signing lies in the future. Enter it once it is signed.",
        ),
        (signing(0), "Enter an amount above zero."),
        (signing(-1), "Enter an amount above zero."),
        (
            Terms(kind=EventKind.ADD_ON, signed_on=SIGNED_ON, amount=Decimal(-5)),
            "Enter an amount above zero.",
        ),
        (
            Terms(kind=EventKind.REDUCED, signed_on=SIGNED_ON, amount=Decimal(5)),
            "A reduction or a void takes back: its amount is below zero.",
        ),
        (
            Terms(kind=EventKind.VOIDED, signed_on=SIGNED_ON),
            "A reduction or a void takes back: its amount is below zero.",
        ),
        (
            Terms(kind=EventKind.FRAMEWORK, signed_on=SIGNED_ON, amount=Decimal(5)),
            "This kind of event has no amount that counts.",
        ),
        (
            Terms(kind=EventKind.CORRECTION, signed_on=SIGNED_ON, amount=Decimal(5), note=" "),
            "A correction needs a sentence that says what it sets right.",
        ),
        (
            Terms(kind=EventKind.CORRECTION, signed_on=SIGNED_ON, note="额度"),
            "Enter the difference; zero changes nothing.",
        ),
        (
            signing(currency=Currency.USD, original_amount=Decimal(2000)),
            "A foreign amount needs the amount in its currency, the rate and the day of the rate.",
        ),
        (
            signing(
                currency=Currency.USD,
                original_amount=Decimal(2000),
                rate=Decimal("7.1586"),
                rate_on=TODAY + datetime.timedelta(days=1),
            ),
            "The day of the rate lies in the future.",
        ),
        (
            Terms(kind=EventKind.REDUCED, signed_on=SIGNED_ON, amount=Decimal(-5)),
            "There is no verified contract to void or to reduce.",
        ),
        (
            Terms(kind=EventKind.VOIDED, signed_on=SIGNED_ON, amount=Decimal(-5)),
            "There is no verified contract to void or to reduce.",
        ),
    ],
)
def test_record_refuses(project, clerk, terms, sentence):
    assert refusal(enter, project, terms, clerk) == sentence
    assert not ContractEvent.objects.exists()


def test_record_refuses_a_second_signing_even_while_the_first_waits(project, clerk):
    enter(project, signing(), clerk)

    assert refusal(enter, project, signing(), clerk) == (
        "The contract is already entered. An increase is an add-on, a mistake a correction."
    )


def test_record_takes_a_signing_anew_after_the_first_was_returned(project, clerk, leader):
    contracts.send_back(enter(project, signing(), clerk), reason="金额有误", by=leader, today=TODAY)

    again = enter(project, signing(13000), clerk)

    assert again.amount == 13000


def test_record_refuses_to_take_back_more_than_stands(project, clerk, leader):
    enter_verified(project, signing(12500), clerk, leader)
    too_much = Terms(kind=EventKind.REDUCED, signed_on=TODAY, amount=Decimal("-12500.01"))

    assert refusal(enter, project, too_much, clerk) == (
        "Only 12,500 万元 stand in the contract: no more can be taken back."
    )


@pytest.mark.parametrize("kind", [EventKind.REDUCED, EventKind.VOIDED, EventKind.CORRECTION])
def test_record_refuses_a_correction_that_takes_back_more_than_stands(project, clerk, leader, kind):
    enter_verified(project, signing(100), clerk, leader)
    terms = Terms(kind=kind, signed_on=TODAY, amount=Decimal(-101), note="多报")

    assert refusal(enter, project, terms, clerk) == (
        "Only 100 万元 stand in the contract: no more can be taken back."
    )


def test_a_signing_not_yet_verified_is_returned_not_corrected(project, clerk):
    enter(project, signing(100), clerk)
    terms = Terms(kind=EventKind.CORRECTION, signed_on=TODAY, amount=Decimal(-1), note="多报")

    assert refusal(enter, project, terms, clerk) == (
        "Nothing verified stands in the contract yet: return the signing and enter the right amount."
    )


@pytest.mark.parametrize(
    ("kind", "amount"), [(EventKind.ADD_ON, 1), (EventKind.REDUCED, -1), (EventKind.PARTY_CHANGED, 0)]
)
def test_nothing_follows_a_contract_before_its_day(project, clerk, leader, kind, amount):
    enter_verified(project, signing(100), clerk, leader)
    the_day_before = SIGNED_ON - datetime.timedelta(days=1)

    for day, refused in ((the_day_before, True), (SIGNED_ON, False)):
        terms = Terms(kind=kind, signed_on=day, amount=Decimal(amount), note="说明")
        if refused:
            assert refusal(enter, project, terms, clerk) == (
                "The contract was signed on 2026-03-02. What follows it has that day or a later one."
            )
        else:
            assert enter(project, terms, clerk).pk


def test_record_refuses_anything_for_an_ended_project(project, clerk):
    pipeline.end(project, reason="客商撤资", by=clerk, today=TODAY)

    assert refusal(enter, project, signing(), clerk) == (
        "This project has ended. Its contract cannot change any more."
    )


def test_record_refuses_a_second_void_while_the_first_waits(project, clerk, leader):
    enter_verified(project, signing(12500), clerk, leader)
    void = Terms(kind=EventKind.VOIDED, signed_on=TODAY, amount=Decimal(-12500))
    enter(project, void, clerk)

    assert refusal(enter, project, void, clerk) == "The void of this contract is already entered."


def test_record_keeps_currency_amount_rate_and_day(project, clerk):
    terms = signing(
        14317,
        currency=Currency.USD,
        original_amount=Decimal(2000),
        rate=Decimal("7.1586"),
        rate_on=SIGNED_ON,
    )

    enter(project, terms, clerk)

    assert list(ContractEvent.objects.values_list("currency", "original_amount", "rate", "rate_on")) == [
        ("USD", Decimal("2000.00"), Decimal("7.158600"), SIGNED_ON)
    ]


def test_record_on_29_february(project, clerk):
    leap_day = datetime.date(2024, 2, 29)
    event = contracts.record(
        project,
        Terms(kind=EventKind.SIGNED, signed_on=leap_day, amount=Decimal(1)),
        by=clerk,
        today=leap_day,
    )

    assert event.signed_on == leap_day


# --- Deciding ------------------------------------------------------------------------------------


def test_verify_counts_moves_and_writes_history(project, clerk, leader):
    event = enter(project, signing(), clerk)

    contracts.verify(event, by=leader, today=TODAY)

    project.refresh_from_db()
    assert (project.contracted, project.signed_on) == (Decimal("12500.00"), SIGNED_ON)
    assert (project.stage, project.stage_since) == (Stage.SIGNING, SIGNED_ON)
    assert list(ContractVerdict.objects.values_list("event", "verdict", "on", "by", "reason")) == [
        (event.pk, "verified", TODAY, leader.pk, "")
    ]
    assert list(project.stage_changes.values_list("source", "target", "on", "by")) == [
        ("negotiation", "signing", SIGNED_ON, leader.pk)
    ]


def test_verify_counts_although_the_project_was_edited_meanwhile(project, clerk, leader):
    event = enter(project, signing(), clerk)
    Project.objects.filter(pk=project.pk).update(version=9, officer="李工")

    contracts.verify(event, by=leader, today=TODAY)

    project.refresh_from_db()
    assert (project.stage, project.contracted, project.officer) == (Stage.SIGNING, 12500, "李工")


def test_verify_of_a_framework_agreement_counts_nothing_and_moves_nothing(project, clerk, leader):
    terms = Terms(kind=EventKind.FRAMEWORK, signed_on=SIGNED_ON, original_amount=Decimal(50000))

    enter_verified(project, terms, clerk, leader)

    assert (project.contracted, project.signed_on, project.stage) == (0, None, Stage.NEGOTIATION)


def test_totals_follow_add_on_reduction_and_correction(project, clerk, leader):
    seen = []
    for terms in (
        signing(12500),
        Terms(kind=EventKind.ADD_ON, signed_on=TODAY, amount=Decimal("3000.50")),
        Terms(kind=EventKind.REDUCED, signed_on=TODAY, amount=Decimal(-500)),
        Terms(kind=EventKind.CORRECTION, signed_on=TODAY, amount=Decimal("-0.50"), note="尾数"),
        Terms(kind=EventKind.EXTENDED, signed_on=TODAY),
        Terms(kind=EventKind.PARTY_CHANGED, signed_on=TODAY, note="受让方变更"),
    ):
        enter_verified(project, terms, clerk, leader)
        seen.append(str(project.contracted))

    assert seen == ["12500.00", "15500.50", "15000.50", "15000.00", "15000.00", "15000.00"]


def test_void_takes_everything_back_and_ends_the_project(project, clerk, leader):
    enter_verified(project, signing(12500), clerk, leader)
    enter_verified(project, Terms(kind=EventKind.ADD_ON, signed_on=TODAY, amount=Decimal(500)), clerk, leader)
    void = Terms(kind=EventKind.VOIDED, signed_on=TODAY, amount=Decimal(-13000), note="双方协商解约")

    enter_verified(project, void, clerk, leader)

    assert (project.contracted, project.status, project.status_reason) == (0, Status.ENDED, "双方协商解约")
    assert project.signed_on == SIGNED_ON


def test_what_does_not_count_stays_out_of_the_total_with_all_that_follows(project, clerk, leader):
    enter_verified(project, signing(12500, exclusion_reason="本地企业"), clerk, leader)
    add_on = enter_verified(
        project, Terms(kind=EventKind.ADD_ON, signed_on=TODAY, amount=Decimal(500)), clerk, leader
    )

    assert (project.contracted, add_on.exclusion_reason) == (0, "本地企业")


def test_verify_refuses_ones_own_entry(project, leader):
    event = enter(project, signing(), leader)

    sentence = "You entered this yourself. Somebody else has to verify it."
    assert refusal(contracts.verify, event, by=leader, today=TODAY) == sentence
    assert refusal(contracts.send_back, event, reason="x", by=leader, today=TODAY) == sentence
    assert not ContractVerdict.objects.exists()


def test_verify_refuses_a_day_before_the_entry(project, clerk, leader):
    event = enter(project, signing(), clerk)

    assert refusal(contracts.verify, event, by=leader, today=SIGNED_ON) == (
        "It cannot be verified before the day on which it was entered."
    )


def test_second_verdict_is_told_who_was_first(project, clerk, leader):
    event = enter(project, signing(), clerk)
    contracts.verify(event, by=leader, today=TODAY)
    other = factories.user("leader", name="杨局长")

    sentence = f"{leader.name} has already decided on 2026-03-10: Verified."
    fresh = ContractEvent.objects.get(pk=event.pk)
    assert refusal(contracts.send_back, fresh, reason="重复", by=other, today=TODAY) == sentence
    assert refusal(contracts.verify, fresh, by=other, today=TODAY) == sentence
    project.refresh_from_db()
    assert project.contracted == 12500


def test_verify_refuses_what_would_leave_less_than_nothing(project, clerk, leader):
    enter_verified(project, signing(100), clerk, leader)
    terms = Terms(kind=EventKind.CORRECTION, signed_on=TODAY, amount=Decimal(-60), note="多报")
    one, other = enter(project, terms, clerk), enter(project, terms, clerk)
    contracts.verify(one, by=leader, today=TODAY)

    assert refusal(contracts.verify, other, by=leader, today=TODAY) == (
        "Then less than nothing would stand in the contract. Return it with the reason."
    )
    project.refresh_from_db()
    assert (project.contracted, ContractVerdict.objects.filter(event=other).exists()) == (40, False)


def test_send_back_asks_for_a_reason(project, clerk, leader):
    event = enter(project, signing(), clerk)

    assert refusal(contracts.send_back, event, reason="  ", by=leader, today=TODAY) == (
        "Say why you return it, so that it can be entered rightly."
    )


def test_send_back_counts_nothing_and_keeps_the_reason(project, clerk, leader):
    event = enter(project, signing(), clerk)

    contracts.send_back(event, reason=" 金额与合同不符 ", by=leader, today=TODAY)

    project.refresh_from_db()
    assert (project.contracted, project.stage) == (0, Stage.NEGOTIATION)
    assert list(ContractVerdict.objects.values_list("verdict", "reason")) == [
        (Verdict.RETURNED, "金额与合同不符")
    ]


def test_returned_to_holds_what_was_not_entered_anew(project, clerk, leader):
    first = enter(project, signing(), clerk)
    contracts.send_back(first, reason="金额", by=leader, today=TODAY)
    before = list(ContractEvent.objects.returned_to(clerk))
    enter(project, signing(13000), clerk)

    assert (before, list(ContractEvent.objects.returned_to(clerk))) == ([first], [])
    assert list(ContractEvent.objects.returned_to(leader)) == []


# --- At the same moment ----------------------------------------------------------------------------


def together(*calls):
    """Run the calls at the same moment, each on a connection of its own; their results or refusals."""
    ready, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(n, call):
        try:
            ready.wait()
            results[n] = call()
        except (CannotRecord, CannotVerify, pipeline.CannotAdvance) as refused:
            results[n] = refused
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n, call)) for n, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_two_verdicts_at_once_leave_one(project, clerk, leader):
    event = enter(project, signing(), clerk)
    other = factories.user("leader")

    results = together(
        lambda: contracts.verify(ContractEvent.objects.get(pk=event.pk), by=leader, today=TODAY),
        lambda: contracts.verify(ContractEvent.objects.get(pk=event.pk), by=other, today=TODAY),
    )

    project.refresh_from_db()
    assert sorted(type(result).__name__ for result in results) == ["CannotVerify", "ContractVerdict"]
    assert (ContractVerdict.objects.count(), project.contracted, project.stage_changes.count()) == (
        1,
        12500,
        1,
    )


@pytest.mark.django_db(transaction=True)
def test_two_events_of_one_project_verified_at_once_both_count(project, clerk, leader):
    enter_verified(project, signing(12500), clerk, leader)
    add_ons = [
        enter(project, Terms(kind=EventKind.ADD_ON, signed_on=TODAY, amount=Decimal(n)), clerk)
        for n in (100, 20)
    ]

    together(
        *(
            lambda pk=event.pk: contracts.verify(ContractEvent.objects.get(pk=pk), by=leader, today=TODAY)
            for event in add_ons
        )
    )

    project.refresh_from_db()
    assert project.contracted == 12620


@pytest.mark.django_db(transaction=True)
def test_two_signings_entered_at_once_leave_one(project, clerk, leader):
    results = together(
        lambda: enter(Project.objects.get(pk=project.pk), signing(), clerk),
        lambda: enter(Project.objects.get(pk=project.pk), signing(), leader),
    )

    assert sorted(type(result).__name__ for result in results) == ["CannotRecord", "ContractEvent"]
    assert connection.vendor in ("sqlite", "postgresql")
    assert ContractEvent.objects.count() == 1
