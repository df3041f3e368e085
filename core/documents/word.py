"""Blocks → Word. The office's own fonts are named, not embedded: its PCs have them.

The body is written as XML directly: python-docx brings the package, its parts and its relations,
but fills a long table cell by cell far too slowly.
"""

import datetime
import io
import math
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from core.documents import layout, word_charts
from core.documents.blocks import (
    AnnexTitle,
    Attachments,
    Block,
    BulletinHead,
    Chart,
    Heading,
    Imprint,
    Kind,
    Letterhead,
    PageBreak,
    Paragraph,
    Recipients,
    SignOff,
    Table,
    Title,
)
from core.documents.fonts import FANGSONG, HEITI, KAITI, LATIN, SONGTI, XIAOBIAOSONG
from core.documents.layout import BODY, BOTTOM, LINE, MM, RED_LINE, SMALL, TITLE, TITLE_LINE, TOP

RED = "D7000F"
SMALLER = 14.0  # 4号
CLOSER = -5  # twentieths of a point between body characters: 28 of them fill the line
HEADING_FONTS = {1: HEITI, 2: KAITI, 3: FANGSONG, 4: FANGSONG}
FOOTER = {False: 25 * MM, True: 16 * MM}  # from the edge of the paper, upright and turned sideways
SHEET_FOOTER = 6 * MM
EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


def to_docx(blocks: Sequence[Block]) -> bytes:
    """The document as .docx. The same blocks give the same bytes."""
    document, blocks = Document(), layout.cleaned(blocks)
    _describe(document, blocks)
    _define_styles(document)
    _number_pages(document)
    body = document.element.body
    last = body.sectPr
    body.remove(last)
    sections = layout.sections(layout.numbered(blocks)) or [layout.Section(is_landscape=False, blocks=[])]
    for place, section in enumerate(sections):
        body.extend(_section(section))
        properties = _section_properties(last, section)
        body.append(properties if place == len(sections) - 1 else _gap(section=properties))
    _attach_charts(document, blocks)
    packed = _packed(document)
    body.clear()  # the package refers to itself in circles: the tree would wait long for the collector
    return packed


def _section(section: layout.Section) -> Iterable[Any]:
    for place, block in enumerate(section.blocks):
        yield from _WRITERS[type(block)](block, section=section)
        if isinstance(block, Table):
            is_last = place == len(section.blocks) - 1
            yield _gap(1 if is_last else 8)


# --- Small parts ------------------------------------------------------------------------------


def _twips(points: float) -> str:
    return str(round(points * 20))


def _element(tag: str, children: Iterable[Any] = (), /, **attributes: object) -> Any:
    element = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), str(value))
    element.extend(list(children))
    return element


def _fonts(east_asian: str) -> Any:
    """`hint` lets quotation marks and dashes, which both scripts use, come from the Chinese font."""
    return _element("rFonts", hint="eastAsia", ascii=LATIN, hAnsi=LATIN, cs=LATIN, eastAsia=east_asian)


def _run(text: str, font: str = FANGSONG, size: float = BODY, *, color: str = "") -> Any:
    properties = _element("rPr", [_fonts(font), _element("snapToGrid", val=0)])
    if color:
        properties.append(_element("color", val=color))
    if size == BODY:
        properties.append(_element("spacing", val=CLOSER))
    properties.extend([_element("sz", val=round(size * 2)), _element("szCs", val=round(size * 2))])
    run = _element("r", [properties])
    for number, line in enumerate(text.split("\n")):
        if number:
            run.append(_element("br"))
        written = _element("t")
        written.text = line
        written.set(qn("xml:space"), "preserve")
        run.append(written)
    return run


def _p(
    *runs: Any,
    style: str = "",
    align: str = "",
    line: float = LINE,
    before: float = 0,
    after: float = 0,
    indent: Mapping[str, object] | None = None,
    keep_with_next: bool = False,
    new_page: bool = False,
    in_table: bool = False,
    border: Any = None,
    tabs: Any = None,
    section: Any = None,
) -> Any:
    """A paragraph whose lines are exactly `line` points high; children in the order of the schema.

    It does not snap to the page's grid, which programs read differently (one gives each character two
    cells): heights and distances are given, so that all show the same 22 lines of 28 characters.
    """
    properties = _element("pPr")
    if style:
        properties.append(_element("pStyle", val=style))
    if keep_with_next:
        properties.append(_element("keepNext"))
    if new_page:
        properties.append(_element("pageBreakBefore"))
    properties.extend(part for part in (border, tabs) if part is not None)
    if in_table:  # dates and numbers stand without the gap that body text has beside Chinese
        properties.extend([_element("autoSpaceDE", val=0), _element("autoSpaceDN", val=0)])
    properties.append(_element("snapToGrid", val=0))
    properties.append(
        _element("spacing", before=_twips(before), after=_twips(after), line=_twips(line), lineRule="exact")
    )
    if indent:
        properties.append(_element("ind", **indent))
    if align:
        properties.append(_element("jc", val=align))
    if section is not None:
        properties.append(section)
    return _element("p", [properties, *runs])


