"""A broker in a folder, for a machine that has no Redis.

kombu's own transport writes into files that others may already be reading, and a worker that reads
half a message shuts down; it also moves messages through the system's temporary folder, where two
workers can both get one. Here every file appears whole, and whoever renames a message has it.
"""

import fcntl
import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.folder = Path(self.data_folder_in)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.control_folder.mkdir(parents=True, exist_ok=True)

    # kombu's own two classes disagree about the second name.
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        name = f"{time.time_ns():020d}_{uuid.uuid4().hex}.{queue}.msg"
        write_whole(self.folder / name, payload)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for name in sorted(os.listdir(self.folder)):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            mine = self.folder / f".{name}.taken"
            try:
                (self.folder / name).rename(mine)
            except FileNotFoundError:  # another worker was faster
                continue
            payload = mine.read_bytes()
            mine.unlink()
            return loads(bytes_to_str(payload))
        raise Empty

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        row = [routing_key or "", pattern or "", queue or ""]
        with (self.control_folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            table = [list(known) for known in self.get_table(exchange)]
            if row not in table:
                write_whole(self._exchange_file(exchange), [row, *table])


class Transport(filesystem.Transport):
    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None, **kwargs: Any) -> None:
        """A worker that is told to stop looks up twice more before it does: not after two seconds each."""
        super().drain_events(connection, timeout=None if timeout is None else min(timeout, 0.5))


def write_whole(path: Path, content: object) -> None:
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    draft.write_bytes(str_to_bytes(dumps(content)))
    draft.replace(path)
