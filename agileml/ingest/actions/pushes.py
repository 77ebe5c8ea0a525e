"""Metrics that somebody sends."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from agileml.accounts.models import User
from agileml.ingest.rules.bodies import Body, Refused, read_push
from agileml.metrics.actions.snapshots import attach
from agileml.metrics.models import Snapshot
from agileml.metrics.rules.points import Point
from agileml.projects.doors import Hidden, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work.models import Ticket

# A run from the future would be the newest one until then, and so decide every light.
CLOCKS_DIFFER_BY = timedelta(days=1)


@dataclass(frozen=True)
class Answer:
    """What became of one value: "created", "unchanged", "superseded" or "refused" and why. `step` is -1 for none."""

    metric: str
    step: int
    pair_key: str
    result: str
    why: str = ""
    snapshot: Snapshot | None = None


@dataclass(frozen=True)
class Received:
    """What became of a push: an answer for each value, in the order of the body, and what was left out of it."""

    external_id: str
    answers: tuple[Answer, ...]
    warnings: tuple[str, ...]

    def count(self, result: str) -> int:
        """How many of the answers say `result`."""
        return sum(answer.result == result for answer in self.answers)


def receive_push(*, project: Project, ticket: int, body: Any, actor: User, now: datetime, origin: str = "") -> Received:
    """Attach what was pushed to the ticket of this number; one transaction, and safe to send again.

    `body` is the parsed JSON, in any of the forms that docs/metrics.md shows. Raises Invalid when it cannot be read
    at all, Hidden for no such ticket, Forbidden for a role that may not work. A value that is refused refuses no other.
    """
    read = believable(read_push(body, now=now), now=now)
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = Ticket.objects.alive().filter(project=w.project, number=ticket).first()
        if row is None:
            raise Hidden(ticket)
        arrivals = iter(attach(w, ticket=row, points=read.points))
    answers = []
    for item in read.items:
        if isinstance(item, Refused):
            answers.append(Answer(item.metric, item.step, item.pair_key, "refused", item.why))
        else:
            arrival = next(arrivals)
            answers.append(Answer(item.metric, item.step, item.pair_key, arrival.result, arrival.why, arrival.snapshot))
    return Received(read.external_id, tuple(answers), read.warnings)


def believable(body: Body, *, now: datetime) -> Body:
    """The body, its points from the future refused."""

    def check(item: Point | Refused) -> Point | Refused:
        if isinstance(item, Point) and item.observed_at > now + CLOCKS_DIFFER_BY:
            return Refused(item.metric, "It claims to be observed in the future.", item.step, item.pair_key)
        return item

    return replace(body, items=tuple(check(item) for item in body.items))
