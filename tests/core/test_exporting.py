import csv
import errno
import io
import tempfile
import tracemalloc
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any

import openpyxl
import pytest
import time_machine
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from core import audit, jobs, sheets, tasks
from core.exporting import Column, Kind, Sheet, answering, commas, large, texts, workbook
from core.models import AuditEntry, Export, ExportFile, Job, JobState
from tests import factories

DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＋1", "－1", "＠A", " =1+1", "'=1"]


def in_excel(sheet: Sheet, lines: Any, **how: Any) -> bytes:
    target = io.BytesIO()
    workbook.write(target, sheet, lines, explained=how.pop("explained", lambda rows, cut: []), **how)
    return target.getvalue()


def as_csv(sheet: Sheet, lines: Any) -> bytes:
    target = io.BytesIO()
    commas.write(target, sheet, lines)
    return target.getvalue()


def texts_of(content: bytes) -> list[str]:
    """The first column under its head, as a foreign program reads it."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [unescape(row[0]) for row in book.worksheets[0].iter_rows(min_row=2, values_only=True)]


def taken(client: Any, url: str) -> bytes:
    """The file behind an address."""
    return b"".join(client.get(url).streaming_content)


def csv_rows(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


TEXT = Sheet("文字", [Column("名称", itemgetter(0))])
TWO = Sheet("文字", [Column("名称", itemgetter(0)), Column("另一列", itemgetter(1))])
KINDS = Sheet("各种", [Column(kind.value, itemgetter(n), kind) for n, kind in enumerate(Kind)])
LINE = ("甲", Decimal(-3), Decimal("16500.5"), Decimal(148000), Decimal("33.0"), date(2025, 6, 20))


# --- What stands in the cells ------------------------------------------------------------------------


def test_each_kind_is_written_as_a_value_with_its_format():
    moment = datetime(2025, 6, 20, 6, 5, tzinfo=UTC)

    book = openpyxl.load_workbook(io.BytesIO(in_excel(KINDS, [(*LINE, moment)])))

    cells = book.worksheets[0][2]
    assert [(cell.value, cell.number_format) for cell in cells] == [
        ("甲", "@"),
        (-3, "General"),
        (16500.5, "#,##0.00"),
        (14.8, "#,##0.00"),
        (0.33, "0.0%"),
        (datetime(2025, 6, 20), "yyyy\\-mm\\-dd"),  # noqa: DTZ001 - as Excel has it
        (datetime(2025, 6, 20, 14, 5), "yyyy\\-mm\\-dd hh:mm"),  # noqa: DTZ001
    ]


def test_a_csv_holds_plain_values_under_its_heads():
    moment = datetime(2025, 6, 20, 6, 5, tzinfo=UTC)

    assert csv_rows(as_csv(KINDS, [(*LINE, moment), (None,) * 7])) == [
        ["text", "number", "wan", "yi", "percent", "day", "moment"],
        ["甲", "-3", "16500.5", "14.8", "33.0%", "2025-06-20", "2025-06-20 14:05"],
        [""] * 7,
    ]


def test_heads_stay_in_sight_and_can_be_filtered():
    page = openpyxl.load_workbook(io.BytesIO(in_excel(KINDS, [(*LINE, None)] * 3))).worksheets[0]

    assert (page.freeze_panes, page.auto_filter.ref, page.print_title_rows) == ("A2", "A1:G4", "$1:$1")


def test_the_last_sheet_says_what_the_file_is():
    content = in_excel(TEXT, [("甲",)], explained=lambda rows, cut: [("行数", str(rows)), ("=名单", "台账")])

    about = openpyxl.load_workbook(io.BytesIO(content)).worksheets[-1]
    assert list(about.values) == [("行数", "1"), ("=名单", "台账")]
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet2.xml")


# --- No formula, nothing lost ---------------------------------------------------------------------------


def test_no_text_becomes_a_formula_in_a_workbook():
    content = in_excel(TEXT, [(text,) for text in DANGEROUS])

    part = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert part.count("<f>") == 0
    assert part.count('t="inlineStr"') == len(DANGEROUS) + 1
    assert texts_of(content) == DANGEROUS


def test_no_text_becomes_a_formula_in_a_csv():
    cells = [row[0] for row in csv_rows(as_csv(TEXT, [(text,) for text in DANGEROUS]))[1:]]

    assert cells == [f"'{text}" for text in DANGEROUS]


def test_a_head_of_a_csv_is_guarded_too():
    assert csv_rows(as_csv(Sheet("x", [Column("=A1", itemgetter(0))]), []))[0] == ["'=A1"]


@settings(max_examples=150)
@given(st.text(max_size=40))
def test_what_is_guarded_is_given_back(text):
    guarded = texts.guarded(text)

    assert texts.original(guarded) == text
    assert not guarded.lstrip(" ").startswith(tuple("=+-@＝＋－＠\t\r\n"))


@settings(max_examples=30)
@given(st.text(st.characters(blacklist_categories=["Cs", "Cc", "Cf", "Cn"]), min_size=1, max_size=40))
def test_a_text_survives_the_workbook(text):
    assert texts_of(in_excel(TEXT, [(text,)])) == [texts.cleaned(text)]


RARE = [
    "𠀀𪚥矿业（集团）",
    "甲\n乙",
    "  两端  ",
    "_x0041_",
    "&<>\"'",
    "1.10",
    "0012",
    "'甲",
    "''=1",
    "甲\r\n乙",
]


@pytest.mark.parametrize("written", [in_excel, as_csv])
def test_an_export_that_is_read_again_gives_the_same_texts(written):
    given = [*RARE, *DANGEROUS]

    content = written(TWO, [(text, "乙") for text in given])

    read = sheets.read_book(io.BytesIO(content)).sheets[0]
    assert [row.values[0] for row in read.rows][1:] == given


def test_control_and_invisible_characters_are_left_out():
    dirty = "甲\x00\x07乙\u200b丙\u202e丁\ufeff"

    assert texts_of(in_excel(TEXT, [(dirty,)])) == ["甲乙丙丁"]
    assert csv_rows(as_csv(TEXT, [(dirty,)]))[1] == ["甲乙丙丁"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("长" * 32_767, "长" * 32_767),
        ("长" * 32_768, "长" * 32_766 + "…"),
        ("𠀀" * 16_384, "𠀀" * 16_383 + "…"),
    ],
    ids=["fits", "one too many", "two units a character"],
)
def test_a_text_longer_than_a_cell_is_cut_and_counted(text, kept):
    said = []

    content = in_excel(TEXT, [(text,)], explained=lambda rows, cut: said.append((rows, cut)) or [])

    assert texts_of(content) == [kept]
    assert said == [(1, int(text != kept))]


# --- Size ------------------------------------------------------------------------------------------------


def test_rows_beyond_what_a_sheet_holds_go_on_in_the_next():
    content = in_excel(TEXT, [(str(n),) for n in range(7)], most_rows=4)

    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames[:-1] == ["文字", "文字 (2)", "文字 (3)"]
    assert [[row[0] for row in page.values] for page in book.worksheets[:-1]] == [
        ["名称", "0", "1", "2"],
        ["名称", "3", "4", "5"],
        ["名称", "6"],
    ]


def test_rows_that_just_fill_a_sheet_need_no_other():
    content = in_excel(TEXT, [(str(n),) for n in range(6)], most_rows=4)

    assert openpyxl.load_workbook(io.BytesIO(content)).sheetnames[:-1] == ["文字", "文字 (2)"]


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_the_memory_does_not_grow_with_the_list(form):
    def peak(count: int) -> int:
        lines = ((f"第{n}个项目", Decimal(n)) for n in range(count))
        sheet = Sheet("大", [Column("名称", itemgetter(0)), Column("金额", itemgetter(1), Kind.WAN)])
        with tempfile.TemporaryFile() as target:
            tracemalloc.start()
            if form == "csv":
                commas.write(target, sheet, lines)
            else:
                workbook.write(target, sheet, lines, explained=lambda rows, cut: [])
            size = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return size

    assert peak(20_000) < 1.5 * peak(1_000) + 200_000


# --- Somebody else's form ------------------------------------------------------------------------------


def test_heads_of_two_levels_are_merged():
    columns = [
        Column("序号", itemgetter(0)),
        Column("总投资", itemgetter(0), above=("投资额",)),
        Column("固投", itemgetter(0), above=("投资额",)),
        Column("备注", itemgetter(0)),
    ]

    page = openpyxl.load_workbook(
        io.BytesIO(in_excel(Sheet("表", columns, banner=("进展情况表", "填报单位：柳州市")), [("1",)]))
    ).worksheets[0]

    assert sorted(map(str, page.merged_cells.ranges)) == ["A1:D1", "A2:D2", "A3:A4", "B3:C3", "D3:D4"]
    assert [list(row) for row in page.values] == [
        ["进展情况表", None, None, None],
        ["填报单位：柳州市", None, None, None],
        ["序号", "投资额", None, "备注"],
        [None, "总投资", "固投", None],
        ["1", "1", "1", "1"],
    ]
    assert (page.freeze_panes, page.auto_filter.ref) == ("A5", "A4:D5")


# --- From a page ---------------------------------------------------------------------------------------


@pytest.fixture
def city(db, steel, luzhai, clerk):
    """Three projects: two of 鹿寨县, one confidential of another unit."""
    factories.project(
        name="钢板项目", task_force=steel, reporting_unit=luzhai, location=luzhai, created_by=clerk
    )
    return steel


def test_a_list_is_given_away_as_it_is_filtered(client, clerk, city):
    client.force_login(clerk)

    assert [row[0] for row in csv_rows(taken(client, "/projects/?q=钢板&export=csv"))] == ["项目", "钢板项目"]
    assert len(csv_rows(taken(client, "/projects/?q=无&export=csv"))) == 1


def test_every_export_leaves_its_trace(client, clerk, city):
    client.force_login(clerk)

    taken(client, "/projects/?q=钢板&stage=preparation&export=xlsx")

    trace = Export.objects.get()
    assert (trace.by, trace.title, trace.path, trace.form, trace.note) == (
        clerk,
        "项目台账",
        "/projects/",
        "xlsx",
        "",
    )
    assert trace.narrowed == "名称、企业或代码：钢板；批次：谋划"
    entry = audit.in_words(AuditEntry.objects.filter(table="core_export"))[0]
    assert (entry.who, entry.what) == (clerk.name, "导出")


def test_a_large_export_is_noted_in_the_trail(client, clerk, city, monkeypatch):
    monkeypatch.setattr(answering, "NOTED_FROM", 0)
    client.force_login(clerk)

    taken(client, "/projects/?export=csv")

    assert Export.objects.get().note == "一次带走了 0 行以上。"


# --- Through a worker ------------------------------------------------------------------------------------


@pytest.fixture
def asked(client, clerk, city, monkeypatch, settings, tmp_path):
    """A list that is too long for a request, asked for by the clerk."""
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(answering, "DIRECTLY", 0)
    monkeypatch.setattr(tasks, "send", lambda job: None)
    client.force_login(clerk)
    response = client.get("/projects/?export=xlsx")
    job = Job.objects.get(kind="export")
    assert response["Location"] == f"/jobs/{job.pk}/"
    return job


def done(job: Job) -> Job:
    tasks.run_job(job.pk)
    job.refresh_from_db()
    return job


def test_a_long_list_is_written_by_a_worker(client, asked):
    job = done(asked)

    assert (job.state, job.done, job.total) == (JobState.DONE, 1, 1)
    assert jobs.page_of(job) == f"/exports/{job.pk}/"
    content = taken(client, f"/exports/{job.pk}/")
    assert texts_of(content) == ["钢板项目"]
    assert Export.objects.get().rows == 1


def test_only_whoever_asked_may_fetch_it(client, asked, leader):
    done(asked)

    for other in (leader, factories.user("system_admin")):
        client.force_login(other)
        assert client.get(f"/exports/{asked.pk}/").status_code == 404


def test_the_worker_gives_no_more_than_the_asker_may_see_by_then(client, asked, clerk):
    clerk.role = "security_admin"
    clerk.save()

    job = done(asked)

    assert (job.state, job.error) == (JobState.FAILED, "您已经不能打开这份名单。")
    assert not ExportFile.objects.exists()


def test_a_full_disk_is_told(asked, monkeypatch):
    def write(*_given: Any, **_how: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(workbook, "write", write)

    job = done(asked)

    assert (job.state, job.error) == (JobState.FAILED, "服务器磁盘已满。请告知系统管理员，之后再导出。")
    assert not ExportFile.objects.exists()


def test_asked_twice_it_is_one_piece_of_work(client, asked):
    with time_machine.travel(asked.asked_at, tick=False):
        client.get("/projects/?export=xlsx")
        client.get("/projects/?export=xlsx")

    assert Job.objects.filter(kind="export").count() == 1
    done(asked)
    done(asked)
    assert ExportFile.objects.count() == 1


def test_the_night_takes_old_files_away(client, asked, tmp_path):
    done(asked)
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]

    assert large.purge(now=timezone.now()) == 0
    assert large.purge(now=timezone.now() + large.KEPT_FOR + large.KEPT_FOR) == 1
    assert (len(kept), [path for path in tmp_path.rglob("*") if path.is_file()]) == (1, [])
