"""Running numbers of a year: LZ-2025-0001."""

from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Length


def next_code(rows: QuerySet[Any], prefix: str) -> str:
    """The next running number behind `prefix`, at least four digits.

    Two people at once may get the same one: the unique constraint decides, the loser asks again.
    """
    return next_codes(rows, prefix, 1)[0]


def next_codes(rows: QuerySet[Any], prefix: str, count: int) -> list[str]:
    """The next running numbers, as many as are wanted at once. See also `next_code`."""
    last = (
        rows.filter(code__startswith=prefix)
        .annotate(length=Length("code"))
        .order_by("-length", "-code")
        .values_list("code", flat=True)
        .first()
    )
    first = int(last.removeprefix(prefix)) + 1 if last else 1
    return [f"{prefix}{number:04d}" for number in range(first, first + count)]
