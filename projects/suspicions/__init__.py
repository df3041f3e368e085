"""The water detector 挤水分: suspicious signings, graded by their evidence, for people to judge.

Repeated signing · framework dressed as a contract · split or merged phases · one enterprise under
variant names · two units claiming one project · jumps of the amount · a contract without a move.

`look` reads the books once and compares; the night's `find` brings the findings into line with it.
Nothing is decided here but by `judge`, which remembers: the same evidence is not raised again.
"""

from projects.suspicions.judging import CannotJudge, judge
from projects.suspicions.night import Found, find
from projects.suspicions.question import look
from projects.suspicions.thresholds import load_rules, rules
from projects.suspicions.words import sentence, sentences

__all__ = ["CannotJudge", "Found", "find", "judge", "load_rules", "look", "rules", "sentence", "sentences"]