def _gap(points: float = 1, **options: Any) -> Any:
    """An empty paragraph: Word wants one after a table and at the end of a section."""
    return _p(_run("", size=1), line=points, **options)


FIRST_LINE = {"firstLineChars": 200, "firstLine": _twips(2 * BODY)}


def _characters(name: str, count: float) -> dict[str, object]:
    """An indent that Word counts in characters, with the length for programs that do not."""
    return {f"{name}Chars": round(count * 100), name: _twips(count * BODY)}


# --- The blocks --------------------------------------------------------------------------------


def _letterhead(block: Letterhead, *, section: layout.Section) -> Iterable[Any]:
    size = layout.mark_size(block.organ)
    yield _p(
        _run(block.organ, XIAOBIAOSONG, size, color=RED),
        align="center",
        line=1.2 * size,
        before=35 * MM - 0.14 * size,
        after=2 * LINE,
    )
    line = _red_line(4 * MM)
    if not block.signer:
        yield _p(_run(block.number), align="center", border=line, after=2 * LINE)
        return
    right_edge = _element("tabs", [_element("tab", val="right", pos=_twips(section.width - BODY))])
    tab = _element("r", [_element("tab")])
    # One character from the edge by a space: an indent would shorten the red line too.
    runs = [_run(f"\u3000{block.number}"), tab, _run("签发人："), _run(block.signer, KAITI)]
    yield _p(*runs, border=line, tabs=right_edge, after=2 * LINE)


def _bulletin_head(block: BulletinHead, *, section: layout.Section) -> Iterable[Any]:
    size = layout.bulletin_size(block.title)
    yield _p(
        _run(block.title, XIAOBIAOSONG, size, color=RED),
        align="center",
        line=1.25 * size,
        before=LINE / 2,
        after=LINE / 2,
    )
    yield _p(_run(block.issue, KAITI), align="center", after=LINE / 2)
    if block.signer:
        signer = [_run("签发："), _run(block.signer, KAITI)]
        yield _p(*signer, align="right", indent=_characters("right", 1))
    right_edge = _element("tabs", [_element("tab", val="right", pos=_twips(section.width - BODY / 2))])
    tab = _element("r", [_element("tab")])
    organ = _run(f"\u2002{block.organ}")  # half a character in by a space: an indent shortens the red line
    date = _run(layout.chinese_date(block.day))
    yield _p(organ, tab, date, border=_red_line(2 * MM), tabs=right_edge, after=LINE)


def _red_line(space: float) -> Any:
    bottom = _element("bottom", val="single", sz=round(RED_LINE * 8), space=round(space), color=RED)
    return _element("pBdr", [bottom])


def _title(block: Title, *, section: layout.Section) -> Iterable[Any]:
    lines = "\n".join(layout.title_lines(block.text, section.width))
    yield _p(
        _run(lines, XIAOBIAOSONG, TITLE),
        style="Title",
        align="center",
        line=TITLE_LINE,
        after=0 if block.status else section.title_gap,
    )
    if block.status:
        yield _p(_run(block.status, KAITI), align="center", after=section.title_gap)


def _recipients(block: Recipients, *, section: layout.Section) -> Iterable[Any]:
    yield _p(_run(f"{block.text}："), align="both")


def _heading(block: Heading, *, section: layout.Section) -> Iterable[Any]:
    run = _run(block.text, HEADING_FONTS[block.level])
    yield _p(run, style=f"Heading{block.level}", indent=FIRST_LINE, keep_with_next=True)


def _paragraph(block: Paragraph, *, section: layout.Section) -> Iterable[Any]:
    lead = [_run(block.lead, KAITI)] if block.lead else []
    holds = layout.holds_sign_off(block, section)
    yield _p(*lead, _run(block.text), align="both", indent=FIRST_LINE, keep_with_next=holds)


def _attachments(block: Attachments, *, section: layout.Section) -> Iterable[Any]:
    several = len(block.names) > 1
    for place, name in enumerate(block.names):
        label = "附件：" if not place else ""
        number = f"{place + 1}. " if several else ""
        left = 6.5 if several else 5.0
        hanging = left - (5.0 if place else 2.0)
        yield _p(
            _run(label + number + name),
            before=0 if place else LINE,
            indent=_characters("left", left) | _characters("hanging", hanging),
            keep_with_next=True,
        )


