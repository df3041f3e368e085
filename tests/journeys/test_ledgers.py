"""A county's ledger comes in: handed in, asked about, entered, seen on the project's page, taken back."""

import pytest
from playwright.sync_api import FilePayload, expect

from ledgers.choices import LedgerState
from ledgers.models import Ledger
from projects.models import Project
from tests.journeys.desk import zh, zh_of
from tests.ledgers.handed_in import STEEL, TUBE, WIRE, workbook

pytestmark = pytest.mark.browser

NEW_DISTRICT = (*WIRE[:2], "高新区", *WIRE[3:])
BOOK: FilePayload = {
    "name": "柳北区 2026-03.xlsx",
    "mimeType": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "buffer": workbook(STEEL, NEW_DISTRICT, TUBE, total=63100),
}


def test_a_ledger_is_read_asked_about_entered_and_taken_back(city, sit):
    clerk = sit("clerk")
    clerk.turn_to("Import a ledger")
    clerk.field("Workbook").set_input_files(BOOK)
    clerk.fill("Whose ledger it is", "柳北区")
    clerk.press("Hand in and read")

    # Nothing is in the books yet; what only a person can know is asked, everything else is shown.
    question = clerk.main.locator(".asked li").filter(has_text="2026.1")
    expect(clerk.main.locator(".reading-asked")).to_have_count(1)
    expect(clerk.main.locator("td.reading").filter(has_text="柳东新区")).to_contain_text("高新区")
    expect(clerk.main.locator("#sums")).to_contain_text(zh("Equal"))
    assert not Project.objects.exists()
    question.locator("select").select_option(label="2026-01-31")
    clerk.press("Take these answers")
    clerk.reads(zh_of("%(n)s answer is taken and holds for all like cells.", "", 1, n=1))
    expect(clerk.main.locator(".reading-asked")).to_have_count(0)

    # All go in at once, and each says from which cell it came.
    clerk.main.locator("#enter form button").click()
    clerk.reads(zh_of("%(n)s row is entered.", "", 3, n=3))
    entered = Project.objects.get(name=WIRE[0])
    assert (entered.reporting_unit.name, Project.objects.count()) == ("柳东新区", 3)
    clerk.open("projects:project", entered.pk)
    clerk.reads(BOOK["name"])
    expect(clerk.main.locator("#sources")).to_contain_text("柳北区!")

    ledger = Ledger.objects.get()
    clerk.open("ledgers:ledger", ledger.pk)
    clerk.main.get_by_text(zh("Take it back…")).click()
    clerk.press("Take the whole ledger back")
    clerk.told("The ledger is taken back: the books stand as they stood before it.")
    ledger.refresh_from_db()
    assert ledger.state == LedgerState.UNDONE
