"""Sets one document as PDF: its data comes as JSON on standard input, the PDF leaves on standard output.

Runs alone, as a child of `core.documents.pdf`: Typst keeps hundreds of megabytes of what it has
computed, which a web worker must not carry along. Nothing of Django is loaded here.

It works with the fonts of this machine: those of an office where they are installed, else the
nearest free ones, at last the two that the program brings along (Noto, Open Font License).
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn
import typst

TEMPLATE = Path(__file__).resolve().parent.parent / "typst" / "official.typ"
BROUGHT = Path(pylopdf_fonts_zh_cn.serif_path()).parent
SERIF = ("Noto Serif CJK SC", "Source Han Serif SC", "Noto Serif SC")
SANS = ("Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC")
REGULAR, MEDIUM, BOLD = 400, 500, 700

# Hand → its own fonts, then substitutes with the weight in which they come nearest.
HANDS: dict[str, tuple[tuple[str, ...], tuple[str, ...], int]] = {
    "xiaobiaosong": (("FZXiaoBiaoSong-B05S", "FZXiaoBiaoSong-B05", "方正小标宋简体"), SERIF, BOLD),
    "fangsong": (
        ("FangSong_GB2312", "仿宋_GB2312", "FangSong", "仿宋", "STFangsong", "FandolFang R", "FandolFang"),
        SERIF,
        REGULAR,
    ),
    "kaiti": (
        ("KaiTi_GB2312", "楷体_GB2312", "KaiTi", "楷体", "STKaiti", "LXGW WenKai", "AR PL UKai CN",
         "FandolKai"),
        SERIF,
        REGULAR,
    ),
    "heiti": (("SimHei", "黑体", "STHeiti"), SANS, MEDIUM),
    "songti": (("SimSun", "宋体", "NSimSun", "STSong"), SERIF, REGULAR),
    "latin": (
        ("Times New Roman", "Liberation Serif", "Nimbus Roman", "TeX Gyre Termes", "Tinos"),
        ("Libertinus Serif",),
        REGULAR,
    ),
}  # fmt: skip


class CannotTypeset(Exception):
    """Typst failed, or warned: a warning here means characters that would be missing on paper."""


@dataclass(frozen=True)
class Face:
    """A family that is there. `embolden` thickens one that lacks the weight, in parts of its size."""

    family: str
    weight: int = REGULAR
    embolden: float = 0.0


def main() -> int:
    order = json.load(sys.stdin)
    try:
        sys.stdout.buffer.write(typeset(order["document"], with_system_fonts=order["with_system_fonts"]))
    except CannotTypeset as problem:
        sys.stderr.write(str(problem))
        return 1
    return 0


def typeset(document: dict[str, Any], *, with_system_fonts: bool) -> bytes:
    """The same document gives the same bytes on the same machine: no moment is written into it."""
    fonts = typst.Fonts(include_system_fonts=with_system_fonts, font_paths=[BROUGHT])
    data = {"faces": {hand: asdict(face) for hand, face in faces(fonts).items()}, **document}
    compiler = typst.Compiler(TEMPLATE, root=TEMPLATE.parent, font_paths=fonts)
    try:
        pdf, warnings = compiler.compile_with_warnings(
            format="pdf", sys_inputs={"data": json.dumps(data, ensure_ascii=False)}, timestamp=0
        )
    except typst.TypstError as error:
        raise CannotTypeset(f"{error.message}\n{error.diagnostic}") from error
    if warnings:
        raise CannotTypeset("\n".join(warning.message for warning in warnings))
    assert isinstance(pdf, bytes)
    return pdf


def faces(fonts: typst.Fonts) -> dict[str, Face]:
    """For every hand the best family that is there."""
    weights: dict[str, set[int]] = {}
    for font in fonts.fonts():
        if font.style == "normal":
            weights.setdefault(font.family, set()).add(font.weight)
    return {hand: face(hand, weights) for hand in HANDS}


def face(hand: str, weights: dict[str, set[int]]) -> Face:
    own, substitutes, weight = HANDS[hand]
    for family in own:
        if family in weights:
            return Face(family)
    for family in substitutes:
        if family in weights:
            nearest = min(weights[family], key=lambda there: abs(there - weight))
            return Face(family, nearest, embolden=max(0, weight - nearest) / 10_000)
    raise CannotTypeset(f"No font for {hand}: looked for {', '.join(own + substitutes)}.")


if __name__ == "__main__":
    sys.exit(main())
