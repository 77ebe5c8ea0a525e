"""Calls made at once, each on a database connection of its own."""

from collections.abc import Callable
from threading import Thread
from typing import Any

from django.db import connection


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Make all calls at once and give their results in order; a call that raises gives its exception."""
    results: list[Any] = [None] * len(calls)

    def run(at: int) -> None:
        try:
            results[at] = calls[at]()
        except Exception as error:  # noqa: BLE001 -- the test looks at it, whatever it is
            results[at] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=(at,)) for at in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
