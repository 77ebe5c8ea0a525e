"""A demo begins itself from what its sprint ended, and takes in what ended since."""

from collections.abc import Sequence
from datetime import datetime

from agileml.accounts.models import User
from agileml.demos import shapes
from agileml.demos.actions import rows
from agileml.demos.models import Demo, DemoItem
from agileml.demos.queries import ended as queries
from agileml.demos.rules.beginning import headline_of, section_of
from agileml.journal.actions import AT_ONCE
from agileml.lib import ranks
from agileml.metrics.rules.refusing import CannotBe
from agileml.planning.models import Sprint
from agileml.projects.doors import Hidden, ProjectWriting, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work.models import Ticket


def begin_demo(*, project: Project, sprint: int, actor: User, now: datetime, origin: str = "") -> Demo:
    """The demo of a sprint (its number), made of its done and skipped tickets unless there is one already.

    Raises Hidden for no such sprint, CannotBe `not_started` for a planned one.
    """
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        of = Sprint.objects.filter(project=w.project, number=sprint).first()
        if of is None:
            raise Hidden(sprint)
        there = Demo.objects.select_related("sprint", "project").filter(sprint=of).first()
        if there is not None:
            return there
        if of.state == Sprint.State.PLANNED:
            raise CannotBe("not_started", "This sprint has not started yet: there is nothing to show.")
        row = Demo(
            project=w.project,
            sprint=of,
            number=w.journal.number("demos"),
            title=of.name,
            created_at=w.now,
            revision=w.revision,
        )
        row.save(force_insert=True)
        w.journal.record("demo", "created", row, resource=shapes.demo(row))
        _take_in(w, row, queries.over(of))
    return row


def refresh_items(*, project: Project, demo: int, actor: User, now: datetime, origin: str = "") -> list[DemoItem]:
    """Add the tickets that ended since, at the end; what is there stays as it was written. Raises Hidden."""
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = rows.demo_row(w, demo)
        there = set(DemoItem.objects.filter(demo=row, ticket__isnull=False).values_list("ticket", flat=True))
        return _take_in(w, row, [ticket for ticket in queries.over(row.sprint) if ticket.pk not in there])


def last_rank(demo: Demo) -> str | None:
    """The key of the item that stands last."""
    return DemoItem.objects.filter(demo=demo).order_by("-rank").values_list("rank", flat=True).first()


def _take_in(w: ProjectWriting, demo: Demo, tickets: Sequence[Ticket]) -> list[DemoItem]:
    if not tickets:
        return []
    ended = queries.ended(tickets)
    rank, made = last_rank(demo), []
    for ticket in tickets:
        rank = ranks.between(rank, None)
        told = ended[ticket.pk]
        made.append(DemoItem(demo=demo, ticket=ticket, section=section_of(told), headline=headline_of(told), rank=rank))
    DemoItem.objects.bulk_create(made, batch_size=AT_ONCE)
    rows.created(w, demo, made)
    return made
