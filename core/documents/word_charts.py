"""Charts as Word draws them itself: sharp at any size, in the document's fonts, with their words for
those who cannot see them. The numbers stand in the chart; the tables of the document hold the same."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from core.documents.blocks import Chart, Series
from core.documents.drawing import ROW, TOP, printed
from core.documents.fonts import FANGSONG, LATIN

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
EMU = 12_700  # a point
INK, PALE = "2F5BB7", "B8C4DC"
UPRIGHT = 168.0
SIZE = 900  # hundredths of a point
_FRAME = nsdecls("w", "wp", "a", "c", "r")


def frame(chart: Chart, number: int, width: float) -> object:
    """The place of a chart in a line of text; its part is given by `r:id` later."""
    height = TOP + ROW * len(chart.categories) + 30 if chart.is_horizontal else UPRIGHT
    words = escape(f"{chart.title}：{chart.words}", {'"': "&quot;"})
    return parse_xml(
        f'<w:drawing {_FRAME}><wp:inline distT="0" distB="0" distL="0" distR="0">'
        f'<wp:extent cx="{round(width * EMU)}" cy="{round(height * EMU)}"/>'
        f'<wp:docPr id="{1000 + number}" name="chart {number}" descr="{words}"/><wp:cNvGraphicFramePr/>'
        '<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/chart">'
        '<c:chart r:id=""/></a:graphicData></a:graphic></wp:inline></w:drawing>'
    )


def part(chart: Chart) -> bytes:
    """The chart itself, as the file word/charts/chart1.xml."""
    series = "".join(_series(chart.categories, one, n) for n, one in enumerate(chart.series))
    direction = "bar" if chart.is_horizontal else "col"
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<c:chartSpace {nsdecls("c", "a", "r")}><c:roundedCorners val="0"/><c:chart>'
        '<c:autoTitleDeleted val="1"/><c:plotArea><c:layout/>'
        f'<c:barChart><c:barDir val="{direction}"/><c:grouping val="clustered"/><c:varyColors val="0"/>'
        f'{series}<c:gapWidth val="60"/><c:axId val="1"/><c:axId val="2"/></c:barChart>'
        f"{_names_axis(chart)}{_numbers_axis(chart)}</c:plotArea>"
        f'<c:legend><c:legendPos val="t"/><c:overlay val="0"/>{_text()}</c:legend>'
        '<c:plotVisOnly val="1"/></c:chart><c:spPr><a:ln><a:noFill/></a:ln></c:spPr>'
        f"{_text()}</c:chartSpace>"
    ).encode()


def _series(names: Sequence[str], one: Series, n: int) -> str:
    fill = f'<a:solidFill><a:srgbClr val="{PALE if one.is_pale else INK}"/></a:solidFill>'
    labels = (
        f'<c:dLbls><c:numFmt formatCode="0.00" sourceLinked="0"/>{_text(SIZE - 150)}'
        '<c:showLegendKey val="0"/><c:showVal val="1"/><c:showCatName val="0"/><c:showSerName val="0"/>'
        '<c:showPercent val="0"/><c:showBubbleSize val="0"/></c:dLbls>'
    )
    return (
        f'<c:ser><c:idx val="{n}"/><c:order val="{n}"/>'
        f'<c:tx><c:strRef><c:f>A{n + 1}</c:f><c:strCache><c:ptCount val="1"/>{_points([one.name])}'
        f"</c:strCache></c:strRef></c:tx><c:spPr>{fill}</c:spPr>"
        f'<c:invertIfNegative val="0"/>{"" if one.is_pale else labels}'
        f'<c:cat><c:strLit><c:ptCount val="{len(names)}"/>{_points(names)}</c:strLit></c:cat>'
        f'<c:val><c:numLit><c:formatCode>0.00</c:formatCode><c:ptCount val="{len(names)}"/>'
        f"{_points([printed(value) for value in one.values])}</c:numLit></c:val></c:ser>"
    )


def _points(values: Sequence[str]) -> str:
    return "".join(f'<c:pt idx="{n}"><c:v>{escape(value)}</c:v></c:pt>' for n, value in enumerate(values))


def _names_axis(chart: Chart) -> str:
    order = "maxMin" if chart.is_horizontal else "minMax"
    return (
        f'<c:catAx><c:axId val="1"/><c:scaling><c:orientation val="{order}"/></c:scaling>'
        f'<c:delete val="0"/><c:axPos val="{"l" if chart.is_horizontal else "b"}"/>'
        '<c:majorTickMark val="none"/><c:minorTickMark val="none"/><c:tickLblPos val="low"/>'
        f'{_line("667085")}{_text()}<c:crossAx val="2"/><c:crosses val="autoZero"/></c:catAx>'
    )


def _numbers_axis(chart: Chart) -> str:
    grid = "" if chart.is_horizontal else f"<c:majorGridlines>{_line('D0D5DD')}</c:majorGridlines>"
    return (
        '<c:valAx><c:axId val="2"/><c:scaling><c:orientation val="minMax"/></c:scaling>'
        f'<c:delete val="{int(chart.is_horizontal)}"/><c:axPos val="{"b" if chart.is_horizontal else "l"}"/>'
        f"{grid}{_unit(chart.unit)}"
        '<c:numFmt formatCode="General" sourceLinked="0"/><c:majorTickMark val="none"/>'
        f'<c:minorTickMark val="none"/><c:tickLblPos val="nextTo"/>{_text()}'
        '<c:crossAx val="1"/><c:crosses val="autoZero"/></c:valAx>'
    )


def _unit(unit: str) -> str:
    run = f'<a:r><a:rPr lang="zh-CN" sz="{SIZE}" b="0">{_faces()}</a:rPr><a:t>{escape(unit)}</a:t></a:r>'
    return f'<c:title><c:tx><c:rich><a:bodyPr/><a:p>{run}</a:p></c:rich></c:tx><c:overlay val="0"/></c:title>'


def _line(colour: str) -> str:
    return f'<c:spPr><a:ln w="6350"><a:solidFill><a:srgbClr val="{colour}"/></a:solidFill></a:ln></c:spPr>'


def _text(size: int = SIZE) -> str:
    faces = f'<a:defRPr sz="{size}" b="0">{_faces()}</a:defRPr>'
    return f"<c:txPr><a:bodyPr/><a:p><a:pPr>{faces}</a:pPr></a:p></c:txPr>"


def _faces() -> str:
    return f'<a:latin typeface="{LATIN}"/><a:ea typeface="{FANGSONG}"/>'
