"""What the field-level trail keeps of a model, and whether its rows may ever change.

A model says it of itself with `@audited(...)`; one that says nothing is kept in full. The database
does the keeping and the refusing (see core/triggers.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Model

M = TypeVar("M", bound=type[Model])

# For `closed_when`: whatever the field holds, once it holds anything.
ANYTHING = ""


@dataclass(frozen=True)
class Trail:
    """How one model's rows are kept."""

    kept: bool = True
    append_only: bool = False
    # {"state": "published"}: a row with that value refuses to be changed or deleted;
    # {"closed_on": ANYTHING}: a row in which the field is filled.
    closed_when: tuple[tuple[str, str], ...] = ()
    # ("plan", "state", "frozen"): while the row that `plan` leads to has that value, rows that lead to it
    # are neither added nor changed nor deleted.
    closed_with: tuple[str, str, str] | None = None
    # That the field changed is written down, its value is not.
    masked: tuple[str, ...] = ()
    # Kept with its value, but shown only in outline: how to reach a person.
    personal: tuple[str, ...] = ()
    # A change of these fields alone leaves no entry.
    ignored: tuple[str, ...] = ()


_TRAILS: dict[type[Model], Trail] = {}


def audited(
    *,
    kept: bool = True,
    append_only: bool = False,
    closed_when: Mapping[str, str] | None = None,
    closed_with: tuple[str, str, str] | None = None,
    masked: Sequence[str] = (),
    personal: Sequence[str] = (),
    ignored: Sequence[str] = (),
) -> Callable[[M], M]:
    """Say of a model how its rows are kept."""
    trail = Trail(
        kept=kept,
        append_only=append_only,
        closed_when=tuple((closed_when or {}).items()),
        closed_with=closed_with,
        masked=tuple(masked),
        personal=tuple(personal),
        ignored=tuple(ignored),
    )

    def decorate(model: M) -> M:
        _TRAILS[model] = trail
        return model

    return decorate


def trail_of(model: type[Model]) -> Trail:
    return _TRAILS.get(model, Trail())
