"""Adding up the rows of a month for every scope (see `figures.parts`): what closing freezes, and what a
restatement compares. The sums are those of `figures.compute`, row by row.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from briefings.figures import WHOLE, Part, Scope
from briefings.indicators import Indicator, Rate, in_wan
from core import money

PLACES = 6  # of a stored value: cents by hundredths of a percent of 万元 need no more

# The city's is empty, a task force's or a unit's names its row.
Place = tuple[tuple[str, int], ...]
Rows = Mapping[int, int]  # what each row adds
Added = Mapping[str, Mapping[Place, Rows]]  # of each indicator, for each scope


def place_of(scope: Scope) -> Place:
    return tuple(scope.narrowed_by.items())


def add_up(parts: Mapping[str, Sequence[Part]], known: Mapping[str, Indicator]) -> Added:
    return {code: by_place(rows, is_amount=known[code].is_amount) for code, rows in parts.items()}


def by_place(parts: Iterable[Part], *, is_amount: bool) -> dict[Place, dict[int, int]]:
    """What each row adds for the city, its task force and its unit: cents × hundredths of a percent of an
    amount, else a number. Of several rows about one subject the first stands for all; a row of several
    units counts once for the city and for the task force.
    """
    added: dict[Place, dict[int, int]] = defaultdict(dict)
    subjects: dict[Place, set[int]] = defaultdict(set)
    told_for: dict[int, int | None] = {}
    for part in parts:
        is_first_unit = told_for.setdefault(part.row, part.unit) == part.unit
        for place, weight in _places(part, is_first_unit=is_first_unit):
            rows = added[place]
            if part.subject is not None:
                adds = int(part.subject not in subjects[place])
                subjects[place].add(part.subject)
            else:
                adds = part.adds * weight if is_amount else part.adds
            rows[part.row] = rows.get(part.row, 0) + adds
    return added


def _places(part: Part, *, is_first_unit: bool) -> list[tuple[Place, int]]:
    places: list[tuple[Place, int]] = [((), WHOLE)] if is_first_unit else []
    if is_first_unit and part.task_force is not None:
        places.append(((("task_force", part.task_force),), WHOLE))
    if part.unit is not None:
        places.append(((("unit", part.unit),), part.weight))
    return places


def value(found: Indicator | Rate, added: Added, place: Place) -> Decimal | None:
    """A figure of a scope as it is stored: amounts exactly, a rate rounded to six places."""
    if isinstance(found, Rate):
        above, below = (_sum(part, added, place) for part in (found.numerator, found.denominator))
        return money.half_up(Decimal(above) * 100 / below, PLACES) if below else None
    total = _sum(found, added, place)
    return stored(in_wan(total) if found.is_amount else total)


def _sum(found: Indicator, added: Added, place: Place) -> int:
    return sum(added[found.code].get(place, {}).values())


def stored(number: Decimal | int | None) -> Decimal | None:
    """A value as a closed figure keeps it."""
    return None if number is None else money.half_up(Decimal(number), PLACES)
