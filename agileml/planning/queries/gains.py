"""What work gained over all closed sprints, from their reports as they were frozen."""

from typing import Any

from django.db.models import OuterRef, Subquery

from agileml.planning.models import Report, Sprint
from agileml.planning.rules.gains import over_all
from agileml.projects.models import Project


def gains(project: Project) -> list[dict[str, Any]]:
    """Expected against measured gain by type of ticket, of each closed sprint's report that holds; one query."""
    holds = Report.objects.filter(sprint=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    closed = Sprint.objects.filter(project=project, state=Sprint.State.CLOSED).annotate(holds=Subquery(holds))
    bodies = Report.objects.filter(pk__in=closed.values("holds")).order_by("pk").values_list("body", flat=True)
    return over_all(body["gains"] for body in bodies)
