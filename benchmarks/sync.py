"""A client that reads all tickets of a project, as it does before it follows the changes."""

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
    own, empty = [], []
    content = client.get(first).content
    counter = Counter()
    with connection.execute_wrapper(counter):
        client.get(first)
    while following:
        answers: list[bytes] = []
        empty.append(cpu(lambda: client.get(EMPTY)))
        own.append(cpu(lambda at=following: answers.append(client.get(at).content)))
        content = answers[0]
        following = content.rpartition(NEXT)[2].rstrip(b'"}').decode() if NEXT in content[-300:] else ""
    took, base = statistics.median(own), statistics.median(empty)
    name = f"full sync of {size:,}, a page of {PAGE} ({size / sum(own):,.0f} tickets/s)"
    budget = "15,000 tickets/s on PostgreSQL, 20,000 on SQLite"
    return Measured(name, took / base, 1000 * took, counter.count, len(content), 0, budget)
