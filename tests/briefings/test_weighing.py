"""Places by weighted points and how far they hang on the weights: pure, so tried with many numbers."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from briefings.weighing import places, score, sensitivity, weightings

POINTS = st.one_of(st.none(), st.fractions(0, 100, max_denominator=40))
UNITS = st.dictionaries(st.integers(1, 30), st.tuples(*[POINTS] * 4), min_size=1, max_size=8)
USUAL = (40, 30, 15, 15)


@st.composite
def weights(draw):
    """Four weights that sum to 100."""
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=3, max_size=3)))
    return (cuts[0], cuts[1] - cuts[0], cuts[2] - cuts[1], 100 - cuts[2])


# --- Scores and places ----------------------------------------------------------------------------


def test_a_score_is_the_weighted_mean():
    assert score((Fraction(80), Fraction(50), Fraction(100), Fraction(60)), USUAL) == 71


def test_what_has_nothing_to_measure_is_left_out_and_the_others_grow():
    assert score((Fraction(80), None, None, Fraction(25)), USUAL) == Fraction(80 * 40 + 25 * 15, 55)


def test_nothing_of_any_weight_gives_no_score():
    assert score((None, None, None, Fraction(100)), (40, 30, 30, 0)) is None


def test_equal_scores_share_a_place_and_the_next_counts_them():
    scores = {"a": Fraction(1, 3), "b": Fraction(2, 6), "c": Fraction(1, 2), "d": Fraction(1, 9), "e": None}

    assert places(scores) == {"c": 1, "a": 2, "b": 2, "d": 4, "e": None}


@given(UNITS, weights(), st.randoms())
def test_the_order_of_the_units_changes_nothing(units, chosen, random):
    shuffled = list(units.items())
    random.shuffle(shuffled)

    def placed(of):
        return places({key: score(points, chosen) for key, points in of.items()})

    assert placed(dict(shuffled)) == placed(units)


@given(UNITS, weights())
def test_no_point_more_ever_worsens_a_place(units, chosen):
    first = min(units)
    better = tuple(None if p is None else min(Fraction(100), p + 5) for p in units[first])

    before = places({key: score(of, chosen) for key, of in units.items()})[first]
    after = places({key: score(of, chosen) for key, of in {**units, first: better}.items()})[first]

    assert (before is None and after is None) or after <= before


# --- The grid -----------------------------------------------------------------------------------


@given(weights(), st.sampled_from([(10, 2), (6, 2), (10, 5), (3, 1)]))
def test_every_weighting_sums_to_100_lies_within_and_stands_once(base, grid):
    spread, step = grid
    found = list(weightings(base, spread=spread, step=step))

    assert len(found) == len(set(found))
    assert base in found
    for tried in found:
        assert sum(tried) == 100
        assert min(tried) >= 0
        assert all(abs(w - b) <= spread and (w - b) % step == 0 for w, b in zip(tried, base, strict=True))


def test_the_grid_is_whole():
    """±2 in steps of 1 around equal weights: every one that fits, found another way."""
    base = (25, 25, 25, 25)
    expected = {
        (a, b, c, 100 - a - b - c)
        for a in range(23, 28)
        for b in range(23, 28)
        for c in range(23, 28)
        if 23 <= 100 - a - b - c <= 27
    }

    assert set(weightings(base, spread=2, step=1)) == expected


# --- Sensitivity -----------------------------------------------------------------------------------


def test_the_share_is_exact():
    """One is better by rank, the other by conversion: who is first turns where the weights meet."""
    points = {"a": (Fraction(100), Fraction(0)), "b": (Fraction(0), Fraction(100))}

    found = sensitivity(points, (55, 45), spread=10, step=5)

    # 45/55, 50/50, 55/45, 60/40, 65/35: a is first in the last three and shares first at 50/50
    assert found.tried == 5
    assert (found.share_first("a"), found.share_first("b")) == (80, 40)
    assert (found.ranges["b"].best, found.ranges["b"].worst) == (1, 2)


@given(UNITS)
def test_it_counts_what_ranking_each_weighting_by_itself_gives(units):
    found = sensitivity(units, USUAL, spread=4, step=2)
    tried = list(weightings(USUAL, spread=4, step=2))
    taken = [places({key: score(of, one) for key, of in units.items()}) for one in tried]

    assert found.tried == len(tried)
    for key, of in found.ranges.items():
        own = [one[key] for one in taken if one[key] is not None]
        assert of.first == own.count(1)
        assert (of.best, of.worst) == (min(own, default=None), max(own, default=None))


@given(UNITS, st.randoms())
def test_it_is_the_same_for_every_order_of_the_units(units, random):
    shuffled = list(units.items())
    random.shuffle(shuffled)

    assert sensitivity(dict(shuffled), USUAL, spread=4, step=2) == sensitivity(units, USUAL, spread=4, step=2)


@given(UNITS)
def test_who_is_best_in_everything_is_first_in_every_weighting(units):
    units = {**units, 99: (Fraction(100),) * 4}

    assert sensitivity(units, USUAL, spread=10, step=5).share_first(99) == 100
