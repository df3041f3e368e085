"""The Word file against the numbers of GB/T 9704-2012, read from its XML, one by one."""

import datetime
import io
import zipfile
from decimal import Decimal

import docx
import pytest
from docx.oxml.ns import qn
from hypothesis import given
from hypothesis import strategies as st

from core.documents import (
    AnnexTitle,
    Attachments,
    BulletinHead,
    Chart,
    Imprint,
    Letterhead,
    Paragraph,
    Recipients,
    Series,
    SignOff,
    Table,
    Title,
    drawing,
    to_docx,
    to_pdf,
)

DAY = datetime.date(2025, 8, 6)
MM = 72 / 25.4
CHART = Chart(
    title="各月合同投资额",
    unit="亿元",
    categories=["1月", "2月"],
    series=[
        Series("2025年", [Decimal("12.3"), Decimal("-1")]),
        Series("2024年", [Decimal(10), Decimal(0)], True),
    ],
    words="1月12.30亿元、2月-1.00亿元",
)
BLOCKS = [
    Letterhead("柳州市投资促进局文件", "柳招商〔2025〕8号"),
    Title("关于2025年1—7月全市招商引资情况的通报"),
    Recipients("各县、区人民政府"),
    Paragraph("正文。"),
    Attachments(["甲表", "乙表"]),
    SignOff("柳州市投资促进局", DAY),
    AnnexTitle("附件1", "甲表", is_landscape=True),
    Table(head=("甲", "乙"), rows=[("一", "2")] * 3),
    AnnexTitle("附件2", "乙表"),
    CHART,
    Imprint("柳州市投资促进局", DAY, "市委办公室"),
]


@pytest.fixture(scope="module")
def document():
    return docx.Document(io.BytesIO(to_docx(BLOCKS)))


@pytest.fixture(scope="module")
def paragraphs(document):
    return {paragraph.text: paragraph._p for paragraph in document.paragraphs}


def spacing(paragraph):
    """Points before, after, and of a line."""
    found = paragraph.pPr.find(qn("w:spacing"))
    return [int(found.get(qn(f"w:{side}"))) / 20 for side in ("before", "after", "line")]


def indent(paragraph):
    found = paragraph.pPr.find(qn("w:ind"))
    return (
        {} if found is None else {k.split("}")[1]: v for k, v in found.attrib.items() if k.endswith("Chars")}
    )


def size(paragraph):
    return int(paragraph.find(".//" + qn("w:sz")).get(qn("w:val"))) / 2


def test_body_lines_are_exactly_28_95_points(paragraphs):
    found = paragraphs["正文。"].pPr.find(qn("w:spacing"))

    assert (found.get(qn("w:line")), found.get(qn("w:lineRule"))) == ("579", "exact")
    assert indent(paragraphs["正文。"]) == {"firstLineChars": "200"}
    assert size(paragraphs["正文。"]) == 16


def test_the_red_mark_stands_35_mm_below_the_type_areas_top(paragraphs):
    mark = paragraphs["柳州市投资促进局文件"]
    before, after, line = spacing(mark)

    # The glyphs' top lies in the middle of the line's height, 0.38 of their size above its centre.
    assert before + line / 2 - 0.46 * size(mark) == pytest.approx(35 * MM, abs=1)
    assert after == pytest.approx(2 * 28.95, abs=0.05)  # the number two lines below
    assert size(mark) <= 22 * MM


def test_the_red_line_is_0_35_to_0_5_mm_and_4_mm_below_the_number(paragraphs):
    number = paragraphs["柳招商〔2025〕8号"]
    line = number.pPr.find(qn("w:pBdr")).find(qn("w:bottom"))

    assert 0.35 <= int(line.get(qn("w:sz"))) / 8 / MM <= 0.5
    assert int(line.get(qn("w:space"))) == pytest.approx(4 * MM, abs=0.5)
    assert indent(number) == {}  # as wide as the type area
    assert spacing(number)[1] == pytest.approx(2 * 28.95, abs=0.05)  # two empty lines above the title


def test_recipients_stand_flush_left_one_line_below_the_title(paragraphs):
    assert indent(paragraphs["各县、区人民政府："]) == {}
    assert spacing(paragraphs["关于2025年1—7月全市招商引资情况的通报"])[1] == pytest.approx(28.95, abs=0.05)


def test_annexes_are_named_one_line_below_the_text(paragraphs):
    first, second = paragraphs["附件：1. 甲表"], paragraphs["2. 乙表"]

    assert spacing(first)[0] == pytest.approx(28.95, abs=0.05)
    assert [indent(first)["leftChars"], indent(first)["hangingChars"]] == ["650", "450"]  # begins at two
    assert [indent(second)["leftChars"], indent(second)["hangingChars"]] == ["650", "150"]


def test_the_date_begins_two_characters_right_of_the_organ(paragraphs):
    assert indent(paragraphs["柳州市投资促进局"]) == {"rightChars": "200"}
    assert indent(paragraphs["2025年8月6日"]) == {"rightChars": "200"}
    assert spacing(paragraphs["柳州市投资促进局"])[0] == pytest.approx(28.95, abs=0.05)


