"""Watching for news: one thread a process, however many follow however many projects; none while nobody does."""

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

from django.db import DatabaseError, close_old_connections, connection

from agileml.journal.models import Stream
from agileml.journal.queries import Head
from agileml.lib.bell import TROUBLE, Bell, bell

logger = logging.getLogger(__name__)

SQLITE_SECONDS = 0.05  # how often one number is read from the database file, which costs some microseconds
HEARING_SECONDS = 5  # how often one looks although no bell rang
DEAF_SECONDS = 1  # how often one looks where there is no bell, or none that works
GATHER_SECONDS = 0.01  # the rings of so long a time make one look

Told = Callable[[Head], None]
Waits = Callable[[threading.Event], Iterator[None]]


class Watcher:
    """Tells followers when their stream has got further.

    waits: yields whenever it is time to look, until the event is set that it is given.
    """

    def __init__(self, waits: Waits) -> None:
        self._waits = waits
        self._lock = threading.Lock()
        self._followers: dict[int, list[Told]] = {}
        self._known: dict[int, Head] = {}
        self._enough: threading.Event | None = None

    def follow(self, stream_id: int, told: Told) -> Callable[[], None]:
        """Have `told` called with the new head each time that the stream has got further; answers how to end that.

        It is called from the watcher's thread, so it must be quick and must not raise. What was written before this
        returns may not be told any more: read it from the journal after this.
        """
        with self._lock:
            self._followers.setdefault(stream_id, []).append(told)
            if self._enough is None:
                self._enough = threading.Event()
                threading.Thread(target=self._watch, args=(self._enough,), name="watcher", daemon=True).start()

        def forget() -> None:
            with self._lock:
                self._followers[stream_id].remove(told)
                if not self._followers[stream_id]:
                    del self._followers[stream_id]
                    self._known.pop(stream_id, None)
                if not self._followers and self._enough is not None:
                    self._enough.set()
                    self._enough = None

        return forget

    def _watch(self, enough: threading.Event) -> None:
        for _ in self._waits(enough):
            try:
                close_old_connections()
                self._look()
            except DatabaseError as trouble:
                logger.warning("No look at the news: %s", trouble)
                enough.wait(DEAF_SECONDS)
        connection.close()

    def _look(self) -> None:
        with self._lock:
            watched = list(self._followers)
        rows = Stream.objects.filter(pk__in=watched).values_list("pk", "epoch", "revision")
        heads = {pk: Head(epoch=epoch, revision=revision) for pk, epoch, revision in rows}
        with self._lock:
            for pk, head in heads.items():
                if pk in self._followers and self._known.get(pk) != head:
                    self._known[pk] = head
                    for told in self._followers[pk]:
                        told(head)


def whenever_there_may_be_news(enough: threading.Event) -> Iterator[None]:
    """The waiting that suits the database and the broker of this installation."""
    here = bell()
    if connection.vendor == "sqlite":
        return _when_the_file_changes(enough, str(connection.settings_dict["NAME"]))
    if here is not None:
        return _when_it_rings(enough, here)
    return _each_second(enough)


def _when_the_file_changes(enough: threading.Event, path: str) -> Iterator[None]:
    """Whenever another connection has committed to the SQLite database, from whichever process."""
    while not enough.is_set():
        try:
            with contextlib.closing(sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)) as database:
                before = None
                while not enough.wait(SQLITE_SECONDS):
                    (version,) = database.execute("PRAGMA data_version").fetchone()
                    if version != before:
                        before = version
                        yield
        except sqlite3.Error as trouble:
            logger.warning("The database file cannot be watched: %s", trouble)
            enough.wait(DEAF_SECONDS)
            yield


def _when_it_rings(enough: threading.Event, here: Bell) -> Iterator[None]:
    while not enough.is_set():
        try:
            with contextlib.closing(here.listen()) as hearing:
                yield  # what happened while nothing was heard
                quiet_since = time.monotonic()
                while not enough.is_set():
                    rang = hearing.get_message(timeout=SQLITE_SECONDS * 4) is not None
                    if rang:
                        enough.wait(GATHER_SECONDS)
                        while hearing.get_message(timeout=0) is not None:
                            pass
                    if rang or time.monotonic() - quiet_since > HEARING_SECONDS:
                        quiet_since = time.monotonic()
                        yield
        except TROUBLE as trouble:
            logger.warning("No bell to hear: %s", trouble)
            enough.wait(DEAF_SECONDS)
            yield


def _each_second(enough: threading.Event) -> Iterator[None]:
    while not enough.wait(DEAF_SECONDS):
        yield


watcher = Watcher(whenever_there_may_be_news)
