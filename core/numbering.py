"""Running numbers of a year: LZ-2025-0001."""

from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Length


def next_code(rows: QuerySet[Any], prefix: str) -> str:
    """The next running number behind `prefix`, at least four digits.

    Two people at once may get the same one: the unique constraint decides, the loser asks again.
    """
    last = (
        rows.filter(code__startswith=prefix)
        .annotate(length=Length("code"))
        .order_by("-length", "-code")
        .values_list("code", flat=True)
        .first()
    )
    return f"{prefix}{int(last.removeprefix(prefix)) + 1 if last else 1:04d}"
