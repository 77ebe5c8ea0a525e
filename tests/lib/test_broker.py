"""The embedded broker hands every message to one reader, whole, however many write and read at once."""

import threading
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection

from agileml.lib.broker import Channel

MESSAGES = 200


def channel(folder: Path) -> Channel:
    connection = Connection(
        "filesystem://",
        transport="agileml.lib.broker.Transport",
        transport_options={
            "data_folder_in": str(folder / "queue"),
            "data_folder_out": str(folder / "queue"),
            "control_folder": str(folder / "control"),
        },
    )
    return connection.channel()


def test_every_message_reaches_exactly_one_of_several_readers(tmp_path: Path):
    channel(tmp_path)
    got: list[int] = []
    written = threading.Event()

    def read() -> None:
        mine = channel(tmp_path)
        while True:
            over = written.is_set()
            try:
                got.append(mine._get("celery")["number"])
            except Empty:
                if over:
                    return

    def write(numbers: range) -> None:
        mine = channel(tmp_path)
        for number in numbers:
            mine._put("celery", {"number": number, "body": "x" * 20_000})

    readers = [threading.Thread(target=read) for _ in range(2)]
    writers = [threading.Thread(target=write, args=(range(start, MESSAGES, 2),)) for start in range(2)]
    for thread in readers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    written.set()
    for thread in readers:
        thread.join()
    assert sorted(got) == list(range(MESSAGES))
    assert list((tmp_path / "queue").iterdir()) == []


def test_messages_of_one_writer_come_in_their_order(tmp_path: Path):
    one = channel(tmp_path)
    for number in range(30):
        one._put("celery", {"number": number})
    assert [one._get("celery")["number"] for _ in range(30)] == list(range(30))


def test_a_message_half_written_is_not_there_yet(tmp_path: Path):
    one = channel(tmp_path)
    (tmp_path / "queue" / ".draft-of-somebody").write_text('{"num')
    with pytest.raises(Empty):
        one._get("celery")


def test_a_queue_gets_only_its_own_messages(tmp_path: Path):
    one = channel(tmp_path)
    one._put("celery", {"for": "celery"})
    with pytest.raises(Empty):
        one._get("other")
    assert one._get("celery") == {"for": "celery"}


def test_queues_that_bind_at_the_same_time_all_hear_the_exchange(tmp_path: Path):
    channel(tmp_path)
    names = [f"queue{number}" for number in range(12)]
    threads = [threading.Thread(target=channel(tmp_path)._queue_bind, args=("all", "", "", name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(row.queue for row in channel(tmp_path).get_table("all")) == sorted(names)


def test_a_queue_that_is_deleted_hears_nothing_more(tmp_path: Path):
    one = channel(tmp_path)
    one._queue_bind("all", "", "", "mine")
    one._put("mine", {})
    one._delete("mine", "all", "", "")
    assert one.get_table("all") == []
    with pytest.raises(Empty):
        one._get("mine")
