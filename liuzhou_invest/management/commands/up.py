"""One command for the whole program: prepare the database, then web, worker and beat together.

Each child is a session of its own. To stop, only the parents get a signal: gunicorn finishes its
requests, Celery's worker its tasks. A child that dies is started again, slower each time.
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import unicodedata
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Event

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connections

from liuzhou_invest.demo.people import DEMO_PASSWORD, PEOPLE
from projects.models import Project

PYTHON = [sys.executable, "-m"]
# Someone who starts this as root on a machine of their own need not be told three times.
CELERY = [
    sys.executable,
    "-W",
    "ignore:You're running the worker",
    "-m",
    "celery",
    "-q",
    "-A",
    "liuzhou_invest",
]
PR_SET_PDEATHSIG = 1


class Command(BaseCommand):
    help = "Migrates, loads reference data and the demo city, then runs web, worker and beat until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1:8000", help="address:port of the web process")
        parser.add_argument(
            "--grace", type=int, default=60, help="seconds that running work may take to finish"
        )

    def handle(self, *args: object, bind: str, grace: int, **options: object) -> None:
        with only_one(settings.DATA_DIR / "up.pid"):
            require_free(bind)
            self.prepare()
            connections.close_all()
            children = Children(commands(bind), say=self.say)
            children.run(ready=partial(self.greet, bind), grace=grace)

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def prepare(self) -> None:
        self.say("Preparing the database …")
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        if static_files_are_stale():
            call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["*.map"])
        call_command("load_reference", verbosity=0)
        if settings.DEMO and not Project.objects.exists():
            self.say("Loading the demo city (once; DEMO=0 starts with an empty one) …")
            call_command("load_demo", verbosity=0)

    def greet(self, bind: str) -> None:
        self.say(f"\n柳州招商 · Liuzhou Invest\n  http://{bind}/    (Ctrl-C stops everything)\n")
        self.say(
            sign_ins() if settings.DEMO else "  First account: .venv/bin/python manage.py createsuperuser\n"
        )


def commands(bind: str) -> dict[str, list[str]]:
    level = ["-l", settings.LOG_LEVEL]
    beat_file = settings.CELERY_BEAT_SCHEDULE_FILENAME
    return {
        "web": [*PYTHON, "gunicorn", "liuzhou_invest.wsgi", "-b", bind, "--log-level", settings.LOG_LEVEL],
        "worker": [*CELERY, "worker", "-c", "2", "--without-gossip", "--without-mingle", *level],
        "beat": [*CELERY, "beat", "--schedule", beat_file, "--pidfile=", *level],
    }


# --- Before the start ----------------------------------------------------------------------------


@contextlib.contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Two timetables over one folder would do everything twice. The lock ends with the process."""
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise CommandError(f"It already runs on {path.parent} (process {file.read().strip()}).") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def require_free(bind: str) -> None:
    host, _, port = bind.rpartition(":")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            raise CommandError(
                f"{bind} cannot be used ({error.strerror}). Another port: make run PORT=8001"
            ) from error


def static_files_are_stale() -> bool:
    """Collecting takes seconds; it is needed only after a source file has changed."""
    manifest = settings.STATIC_ROOT / "staticfiles.json"
    if not manifest.exists():
        return True
    collected = manifest.stat().st_mtime
    return any(
        os.stat(storage.path(name)).st_mtime > collected
        for finder in get_finders()
        for name, storage in finder.list(["*.map"])
    )


def sign_ins() -> str:
    rows = [(username, name, str(role)) for username, name, role in PEOPLE]
    widths = [max(map(columns, cells)) for cells in zip(*rows, strict=True)]
    lines = ("  ".join(padded(cell, width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    table = "\n".join(f"  {line.rstrip()}" for line in lines)
    return f"  Demo sign-ins, password {DEMO_PASSWORD}\n{table}\n"


def columns(text: str) -> int:
    """Chinese characters take two columns of a terminal."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def padded(text: str, width: int) -> str:
    return text + " " * (width - columns(text))


# --- The children --------------------------------------------------------------------------------


class Children:
    SLOWEST = 30
    """Seconds between two attempts to start a child that keeps dying."""

    def __init__(self, commands: dict[str, list[str]], *, say: Callable[[str], None]) -> None:
        self.commands = commands
        self.say = say
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.started: dict[str, float] = {}
        self.pause: dict[str, float] = dict.fromkeys(commands, 1.0)
        self.stopping = Event()
        self.hurry = Event()

    def run(self, *, ready: Callable[[], None], grace: int) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.asked_to_stop)
        try:
            for name in self.commands:
                self.start(name)
            self.wait_for_web()
            if not self.stopping.is_set():
                ready()
            while not self.stopping.wait(0.5):
                self.revive()
        finally:
            self.stop(grace)

    def asked_to_stop(self, *_: object) -> None:
        """Asked once, running work is finished; asked again, it is not."""
        (self.hurry if self.stopping.is_set() else self.stopping).set()

    def start(self, name: str) -> None:
        self.processes[name] = subprocess.Popen(
            self.commands[name],
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            preexec_fn=follow_parent,  # noqa: PLW1509  one system call, no lock taken
        )
        self.started[name] = time.monotonic()

    def wait_for_web(self) -> None:
        bind = self.commands["web"][self.commands["web"].index("-b") + 1]
        while not self.stopping.wait(0.2):
            self.revive()
            try:
                with urllib.request.urlopen(f"http://{bind}/healthz", timeout=5):
                    return
            except urllib.error.HTTPError:
                return  # it answers, if only to say no
            except OSError:
                continue

    def revive(self) -> None:
        for name, process in self.processes.items():
            lived = time.monotonic() - self.started[name]
            if process.poll() is None or lived < self.pause[name]:
                continue
            self.pause[name] = 1.0 if lived > 60 else min(self.pause[name] * 2, self.SLOWEST)
            self.say(f"{name} ended ({process.returncode}) and is started again.")
            kill_group(process)  # what it left behind would work beside its successor
            self.start(name)

    def stop(self, grace: int) -> None:
        self.stopping.set()
        self.say("Stopping: running work is finished first …")
        running = [process for process in self.processes.values() if process.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + grace
        while any(process.poll() is None for process in running):
            if time.monotonic() > deadline or self.hurry.wait(0.1):
                break
        for process in self.processes.values():
            kill_group(process)
            process.wait()


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def follow_parent() -> None:
    """Ask the kernel to stop this child should its parent be killed without a chance to do so."""
    if _libc:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
