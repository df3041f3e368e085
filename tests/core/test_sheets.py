import datetime
import io
import os
import resource
import zipfile
from decimal import Decimal

import openpyxl
import pytest
from django.utils import translation

from core.sheets import Limits, Row, UnreadableWorkbook, read_book

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
OTHER = "This is not an Excel workbook. Save it in Excel or WPS as .xlsx and hand that in."
DAMAGED = "The workbook is damaged. Open it in Excel or WPS, save it again and hand that in."
MOMENT = datetime.datetime.fromisoformat("2025-01-02T03:04")
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def workbook(fill):
    book = openpyxl.Workbook()
    fill(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def package(sheet_parts, extra=None):
    """A workbook whose only sheet is made of the given pieces of XML, packed without being held."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/></Types>',
        )
        packed.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
            f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        packed.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
            '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        packed.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
            f'Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        with packed.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for part in sheet_parts:
                sheet.write(part.encode())
        for name, content in (extra or {}).items():
            packed.writestr(name, content)
    return file.getvalue()


def sheet_xml(rows):
    return [f'<worksheet xmlns="{MAIN}"><sheetData>', *rows, "</sheetData></worksheet>"]


def cell(ref, text):
    return f'<c r="{ref}" t="inlineStr"><is><t>{text}</t></is></c>'


def refusal_of(content, **limits):
    """The sentence, with the promise that refusing takes little of our own memory."""
    before = memory()
    with pytest.raises(UnreadableWorkbook) as refusal:
        read_book(content, Limits(**limits))
    assert memory() - before < 100 * 2**20
    return refusal.value.message


def memory():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_read_book_gives_typed_values_under_excels_row_numbers():
    def fill(book):
        sheet = book.active
        sheet.title = "台账"
        sheet["B3"] = "  项目 "
        sheet["C3"] = 6600
        sheet["D3"] = 6600.1
        sheet["E3"] = datetime.date(2025, 1, 2)
        sheet["F3"] = MOMENT
        sheet["G3"] = True
        sheet["A5"] = "𠮷\n二行"
        hidden = book.create_sheet("旧表")
        hidden.sheet_state = "veryHidden"

    ledger, hidden = read_book(workbook(fill)).sheets

    assert (ledger.title, ledger.is_hidden) == ("台账", False)
    assert ledger.rows == [
        Row(3, (None, "  项目 ", Decimal(6600), Decimal("6600.1"), datetime.date(2025, 1, 2),
                MOMENT, True)),
        Row(5, ("𠮷\n二行",)),
    ]  # fmt: skip
    assert (hidden.title, hidden.is_hidden, hidden.rows) == ("旧表", True, [])


def test_read_book_takes_an_open_file_from_its_beginning():
    file = io.BytesIO(workbook(lambda book: book.active.append(["甲", 1])))
    file.read()

    assert [sheet.rows for sheet in read_book(file).sheets] == [[Row(1, ("甲", Decimal(1)))]]


def test_formulas_come_as_the_value_they_showed():
    rows = ['<row r="1"><c r="A1"><f>1+1</f><v>2</v></c>', cell("B1", "甲"), "</row>"]

    assert read_book(package(sheet_xml(rows))).sheets[0].rows == [Row(1, (Decimal(2), "甲"))]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty. Choose the workbook again."),
        (b"MZ\x90\x00" + b"\x00" * 200, OTHER),
        ("一段文字，没有表格。".encode(), OTHER),
        (
            b"<html><table></table></html>",
            "This is a web page under the name of a workbook. Open it in Excel or WPS, save it as .xlsx and "
            "hand that in.",
        ),
        (bytes.fromhex("D0CF11E0A1B11AE1") + b"\x00" * 600, DAMAGED),
        (b"PK\x03\x04" + b"\x00" * 200, DAMAGED),
    ],
)
def test_what_is_no_workbook_is_refused_by_its_content(content, sentence):
    assert refusal_of(content) == sentence


def test_other_packages_are_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("word/document.xml", "<w/>")

    assert refusal_of(file.getvalue()) == OTHER


def test_macros_are_refused():
    content = package(sheet_xml([]), {"xl/vbaProject.bin": b"\x00"})

    assert (
        refusal_of(content)
        == "The workbook contains macros. Save it as .xlsx without macros and hand that in."
    )


def test_names_that_climb_out_of_the_package_are_refused():
    assert refusal_of(package(sheet_xml([]), {"../../slipped": b"x"})) == DAMAGED


def test_a_cut_workbook_is_refused():
    content = workbook(lambda book: book.active.append(["甲"] * 50))

    assert refusal_of(content[: len(content) // 2]) == DAMAGED
    assert refusal_of(package(["<worksheet><sheetData><row r='1'><c r='A1'><v>1</v>"])) == DAMAGED


def test_a_directory_of_countless_names_is_refused_unread():
    many = {f"xl/{number}": b"" for number in range(20_000)}

    assert refusal_of(package(sheet_xml([]), many)) == DAMAGED


def test_a_cell_far_away_is_refused_though_the_reader_dies_of_it():
    far = sheet_xml(
        [f'<row r="1">{cell("A1", "x")}</row>', f'<row r="1048576">{cell("XFD1048576", "x")}</row>']
    )

    assert refusal_of(package(far)).startswith("The workbook takes too much memory or time.")


def test_a_giant_cell_is_refused():
    megabyte = "x" * 2**20
    giant = ['<row r="1"><c r="A1" t="inlineStr"><is><t>', *[megabyte] * 600, "</t></is></c></row>"]

    assert refusal_of(package(sheet_xml(giant))) == (
        "Unpacked, the workbook would fill 600 MB, more than any ledger. It was not read."
    )


def test_a_cell_longer_than_excel_allows_is_refused():
    rows = [f'<row r="1">{cell("A1", "长" * 40_000)}</row>']

    assert refusal_of(package(sheet_xml(rows))) == (
        "A cell holds more than 32767 characters, more than Excel allows. It was not read."
    )


def test_a_zip_bomb_is_refused():
    extra = {"xl/media/image1.png": b"\x00" * (60 * 2**20)}

    assert refusal_of(package(sheet_xml([]), extra)).startswith("Unpacked, the workbook would fill")


def test_an_entity_bomb_expands_to_nothing():
    bomb = [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        *sheet_xml([f'<row r="1">{cell("A1", "&b;" * 1000)}</row>']),
    ]

    assert refusal_of(package(bomb)) == DAMAGED


def test_too_many_rows_or_columns_are_refused_by_name():
    content = workbook(lambda book: [book.active.append(["甲"] * 5) for _ in range(20)])

    assert refusal_of(content, rows=10) == (
        "Sheet “Sheet” has more than 10 rows. Split it and hand in the parts."
    )
    assert len(read_book(content, Limits(rows=20, columns=5)).sheets[0].rows) == 20
    assert refusal_of(content, columns=4) == (
        "Sheet “Sheet” has more than 4 columns. Delete what stands beside the ledger."
    )


def test_a_file_above_the_size_is_refused_without_being_read():
    assert refusal_of(b"PK\x03\x04" + b"x" * 2**20, bytes=2**20).startswith("The file is larger than 1 MB.")


def test_reading_ends_when_its_time_is_up():
    words = [f"{number * 7919 % 100_003}" for number in range(2000)]
    chunk = "".join("<row>" + cell("", word).replace(' r=""', "") * 8 + "</row>" for word in words)

    sentence = refusal_of(package(sheet_xml([chunk] * 300)), seconds=1, rows=10**6, memory=2 * 2**30)

    assert sentence.startswith("The workbook takes too much memory or time.")


def test_the_next_workbook_is_read_after_a_hostile_one():
    far = package(sheet_xml([f'<row r="1">{cell("A1", "x")}{cell("XFD1048576", "x")}</row>']))
    good = workbook(lambda book: book.active.append(["甲"]))
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_nvcsw

    for _ in range(3):
        refusal_of(far)
        assert read_book(good).sheets[0].rows == [Row(1, ("甲",))]

    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_nvcsw > children  # it was children that died
