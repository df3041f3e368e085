"""Taking a ledger in, and putting it aside."""

import hashlib

import pytest
from django.utils import translation

from core import files
from core.models import JobState, StoredFile
from ledgers import receiving, rehearsing, tasks
from ledgers.choices import LedgerState
from ledgers.models import Ledger
from ledgers.receiving import AlreadyHandedIn, CannotCancel, CannotReceive
from tests.ledgers.handed_in import STEEL, TODAY, WIRE, handed_in, upload, workbook

BOOK = workbook(STEEL)
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def test_a_ledger_is_kept_as_it_came_with_whose_it_is(clerk, liubei):
    ledger = handed_in(BOOK, clerk, sender="柳北")

    assert (ledger.sender, ledger.unit, ledger.state) == ("柳北区", liubei, LedgerState.READING)
    assert (ledger.handed_in_by, ledger.handed_in_on) == (clerk, TODAY)
    assert ledger.file.sha256 == hashlib.sha256(BOOK).hexdigest()
    with ledger.file.file.open("rb") as kept:
        assert kept.read() == BOOK


def test_the_bureau_may_name_another_office(clerk, liubei):
    ledger = handed_in(BOOK, clerk, sender=" 市工商联 ")

    assert (ledger.sender, ledger.unit) == ("市工商联", None)


def test_a_county_office_hands_in_for_itself_only(county_officer, luzhai):
    assert handed_in(BOOK, county_officer).unit.name == "柳北区"
    for sender in ("鹿寨县", "市工商联", ""):
        with pytest.raises(CannotReceive, match="your own unit only"):
            handed_in(BOOK, county_officer, sender=sender)


def test_a_kind_that_is_not_ones_own_is_refused(statistician, liubei):
    with pytest.raises(CannotReceive, match="of this kind"):
        handed_in(BOOK, statistician)


def test_the_very_same_file_is_said_to_be_here_and_taken_on_purpose(clerk, liubei, luzhai):
    first = handed_in(BOOK, clerk)

    with pytest.raises(AlreadyHandedIn) as refusal:
        handed_in(BOOK, clerk)

    assert refusal.value.ledger == first
    assert StoredFile.objects.count() == 1
    others = [handed_in(BOOK, clerk, sender="鹿寨县"), handed_in(workbook(WIRE), clerk)]
    again = handed_in(BOOK, clerk, again=True)
    assert Ledger.objects.count() == 4
    assert again not in [first, *others]


@pytest.mark.parametrize(
    ("content", "name", "kept"),
    [
        (OLD, "台账.xls", files.XLS),
        (OLD, "台账.et", files.XLS),
        ("项目名称,总投资\n甲,1".encode("gb18030"), "台账.csv", files.CSV),
        ("项目名称,总投资\n甲,1".encode("utf-8-sig"), "台账.csv", files.CSV),
        ("项目名称\t总投资\n甲\t1".encode("utf-16"), "台账.txt", files.CSV),
    ],
)
def test_ledgers_have_a_wider_door_than_papers(db, content, name, kept):
    assert files.type_of(upload(content, name), door=files.LEDGERS) == kept
    assert files.kept_name(name, kept) == name
    with pytest.raises(files.BadFile):
        files.type_of(upload(content, name))


@pytest.mark.parametrize("content", [b"%PDF-1.7", b"\x89PNG\r\n\x1a\n\0\0", b"a\0b", b"MZ\x90\x00"])
def test_what_is_no_ledger_is_refused_at_the_door(clerk, liubei, content):
    with pytest.raises(files.BadFile, match="This is no ledger"):
        handed_in(content, clerk)

    assert not StoredFile.objects.exists()


# --- Putting it aside ---------------------------------------------------------------------------------


def test_a_ledger_that_is_put_aside_stops_its_reader(clerk, liubei, monkeypatch):
    monkeypatch.setattr(rehearsing, "AT_ONCE", 0)
    ledger = tasks.read(handed_in(BOOK, clerk), by=clerk)
    assert ledger.job.state == JobState.WAITING

    receiving.cancel(ledger)

    ledger.job.refresh_from_db()
    assert (ledger.state, ledger.job.state) == (LedgerState.CANCELLED, JobState.CANCELLED)
    with pytest.raises(CannotCancel):
        receiving.cancel(ledger)


def test_the_file_of_a_ledger_put_aside_may_be_handed_in_anew(clerk, liubei):
    receiving.cancel(handed_in(BOOK, clerk))

    assert handed_in(BOOK, clerk).state == LedgerState.READING
