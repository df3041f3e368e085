"""A worker that is killed in the middle of entering a ledger: `python -m tests.killed_work JOB`."""

import os
import signal
import sys
from typing import Any

import django

django.setup()

from core.rewriting import rewrite  # noqa: E402 - after the setup
from core.tasks import run_job  # noqa: E402
from ledgers import committing, tasks  # noqa: E402

blocks: list[Any] = []


def _killed_at_the_second_block(rows: Any, names: Any) -> None:
    rewrite(rows, names)
    blocks.append(rows)
    if len(blocks) == 2:
        os.kill(os.getpid(), signal.SIGKILL)


committing.BLOCK = 2
vars(committing)["rewrite"] = _killed_at_the_second_block
assert tasks.ENTER  # the kind of work is known once its module is loaded
run_job(int(sys.argv[1]))
