"""All that is suspicious in the books on a day."""

import datetime

from projects.suspicions import groups, pairs, single
from projects.suspicions.books import read
from projects.suspicions.findings import Finding
from projects.suspicions.thresholds import Rules


def look(rules: Rules, *, today: datetime.date) -> list[Finding]:
    """The findings with enough points to be raised, one a subject: of two the graver.

    The books are read as they stand now; `today` is the day up to which months are counted.
    """
    books = read()
    found: dict[tuple[str, str], Finding] = {}
    for finding in (
        *pairs.find(books, rules),
        *single.find(books, rules, today=today),
        *groups.find(books, rules),
    ):
        known = found.get(finding.key)
        if rules.grade(finding.kind, finding.points) and (known is None or known.points < finding.points):
            found[finding.key] = finding
    return list(found.values())
