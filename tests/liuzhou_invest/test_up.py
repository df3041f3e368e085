"""The one command, with small children of the tests' own in place of web, worker and beat."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError

from liuzhou_invest.management.commands import up

DRIVER = """
import http.server, sys, threading
import django; django.setup()
from liuzhou_invest.management.commands import up

server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=server.serve_forever, daemon=True).start()
children = up.Children(
    {"web": [sys.executable, "-c", sys.argv[1], sys.argv[2], "-b", f"127.0.0.1:{server.server_port}"]},
    say=lambda text: print(text, flush=True),
)
children.run(ready=lambda: print("ready", flush=True), grace=int(sys.argv[3]))
"""

PARENT_WITH_POOL = """
import os, signal, subprocess, sys, time
folder = sys.argv[1]
def note(word):
    with open(os.path.join(folder, "log"), "a") as log: log.write(word + "\\n")
pool = '''
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: open(sys.argv[1] + "/log", "a").write("pool was told\\\\n"))
time.sleep(30)
'''
child = subprocess.Popen([sys.executable, "-c", pool, folder])
note(f"started {os.getpid()} {child.pid}")
stop = []
signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
while not stop: time.sleep(0.05)
time.sleep(0.5)
note("finished its work")
"""


@pytest.fixture
def start(tmp_path: Path):
    running: list[subprocess.Popen[str]] = []

    def begin(child: str, grace: int = 10) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, child, str(tmp_path), str(grace)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=settings.BASE_DIR,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "liuzhou_invest.settings",
                "DATA_DIR": str(tmp_path),
            },
        )
        running.append(process)
        assert process.stdout.readline() == "ready\n"
        wait_for(tmp_path / "log", "started")
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def wait_for(log: Path, word: str, times: int = 1) -> list[str]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        lines = log.read_text().splitlines() if log.exists() else []
        if sum(line.startswith(word) for line in lines) >= times:
            return lines
        time.sleep(0.05)
    pytest.fail(f"{word!r} was not seen {times} times in {lines}")


def alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{number}/stat").read_text().split(")")[1].split()[0] != "Z"


def family(lines: list[str]) -> list[int]:
    return [int(number) for line in lines if line.startswith("started") for number in line.split()[1:]]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_tells_the_parents_only_waits_for_them_and_leaves_nobody(start, tmp_path, number):
    process = start(PARENT_WITH_POOL)

    process.send_signal(number)

    assert process.wait(20) == 0
    lines = (tmp_path / "log").read_text().splitlines()
    assert lines[1:] == ["finished its work"]
    assert [alive(member) for member in family(lines)] == [False, False]


def test_a_dead_child_is_started_again_without_its_orphans(start, tmp_path):
    process = start(PARENT_WITH_POOL)
    parent, pool = family((tmp_path / "log").read_text().splitlines())

    os.kill(parent, signal.SIGKILL)

    lines = wait_for(tmp_path / "log", "started", times=2)
    assert process.poll() is None
    assert [alive(parent), alive(pool)] == [False, False]
    assert [alive(member) for member in family(lines)[2:]] == [True, True]


def test_work_that_outlasts_its_grace_is_ended(start, tmp_path):
    process = start(PARENT_WITH_POOL.replace("time.sleep(0.5)", "time.sleep(60)"), grace=1)

    process.terminate()

    assert process.wait(10) == 0
    assert [alive(member) for member in family((tmp_path / "log").read_text().splitlines())] == [False, False]


def test_a_second_one_over_the_same_folder_is_refused(tmp_path):
    lock = tmp_path / "up.pid"
    refused = pytest.raises(CommandError, match=f"process {os.getpid()}")

    with up.only_one(lock), refused, up.only_one(lock):
        pytest.fail("both were let in")

    with up.only_one(lock):
        assert lock.read_text() == f"{os.getpid()}\n"


def test_a_taken_port_is_refused_with_the_way_out(live_server):
    with pytest.raises(CommandError, match="make run PORT="):
        up.require_free(live_server.url.removeprefix("http://").replace("localhost", "127.0.0.1"))


def test_the_sign_ins_stand_in_columns():
    lines = up.sign_ins().splitlines()[1:]

    names = [line.split()[1] for line in lines]
    assert len({up.columns(line[: line.index(name)]) for line, name in zip(lines, names, strict=True)}) == 1
