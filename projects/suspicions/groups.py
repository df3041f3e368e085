"""Several signings of one enterprise: phases cut to count, or put together; and one firm of many names."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice

from rapidfuzz import fuzz

from core.text import comparison_key
from projects.choices import SuspicionKind, SuspicionSetting
from projects.suspicions.books import Books, Investor, Record
from projects.suspicions.findings import Fact, Finding, apart, fact, total
from projects.suspicions.thresholds import Rules

_DIGITS = frozenset("0123456789")
NEIGHBOURS = 15  # names next to each other in their order that are compared
SHOWN = 4  # projects of each enterprise that stand side by side
MOST_PARTS = 12


def find(books: Books, rules: Rules) -> Iterator[Finding]:
    yield from _phases(books, rules)
    yield from _variants(books, rules)


# --- Split or merged phases 拆分、合并 -------------------------------------------------------------------


def _phases(books: Books, rules: Rules) -> Iterator[Finding]:
    by_investor: dict[int, list[Record]] = defaultdict(list)
    for record in books.records.values():
        by_investor[record.root].append(record)
    for records in by_investor.values():
        if len(records) > 1:
            for cluster in _clusters(records, rules.days(SuspicionKind.PHASES)):
                yield from _split(cluster, records, rules)
            yield from _merged(records, rules)


def _clusters(records: Sequence[Record], within: datetime.timedelta) -> Iterator[list[Record]]:
    """Signings in one place, each within so many days of the one before."""
    by_place: dict[int, list[Record]] = defaultdict(list)
    for record in records:
        by_place[record.facts.location].append(record)
    for here in by_place.values():
        cluster = here[:1]
        for record in here[1:]:
            if record.signed_on - cluster[-1].signed_on > within:
                yield cluster
                cluster = []
            cluster.append(record)
        yield cluster


def _split(cluster: list[Record], records: Sequence[Record], rules: Rules) -> Iterator[Finding]:
    if not 1 < len(cluster) <= MOST_PARTS:
        return
    facts = list(_signs_of_splitting(cluster, rules))
    whole = _signed_before(cluster, records, rules)
    if whole is not None:
        amount = total(part.amount for part in cluster)
        facts.append(fact("sum_of_earlier", 45, sum=amount, amount=whole.amount, on=whole.signed_on))
    if not facts:
        return
    first, last = cluster[0].signed_on, cluster[-1].signed_on
    facts.insert(0, fact("close_together", 20, n=len(cluster), one=first, other=last))
    if all(part.has_paper for part in cluster):
        facts.append(fact("own_papers", -20))
    yield _of_parts([whole, *cluster] if whole else cluster, cluster, facts)


def _signs_of_splitting(cluster: Sequence[Record], rules: Rules) -> Iterator[Fact]:
    phases = [part.phase for part in cluster if part.phase]
    if phases:
        yield fact("phases_in_names", 20, words="、".join(dict.fromkeys(phases)))
    kind = SuspicionKind.PHASES
    threshold = rules.of(kind, SuspicionSetting.THRESHOLD)
    near = threshold * rules.of(kind, SuspicionSetting.NEAR) / 100
    amounts = sorted(part.amount for part in cluster)
    told = {"smallest": amounts[0], "largest": amounts[-1], "threshold": threshold}
    if threshold <= amounts[0] and amounts[-1] <= threshold + near:
        yield fact("just_above", 30, **told)
    elif threshold - near <= amounts[0] and amounts[-1] < threshold:
        yield fact("just_below", 25, **told)


def _signed_before(cluster: list[Record], records: Iterable[Record], rules: Rules) -> Record | None:
    """An earlier contract of the enterprise whose amount the parts make up again."""
    amount = total(part.amount for part in cluster)
    near = rules.of(SuspicionKind.PHASES, SuspicionSetting.AMOUNTS)
    earlier = (record for record in records if record not in cluster)
    same = (record for record in earlier if record.signed_on <= cluster[0].signed_on)
    return next((record for record in same if apart(record.amount, amount) <= near), None)


def _merged(records: Sequence[Record], rules: Rules) -> Iterator[Finding]:
    """A later contract whose amount is that of all the earlier ones of the enterprise together."""
    sum_so_far, parts = records[0].amount, [records[0]]
    for record in records[1:]:
        near = apart(record.amount, sum_so_far) <= rules.of(SuspicionKind.PHASES, SuspicionSetting.AMOUNTS)
        if near and 1 < len(parts) <= MOST_PARTS:
            facts = [fact("sum_of_parts", 50, n=len(parts), sum=sum_so_far, amount=record.amount)]
            if record.has_paper:
                facts.append(fact("own_paper", -15))
            yield _of_parts([*parts, record], [record], facts)
        sum_so_far += record.amount
        parts.append(record)


def _of_parts(records: Sequence[Record], suspect: Sequence[Record], facts: Iterable[Fact]) -> Finding:
    """Known by its first part and its place in the enterprise's course: later parts are new evidence."""
    return Finding(
        SuspicionKind.PHASES,
        f"{records[0].pk}-{suspect[0].pk}",
        suspect[-1].pk,
        tuple(record.pk for record in records),
        tuple(facts),
        total(record.amount for record in suspect),
    )


