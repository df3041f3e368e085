"""How much memory a piece of work takes at its peak, beyond what the process has already."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from projects.layouts import FIELDS

OFTEN = 0.02  # seconds between two looks
PAGE = os.sysconf("SC_PAGE_SIZE") / 2**20

TWENTY_COLUMNS = 'title = "bench"\n' + "".join(
    f'[[columns]]\nhead = "{name}"\nfield = "{name}"\n' for name in list(FIELDS)[:20]
)


def held() -> float:
    """Megabytes that the process holds now."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * PAGE


def grown(work: Callable[[], object]) -> float:
    """Megabytes more at the peak of a work than before it."""
    before, peak, over = held(), [0.0], threading.Event()

    def look() -> None:
        while not over.wait(OFTEN):
            peak[0] = max(peak[0], held() - before)

    watch = threading.Thread(target=look, daemon=True)
    watch.start()
    try:
        work()
    finally:
        over.set()
        watch.join()
    return peak[0]
