"""Two signings that may be one: signed again at a later ceremony, or claimed by two units.

Whoever signs a true second phase says so in its name: that is for the rule of phases to look at.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

from rapidfuzz import fuzz

from projects.choices import EventKind, SuspicionKind, SuspicionSetting
from projects.suspicions.books import Books, Event, Record
from projects.suspicions.findings import Fact, Finding, apart, fact
from projects.suspicions.thresholds import Rules

# Each signing is compared with so many that follow it in a heap: an enterprise with more is a name too
# common to tell anything.
NEIGHBOURS = 25
_SAME, _ALIKE, _GROUP = 30, 25, 10  # by the enterprise: itself, one of like name, one of its group
_AMOUNT, _CODE, _PLACE, _LATER, _CEREMONIES, _NEAR = 25, 60, 5, 5, 15, 10
_OTHER_PHASE, _OWN_PAPER, _OTHER_FIRM = -25, -15, -15


def find(books: Books, rules: Rules) -> Iterator[Finding]:
    for earlier, later in _candidates(books):
        finding = _compare(earlier, later, rules)
        if finding is not None:
            yield finding
    for record in books.records.values():
        yield from _signed_again_as_add_on(record, rules)


def _candidates(books: Books) -> Iterator[tuple[Record, Record]]:
    """Pairs, the older signing first, that share an enterprise, its name, the project's name or code."""
    heaps: dict[tuple[str, object], list[Record]] = defaultdict(list)
    for record in books.records.values():
        heaps["enterprise", record.root].append(record)
        heaps["like-named", record.investor.key].append(record)
        heaps["name", record.name].append(record)
        if record.national_key:
            heaps["code", record.national_key].append(record)
    seen: set[tuple[int, int]] = set()
    for (_what, key), heap in heaps.items():
        for place, earlier in enumerate(heap if key else ()):
            for later in islice(heap, place + 1, place + 1 + NEIGHBOURS):
                pair = (earlier.pk, later.pk)
                if pair not in seen:
                    seen.add(pair)
                    yield earlier, later


def _compare(earlier: Record, later: Record, rules: Rules) -> Finding | None:
    claimed_twice = not earlier.units & later.units
    kind = SuspicionKind.TWO_UNITS if claimed_twice else SuspicionKind.REPEATED
    if later.signed_on - earlier.signed_on > rules.days(kind):
        return None
    if kind == SuspicionKind.REPEATED and earlier.phase != later.phase:
        return None
    alike = list(_alike(earlier, later, kind, rules))
    speaking = [told.code for told in alike if told.points > 0]
    if len(speaking) < 2 and "same_code" not in speaking:
        return None
    around = _of_two_units(earlier, later) if claimed_twice else _of_two_days(earlier, later)
    return Finding(
        kind=kind,
        subject="-".join(map(str, sorted((earlier.pk, later.pk)))),
        project=later.pk,
        records=(earlier.pk, later.pk),
        facts=(*alike, *around),
        amount=later.amount,
    )


def _alike(earlier: Record, later: Record, kind: str, rules: Rules) -> Iterator[Fact]:
    """What makes them the same; of these there must be two, or the national code."""
    if earlier.national_key and earlier.national_key == later.national_key:
        yield fact("same_code", _CODE, code=later.facts.national_code or "")
    yield _by_enterprise(earlier, later)
    score = round(fuzz.ratio(earlier.name, later.name))
    if score >= rules.of(kind, SuspicionSetting.NAMES):
        yield fact("names_alike", round(score * 0.3), score=score)
    difference = apart(earlier.amount, later.amount)
    if difference <= rules.of(kind, SuspicionSetting.AMOUNTS):
        yield fact(
            "amounts_alike", _AMOUNT, one=earlier.amount, other=later.amount, percent=f"{difference:.1f}"
        )


def _by_enterprise(earlier: Record, later: Record) -> Fact:
    one, other = earlier.investor, later.investor
    if one.pk == other.pk:
        return fact("same_enterprise", _SAME)
    if earlier.root == later.root:
        return fact("same_group", _GROUP)
    two_codes = one.uscc and other.uscc and one.uscc != other.uscc
    if one.key == other.key and one.key and not two_codes:
        return fact("like_enterprise", _ALIKE, one=one.name, other=other.name)
    return fact("other_enterprise", _OTHER_FIRM)


def _of_two_days(earlier: Record, later: Record) -> Iterator[Fact]:
    first, second = earlier.signing.ceremony, later.signing.ceremony
    days = {"one": earlier.signed_on, "other": later.signed_on}
    if first and second and first != second:
        yield fact("two_ceremonies", _CEREMONIES, **days)
    elif later.signed_on > earlier.signed_on:
        yield fact("two_days", _LATER, **days)
    yield from _of_place(earlier, later)
    if later.has_paper and later.signing.paper != earlier.signing.paper:
        yield fact("own_paper", _OWN_PAPER)


def _of_two_units(earlier: Record, later: Record) -> Iterator[Fact]:
    yield fact("no_shares", _NEAR, one=earlier.signed_on, other=later.signed_on)
    yield from _of_place(earlier, later)
    if earlier.phase != later.phase:
        yield fact("other_phase", _OTHER_PHASE)


def _of_place(earlier: Record, later: Record) -> Iterator[Fact]:
    if earlier.facts.location == later.facts.location:
        yield fact("same_place", _PLACE)


# --- One contract, entered again as an add-on ---------------------------------------------------------


def _signed_again_as_add_on(record: Record, rules: Rules) -> Iterator[Finding]:
    for event in record.changes:
        if event.kind != EventKind.ADD_ON or event.ceremony in (None, record.signing.ceremony):
            continue
        difference = apart(record.signing.amount, event.amount)
        if difference <= rules.of(SuspicionKind.REPEATED, SuspicionSetting.AMOUNTS):
            yield _as_add_on(record, event, f"{difference:.1f}")


def _as_add_on(record: Record, event: Event, percent: str) -> Finding:
    facts = [
        fact("add_on_alike", 45, one=record.signing.amount, other=event.amount, percent=percent),
        fact("two_ceremonies", _CEREMONIES, one=record.signed_on, other=event.signed_on),
    ]
    facts.append(fact("own_paper", _OWN_PAPER) if event.paper else fact("no_paper", 10))
    return Finding(
        SuspicionKind.REPEATED, f"e{event.pk}", record.pk, (record.pk,), tuple(facts), event.amount
    )