def _sign_off(block: SignOff, *, section: layout.Section) -> Iterable[Any]:
    place = layout.sign_off_place(block)
    yield _p(
        _run(block.organ),
        align="right",
        before=place.lines_above * LINE,
        indent=_characters("right", place.organ),
        keep_with_next=True,
    )
    date = _run(layout.chinese_date(block.day))
    yield _p(date, align="right", indent=_characters("right", place.date))


def _annex_title(block: AnnexTitle, *, section: layout.Section) -> Iterable[Any]:
    yield _p(_run(block.label, HEITI), after=0.4 * LINE)
    title = "\n".join(layout.title_lines(block.title, section.width))
    yield _p(
        _run(title, XIAOBIAOSONG, TITLE),
        style="Heading1",
        align="center",
        line=TITLE_LINE,
        after=0.35 * LINE,
        keep_with_next=True,
    )


def _page_break(_block: PageBreak, *, section: layout.Section) -> Iterable[Any]:
    yield _gap(new_page=True)


def _imprint(block: Imprint, *, section: layout.Section) -> Iterable[Any]:
    """A table at the foot of the page: it floats there below the text, and is pushed down alone."""
    width = section.width
    small = partial(_run, size=SMALLER)
    rows, lines = [], 1
    if block.copies_to:
        hanging = {"left": _twips(3 * SMALLER), "hanging": _twips(3 * SMALLER)}
        rows.append(_p(small(f"抄送：{block.copies_to}。"), line=24, indent=hanging))
        lines += math.ceil((layout.width(block.copies_to) + 1) * SMALLER / (section.width - 5 * SMALLER))
    right_edge = _element("tabs", [_element("tab", val="right", pos=_twips(width - 2 * SMALLER))])
    tab = _element("r", [_element("tab")])
    date = small(f"{layout.chinese_date(block.day)}印发")
    rows.append(_p(small(block.organ), tab, date, line=24, tabs=right_edge))
    top = layout.PAGE_HEIGHT - BOTTOM - lines * 24 - 4
    floating = _element(
        "tblpPr", vertAnchor="page", horzAnchor="margin", tblpXSpec="center", tblpY=_twips(top)
    )
    is_alone = section.blocks[0] is block
    if is_alone:
        yield _gap(top - TOP - 8)
    edges = [
        _element(side, val="single", sz=weight, space=0, color="000000")
        for side, weight in (("top", 8), ("bottom", 8), ("insideH", 6))
    ]
    margins = [_element(side, w=_twips(SMALLER), type="dxa") for side in ("left", "right")]
    properties = _element(
        "tblPr",
        [
            *([] if is_alone else [floating]),
            _element("tblW", w=_twips(width), type="dxa"),
            _element("tblBorders", edges),
            _element("tblLayout", type="fixed"),
            _element("tblCellMar", margins),
        ],
    )
    grid = _element("tblGrid", [_element("gridCol", w=_twips(width))])
    cells = [
        _element("tc", [_element("tcPr", [_element("tcW", w=_twips(width), type="dxa")]), row])
        for row in rows
    ]
    yield _element("tbl", [properties, grid, *(_element("tr", [cell]) for cell in cells)])
    yield _gap()


# --- Tables --------------------------------------------------------------------------------------

SIDES = {Kind.TEXT: "left", Kind.CENTER: "center", Kind.NUMBER: "right"}
CELL_LINE = 15.0


def _table(block: Table, *, section: layout.Section) -> Iterable[Any]:
    if block.title:
        yield _p(_run(block.title, HEITI, 12), align="center", line=24, keep_with_next=True)
    if block.unit:
        yield _p(_run(block.unit, size=SMALL), align="right", line=18, keep_with_next=True)
    shares = layout.column_shares(block, section.width / SMALL)
    widths = [round(share * section.width * 20) for share in shares]
    grid = _element("tblGrid", [_element("gridCol", w=width) for width in widths])
    rows = [*_head_rows(block, widths), *_rows(block, widths)]
    yield _element("tbl", [_table_properties(sum(widths)), grid, *rows])
    if block.note:
        yield _p(
            _run(block.note, size=SMALL),
            line=16,
            before=3,
            indent={"left": _twips(2 * SMALL), "hanging": _twips(2 * SMALL)},
        )


