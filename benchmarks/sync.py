"""A client that reads all tickets of a project, as it does before it follows the changes."""

import gzip
import statistics
from collections.abc import Iterator

from django.db import connection
from django.test import Client

from agileml.projects.actions import issue_token
from benchmarks.measure import EMPTY, Counter, Measured, cpu
from benchmarks.scene import IN_ALL, Scene, fill

PAGE = 500
MANY = 100_000
NEXT = b'"next":"'  # at the end of a page; a client's own reading is not measured


def run(scene: Scene) -> Iterator[Measured]:
    """The whole list at ten thousand tickets and at a hundred thousand, a page at a time."""
    secret = issue_token(user=scene.lead, name="sync", scope="read", now=scene.now)
    client = Client(headers={"host": "localhost", "authorization": f"Bearer {secret}"})
    for size in (IN_ALL, MANY):
        fill(scene.project, scene.now, upto=size)
        yield _sync(client, size)


def _sync(client: Client, size: int) -> Measured:
    following = first = f"/api/v1/projects/BEN/tickets/?limit={PAGE}"
    counter = Counter()
    with connection.execute_wrapper(counter):
        content = client.get(first).content
    own, empty = [], []
    while following:
        empty.append(_timed(client, EMPTY)[0])
        took, content = _timed(client, following)
        own.append(took)
        following = content.rpartition(NEXT)[2].rstrip(b'"}').decode() if NEXT in content[-300:] else ""
    page, base = statistics.median(own), statistics.median(empty)
    name = f"full sync of {size:,}, a page of {PAGE} ({size / sum(own):,.0f} tickets/s)"
    budget = "15,000 tickets/s on PostgreSQL, 20,000 on SQLite"
    return Measured(name, page / base, 1000 * page, counter.count, len(content), len(gzip.compress(content, 6)), budget)


def _timed(client: Client, address: str) -> tuple[float, bytes]:
    """What a GET costs, and its body."""
    bodies: list[bytes] = []
    return cpu(lambda: bodies.append(client.get(address).content)), bodies[0]
