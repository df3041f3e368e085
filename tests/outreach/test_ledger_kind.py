"""The ledger of visits through the door that all ledgers have."""

import datetime
from typing import Any

import pytest

import accounts.reference
import taskforces.reference
from accounts.models import User
from ledgers import committing
from ledgers.choices import LedgerState, State, Verdict
from ledgers.committing import CannotUndo
from ledgers.models import Ledger
from outreach.models import Engagement, PartyKind, Visit, VisitLevel
from tests import factories
from tests.ledgers.other_kinds import SAMPLES, rehearsed, verdicts, workbook

TODAY = datetime.date(2025, 7, 1)
HEAD = ("序号", "日期", "带队层级", "带队单位", "目的地", "对接对象", "对象类型", "成果")
DAY = datetime.date(2025, 2, 3)
MET = (1, DAY, "县级", "鹿寨县", "深圳", "深圳甲协会", "商协会", None)


@pytest.fixture(autouse=True)
def city(db: None) -> None:
    accounts.reference.load()
    taskforces.reference.load()


def handed_in(by: User, *rows: tuple[Any, ...], **how: Any) -> Ledger:
    return rehearsed(workbook(HEAD, *rows), by, kind="visits", today=TODAY, **how)


def entered(ledger: Ledger, by: User) -> Ledger:
    return committing.commit(ledger, by=by, today=TODAY)


def told(field: str) -> list[Any]:
    return list(Engagement.objects.order_by("pk").values_list(field, flat=True))


def test_every_row_of_the_half_year_is_right_and_comes_in_once(clerk):
    content = (SAMPLES / "visits-2025h1.xlsx").read_bytes()
    ledger = rehearsed(content, clerk, kind="visits", today=TODAY)

    assert (ledger.counts["rows"], ledger.questions, ledger.skipped) == ({"new": 273}, [], [])
    assert set(ledger.counts["cells"]) <= {State.SURE}

    entered(ledger, clerk)
    again = rehearsed(content, clerk, kind="visits", today=TODAY, again=True)

    assert (Visit.objects.count(), Engagement.objects.count()) == (61, 273)
    assert again.counts["rows"] == {"same": 273}

    committing.undo(ledger, by=clerk, today=TODAY)

    assert (Visit.objects.count(), Engagement.objects.count()) == (0, 0)


def test_what_no_cell_says_follows_from_who_led_and_from_names(clerk):
    head = ("日期", "带队单位", "目的地", "对接对象")
    rows = [(DAY, "柳州市", "广州", "广州乙公司"), (DAY, "鹿寨县", "深圳", "某某大学")]

    ledger = rehearsed(workbook(head, *rows), clerk, kind="visits", today=TODAY)

    found = ledger.rows.order_by("row")
    assert [(row.value("level"), row.value("kind")) for row in found] == [
        (VisitLevel.CITY, PartyKind.ENTERPRISE),
        (VisitLevel.COUNTY, PartyKind.UNIVERSITY),
    ]
    assert {row.reading(field).state for row in found for field in ("level", "kind")} == {State.ASSUMED}


def test_a_level_that_does_not_fit_who_led_is_refused_and_a_strange_word_is_asked(clerk):
    ledger = handed_in(clerk, (1, DAY, "市级", *MET[3:]), (2, *MET[1:6], "亲戚", None))

    [asked] = ledger.questions
    assert (verdicts(ledger)[2], asked["field"], asked["raw"]) == (Verdict.REFUSED, "kind", "亲戚")


def test_what_came_of_a_meeting_may_be_told_later_and_taken_back(clerk):
    entered(handed_in(clerk, MET), clerk)

    later = handed_in(
        clerk, (*MET[:7], "形成线索"), (2, *MET[1:5], "广州乙公司", "企业", None), name="b.xlsx"
    )

    assert later.lost == []
    [changed, new] = later.rows.order_by("row")
    assert (changed.verdict, changed.changes) == (Verdict.CHANGED, {"outcome": ["", "形成线索"]})
    assert new.verdict == Verdict.NEW
    entered(later, clerk)
    assert (told("outcome"), Visit.objects.count()) == (["形成线索", ""], 1)

    committing.undo(later, by=clerk, today=TODAY)

    assert (told("outcome"), told("party"), Visit.objects.count()) == ([""], ["深圳甲协会"], 1)


def test_a_meeting_that_is_gone_from_the_next_ledger_is_named(clerk):
    entered(handed_in(clerk, MET), clerk)

    later = handed_in(clerk, (1, *MET[1:5], "广州乙公司", "企业", None), name="b.xlsx")

    assert [one["name"] for one in later.lost] == ["深圳甲协会"]


def test_a_meeting_told_twice_is_entered_once(clerk):
    ledger = entered(handed_in(clerk, MET, (2, *MET[1:7], "形成线索")), clerk)

    assert (told("outcome"), Visit.objects.count()) == (["形成线索"], 1)

    committing.undo(ledger, by=clerk, today=TODAY)

    assert not Visit.objects.exists()


def test_a_meeting_that_became_a_project_or_was_told_of_since_is_not_taken_back(clerk):
    ledger = entered(handed_in(clerk, MET, (2, *MET[1:5], "广州乙公司", "企业", None)), clerk)
    first, second = Engagement.objects.order_by("pk")
    first.project = factories.project()
    first.save()
    second.outcome = "签约"
    second.save()

    with pytest.raises(CannotUndo) as refusal:
        committing.undo(ledger, by=clerk, today=TODAY)

    assert [first.project.code in refusal.value.details[0], "广州乙公司" in refusal.value.details[1]] == [
        True,
        True,
    ]
    assert (Engagement.objects.count(), Ledger.objects.get().state) == (2, LedgerState.COMMITTED)


def test_a_meeting_that_another_sender_entered_meanwhile_stays_out(clerk):
    first, second = (handed_in(clerk, MET, sender=name) for name in ("招商局", "鹿寨县"))
    entered(first, clerk)

    entered(second, clerk)

    row = second.rows.get()
    assert (second.counts["entered"], row.verdict, row.written) == ({"late": 1}, Verdict.SAME, None)
    assert (row.target, Engagement.objects.count()) == (Engagement.objects.get().pk, 1)
