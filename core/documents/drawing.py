"""Where the bars, rules and words of a chart lie: the same for the PDF and for the page.

Lengths are in points, from the upper left corner.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain

from core.documents.blocks import Chart
from core.documents.layout import width as width_of
from core.money import half_up

SIZE, SMALL = 9.0, 7.5  # of names, and of numbers
TOP, BOTTOM = 24.0, 16.0  # room for the legend, and for the names under the bars
HEIGHT = 130.0  # of upright bars
ROW = 25.0  # of one name with its lying bars
TICKS = 5


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    is_pale: bool = False


@dataclass(frozen=True)
class Rule:
    x1: float
    y1: float
    x2: float
    y2: float
    is_strong: bool = False


@dataclass(frozen=True)
class Label:
    """Words whose baseline begins, is centred or ends at a point."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    size: float = SIZE


@dataclass
class Drawing:
    width: float
    height: float
    bars: list[Bar] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)


@dataclass(frozen=True)
class Scale:
    """From a number to a length along an axis that begins at `start`."""

    low: Decimal
    high: Decimal
    step: Decimal
    start: float
    length: float

    def at(self, value: Decimal) -> float:
        return self.start + self.length * float((value - self.low) / (self.high - self.low))

    @property
    def ticks(self) -> list[Decimal]:
        return [self.low + self.step * n for n in range(int((self.high - self.low) / self.step) + 1)]


def draw(chart: Chart, width: float) -> Drawing:
    return _lying(chart, width) if chart.is_horizontal else _upright(chart, width)


def bounds(values: Sequence[Decimal]) -> tuple[Decimal, Decimal, Decimal]:
    """The ends of the axis and its step, round numbers that hold nought and every value."""
    low, high = min([*values, Decimal(0)]), max([*values, Decimal(0)])
    step = _round_step((high - low) / TICKS or Decimal(1))
    return (low // step - (low % step != 0)) * step, -((-high) // step - ((-high) % step != 0)) * step, step


def _round_step(least: Decimal) -> Decimal:
    unit = Decimal(1).scaleb(least.adjusted())
    return next(unit * n for n in (1, 2, 5, 10) if unit * n >= least)


def _values(chart: Chart) -> list[Decimal]:
    return list(chain.from_iterable(one.values for one in chart.series))


def _scale(chart: Chart, start: float, length: float) -> Scale:
    low, high, step = bounds(_values(chart))
    return Scale(low, max(high, low + step), step, start, length)


def _legend(chart: Chart, drawing: Drawing, left: float) -> None:
    drawing.labels.append(Label(0, 9, chart.unit, size=SMALL))
    x = max(left, 36.0)
    for one in chart.series:
        drawing.bars.append(Bar(x, 3, 10, 6, one.is_pale))
        drawing.labels.append(Label(x + 14, 9.5, one.name))
        x += 14 + SIZE * width_of(one.name) + 14


def printed(value: Decimal) -> str:
    return f"{half_up(value, 2):f}"


def _short(value: Decimal) -> str:
    return f"{value.normalize():f}"


# --- Upright bars: months -------------------------------------------------------------------------


def _upright(chart: Chart, width: float) -> Drawing:
    drawing = Drawing(width, TOP + HEIGHT + BOTTOM)
    scale = _scale(chart, TOP + HEIGHT, -HEIGHT)
    left = max(width_of(_short(tick)) for tick in scale.ticks) * SMALL + 6
    _legend(chart, drawing, left)
    for tick in scale.ticks:
        y = scale.at(tick)
        drawing.rules.append(Rule(left, y, width, y, is_strong=not tick))
        drawing.labels.append(Label(left - 4, y + 2.6, _short(tick), "end", SMALL))
    room = (width - left) / max(1, len(chart.categories))
    for n, name in enumerate(chart.categories):
        drawing.labels.append(Label(left + room * (n + 0.5), TOP + HEIGHT + 12, name, "middle"))
        _columns(chart, drawing, scale, n, left + room * n, room)
    return drawing


def _columns(chart: Chart, drawing: Drawing, scale: Scale, n: int, x: float, room: float) -> None:
    thick = min(14.0, room * 0.36)
    x += (room - thick * len(chart.series)) / 2
    for place, one in enumerate(chart.series):
        top, foot = sorted((scale.at(one.values[n]), scale.at(Decimal(0))))
        drawing.bars.append(Bar(x + thick * place, top, thick, foot - top, one.is_pale))
        if not one.is_pale and one.values[n] and room >= SMALL * width_of(printed(one.values[n])):
            label = printed(one.values[n])
            drawing.labels.append(Label(x + thick * place, top - 2.5, label, size=SMALL))


# --- Lying bars: task forces, units ---------------------------------------------------------------


def _lying(chart: Chart, width: float) -> Drawing:
    drawing = Drawing(width, TOP + ROW * len(chart.categories) + 4)
    left = max((width_of(name) for name in chart.categories), default=0) * SIZE + 8
    right = max((width_of(printed(value)) for value in _values(chart)), default=0) * SMALL + 6
    scale = _scale(chart, left, width - left - right)
    _legend(chart, drawing, left)
    nought = scale.at(Decimal(0))
    drawing.rules.append(Rule(nought, TOP, nought, drawing.height - 4, is_strong=True))
    for n, name in enumerate(chart.categories):
        y = TOP + ROW * n
        drawing.labels.append(Label(left - 8, y + ROW / 2 + 3, name, "end"))
        _rows(chart, drawing, scale, n, y)
    return drawing


def _rows(chart: Chart, drawing: Drawing, scale: Scale, n: int, y: float) -> None:
    thick = (ROW - 6) / max(1, len(chart.series))
    for place, one in enumerate(chart.series):
        start, end = sorted((scale.at(one.values[n]), scale.at(Decimal(0))))
        top = y + 3 + thick * place
        drawing.bars.append(Bar(start, top, end - start, thick - 1, one.is_pale))
        drawing.labels.append(Label(end + 3, top + thick / 2 + 2.2, printed(one.values[n]), "start", SMALL))
