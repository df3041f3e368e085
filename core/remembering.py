"""Answers kept in memory while nothing in the city has changed.

Boards, headline figures and the names of task forces and units are asked far more often than
anything changes. Every write of whatever kind leaves an entry in the field-level trail
(core/triggers.py), so the newest entry tells whether an answer still holds. Two writers may enter the
trail in another order than they commit: no answer is kept longer than `SECONDS`.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection

from core.models import AuditEntry

SECONDS = 300
ANSWERS = 200
NEWEST = f"SELECT max(id) FROM {AuditEntry._meta.db_table}"  # noqa: S608 - our own table

T = TypeVar("T")


@dataclass(frozen=True)
class _Kept:
    newest: int | None
    until: float
    answer: Any


class Memory:
    """Of one process; the answers used least lately make room."""

    def __init__(self, seconds: float = SECONDS, answers: int = ANSWERS) -> None:
        self._seconds, self._answers = seconds, answers
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()

    def recall(self, question: Hashable, find: Callable[[], T]) -> T:
        """The kept answer to a question, or the one that `find` gives now."""
        newest = _newest_entry()
        kept = self._kept.get(question)
        if kept is None or kept.newest != newest or kept.until < time.monotonic():
            kept = _Kept(newest, time.monotonic() + self._seconds, find())
        self._keep(question, kept)
        return kept.answer

    def _keep(self, question: Hashable, kept: _Kept) -> None:
        self._kept[question] = kept
        self._kept.move_to_end(question)
        while len(self._kept) > self._answers:
            self._kept.popitem(last=False)


def _newest_entry() -> int | None:
    """Asked by nearly every page, and so without the ORM, which takes longer than the answer."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST)
        return cursor.fetchone()[0]


class NoMemory(Memory):
    """Asks every time: in tests every request should ask alike."""

    def recall(self, question: Hashable, find: Callable[[], T]) -> T:
        return find()


memory: Memory = NoMemory() if settings.TESTING else Memory()
