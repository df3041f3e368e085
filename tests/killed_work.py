"""A worker that is killed in the middle of entering a ledger: `python -m tests.killed_work JOB`."""

import os
import signal
import sys

import django

django.setup()

from core.tasks import run_job  # noqa: E402 - after the setup
from ledgers import committing, tasks  # noqa: E402

rewrite, blocks = committing.rewrite, []


def _killed_at_the_second_block(rows: list, names: tuple) -> None:
    rewrite(rows, names)
    blocks.append(rows)
    if len(blocks) == 2:
        os.kill(os.getpid(), signal.SIGKILL)


committing.BLOCK = 2
committing.rewrite = _killed_at_the_second_block
assert tasks.ENTER  # the kind of work is known once its module is loaded
run_job(int(sys.argv[1]))
