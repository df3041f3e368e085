"""What `make bench` measures costs as many queries for many projects as for one, as in life: the
choices of the list, the board and the frame are remembered."""

import pytest

from core.models import StoredFile
from core.remembering import Memory
from ledgers.models import Ledger, LedgerRow
from liuzhou_invest.bench import ledgers
from projects.choices import Stage
from projects.models import ContractEvent, Enterprise, Project
from tests import factories

ASKED = {
    # session, user, newest entry of the trail twice (choices, layouts), sum, rows, what waits, flags, shares
    "/projects/": 9,
    # session, user, newest entry twice, rows, shares
    "/api/v1/projects/": 6,
    # session, user, newest entry
    "/board/": 3,
}


@pytest.fixture
def remembering(monkeypatch, frame_is_remembered):
    """As outside of tests."""
    memory = Memory()
    for module in ("projects.filters", "projects.layouts", "briefings.views.board", "briefings.views.cards"):
        monkeypatch.setattr(f"{module}.memory", memory)


def project(steel, liubei):
    made = factories.project(Stage.SIGNING, task_force=steel, reporting_unit=liubei)
    factories.share(made, liubei, 100)
    factories.verified_event(made)
    factories.stall_flag(factories.item(made))


@pytest.mark.parametrize("address", ASKED)
def test_a_measured_page_asks_as_often_for_sixty_projects_as_for_one(
    remembering, client, clerk, steel, liubei, address, count_queries
):
    client.force_login(clerk)
    for more in (1, 59):
        for _project in range(more):
            project(steel, liubei)
        assert client.get(address).status_code == 200  # remembers
        assert count_queries(lambda: client.get(address)) == ASKED[address]


def test_what_has_changed_is_on_the_page_at_once(remembering, client, clerk, steel, liubei):
    client.force_login(clerk)
    project(steel, liubei)
    client.get("/projects/")

    type(steel).objects.filter(pk=steel.pk).update(name="钢铁及其他", name_en="Steel and more")

    assert "钢铁及其他" in client.get("/projects/").content.decode()


TOUCHED = (Project, Enterprise, ContractEvent, Ledger, LedgerRow, StoredFile)


def test_the_ledger_is_read_and_entered_whole_and_leaves_nothing(clerk, steel, liubei):
    before = [model.objects.count() for model in TOUCHED]
    handed = ledgers.HandedIn(12, clerk)
    for _turn in range(2):
        handed.prepare()
        handed.whole()  # raises unless each of its rows is new and entered
    read = [{cell[3] for cell in row.cells.values() if cell[3]} for row in handed.ledger.rows.all()]
    assert read == [set("ABCDEFGHIJKLMNOPQRST")] * 12

    disk, name = handed.ledger.file.file.storage, handed.ledger.file.file.name
    handed.forget()

    assert [model.objects.count() for model in TOUCHED] == before
    assert not disk.exists(name)
