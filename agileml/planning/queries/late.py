"""What arrived on a ticket after the close of the sprint that it had been in, and before another sprint took it.

Which came first is told by the revisions at which they were written, and not by any clock. A decision's own moves on
when it is taken back, so the change that made it is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, Exists, F, Max, OuterRef, Q, Subquery, When

from agileml.journal.models import Change
from agileml.metrics.models import Snapshot
from agileml.planning.models import Assignment, Decision, Sprint
from agileml.work.models import Ticket


@dataclass(frozen=True)
class Stay:
    """A ticket's time in a sprint, by revisions; `closed` is None unless it was the sprint's close that ended it."""

    sprint: str
    opened: int
    closed: int | None


@dataclass(frozen=True)
class Late:
    """What arrived late on a ticket: how many values of a metric, and when the last of them did."""

    ticket: int
    title: str
    metric: str
    values: int
    at: datetime


def _made(uid: str) -> Subquery:
    """The revision of the change that made the decision whose uid is in this column, of a row that has a sprint."""
    made = Change.objects.filter(
        stream=OuterRef("sprint__project__stream"), object_uid=OuterRef(uid), action=Change.Action.CREATED
    )
    return Subquery(made.values("revision")[:1])


def stays_of(ticket: Ticket) -> list[Stay]:
    """A ticket's times in sprints that have run, newest first; one query."""
    closing = Q(sprint__state=Sprint.State.CLOSED, ended_by__version=F("sprint__plan_version"))  # its last decision
    rows = Assignment.objects.filter(ticket=ticket, opened_by__isnull=False).annotate(
        opened=_made("opened_by__uid"),
        ended=_made("ended_by__uid"),
        closed=Case(When(closing, then=True), default=False),
    )
    told = rows.order_by("-opened", "-pk").values_list("sprint__name", "opened", "ended", "closed")
    return [Stay(name, opened, ended if closed else None) for name, opened, ended, closed in told]


def late_for(stays: Sequence[Stay], revision: int) -> str:
    """The sprint after whose close something of this revision came; empty where it came in time, or for no sprint."""
    last = next((stay for stay in stays if stay.opened < revision), None)
    return last.sprint if last and last.closed is not None and last.closed < revision else ""


def late_in(sprint: Sprint) -> list[Late]:
    """What arrived on the tickets of a closed sprint after its close, by ticket and metric; one query."""
    if sprint.state != Sprint.State.CLOSED:
        return []
    close = Decision.objects.filter(sprint=sprint, version=sprint.plan_version)  # a closed sprint decides nothing more
    until = Subquery(close.annotate(made=_made("uid")).values("made")[:1])
    later = Assignment.objects.annotate(opened=_made("opened_by__uid")).filter(opened__gt=OuterRef("until"))
    taken = later.filter(ticket=OuterRef("ticket"), opened__lt=OuterRef("revision"))
    within = Assignment.objects.filter(sprint=sprint, ended_by__version=sprint.plan_version)
    rows = Snapshot.objects.filter(ticket__in=within.values("ticket")).annotate(until=until)
    counted = (
        rows.filter(~Exists(taken), revision__gt=F("until"))
        .order_by("ticket__number", "metric__key")
        .values_list("ticket__number", "ticket__title", "metric__key")
        .annotate(values=Count("pk"), at=Max("received_at"))
    )
    return [Late(*row) for row in counted]