def _table_properties(width: int) -> Any:
    outer = dict.fromkeys(("top", "left", "bottom", "right"), 8)
    borders = [
        _element(side, val="single", sz=weight, space=0, color="000000")
        for side, weight in (outer | {"insideH": 4, "insideV": 4}).items()
    ]
    margins = [
        _element(side, w=_twips(points), type="dxa")
        for side, points in (("top", 2.4), ("left", 3.5), ("bottom", 2.4), ("right", 3.5))
    ]
    return _element(
        "tblPr",
        [
            _element("tblW", w=width, type="dxa"),
            _element("jc", val="center"),
            _element("tblBorders", borders),
            _element("tblLayout", type="fixed"),
            _element("tblCellMar", margins),
        ],
    )


def _head_rows(block: Table, widths: Sequence[int]) -> list[Any]:
    """One row, or two where columns are grouped; both stand again on every page."""
    if not block.groups:
        cells = [_head_cell(text, width) for text, width in zip(block.head, widths, strict=True)]
        return [_row(cells, is_head=True)]
    upper, lower, start = [], [], 0
    for group in block.groups:
        columns = range(start, start + group.span)
        start += group.span
        if group.text:
            upper.append(_head_cell(group.text, sum(widths[c] for c in columns), span=group.span))
            lower += [_head_cell(block.head[c], widths[c]) for c in columns]
        else:
            upper += [_head_cell(block.head[c], widths[c], merge="restart") for c in columns]
            lower += [_head_cell("", widths[c], merge="continue") for c in columns]
    return [_row(upper, is_head=True), _row(lower, is_head=True)]


def _head_cell(text: str, width: int, *, span: int = 1, merge: str = "") -> Any:
    return _cell(text, width, font=HEITI, side="center", span=span, merge=merge)


def _rows(block: Table, widths: Sequence[int]) -> Iterable[Any]:
    kinds = block.kinds or [Kind.TEXT] * len(widths)
    strong = layout.strong_rows(block)
    if not block.rows:
        yield _row([_cell(layout.EMPTY_TABLE, sum(widths), side="center", span=len(widths))])
    for number, row in enumerate(block.rows):
        font = HEITI if number in strong else FANGSONG
        yield _row(
            _cell(text, width, font=font, side=SIDES[kind])
            for text, width, kind in zip(row, widths, kinds, strict=True)
        )


def _row(cells: Iterable[Any], *, is_head: bool = False) -> Any:
    properties = _element("trPr", [_element("cantSplit")])
    if is_head:
        properties.append(_element("tblHeader"))
    return _element("tr", [properties, *cells])


def _cell(
    text: str, width: int, *, font: str = FANGSONG, side: str = "left", span: int = 1, merge: str = ""
) -> Any:
    properties = _element("tcPr", [_element("tcW", w=width, type="dxa")])
    if span > 1:
        properties.append(_element("gridSpan", val=span))
    if merge:
        properties.append(_element("vMerge", val=merge))
    properties.append(_element("vAlign", val="center"))
    run = _run(text, font, SMALL)
    return _element("tc", [properties, _p(run, align=side, line=CELL_LINE, in_table=True)])


def _chart(block: Chart, *, section: layout.Section) -> Iterable[Any]:
    """A line as high as its picture, then the title under it."""
    number = next(n for n, other in enumerate(section.blocks) if other is block)
    picture = _element("r", [word_charts.frame(block, number, section.width)])
    properties = [_element("keepNext"), _element("spacing", before=_twips(LINE / 3), after=0)]
    yield _element("p", [_element("pPr", properties), picture])
    yield _p(_run(block.title, HEITI, 12), align="center", line=24, after=LINE / 3)


def _attach_charts(document: Any, blocks: Iterable[Block]) -> None:
    """Every chart of the text becomes a file of the package."""
    frames = list(document.element.body.iter(qn("c:chart")))
    charts = [block for block in blocks if isinstance(block, Chart)]
    for number, (frame, chart) in enumerate(zip(frames, charts, strict=True), start=1):
        name = PackURI(f"/word/charts/chart{number}.xml")
        content = word_charts.part(chart)
        part = Part(name, word_charts.CONTENT_TYPE, content, document.part.package)
        frame.set(qn("r:id"), document.part.relate_to(part, RELATIONSHIP_TYPE.CHART))


_WRITERS: dict[type, Callable[..., Iterable[Any]]] = {
    Letterhead: _letterhead,
    BulletinHead: _bulletin_head,
    Title: _title,
    Recipients: _recipients,
    Heading: _heading,
    Paragraph: _paragraph,
    Table: _table,
    Chart: _chart,
    Attachments: _attachments,
    SignOff: _sign_off,
    AnnexTitle: _annex_title,
    Imprint: _imprint,
    PageBreak: _page_break,
}


