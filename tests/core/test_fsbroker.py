import json
import threading
from pathlib import Path

import pytest
from kombu.connection import Connection
from kombu.entity import Queue

import liuzhou_invest.celery  # noqa: F401  makes "filesystem" mean our broker


# kombu remembers a process's bindings by queue name: every test uses names of its own.
@pytest.fixture
def connection(tmp_path: Path):
    folders = {
        "data_folder_in": str(tmp_path / "queue"),
        "data_folder_out": str(tmp_path / "queue"),
        "control_folder": str(tmp_path / "control"),
    }
    with Connection("filesystem://localhost", transport_options=folders) as connection:
        yield connection


def test_messages_come_back_in_order_and_only_on_their_queue(connection):
    jobs, other = connection.SimpleQueue("ordered"), connection.SimpleQueue("other")

    for number in range(3):
        jobs.put({"number": number})

    assert [jobs.get_nowait().payload for _ in range(3)] == [{"number": 0}, {"number": 1}, {"number": 2}]
    assert (jobs.qsize(), other.qsize()) == (0, 0)


def test_each_message_is_taken_once_by_several_takers(connection, tmp_path):
    queue = connection.SimpleQueue("contested")
    for number in range(60):
        queue.put(number)
    taken: list[int] = []

    def take() -> None:
        with connection.clone() as own:
            mine = own.SimpleQueue("contested")
            while mine.qsize():
                try:
                    message = mine.get_nowait()
                except mine.Empty:
                    continue
                taken.append(message.payload)
                message.ack()

    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == list(range(60))
    assert list((tmp_path / "queue").iterdir()) == []


def test_queues_declared_at_once_are_all_known(connection, tmp_path):
    def declare(name: str) -> None:
        with connection.clone() as own:
            Queue(name, exchange="shared", routing_key=name).declare(channel=own.channel())

    threads = [threading.Thread(target=declare, args=(f"q{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    rows = [json.loads(path.read_text()) for path in (tmp_path / "control").glob("*.exchange")]
    assert sorted(queue for table in rows for _, _, queue in table) == [f"q{number}" for number in range(8)]


def test_nothing_half_written_is_ever_seen(connection, tmp_path):
    queue = connection.SimpleQueue("large")

    queue.put("x" * 100_000)

    assert [path.name.endswith(".large.msg") for path in (tmp_path / "queue").iterdir()] == [True]
