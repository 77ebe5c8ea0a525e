"""How long to wait for a lock that somebody else holds; the two back ends are told and tell it in their own ways."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection

LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's code


@contextmanager
def waiting_at_most(seconds: float | None) -> Iterator[Callable[[], None]]:
    """Wait at most so long for each lock inside; None leaves everything as it is.

    What this gives is to be called once the transaction has begun: SQLite waits when it begins, and PostgreSQL can be
    told only then.
    """
    if seconds is None:
        yield lambda: None
    elif connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            usual = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
            cursor.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
            try:
                yield lambda: None
            finally:
                cursor.execute(f"PRAGMA busy_timeout = {usual}")
    else:
        limited = False

        def limit() -> None:
            nonlocal limited
            _set_local(f"'{int(seconds * 1000)}ms'")
            limited = True

        yield limit
        if limited:  # after an error there is nothing to set back: the transaction ends with it
            _set_local("DEFAULT")


def gave_up(error: OperationalError) -> bool:
    """Whether an error says that a lock was waited for in vain."""
    cause = error.__cause__
    if isinstance(cause, sqlite3.OperationalError):
        return cause.sqlite_errorcode == sqlite3.SQLITE_BUSY
    return getattr(cause, "pgcode", None) == LOCK_NOT_AVAILABLE


def _set_local(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout TO {value}")
