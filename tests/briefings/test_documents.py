import datetime
import io
import os
import re
import shutil
import subprocess
from decimal import ROUND_HALF_UP, Decimal

import pytest
from docx import Document

from briefings import documents, drafting, wording
from briefings.models import Briefing
from core.documents import AnnexTitle, Attachments, Imprint, Letterhead, Paragraph, SignOff, Table, Title
from taskforces import reference
from tests.briefings import march
from tests.briefings.march import MARCH, TODAY

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@pytest.fixture
def city(steel, auto, liubei, luzhai):
    return march.build(steel, auto, liubei, luzhai)


@pytest.fixture
def drafted(city, clerk):
    drafting.draft(MARCH, today=TODAY, by=clerk)
    return city


@pytest.fixture
def published(drafted, clerk, leader):
    drafting.write(of("city"), texts={"end": "请各单位认真核对。\n\n如有疑问请与我局联系。"}, by=clerk)
    drafting.confirm(of("city"), by=clerk, reason="x")
    drafting.sign_off(of("city"), by=leader)
    drafting.publish(of("city"), number="柳招商〔2026〕4号", by=leader, today=TODAY)
    return of("city")


def of(key):
    return Briefing.objects.get(scope_key=key)


def paragraphs(told):
    return [one["lead"] + one["text"] for section in told["sections"] for one in section["paragraphs"]]


def yi(wan):
    """万元 printed in 亿元, computed here once more by itself."""
    return f"{(Decimal(wan) / 10000).quantize(Decimal('0.01'), ROUND_HALF_UP)}"


# --- Text and tables ---------------------------------------------------------------------------


def figures_of(told):
    return {row["code"]: row for row in told["figures"]}


def test_the_first_sentence_says_the_figures(drafted):
    told = of("city").content
    year = {code: row["year"] for code, row in figures_of(told).items()}

    said = re.match(
        r"（一）签约情况。1—3月，全市新签约项目(\d+)个，合同投资额([\d.]+)亿元（含增资([\d.]+)亿元、解约核减([\d.]+)亿元），"
        r"同比增长([\d.]+)%；其中亿元以上工业项目(\d+)个，合同投资额([\d.]+)亿元，同比增长([\d.]+)%。",
        paragraphs(told)[0],
    )

    assert said is not None
    assert list(said.groups()) == [
        year["projects_signed"]["value"],
        yi(year["contracted"]["value"]),
        yi(year["add_ons"]["value"]),
        yi(-Decimal(year["voids"]["value"])),
        year["contracted"]["yoy"],
        year["industrial_100m_projects"]["value"],
        yi(year["contracted_industrial_100m"]["value"]),
        year["contracted_industrial_100m"]["yoy"],
    ]


def numbers_of_the_tables(told):
    """Every number that a figure, a table or a list of the content prints, and the days it speaks of."""
    until, month = datetime.date.fromisoformat(told["about"]["until"]), told["about"]["month"]
    known = {str(until.month), str(until.day), month[:4], told["about"]["mechanism"]}
    for row in told["figures"]:
        for span in filter(None, (row["year"], row["month"])):
            known |= {span["value"], yi(abs(Decimal(span["value"])))}
            known |= {str(abs(Decimal(span["yoy"])))} if span["yoy"] else set()
    for row in told["batches"]:
        known |= {str(row["count"]), str(row["arrived"])}
    known.add(str(sum(row["count"] for row in told["batches"])))
    for row in [*told["task_forces"], *told["units"]]:
        known |= {row["projects_signed"], yi(row["contracted"]), row["yoy"] or ""}
    for rows in (told["stalled"], told["issues"], told["task_forces"], told["units"]):
        known.add(str(len(rows)))
    known |= {str(row["days"]) for row in told["stalled"]}
    known |= {str(told["place"][part]) for part in ("rank", "of")} if told["place"] else set()
    return known


@pytest.mark.parametrize("key", ["city", "force:steel", "force:auto", "unit:450205", "unit:450223"])
def test_every_number_in_the_text_stands_in_the_tables(drafted, key):
    told = of(key).content
    enumeration = re.compile(r"^\d+\. ")
    text = "\n".join([told["opening"], *(enumeration.sub("", line) for line in paragraphs(told))])

    strange = set(NUMBER.findall(text.replace("1—3月", ""))) - numbers_of_the_tables(told)

    assert strange == set()


def test_a_text_that_disagrees_with_its_tables_would_be_found(drafted):
    told = of("city").content
    text = "".join(paragraphs(told)).replace("9.83", "9.84")

    assert set(NUMBER.findall(text.replace("1—3月", ""))) - numbers_of_the_tables(told) == {"9.84"}


@pytest.mark.parametrize(
    ("yoy", "words"),
    [
        ("33.0", "，同比增长33.0%"),
        ("-5.25", "，同比下降5.3%"),
        ("0.0", "，与去年同期持平"),
        (None, ""),
    ],
)
def test_growth_says_up_down_level_or_nothing(yoy, words):
    assert wording.growth(yoy) == words


def test_a_quiet_january_reads_without_numbers_that_mean_nothing(steel, auto, liubei, luzhai, clerk):
    from tests import factories

    factories.mechanism(2026, task_forces=(steel, auto))
    january = datetime.date(2026, 1, 1)

    drafting.draft(january, today=datetime.date(2026, 2, 2), by=clerk)

    told = of("city").content
    assert told["title"] == "关于2026年1月全市招商引资和“七个一批”项目推进情况的通报"
    assert paragraphs(told) == [
        "（一）签约情况。1月，全市新签约项目0个，合同投资额0.00亿元。",
        "（二）“七个一批”推进情况。截至1月31日，全市“七个一批”没有在库项目。",
        "（三）外出招商情况。1月，市、县两级领导没有外出招商。",
        "1月，各专班均没有新签合同投资额。",
        "1月，各县区、新区均没有新签合同投资额。",
        "1月，全市项目登记问题0个，办结0个。截至1月31日，没有未办结的问题。",
        "截至1月31日，全市没有停滞的审批事项。",
        "（一）各单位要按月报送项目进展，做到账实相符、口径一致。",
    ]