# --- The package -----------------------------------------------------------------------------------


def _section_properties(template: Any, section: layout.Section) -> Any:
    """Paper, margins and the grid; the footers are those of the template's own section."""
    short, long = _twips(layout.PAGE_WIDTH), _twips(layout.PAGE_HEIGHT)
    footer = SHEET_FOOTER if section.is_sheet else FOOTER[section.is_landscape]
    size = {"w": long, "h": short, "orient": "landscape"} if section.is_landscape else {"w": short, "h": long}
    footers = [_copy_of(reference) for reference in template if reference.tag == qn("w:footerReference")]
    starts_even = any(isinstance(block, Imprint) for block in section.blocks[:1])
    return _element(
        "sectPr",
        [
            *footers,
            _element("type", val="evenPage" if starts_even else "nextPage"),
            _element("pgSz", **size),
            _element(
                "pgMar",
                # To a tenth of a point, as Word itself writes 28 mm: 79.4 pt.
                **{side: _twips(round(points, 1)) for side, points in section.margins.items()},
                header=_twips(15 * MM),
                footer=_twips(footer),
                gutter=0,
            ),
            # For what is typed in by hand. 28 characters of 16 pt in 442.2 pt: each stands 0.207 pt
            # closer, in 4096ths of a point.
            _element("docGrid", type="linesAndChars", linePitch=_twips(LINE), charSpace=-848),
        ],
    )


def _copy_of(reference: Any) -> Any:
    copy = OxmlElement("w:footerReference")
    for name, value in reference.attrib.items():
        copy.set(name, value)
    return copy


def _number_pages(document: Any) -> None:
    """“— 1 —” in 4号, one character in from the outer edge: right on odd pages, left on even ones."""
    document.settings.odd_and_even_pages_header_footer = True
    section = document.sections[0]
    for footer, side, edge in (
        (section.footer, "right", "right"),
        (section.even_page_footer, "left", "left"),
    ):
        footer.is_linked_to_previous = False
        number = _element("fldSimple", [_run("1", SONGTI, SMALLER)], instr=" PAGE ")
        runs = [_run("— ", SONGTI, SMALLER), number, _run(" —", SONGTI, SMALLER)]
        paragraph = footer.paragraphs[0]._p
        paragraph.getparent().replace(
            paragraph, _p(*runs, align=side, line=18, indent={edge: _twips(SMALLER)})
        )


def _define_styles(document: Any) -> None:
    """Named styles in the office's fonts, so that what is added by hand looks the same."""
    styles = document.styles
    for name, font, size in (
        ("Normal", FANGSONG, BODY),
        ("Title", XIAOBIAOSONG, TITLE),
        *((f"Heading {level}", font, BODY) for level, font in HEADING_FONTS.items()),
    ):
        element = styles[name].element
        for part in ("w:pPr", "w:rPr"):
            if (old := element.find(qn(part))) is not None:
                element.remove(old)
        spacing = _element("spacing", before=0, after=0, line=_twips(LINE), lineRule="exact")
        outline = [_element("outlineLvl", val=int(name[-1]) - 1)] if name.startswith("Heading") else []
        element.append(_element("pPr", [spacing, *outline]))
        language = _element("lang", val="en-US", eastAsia="zh-CN")
        half_points = round(size * 2)
        element.append(
            _element(
                "rPr",
                [_fonts(font), _element("sz", val=half_points), _element("szCs", val=half_points), language],
            )
        )


def _describe(document: Any, blocks: Sequence[Block]) -> None:
    properties = document.core_properties
    properties.title = next((b.text.replace("\n", "") for b in blocks if isinstance(b, Title)), "")
    properties.author = next((b.organ for b in blocks if isinstance(b, SignOff)), "")
    properties.last_modified_by = properties.author
    properties.comments = ""
    day = next((b.day for b in blocks if isinstance(b, SignOff)), EPOCH.date())
    properties.created = properties.modified = datetime.datetime.combine(day, datetime.time(), datetime.UTC)
    relations = document.part.package.rels
    for key, relation in list(relations.items()):
        if relation.reltype == RELATIONSHIP_TYPE.THUMBNAIL:  # of python-docx's own template
            del relations[key]


def _packed(document: Any) -> bytes:
    """Saved, with the moment of saving taken out of the package."""
    saved, packed = io.BytesIO(), io.BytesIO()
    document.save(saved)
    with (
        zipfile.ZipFile(saved) as source,
        zipfile.ZipFile(packed, "w") as target,
    ):
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, EPOCH.timetuple()[:6])
            target.writestr(entry, source.read(name), zipfile.ZIP_DEFLATED)
    return packed.getvalue()
