"""The time-box that a ticket is in, on the working days of its project."""

from collections.abc import Sequence
from datetime import date, datetime

from agileml.planning.queries.lines import Line
from agileml.planning.rules.timebox import Box, Spent, box, spent
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


def spent_on(project: Project, tickets: Sequence[Line], *, today: date) -> Spent | None:
    """How much of a sprint's time-boxes is used: what is under way up to `today`, what is done up to the day it was.

    What is skipped counts for nothing. None where the project has no time-boxes, or the sprint none.
    """
    if project.estimate_mode != Project.EstimateMode.TIMEBOX:
        return None
    return spent(
        _box_of(project, line, line.estimate, today=today)
        for line in tickets
        if line.estimate and line.status != Ticket.Status.SKIPPED
    )


def _box_of(project: Project, line: Line, days: float, *, today: date) -> Box:
    if line.status not in {*UNDER_WAY, Ticket.Status.DONE} or line.started_at is None:
        return Box(0, days)
    started = day_of(line.started_at, project.time_zone)
    until = day_of(line.done_at, project.time_zone) if line.done_at else today
    return box(started=started, today=until, days=days, weekdays=project.working_days, holidays=project.holidays)
