import io
import json
from datetime import date
from decimal import Decimal
from itertools import pairwise

import docx
import pytest
import typst
from docx.oxml.ns import qn
from docx.shared import Mm
from hypothesis import given, settings
from hypothesis import strategies as st

from core.documents import (
    AnnexTitle,
    Attachments,
    Block,
    BulletinHead,
    Chart,
    Group,
    Heading,
    Imprint,
    Kind,
    Letterhead,
    PageBreak,
    Paragraph,
    Recipients,
    Series,
    SignOff,
    Table,
    Title,
    layout,
    pdf,
    to_docx,
    to_pdf,
    typesetting,
)
from tests.core.documents_sample import briefing

AUGUST = date(2025, 8, 6)
FONTS = typst.Fonts(include_system_fonts=False, font_paths=[typesetting.BROUGHT])


def opened(blocks):
    return docx.Document(io.BytesIO(to_docx(blocks)))


def inputs(blocks):
    faces = {hand: vars(face) for hand, face in typesetting.faces(FONTS).items()}
    return {"data": json.dumps({"faces": faces, **pdf.document_of(blocks)})}


def query(blocks, kind):
    found = typst.query(
        str(typesetting.TEMPLATE), kind, root=str(typesetting.TEMPLATE.parent), font_paths=FONTS,
        sys_inputs=inputs(blocks),
    )  # fmt: skip
    return json.loads(found)


def pages(blocks):
    compiler = typst.Compiler(typesetting.TEMPLATE, root=typesetting.TEMPLATE.parent, font_paths=FONTS)
    images = compiler.compile(format="png", ppi=10, sys_inputs=inputs(blocks))
    return len(images) if isinstance(images, list) else 1


def written(content):
    """The plain text of a piece of Typst content."""
    if isinstance(content, list):
        return "".join(map(written, content))
    if not isinstance(content, dict):
        return ""
    if content.get("func") == "linebreak":
        return "\n"
    if content.get("func") == "text":
        return content["text"]
    if content.get("func") == "space":
        return " "
    return "".join(written(content.get(part)) for part in ("body", "child", "children"))


def cells_of(table):
    """Each cell of a Typst table once, row after row."""
    for child in table["children"]:
        if child["func"] in ("header", "footer"):
            yield from cells_of(child)
        else:
            yield written(child)


def word_cells(table):
    """The same of a Word table: merged cells once, those continued from above not at all."""
    for row in table._tbl.tr_lst:
        for cell in row.tc_lst:
            if cell.vMerge != "continue":
                yield "\n".join(p.text for p in docx.table._Cell(cell, table).paragraphs)


# --- Both files say the same ------------------------------------------------------------------


def test_both_files_have_the_same_headings():
    document = opened(briefing())

    in_word = [p.text for p in document.paragraphs if p.style.name.startswith("Heading")]
    in_pdf = [written(heading) for heading in query(briefing(), "heading")]

    assert in_word == in_pdf
    assert in_word[:6] == [
        "一、总体情况",
        "二、产业专班情况",
        "三、审批服务和问题办理",
        "（一）重大项目服务",
        "（二）停滞审批事项",
        "1. 涉及自然资源部门6项",
    ]


def test_both_files_have_the_same_cells():
    document = opened(briefing())

    in_word = [list(word_cells(table)) for table in document.tables[:5]]
    in_pdf = [list(cells_of(table)) for table in query(briefing(), "table")]

    assert in_word == in_pdf
    assert in_word[0] == [
        "产业专班", "新签约项目（个）", "合同投资额（亿元）",
        "当月", "1—7月", "同比", "当月", "1—7月", "同比",
        "钢铁（有色金属）", "4", "31", "+24.0%", "12.60", "126.40", "+41.2%",
        "汽车", "6", "44", "+18.9%", "15.05", "158.22", "+29.7%",
        "其他专班", "14", "142", "+20.3%", "30.52", "425.55", "+29.4%",
        "合计", "24", "217", "+20.6%", "58.17", "710.17", "+31.6%",
    ]  # fmt: skip
    assert in_word[-1] == ["序号", "项目名称", "审批事项", "责任部门", "停滞工作日", "停滞原因", "无"]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
