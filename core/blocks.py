"""Many things, a number of them at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

One = TypeVar("One")


def in_blocks(many: Iterable[One], size: int) -> Iterator[list[One]]:
    """Never more than `size` at once, so that a large ledger does not stand in memory as a whole."""
    left = iter(many)
    while block := list(islice(left, size)):
        yield block
