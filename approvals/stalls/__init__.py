"""Stalled 停滞: a question asked with a day, and what the night announces of the answer.

Of an item: S1 over the promised limit · S2 over the statutory limit · S3 nothing has happened ·
S4 blocked by an open issue · S5 could be submitted, is not · S6 stopped for longer than announced.
Of a project: S7 no progress reported · S8 too long in one batch · S9 works not begun by the contract's
date; and, where the bureau has chosen Yinchuan's lamps: Y1 start planned, not begun · Y2 investment
behind the time passed · Y3 begun, no investment reported.

"Is stalled" is `find`, which only looks at days; the night's `announce` writes flags so that people
are told once, can say what they will do, and can look back. Paused and ended projects are left out.
"""

from approvals.stalls.announcing import Announced, announce
from approvals.stalls.answering import CannotAcknowledge, acknowledge
from approvals.stalls.question import Stall, find
from approvals.stalls.thresholds import CannotChoose, Rules, choose_preset, preset_on, rules
from approvals.stalls.usual import load_stall_rules
from approvals.stalls.words import acts, began, days_of, how_long, in_words, sentence, unit_of

__all__ = [
    "Announced",
    "CannotAcknowledge",
    "CannotChoose",
    "Rules",
    "Stall",
    "acknowledge",
    "acts",
    "announce",
    "began",
    "choose_preset",
    "days_of",
    "find",
    "how_long",
    "in_words",
    "load_stall_rules",
    "preset_on",
    "rules",
    "sentence",
    "unit_of",
]
