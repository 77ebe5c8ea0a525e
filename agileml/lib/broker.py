"""The embedded broker: Celery's filesystem broker, with messages that are seen whole or not at all.

As it comes, that broker writes a message in place and moves it to the temporary folder to read it, which may be another
file system. A worker that looks in between reads half a message, loses it, and stops working altogether. Here a message
appears, and is taken, by one rename within its folder. The folders are made by whoever comes first.
"""

import fcntl
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

Row = filesystem.exchange_queue_t


class Channel(filesystem.Channel):
    """Queues as files of one folder; which queue hears which exchange, as tables in another."""

    def __init__(self, connection: Any, **options: Any) -> None:
        super().__init__(connection, **options)
        self.queues, self.tables = Path(self.data_folder_in), Path(self.control_folder)
        try:
            self.queues.mkdir(parents=True, exist_ok=True)
            self.tables.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise ChannelError(f"The broker's folder cannot be made: {problem}") from problem

    def _put(self, queue: str, payload: Any, **options: Any) -> None:  # type: ignore[override]
        # The base class looks for names that go on, after the first dot, with the queue's name and ".msg".
        appears = self.queues / f"{time.time_ns():020d}-{uuid.uuid4().hex}.{queue}.msg"
        _write_whole(appears, dumps(payload))

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for name in sorted(path.name for path in self.queues.iterdir()):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = self.queues / f".taken-{name}"
            try:
                (self.queues / name).rename(taken)
            except FileNotFoundError:
                continue  # another worker was faster
            message = taken.read_bytes()
            taken.unlink()
            return loads(message)
        raise Empty

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        row = Row(routing_key or "", pattern or "", queue or "")
        with self._table(exchange) as rows:
            if row not in rows:
                rows.insert(0, row)

    def _delete(self, queue: str, exchange: str, routing_key: str, pattern: str, *args: Any, **options: Any) -> None:
        self._purge(queue)
        row = Row(routing_key or "", pattern or "", queue or "")
        with self._table(exchange) as rows:
            if row in rows:
                rows.remove(row)

    @contextmanager
    def _table(self, exchange: str) -> Iterator[list[Row]]:
        """The table of an exchange, to be changed by one process at a time."""
        file = self._exchange_file(exchange)
        with (self.tables / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            rows = self.get_table(exchange)
            before = list(rows)
            yield rows
            if rows != before:
                _write_whole(file, dumps(rows))


class Transport(filesystem.Transport):
    """What CELERY_BROKER_TRANSPORT names."""

    Channel = Channel


def _write_whole(path: Path, text: str) -> None:
    draft = path.with_name(f".draft-{uuid.uuid4().hex}")
    try:
        draft.write_text(text)
        draft.replace(path)
    except OSError as problem:
        raise ChannelError(f"The broker's folder cannot be written: {problem}") from problem
