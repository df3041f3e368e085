"""Places by weighted points, and how far they hang on the weights. Pure: numbers in, numbers out.

All arithmetic is with fractions, so that equal scores are equal and no place hangs on rounding.
"""

import itertools
import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
# From 0 to 100, one for each weight; None where there is nothing to measure.
Points = Sequence[Fraction | int | None]
Weights = tuple[int, ...]


def score(points: Points, weights: Weights) -> Fraction | None:
    """The weighted mean of the points. What has none is left out, and the other weights grow in
    proportion; None where nothing of any weight is left."""
    known = [(found, weight) for found, weight in zip(points, weights, strict=True) if found is not None]
    whole = sum(weight for _points, weight in known)
    return Fraction(sum(found * weight for found, weight in known), whole) if whole else None


def places(scores: Mapping[K, Fraction | None]) -> dict[K, int | None]:
    """1 for the highest; equal scores share a place, and the next one counts them all (1, 1, 3)."""
    ranked = sorted((found for found in scores.values() if found is not None), reverse=True)
    place_of: dict[Fraction, int] = {}
    for place, found in enumerate(ranked, start=1):
        place_of.setdefault(found, place)
    return {key: None if found is None else place_of[found] for key, found in scores.items()}


def weightings(base: Weights, *, spread: int, step: int) -> Iterator[Weights]:
    """Every weighting that differs from the base by at most `spread` points in each weight, in steps,
    with none below nought and a sum like the base's. The base is among them."""
    reach = range(-(spread // step), spread // step + 1)
    for moves in itertools.product(reach, repeat=len(base) - 1):
        last = -sum(moves)
        if last not in reach:
            continue
        tried = tuple(weight + step * move for weight, move in zip(base, (*moves, last), strict=True))
        if min(tried) >= 0:
            yield tried


@dataclass(frozen=True)
class Range:
    """What becomes of one of those ranked: in how many weightings it is first (alone or with
    others), its best and its worst place."""

    first: int
    best: int | None
    worst: int | None


@dataclass(frozen=True)
class Sensitivity:
    """`tried` weightings, and each one's range."""

    tried: int
    ranges: Mapping[Hashable, Range]

    def share_first(self, key: Hashable) -> Fraction:
        """In percent of the weightings tried."""
        return Fraction(self.ranges[key].first * 100, self.tried)


def sensitivity(points: Mapping[K, Points], base: Weights, *, spread: int, step: int) -> Sensitivity:
    """Every weighting of the grid is tried, none is drawn by chance: the same points give the same
    answer, and the share is exact for this grid."""
    found: dict[K, list[int]] = {key: [] for key in points}
    points = _in_whole_numbers(points)
    tried = 0
    for weights in weightings(base, spread=spread, step=step):
        tried += 1
        for key, place in places({key: score(of, weights) for key, of in points.items()}).items():
            if place is not None:
                found[key].append(place)
    return Sensitivity(
        tried,
        {
            key: Range(taken.count(1), min(taken, default=None), max(taken, default=None))
            for key, taken in found.items()
        },
    )


def _in_whole_numbers(points: Mapping[K, Points]) -> Mapping[K, Points]:
    """All multiplied by the same: the places stay, and whole numbers are added up faster."""
    parts = [Fraction(part) for of in points.values() for part in of if part is not None]
    by = math.lcm(*(part.denominator for part in parts))
    return {key: [None if p is None else int(p * by) for p in of] for key, of in points.items()}
