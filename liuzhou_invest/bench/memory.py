"""How much memory a piece of work takes at its peak, beyond what the process has already, and how long it
keeps a core busy, whichever process does it."""

import os
import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path

from django.db import connection

from projects.layouts import FIELDS

OFTEN = 0.02  # seconds between two looks
PAGE = os.sysconf("SC_PAGE_SIZE") / 2**20

TWENTY_COLUMNS = 'title = "bench"\n' + "".join(
    f'[[columns]]\nhead = "{name}"\nfield = "{name}"\n' for name in list(FIELDS)[:20]
)


def held() -> float:
    """Megabytes that the process and its children hold now."""
    return sum(map(_held_by, ["self", *_children()]))


def _held_by(process: str) -> float:
    try:
        return int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1]) * PAGE
    except FileNotFoundError:  # a child that has just ended
        return 0


def _children() -> list[str]:
    lists = Path("/proc/self/task").glob("*/children")
    return [child for one in lists for child in one.read_text("ascii").split()]


def core_seconds() -> float:
    """Seconds that cores were busy for us: this process, children that have ended, and the database's
    process, if it is on this machine."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime + _of_database()


def _of_database() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        process = Path(f"/proc/{cursor.fetchone()[0]}")
    if not process.is_dir() or "postgres" not in (process / "cmdline").read_text("utf-8"):
        return 0
    _name, fields = (process / "stat").read_text("utf-8").rsplit(")", 1)
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


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