@settings(max_examples=15, deadline=None)
def test_any_text_is_written_as_it_is_and_never_read_as_markup(text):
    text = f"#panic() $x$ *b* <i>&amp; \\ {text}"
    blocks: list[Block] = [
        Title(text),
        Paragraph(text, lead=text),
        Table([text], [[text]]),
        SignOff("局", AUGUST),
    ]

    assert to_docx(blocks)
    assert query(blocks, "table")


def test_invisible_characters_reach_neither_file():
    blocks = [Heading("柳\x00州\u202e局", is_numbered=False)]

    assert opened(blocks).paragraphs[0].text == "柳州局"
    assert to_pdf(blocks, with_system_fonts=False) == to_pdf(
        [Heading("柳州局", is_numbered=False)], with_system_fonts=False
    )


def test_the_same_blocks_give_the_same_bytes():
    assert to_docx(briefing()) == to_docx(briefing())
    assert to_pdf(briefing()) == to_pdf(briefing())


def test_an_empty_document_is_still_one():
    assert opened([]).paragraphs == []
    assert to_pdf([]).startswith(b"%PDF")


# --- Word: the numbers of GB/T 9704-2012 ---------------------------------------------------------


def test_word_has_the_standards_paper_margins_and_grid():
    document = opened(briefing())
    first = document.sections[0]
    grid = first._sectPr.find(qn("w:docGrid"))

    margins = first._sectPr.find(qn("w:pgMar"))
    sides = ("top", "bottom", "left", "right")

    assert [margins.get(qn(f"w:{side}")) for side in sides] == ["2098", "1984", "1588", "1474"]
    assert (round(first.page_width.mm), round(first.page_height.mm)) == (210, 297)
    assert {key.split("}")[1]: value for key, value in grid.attrib.items()} == {
        "type": "linesAndChars",
        "linePitch": "579",
        "charSpace": "-848",
    }
    assert [section.orientation for section in document.sections] == [0, 0, 0, 1, 1, 0]
    assert document.sections[3].page_width > Mm(290)


def test_every_run_names_its_fonts():
    document = opened(briefing())
    parts = [
        document.element.body,
        *(f._element for s in document.sections for f in (s.footer, s.even_page_footer)),
    ]

    runs = [run for part in parts for run in part.iter(qn("w:r")) if run.find(qn("w:t")) is not None]
    fonts = {tuple(run.rPr.rFonts.get(qn(f"w:{script}")) for script in ("eastAsia", "ascii")) for run in runs}

    assert fonts == {
        (east_asian, "Times New Roman")
        for east_asian in ("方正小标宋简体", "仿宋_GB2312", "楷体_GB2312", "黑体", "宋体")
    }


def run_of(paragraph):
    font = paragraph.runs[0]._r.rPr.rFonts.get(qn("w:eastAsia"))
    return font, paragraph.runs[0].font.size.pt, paragraph.paragraph_format.line_spacing.pt


def test_word_sets_each_level_in_its_font_size_and_line():
    paragraphs = {p.text.replace("\n", ""): p for p in opened(briefing()).paragraphs}

    assert {name: run_of(paragraphs[name]) for name in (
        "关于2025年1—7月全市招商引资和“七个一批”项目推进情况的通报",
        "（送审稿）",
        "一、总体情况",
        "（一）重大项目服务",
        "1. 涉及自然资源部门6项",
        "均为环境影响报告表审批，2项处于补正阶段。",
        "附件1",
    )} == {
        "关于2025年1—7月全市招商引资和“七个一批”项目推进情况的通报": ("方正小标宋简体", 22, 32),
        "（送审稿）": ("楷体_GB2312", 16, 28.95),
        "一、总体情况": ("黑体", 16, 28.95),
        "（一）重大项目服务": ("楷体_GB2312", 16, 28.95),
        "1. 涉及自然资源部门6项": ("仿宋_GB2312", 16, 28.95),
        "均为环境影响报告表审批，2项处于补正阶段。": ("仿宋_GB2312", 16, 28.95),
        "附件1": ("黑体", 16, 28.95),
    }  # fmt: skip
    mark = paragraphs["柳州市投资促进局文件"]
    assert str(mark.runs[0].font.color.rgb) == "D7000F"
    number = paragraphs["柳招商〔2025〕8号"]
    assert number._p.pPr.find(qn("w:pBdr")).find(qn("w:bottom")).get(qn("w:color")) == "D7000F"


