"""The page of a project says of its facts from which cells they came."""

import pytest
from django.test import Client
from django.utils import translation

from ledgers.provenance import origins
from projects.models import Project
from projects.views.provenance import sources
from tests.ledgers.books import committed, ledger, row

SAME = {"name": "宏宇特钢线材项目", "enterprise": "广西宏宇特钢有限公司"}


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def twice(clerk, steel, liubei):
    """A project from two ledgers: the first made it, the second changed its officer."""
    first, second = ledger(clerk), ledger(clerk, file="柳北区 2026-04.xlsx")
    told = {**SAME, "officer": "韦经办", "progress": [["2026-03", "主体封顶"]]}
    committed(first, row(first, 17, **told))
    committed(second, row(second, 21, **{**told, "officer": "莫专员"}))
    return Project.objects.get()


def cells(origin):
    return {value.field: value.place for value in origin.values}


@pytest.mark.django_db
def test_each_value_comes_from_the_last_row_that_wrote_it(twice, clerk, count_queries):
    last, first = origins(twice.pk, kind="projects", user=clerk)

    assert (last.file, cells(last)) == ("柳北区 2026-04.xlsx", {"officer": "柳北区!J21"})
    assert (first.file, first.place) == ("柳北区 2026-03.xlsx", "柳北区!17")
    assert cells(first)["amount_wan"] == "柳北区!G17"
    assert "officer" not in cells(first)
    assert count_queries(lambda: origins(twice.pk, kind="projects", user=clerk)) == 1


@pytest.mark.django_db
def test_a_value_that_was_changed_by_hand_since_is_said_to_be_past(twice, clerk):
    Project.objects.update(officer="梁招商")

    lines = {line.label: line.is_past for one in sources(Project.objects.get(), clerk) for line in one.lines}

    assert (lines["officer in charge"], lines["contracted investment"]) == (True, False)


@pytest.mark.django_db
def test_the_page_leads_to_the_ledger_only_whom_it_shows_itself_to(twice, clerk, liubei, force_member):
    def page(user):
        client = Client()
        client.force_login(user)
        return client.get(twice.get_absolute_url(), headers={"accept-language": "en"}).content.decode()

    address = origins(twice.pk, kind="projects", user=clerk)[0].url
    mine, theirs = page(clerk), page(force_member)

    assert "柳北区 2026-04.xlsx" in mine
    assert "柳北区!J21" in theirs
    assert (address in mine, address in theirs) == (True, False)
    assert "2026-03 主体封顶" in theirs
