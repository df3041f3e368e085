"""A workbook to be filled in: whatever kind it is of, every column of it is known when it comes back."""

import io

import openpyxl
import pytest
from django.utils import translation

from accounts.roles import Role
from core.sheets import read_book
from ledgers.blank import blank
from ledgers.declaring import KINDS
from ledgers.layout import lay_out
from tests import factories


@pytest.mark.parametrize("code", sorted(KINDS))
def test_every_column_of_a_blank_workbook_is_known_when_it_comes_back_filled_in(clerk, code):
    kind = KINDS[code]
    book = openpyxl.load_workbook(io.BytesIO(blank(kind, clerk)))
    page = book.worksheets[0]
    for place in range(1, len(kind.fields) + 1):
        page.cell(2, place, f"甲{place}")
    content = io.BytesIO()
    book.save(content)

    laid = lay_out(read_book(content.getvalue()).sheets, kind)

    [table] = laid.tables
    assert [column.field for column in table.columns] == [field.name for field in kind.fields]
    assert [one.sheet == page.title for one in laid.skipped] == [False]  # how to fill it in


@pytest.mark.parametrize(
    ("role", "code", "status"),
    [
        (Role.CLERK, "projects", 200),
        (Role.CLERK, "item_events", 404),
        (Role.UNIT, "visits", 404),
        (Role.DEPARTMENT, "item_events", 200),
        (Role.FORCE_LEAD, "projects", 403),
    ],
)
def test_who_hands_in_a_kind_takes_its_blank_workbook(client, db, role, code, status):
    client.force_login(factories.user(role))

    assert client.get(f"/ledgers/blank/{code}/").status_code == status


def test_a_page_of_another_app_leads_to_its_own_kind(client, service_member):
    client.force_login(service_member)

    form = client.get("/ledgers/?kind=item_events").context["form"]

    assert form["kind"].value() == "item_events"
    assert client.get("/ledgers/?kind=nothing").context["form"]["kind"].value() == "services"


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Must be filled in: 项目名称, "), ("zh-hans", "必填列：项目名称、")],
)
def test_what_must_be_filled_in_is_listed_as_the_reader_writes(clerk, language, said):
    with translation.override(language):
        book = openpyxl.load_workbook(io.BytesIO(blank(KINDS["projects"], clerk)))

    assert book.worksheets[-1]["A1"].value.startswith(said)