def test_word_numbers_pages_on_their_outer_edge():
    document = opened(briefing())
    section = document.sections[0]

    assert document.settings.odd_and_even_pages_header_footer
    feet = [section.footer.paragraphs[0], section.even_page_footer.paragraphs[0]]
    assert [(p._p.xpath("string(.)"), p.alignment) for p in feet] == [("— 1 —", 2), ("— 1 —", 0)]
    assert [p._p.xpath(".//w:fldSimple/@w:instr") for p in feet] == [[" PAGE "], [" PAGE "]]


def test_word_repeats_heads_and_aligns_numbers():
    table = opened(briefing()).tables[0]

    heads = [row._tr.trPr.find(qn("w:tblHeader")) is not None for row in table.rows]
    sides = [cell.paragraphs[0].alignment for cell in table.rows[2].cells]

    assert heads == [True, True, False, False, False, False]
    assert sides == [0, 2, 2, 2, 2, 2, 2]


def test_word_indents_the_sign_off():
    document = opened([Paragraph("正文。"), SignOff("柳州市投资促进局", AUGUST)])
    text, organ, day = document.paragraphs

    indents = [p._p.pPr.ind.get(qn("w:rightChars")) for p in (organ, day)]

    assert [organ.text, day.text] == ["柳州市投资促进局", "2025年8月6日"]
    assert indents == ["200", "200"]
    assert text.paragraph_format.keep_with_next  # the sign-off never stands on a page alone


# --- PDF ------------------------------------------------------------------------------------------


def test_a_page_holds_22_lines_of_28_characters():
    full = 22 * 28 - 2

    assert [pages([Paragraph("国" * full)]), pages([Paragraph("国" * (full + 1))])] == [1, 2]


def test_pdf_works_without_any_font_of_the_machine():
    made = to_pdf(briefing(), with_system_fonts=False)

    assert made.startswith(b"%PDF")
    assert b"NotoSerifSC" in made


def test_a_font_that_is_missing_stops_the_typesetting():
    document = pdf.document_of([Paragraph("正文。")])
    faces = {hand: vars(face) for hand, face in typesetting.faces(FONTS).items()}
    document["faces"] = faces | {"fangsong": {"family": "No Such Font", "weight": 400, "embolden": 0}}

    with pytest.raises(pdf.CannotTypeset, match="unknown font family"):
        pdf.typeset(document)
    with pytest.raises(typesetting.CannotTypeset, match="No font for heiti"):
        typesetting.face("heiti", {})


def test_a_substitute_without_the_weight_is_thickened():
    assert typesetting.face("xiaobiaosong", {"Noto Serif SC": {400}}) == typesetting.Face(
        "Noto Serif SC", 400, 0.03
    )
    assert typesetting.face("xiaobiaosong", {"Noto Serif CJK SC": {400, 700}}) == typesetting.Face(
        "Noto Serif CJK SC", 700, 0.0
    )
    assert typesetting.face("heiti", {"SimHei": {400}, "Noto Sans SC": {400}}) == typesetting.Face("SimHei")


def test_the_imprint_stands_on_an_even_page():
    lines: list[Block] = [Paragraph("一二三")] * 20
    imprint = Imprint("柳州市投资促进局办公室", AUGUST, copies_to="市委办公室")

    assert pages([*lines, imprint]) == 2
    assert pages([*lines, *lines, imprint]) == 2
    assert pages([*lines, *lines, *lines, imprint]) == 4


# --- What both agree on ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "chinese"),
    [(1, "一"), (9, "九"), (10, "十"), (11, "十一"), (20, "二十"), (21, "二十一"), (99, "九十九")],
)
def test_chinese_number(number, chinese):
    assert layout.chinese_number(number) == chinese


def test_headings_are_numbered_level_by_level_and_anew_in_each_annex():
    blocks: list[Block] = [
        Heading("甲"), Heading("乙", 2), Heading("丙", 3), Heading("丁", 4), Heading("戊", 4),
        Heading("己", 2), Heading("庚"), Heading("辛", 2), Heading("前言", is_numbered=False),
        AnnexTitle("附件", "表"), Heading("壬"),
    ]  # fmt: skip

    assert [block.text for block in layout.numbered(blocks) if isinstance(block, Heading)] == [
        "一、甲", "（一）乙", "1. 丙", "（1）丁", "（2）戊", "（二）己", "二、庚", "（一）辛", "前言",
        "一、壬",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("关于表彰的通报", ["关于表彰的通报"]),
        ("上\n下", ["上", "下"]),
        (
            "关于2025年1—7月全市招商引资和“七个一批”项目推进情况的通报",
            ["关于2025年1—7月全市招商引资和", "“七个一批”项目推进情况的通报"],
        ),
        ("甲" * 30, ["甲" * 15, "甲" * 15]),
    ],
)
def test_a_long_title_breaks_between_words(title, lines):
    assert layout.title_lines(title) == lines


