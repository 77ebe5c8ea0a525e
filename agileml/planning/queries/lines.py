"""The tickets of a sprint as the board reads them: one row each, only the columns that it shows.

Rows, not model instances: two hundred tickets with their people, stories, epics and targets would be fourteen hundred
of those, and most of the page's time.
"""

from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from agileml.planning.models import Sprint
from agileml.work.models import Ticket
from agileml.work.types import TicketType

COLUMNS = (
    "pk", "number", "type", "title", "question", "status", "outcome", "unverified", "component", "labels",
    "blocked_why", "waiting_on_run", "assignee__uid", "assignee__name", "reviewer__name", "story__number",
    "story__rank",
    "story__title", "story__epic", "story__epic__number", "story__epic__rank", "story__epic__title",
    "story__epic__target__op", "story__epic__target__value", "story__epic__target__metric",
    "story__epic__target__metric__key", "story__epic__target__metric__unit", "story__epic__target__metric__direction",
    "estimate", "started_at", "done_at",
)  # fmt: skip


class Line(NamedTuple):
    """One ticket of a sprint. What it has none of (assignee, story, epic, target) is None in all its columns."""

    pk: int
    number: int
    type: str
    title: str
    question: str
    status: str
    outcome: str
    unverified: bool
    component: str
    labels: list[str]
    blocked_why: str  # empty when it is not blocked
    waiting_on_run: bool
    assignee: object
    assignee_name: str | None
    reviewer_name: str | None
    story: int | None
    story_rank: str
    story_title: str
    epic_id: int | None
    epic: int | None
    epic_rank: str
    epic_title: str
    target_op: str | None
    target_value: float
    metric_id: int
    metric_key: str
    metric_unit: str
    metric_direction: str
    estimate: float | None
    started_at: datetime | None
    done_at: datetime | None

    @property
    def type_name(self) -> str:
        """What people call its type."""
        return str(TicketType(self.type).label)


def lines(sprint: Sprint) -> list[Line]:
    """The tickets that are in a sprint now, drafted ones while it is planned, in the project's order; one query."""
    inside = (
        Q(assignments__opened_by=None)
        if sprint.state == Sprint.State.PLANNED
        else Q(assignments__opened_by__isnull=False, assignments__ended_by=None)
    )
    rows = Ticket.objects.alive().filter(inside, assignments__sprint=sprint).order_by("rank", "number")
    return [Line._make(row) for row in rows.values_list(*COLUMNS)]