# --- One enterprise under variant names 一企多名 ---------------------------------------------------------


def _variants(books: Books, rules: Rules) -> Iterator[Finding]:
    by_investor: dict[int, list[Record]] = defaultdict(list)
    for record in books.records.values():
        by_investor[record.investor.pk].append(record)
    signed = [books.investors[pk] for pk in by_investor]
    roots = {record.investor.pk: record.root for record in books.records.values()}
    for one, other in _like_named(signed):
        if roots[one.pk] == roots[other.pk]:  # parent and subsidiary: the books know it
            continue
        facts = tuple(_same_firm(one, other, rules))
        if facts:
            theirs = [*by_investor[one.pk][:SHOWN], *by_investor[other.pk][:SHOWN]]
            yield _of_variants(one, other, theirs, facts, by_investor)


def _like_named(investors: Sequence[Investor]) -> Iterator[tuple[Investor, Investor]]:
    """Neighbours in the order of their names, read forwards and backwards: a slip anywhere but in both
    ends leaves two names next to each other."""
    seen: set[tuple[int, int]] = set()
    for order in (lambda one: one.key, lambda one: one.key[::-1]):
        ordered = sorted((one for one in investors if len(one.key) > 1), key=lambda one: (order(one), one.pk))
        for place, one in enumerate(ordered):
            for other in islice(ordered, place + 1, place + 1 + NEIGHBOURS):
                pair = (min(one.pk, other.pk), max(one.pk, other.pk))
                if pair not in seen:
                    seen.add(pair)
                    yield (one, other) if one.pk < other.pk else (other, one)


def _same_firm(one: Investor, other: Investor, rules: Rules) -> Iterator[Fact]:
    """What speaks for one firm; nothing where the names have nothing in common."""
    names = {"one": one.name, "other": other.name}
    score = round(fuzz.ratio(one.key, other.key))
    if comparison_key(one.name) == comparison_key(other.name):
        yield fact("written_alike", 75, **names)
    elif one.key == other.key:
        yield fact("same_key", 60, **names)
    elif score >= rules.of(SuspicionKind.VARIANTS, SuspicionSetting.NAMES) and _numbers(one) == _numbers(
        other
    ):
        yield fact("firms_alike", 40, score=score, **names)
    else:
        return
    if one.uscc and other.uscc:
        yield fact("two_codes", -40, one=one.uscc, other=other.uscc)
    elif one.uscc or other.uscc:
        yield fact("one_code", 5)
    if one.phone and one.phone == other.phone:
        yield fact("same_phone", 20)


def _numbers(investor: Investor) -> str:
    """What is numbered is told apart by its number: 一号 and 二号, 企业1 and 企业2."""
    return "".join(sign for sign in investor.key if sign in _DIGITS or sign in "一二三四五六七八九十")


def _of_variants(
    one: Investor,
    other: Investor,
    shown: Sequence[Record],
    facts: tuple[Fact, ...],
    by_investor: dict[int, list[Record]],
) -> Finding:
    latest = max(shown, key=lambda record: (record.signed_on, record.pk))
    return Finding(
        kind=SuspicionKind.VARIANTS,
        subject=f"{one.pk}-{other.pk}",
        project=latest.pk,
        records=tuple(sorted({record.pk for record in shown})),
        facts=facts,
        amount=min((_all(by_investor[firm.pk]) for firm in (one, other)), default=Decimal(0)),
    )


def _all(records: Iterable[Record]) -> Decimal:
    return total(record.amount for record in records)