@pytest.mark.parametrize(
    ("organ", "is_sealed", "place"),
    [
        ("柳州市投资促进局", False, layout.SignOffPlace(organ=2, date=2, lines_above=1)),
        ("柳州市投资促进局招商服务中心", False, layout.SignOffPlace(organ=2, date=8, lines_above=1)),
        ("柳州市", False, layout.SignOffPlace(organ=7, date=2, lines_above=1)),
        ("柳州市投资促进局", True, layout.SignOffPlace(organ=3, date=4, lines_above=2)),
    ],
)
def test_sign_off_stands_where_the_standard_says(organ, is_sealed, place):
    assert layout.sign_off_place(SignOff(organ, AUGUST, is_sealed)) == place


@given(
    st.lists(st.lists(st.text("国家a1.,+%", max_size=40), min_size=4, max_size=4), max_size=8),
    st.floats(20, 80),
)
def test_columns_fill_the_table_and_numbers_do_not_wrap(rows, available):
    kinds = [Kind.CENTER, Kind.TEXT, Kind.TEXT, Kind.NUMBER]
    numbered = [[str(place), row[1], row[2], f"{place * 12.5:.2f}"] for place, row in enumerate(rows)]

    shares = layout.column_shares(Table(["序号", "名称", "内容", "投资额"], numbered, kinds), available)

    assert sum(shares) == pytest.approx(1)
    assert shares[3] * available >= max((layout.width(row[3]) for row in numbered), default=0)


def test_a_table_says_what_does_not_fit_together():
    with pytest.raises(ValueError, match="cover every column"):
        Table(["甲", "乙"], [], kinds=[Kind.TEXT])
    with pytest.raises(ValueError, match="cover every column"):
        Table(["甲", "乙"], [], groups=[Group("上", 3)])
    with pytest.raises(ValueError, match="a cell for every column"):
        Table(["甲", "乙"], [["一"]])


def test_pages_turn_sideways_for_wide_annexes_and_back_for_the_imprint():
    blocks: list[Block] = [Title("题"), AnnexTitle("附件1", "表", is_landscape=True), Imprint("局", AUGUST)]

    assert [(s.is_landscape, len(s.blocks)) for s in layout.sections(blocks)] == [
        (False, 1),
        (True, 1),
        (False, 1),
    ]


def test_every_kind_of_block_is_written_to_both_files():
    blocks: list[Block] = [
        Letterhead("柳州市投资促进局文件", "柳招商〔2025〕8号", signer="王某某"), Title("请示"),
        Recipients("市人民政府"), Heading("甲"), Paragraph("文。"), PageBreak(),
        BulletinHead("简报", "第1期", "局", AUGUST, signer="王某某"),
        Chart("图", "个", ["甲"], [Series("今年", [Decimal(1)])], "甲1个"),
        Table(["列"], [["格"]], strong=[0]), Attachments(["表"]),
        SignOff("局", AUGUST, is_sealed=True), AnnexTitle("附件", "表"), Imprint("局", AUGUST),
    ]  # fmt: skip

    assert {type(block) for block in blocks} == set(Block.__args__)
    text = opened(blocks).element.body.xpath("string(.)")
    assert [
        part for part in ("签发人：", "市人民政府：", "附件：表", "2025年8月6日印发") if part not in text
    ] == []
    assert pages(blocks) == 4


def test_lines_of_the_sample_are_those_of_its_blocks():
    """The text between the tables, in the order of the blocks."""
    texts = [p.text for p in opened(briefing()).paragraphs if p.text]
    bodies = [b.lead + b.text for b in briefing() if isinstance(b, Paragraph)]

    places = [texts.index(body) for body in bodies]

    assert all(a < b for a, b in pairwise(places))