def test_page_numbers_stand_7_mm_below_the_type_area(document):
    section = document.sections[0]
    foot = section.footer.paragraphs[0]._p

    line = spacing(foot)[2]
    below = section.bottom_margin.mm - section.footer_distance.mm - line / MM + line / 2 / MM
    assert below == pytest.approx(7, abs=0.5)
    assert size(foot) == 14
    assert foot.find(".//" + qn("w:rFonts")).get(qn("w:eastAsia")) == "宋体"
    assert foot.pPr.find(qn("w:ind")).get(qn("w:right")) == str(14 * 20)  # one character in


def test_every_annex_begins_a_page_and_a_wide_one_lies_on_its_binding_edge(document):
    kinds = [section._sectPr.find(qn("w:type")).get(qn("w:val")) for section in document.sections]
    wide = document.sections[1]

    assert kinds[1:3] == ["nextPage", "nextPage"]
    assert (round(wide.page_width.mm), round(wide.top_margin.mm)) == (297, 28)


def test_heads_of_tables_stand_again_on_every_page(document):
    table = next(table for table in document.tables if table.rows[0].cells[0].text == "甲")

    assert [row._tr.trPr.find(qn("w:tblHeader")) is not None for row in table.rows] == [
        True,
        False,
        False,
        False,
    ]
    assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)


def test_the_imprint_has_thick_and_thin_lines_in_size_4(document):
    imprint = document.tables[-1]
    edges = imprint._tbl.tblPr.find(qn("w:tblBorders"))

    assert [int(edges.find(qn(f"w:{side}")).get(qn("w:sz"))) for side in ("top", "insideH", "bottom")] == [
        8,
        6,
        8,
    ]
    assert "抄送：市委办公室。" in imprint.rows[0].cells[0].text
    assert imprint.rows[1].cells[0].text.endswith("2025年8月6日印发")
    assert {size(p._p) for row in imprint.rows for p in row.cells[0].paragraphs} == {14}


# --- Charts -----------------------------------------------------------------------------------------


def test_a_chart_is_a_part_of_the_word_file_with_its_numbers_in_words():
    with zipfile.ZipFile(io.BytesIO(to_docx([CHART]))) as package:
        chart = package.read("word/charts/chart1.xml").decode()
        body = package.read("word/document.xml").decode()

    assert [f"<c:v>{value}</c:v>" in chart for value in ("12.30", "-1.00", "10.00", "1月")] == [True] * 4
    assert 'descr="各月合同投资额：1月12.30亿元、2月-1.00亿元"' in body


def test_a_chart_with_marks_of_xml_is_still_one():
    odd = Chart('<a> & "b"', "亿元", ["<&>"], [Series("x&y", [Decimal(1)])], '"<&>"')

    assert docx.Document(io.BytesIO(to_docx([odd]))).inline_shapes is not None
    assert to_pdf([odd]).startswith(b"%PDF")


amounts = st.decimals(min_value=-5000, max_value=5000, places=2, allow_nan=False)


@given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=12), st.booleans())
def test_bars_are_as_long_as_their_numbers_and_stay_on_the_picture(pairs, is_horizontal):
    names = [f"{n}月" for n in range(len(pairs))]
    series = [Series("今年", [a for a, _ in pairs]), Series("去年", [b for _, b in pairs], True)]
    drawn = drawing.draw(Chart("图", "亿元", names, series, "", is_horizontal), 440)

    bars = drawn.bars[2:]  # after the legend's two
    values = [value for pair in pairs for value in pair]
    lengths = [bar.width if is_horizontal else bar.height for bar in bars]
    most = max(map(abs, values))
    unit = max(lengths) / float(most) if most else 0
    assert lengths == pytest.approx([float(abs(value)) * unit for value in values], abs=1e-6)
    assert all(bar.x >= 0 and bar.x + bar.width <= 440.1 for bar in bars)
    assert all(bar.y >= 0 and bar.y + bar.height <= drawn.height + 0.1 for bar in bars)


@given(st.lists(amounts, min_size=1, max_size=20))
def test_the_axis_holds_every_value_between_round_ends(values):
    low, high, step = drawing.bounds(values)

    assert low <= min([*values, 0])
    assert max([*values, 0]) <= high
    assert low % step == 0
    assert high % step == 0
    assert (high - low) / step <= drawing.TICKS + 2


# --- The bulletin -------------------------------------------------------------------------------------


def test_the_bulletin_has_red_title_number_and_line():
    head = BulletinHead("招商引资工作简报", "第3期", "柳州市投资促进局", DAY)

    title, issue, line, *_rest = docx.Document(io.BytesIO(to_docx([head, Title("题")]))).paragraphs

    assert (title.text, str(title.runs[0].font.color.rgb), issue.text) == (
        "招商引资工作简报",
        "D7000F",
        "第3期",
    )
    assert line.text.split("\t") == ["\u2002柳州市投资促进局", "2025年8月6日"]
    assert line._p.pPr.find(qn("w:pBdr")).find(qn("w:bottom")).get(qn("w:color")) == "D7000F"
    assert to_pdf([head]).startswith(b"%PDF")
