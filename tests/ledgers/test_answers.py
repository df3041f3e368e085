"""Answers are given once for all like cells, remembered, and revoked; decisions on single rows."""

import pytest
from django.utils import timezone, translation

from ledgers import answers, tasks
from ledgers.answers import CannotAnswer, CannotDecide
from ledgers.choices import Decision, QuestionKind, State, Verdict
from ledgers.models import Answer, Ledger
from tests.ledgers.handed_in import STEEL, TUBE, read, workbook

PIPES = (*TUBE[:2], "高新区", *TUBE[3:7], "2026-01-20")
WIRES = ("恒达钢丝绳项目", "柳州恒达钢绳有限公司", "高新区", "钢铁", "工业", "正式合同", 8800, "2026-02-11")
UNIT = {"asked": QuestionKind.VALUE, "field": "unit", "raw": "高新区"}
DAY = {"asked": QuestionKind.VALUE, "field": "signed_on", "raw": "2026.1"}


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def ledger(clerk, steel, liubei, luzhai) -> Ledger:
    return read(workbook(PIPES, WIRES, TUBE), clerk)


def asked(ledger: Ledger) -> list[tuple[str, str, int]]:
    return [(one["field"], one["raw"], one["cells"]) for one in ledger.questions]


def cells(ledger: Ledger, field: str) -> list[tuple[str, str]]:
    return [(row.reading(field).state, row.value(field)) for row in ledger.rows.order_by("row")]


def test_one_answer_holds_for_all_like_cells(ledger, clerk):
    assert asked(ledger) == [("unit", "高新区", 2), ("signed_on", "2026.1", 1)]

    answers.answer(ledger, **UNIT, meaning="450205", by=clerk)
    tasks.read(ledger, by=clerk)

    ledger.refresh_from_db()
    assert asked(ledger) == [("signed_on", "2026.1", 1)]
    assert cells(ledger, "unit") == [(State.SURE, "450205")] * 3


def test_a_word_is_remembered_for_its_sender_and_for_nobody_else(ledger, clerk):
    answers.answer(ledger, **UNIT, meaning="450205", by=clerk)

    next_month = read(workbook(PIPES), clerk)
    of_others = read(workbook(PIPES), clerk, sender="鹿寨县")

    assert asked(next_month) == []
    assert asked(of_others) == [("unit", "高新区", 1)]


def test_a_number_or_a_day_means_the_same_in_one_file_only(ledger, clerk):
    """“2026.1” was October in this file; next month's may mean January."""
    answers.answer(ledger, **DAY, meaning="2026-01-31", by=clerk)
    tasks.read(ledger, by=clerk)

    other_file = read(workbook(TUBE), clerk)

    assert cells(Ledger.objects.get(pk=ledger.pk), "signed_on")[2] == (State.SURE, "2026-01-31")
    assert asked(other_file) == [("signed_on", "2026.1", 1)]


def test_an_answer_may_be_written_as_it_could_have_stood_in_the_cell(ledger, clerk):
    answers.answer(ledger, **DAY, meaning="2026年1月18日", by=clerk)
    tasks.read(ledger, by=clerk)

    assert cells(Ledger.objects.get(pk=ledger.pk), "signed_on")[2] == (State.SURE, "2026-01-18")
    with pytest.raises(CannotAnswer, match="not clear either"):
        answers.answer(Ledger.objects.get(pk=ledger.pk), **UNIT, meaning="某某区", by=clerk)


def test_what_was_not_asked_is_not_answered(ledger, clerk):
    with pytest.raises(CannotAnswer, match="not asked"):
        answers.answer(ledger, **{**UNIT, "raw": "经开区"}, meaning="450205", by=clerk)

    assert not Answer.objects.exists()


def test_a_second_answer_takes_the_place_of_the_first(ledger, clerk, leader):
    first = answers.answer(ledger, **UNIT, meaning="450205", by=clerk)
    assert answers.answer(ledger, **UNIT, meaning="450205", by=leader) == first

    second = answers.answer(ledger, **UNIT, meaning="鹿寨县", by=leader)

    first.refresh_from_db()
    assert (first.revoked_by, second.revoked_by) == (leader, None)
    assert answers.meanings(ledger) == {("value", "unit", "高新区"): "鹿寨县"}


def test_a_revoked_answer_is_asked_again(ledger, clerk):
    given = answers.answer(ledger, **UNIT, meaning="450205", by=clerk)

    answers.revoke(given, by=clerk, at=timezone.now())
    tasks.read(ledger, by=clerk)

    ledger.refresh_from_db()
    assert ("unit", "高新区", 2) in asked(ledger)


# --- Decisions ------------------------------------------------------------------------------------------


def test_rows_are_decided_one_by_one_or_all_of_a_verdict(clerk, steel, liubei):
    ledger = read(workbook(STEEL, WIRES[:2] + STEEL[2:]), clerk)
    first, second = ledger.rows.order_by("row")

    assert answers.decide(ledger, decision=Decision.LEAVE, rows=[first.pk]) == 1
    assert answers.decide(ledger, decision=Decision.LEAVE, verdict=Verdict.NEW) == 1

    assert set(ledger.rows.values_list("decision", flat=True)) == {Decision.LEAVE}
    with pytest.raises(CannotDecide):  # a new row looks like nothing it could be the same as
        answers.decide(ledger, decision=Decision.SAME, rows=[second.pk])
