"""Counting and timing one call, and the table of the results."""

import gzip
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test import Client

EMPTY = "/healthz/"


@dataclass(frozen=True)
class Measured:
    """One row: `ratio` is CPU in units of the empty view, `budget` the words of what it may be."""

    name: str
    ratio: float
    milliseconds: float
    statements: int
    size: int
    zipped: int
    budget: str


class Counter:
    """Counts SQL statements, transactions' begin and end not included."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.count += 1
        return execute(sql, params, many, context)


def measure(
    name: str, call: Callable[[], Any], *, browser: Client, budget: str, times: int = 40, cold: bool = False
) -> Measured:
    """Call `times` times, each beside the empty view. The answer's size is that of the last call, if it has one."""
    if not cold:
        call()
    counter = Counter()
    with connection.execute_wrapper(counter):
        answer = call()
    own, empty = [], []
    for _ in range(times):
        empty.append(cpu(lambda: browser.get(EMPTY)))
        own.append(cpu(call))
    body = getattr(answer, "content", b"")
    took, base = statistics.median(own), statistics.median(empty)
    return Measured(name, took / base, 1000 * took, counter.count, len(body), len(gzip.compress(body, 6)), budget)


def cpu(call: Callable[[], Any]) -> float:
    """The seconds that this process works on a call."""
    begun = time.process_time()
    call()
    return time.process_time() - begun


def table(rows: Sequence[Measured]) -> str:
    """The rows as a Markdown table, as it stands in the README."""
    lines = [
        f"Measured on {connection.vendor}; CPU of this process in units of an empty view of the same run.",
        "",
        "| what | × empty view | CPU ms | SQL | bytes | gzip | at most |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    lines += [
        f"| {row.name} | {row.ratio:.1f} | {row.milliseconds:.1f} | {row.statements} | {row.size or '–'} "
        f"| {row.zipped if row.size else '–'} | {row.budget} |"
        for row in rows
    ]
    return "\n".join(lines)
