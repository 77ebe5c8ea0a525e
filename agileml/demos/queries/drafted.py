"""What a draft would show if it were published now: what publishing freezes, and what a preview looks at."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agileml.demos.models import Demo, DemoItem
from agileml.demos.queries import facts
from agileml.demos.rules.freezing import body
from agileml.projects.models import Project


def to_show(of: Demo) -> list[DemoItem]:
    """The items that were not left out, in their order, with what `drafted` needs of them; one query."""
    rows = DemoItem.objects.filter(demo=of, left_out=False).select_related("ticket__story__epic", "presenter")
    return list(rows.order_by("rank", "pk"))


def drafted(project: Project, of: Demo, items: list[DemoItem], *, at: datetime) -> dict[str, Any]:
    """The body of the edition that these items would be; as many queries as `facts.head` and `facts.items` take."""
    told = facts.items(project, items, zone=ZoneInfo(project.time_zone))
    return body(facts.head(of, items), told, at=at, zone=project.time_zone)
