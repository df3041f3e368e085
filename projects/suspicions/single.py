"""One project and its contract: a framework dressed as one, a jump of its amount, no move for months."""

import datetime
import re
from collections.abc import Iterator
from decimal import Decimal

from core.clock import month_start
from projects.choices import EventKind, Stage, SuspicionKind, SuspicionSetting
from projects.suspicions.books import Books, Event, Record
from projects.suspicions.findings import Fact, Finding, apart, fact
from projects.suspicions.thresholds import Rules

_INTENT = re.compile("框架|意向|战略合作|备忘录|framework|intent|memorandum|\\bmou\\b", re.IGNORECASE)


def find(books: Books, rules: Rules, *, today: datetime.date) -> Iterator[Finding]:
    for record in books.records.values():
        yield from _frameworks(record)
        yield from _jumps(record, rules)
        yield from _without_move(record, rules, today)


# --- Framework dressed as a contract 框架协议充合同 ---------------------------------------------------


def _frameworks(record: Record) -> Iterator[Finding]:
    facts = tuple(_dressed(record))
    if facts:
        yield Finding(SuspicionKind.FRAMEWORK, str(record.pk), record.pk, (record.pk,), facts, record.amount)


def _dressed(record: Record) -> Iterator[Fact]:
    if word := _INTENT.search(record.facts.name):
        yield fact("intent_in_name", 45, word=word[0])
    if word := _INTENT.search(record.signing.note):
        yield fact("intent_in_note", 30, word=word[0])
    for framework in record.before[-1:]:
        yield from _after(framework, record)


def _after(framework: Event, record: Record) -> Iterator[Fact]:
    """A framework agreement stands in the books: what proves that a contract has followed?"""
    signing = record.signing
    if signing.paper and signing.paper == framework.paper:
        yield fact("framework_paper", 65, on=framework.signed_on)
    elif not signing.paper and not _handed_in_since(record, framework.signed_on):
        yield fact("framework_no_paper", 45, on=framework.signed_on)
    else:
        return
    if framework.original_amount and framework.original_amount == signing.amount:
        yield fact("framework_amount", 15, amount=signing.amount)
    if framework.signed_on >= signing.signed_on:
        yield fact("framework_same_day", 15, on=signing.signed_on)


def _handed_in_since(record: Record, day: datetime.date) -> bool:
    return record.papers is not None and record.papers[1] >= day


# --- Jump of the amount 数额突变 -------------------------------------------------------------------------


def _jumps(record: Record, rules: Rules) -> Iterator[Finding]:
    standing = record.signing.amount
    for event in record.changes:
        after = standing + event.amount
        # A contract that was voided, or corrected to nothing, has no water left in it.
        if event.kind != EventKind.VOIDED and event.amount and standing > 0 and after > 0:
            facts = tuple(_jump(record, event, standing, after, rules))
            if facts:
                yield Finding(
                    SuspicionKind.JUMP, str(event.pk), record.pk, (record.pk,), facts, abs(event.amount)
                )
        standing = after


def _jump(record: Record, event: Event, standing: Decimal, after: Decimal, rules: Rules) -> Iterator[Fact]:
    kind = SuspicionKind.JUMP
    factor, threshold = rules.of(kind, SuspicionSetting.FACTOR), rules.of(kind, SuspicionSetting.THRESHOLD)
    larger, smaller = max(standing, after), min(standing, after)
    told = list(_how_far(event, standing, after, times=larger / smaller >= factor))
    over = event.kind == EventKind.CORRECTION and standing < threshold <= after
    if over and record.facts.is_industrial:
        told.append(fact("over_threshold", 35, before=standing, after=after, threshold=threshold))
        if apart(after, threshold) <= rules.of(kind, SuspicionSetting.NEAR):
            told.append(fact("just_over", 10))
    if told and event.signed_on - record.signed_on <= rules.days(kind):
        told.append(fact("soon_after", 10, days=(event.signed_on - record.signed_on).days))
    if told:
        told.append(fact("own_paper", -15) if event.paper else fact("no_paper", 10))
    yield from told


def _how_far(event: Event, standing: Decimal, after: Decimal, *, times: bool) -> Iterator[Fact]:
    if times:
        larger, smaller = max(standing, after), min(standing, after)
        code = "jump_up" if after > standing else "jump_down"
        # Twice the amount is worth asking about, five times is hardly ever true.
        points = min(60, 30 + int(larger / smaller) * 5)
        ratio = f"{larger / smaller:.1f}"
        yield fact(code, points, before=standing, after=after, times=ratio, event=str(event.kind))


# --- Contract without a move 签而不动 --------------------------------------------------------------------


def _without_move(record: Record, rules: Rules, today: datetime.date) -> Iterator[Finding]:
    """Signed and verified, and nothing has happened since: raised anew each time that as many months
    have passed again, whatever was said of the months before."""
    step = int(rules.of(SuspicionKind.NO_MOVE, SuspicionSetting.MONTHS)) or 1
    months = _months_between(record.moved_on, today)
    if record.facts.stage != Stage.SIGNING or record.signing.verified_on is None or months < step:
        return
    told = months - months % step
    facts = [fact("no_move", min(65, 25 + 10 * (months // step)), since=record.moved_on, months=told)]
    if record.progress_in is None:
        facts.append(fact("no_progress", 10))
    planned = record.facts.planned_start
    if planned and planned < today:
        facts.append(fact("start_missed", 15, on=planned))
    if record.has_paper:
        facts.append(fact("own_paper", -5))
    yield Finding(SuspicionKind.NO_MOVE, str(record.pk), record.pk, (record.pk,), tuple(facts), record.amount)


def _months_between(since: datetime.date, today: datetime.date) -> int:
    """Whole months from one day to another."""
    whole = (today.year - since.year) * 12 + today.month - since.month
    return whole - (month_start(today) + (since - month_start(since)) > today)
