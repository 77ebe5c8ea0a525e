"""When the next sprint of a project would run."""

from datetime import date, datetime

from django.db.models import Max

from agileml.planning.models import Sprint
from agileml.planning.rules.dates import last_day, proposed
from agileml.projects.calendar import day_of
from agileml.projects.models import Project


def next_dates(project: Project, *, now: datetime, start: date | None = None) -> tuple[date, date]:
    """The first and last day of the sprint after the latest one, or of one that begins on `start`.

    Today is that of the project's zone. At most one query.
    """
    calendar = {"weekdays": project.working_days, "holidays": project.holidays}
    if start is not None:
        return start, last_day(start, days=project.sprint_days, **calendar)
    latest = Sprint.objects.filter(project=project).aggregate(end=Max("end"))["end"]
    return proposed(today=day_of(now, project.time_zone), after=latest, days=project.sprint_days, **calendar)