# --- The document ---------------------------------------------------------------------------------


def only(blocks, kind):
    return [block for block in blocks if isinstance(block, kind)]


def test_a_draft_says_so_in_the_place_of_its_number(drafted):
    blocks = documents.blocks(of("city"))

    assert blocks[0] == Letterhead("柳州市投资促进局文件", "草稿")
    assert only(blocks, Title)[0].status == "（未印发，供核对）"
    assert only(blocks, Imprint) == []
    assert documents.file_name(of("city"), "docx").endswith("通报（草稿）.docx")


def test_a_published_briefing_carries_number_day_and_the_bureaus_words(published):
    blocks = documents.blocks(published)

    assert blocks[0] == Letterhead("柳州市投资促进局文件", "柳招商〔2026〕4号")
    assert only(blocks, Title) == [Title("关于2026年1—3月全市招商引资和“七个一批”项目推进情况的通报")]
    assert only(blocks, SignOff) == [SignOff("柳州市投资促进局", TODAY)]
    words = [block.text for block in only(blocks, Paragraph)]
    assert words[words.index("请各单位认真核对。") + 1] == "如有疑问请与我局联系。"
    assert documents.file_name(published, "pdf") == f"{published.content['title']}.pdf"


def test_the_citys_annexes_are_those_of_the_office(drafted):
    blocks = documents.blocks(of("city"))

    assert [(annex.label, annex.title) for annex in only(blocks, AnnexTitle)] == [
        ("附件1", "2026年1—3月各产业专班招商引资情况表"),
        ("附件2", "2026年1—3月各县区、新区招商引资情况表"),
        ("附件3", "2026年3月新签约项目表"),
        ("附件4", "停滞审批事项和未办结问题清单"),
        ("附件5", "口径说明"),
        ("附件6", "数据出处"),
    ]
    assert only(blocks, Attachments)[0].names == [annex.title for annex in only(blocks, AnnexTitle)]


def test_ranking_adds_up_unrounded_amounts(drafted):
    table = documents.ranking(of("city").content, "units", "报送单位")

    assert [row[:8] for row in table.rows] == [
        ("1", "柳北区", "2", "7.50", "4.00", "87.5", "—", "2.30"),
        ("2", "鹿寨县", "3", "2.33", "0.00", "—", "—", "1.93"),
        ("", "全市", "4", "9.83", "4.00", "145.8", "—", "4.23"),
    ]


def test_the_list_of_the_newly_signed_ends_with_its_sum(drafted):
    table = documents.signed(of("city").content)

    assert [(row[1], row[5], row[6], row[8]) for row in table.rows] == [
        ("新能源汽车底盘", "新签约", "3.33", "并列"),
        ("办公楼", "新签约", "1.00", ""),
        ("高强钢生产线", "增资", "0.30", ""),
        ("废钢加工", "解约", "-0.40", ""),
        ("合计", "", "4.23", ""),
    ]


def cells_of(blocks):
    return [list(row) for table in only(blocks, Table) for row in table.rows if any(cell for cell in row)]


def test_word_holds_every_paragraph_and_every_cell(published):
    blocks = documents.blocks(published)
    written = Document(io.BytesIO(documents.word(published)))

    text = "\n".join(paragraph.text for paragraph in written.paragraphs)
    for block in only(blocks, Paragraph):
        assert block.lead + block.text in text
    told = [[cell.text for cell in row.cells] for table in written.tables for row in table.rows]
    for row in cells_of(blocks):
        assert row in told


@pytest.mark.skipif(
    not shutil.which("pdftotext") and not os.environ.get("CI"), reason="needs poppler to read the PDF back"
)
def test_pdf_and_word_hold_the_same_numbers(published, tmp_path):
    (tmp_path / "briefing.pdf").write_bytes(documents.pdf(published))
    command = ["pdftotext", "-layout", str(tmp_path / "briefing.pdf"), "-"]
    pdf = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    pdf_numbers = set(NUMBER.findall(re.sub(r"— \d+ —", "", pdf)))
    written = Document(io.BytesIO(documents.word(published)))
    cells = [cell.text for table in written.tables for row in table.rows for cell in row.cells]
    word = "\n".join([*(paragraph.text for paragraph in written.paragraphs), *cells])

    missing = {number for number in NUMBER.findall(word) if "." in number} - pdf_numbers

    assert missing == set()
    assert {number for number in pdf_numbers if "." in number} <= set(NUMBER.findall(word))


def test_a_published_document_is_the_same_for_ever(published, city):
    from tests import factories

    before = documents.word(published), documents.pdf(published)
    project = factories.project("signing", task_force=city.steel, reporting_unit=city.liubei)
    factories.verified_event(project, signed_on=march.march(30))

    assert (documents.word(of("city")), documents.pdf(of("city"))) == before


def test_files_are_drawn_from_the_briefing_alone(clerk, django_assert_num_queries):
    reference.load()
    drafting.draft(MARCH, today=TODAY, by=clerk)
    rows = Briefing.objects.for_list().filter(scope_key__in=("city", "force:steel", "unit:450223"))

    for briefing in rows:
        with django_assert_num_queries(2):  # the month, once a file
            assert documents.word(briefing).startswith(b"PK")
            assert documents.pdf(briefing).startswith(b"%PDF")
    assert len(rows) == 3
