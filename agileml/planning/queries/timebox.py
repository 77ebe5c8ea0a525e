"""The time-box that a ticket is in, on the working days of its project."""

from datetime import datetime

from agileml.planning.rules.timebox import Box, box
from agileml.planning.rules.wip import UNDER_WAY
from agileml.projects.calendar import day_of
from agileml.projects.models import Project
from agileml.work.models import Ticket


def boxed(project: Project, ticket: Ticket, *, now: datetime) -> Box | None:
    """How far the ticket's time-box is; None where the project has none, or the ticket is not under way."""
    if project.estimate_mode != Project.EstimateMode.TIMEBOX or ticket.status not in UNDER_WAY:
        return None
    if not ticket.estimate or ticket.started_at is None:
        return None
    return box(
        started=day_of(ticket.started_at, project.time_zone),
        today=day_of(now, project.time_zone),
        days=ticket.estimate,
        weekdays=project.working_days,
        holidays=project.holidays,
    )
