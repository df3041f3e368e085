"""The parts around the sheets of a workbook of our own: which sheets there are, and where they lie."""

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

from core.ooxml.markup import MAIN, REL, XML

XML_HEAD = XML.decode()
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def sheet_part(number: int) -> str:
    return f"xl/worksheets/sheet{number}.xml"


def frame(names: Sequence[str], styles: str, *, defined: str = "") -> dict[str, str]:
    """By their paths; sheet n of these names is the part `sheet_part(n)`. `defined` are names of areas."""
    numbers = range(1, len(names) + 1)
    sheets = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>'
        for n, name in zip(numbers, names, strict=True)
    )
    areas = f"<definedNames>{defined}</definedNames>" if defined else ""
    return {
        "[Content_Types].xml": _types(numbers),
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{REL}"><sheets>{sheets}</sheets>'
        f"{areas}</workbook>",
        "xl/_rels/workbook.xml.rels": _relations(numbers),
        "xl/styles.xml": styles,
    }


def _types(numbers: range) -> str:
    overrides = "".join(
        f'<Override PartName="/{sheet_part(n)}" ContentType="{_TYPE}.worksheet+xml"/>' for n in numbers
    )
    return (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{overrides}</Types>'
    )


def _relations(numbers: range) -> str:
    sheets = "".join(
        f'<Relationship Id="rId{n}" Type="{REL}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    return (
        f'<Relationships xmlns="{_PACKAGE}/relationships">{sheets}'
        f'<Relationship Id="rId{len(numbers) + 1}" Type="{REL}/styles" Target="styles.xml"/></Relationships>'
    )
