"""A project's demos as its history: what each showed, in its headlines; and the sprints that could have one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F

from agileml.demos.models import Demo, Edition, Feedback
from agileml.demos.queries.listed import demos
from agileml.planning.models import Sprint
from agileml.projects.doors import Access
from agileml.projects.models import Project

HEADLINES = 3  # of a section: the list is read, the demo is opened


@dataclass(frozen=True)
class Chapter:
    """One demo in the list: the sections of its newest edition with their first headlines, and how much was said.

    `told` is empty for a draft; each entry holds a section's code and title, its headlines and how many more it has.
    """

    demo: Demo
    told: Sequence[tuple[str, str, Sequence[str], int]]
    feedback: int


def chapters(access: Access) -> list[Chapter]:
    """The demos that somebody may see, newest sprint first; three queries."""
    rows = list(demos(access))
    newest = Edition.objects.filter(demo__in=rows, number=F("demo__edition")).values_list("demo", "body__sections")
    told = {demo: [_section(one) for one in sections] for demo, sections in newest}
    said = dict(Feedback.objects.filter(demo__in=rows).values_list("demo").annotate(Count("pk")))
    return [Chapter(row, told.get(row.pk, ()), said.get(row.pk, 0)) for row in rows]


def _section(one: Mapping[str, Any]) -> tuple[str, str, Sequence[str], int]:
    headlines = [item["headline"] for item in one["items"]]
    return one["code"], one["title"], headlines[:HEADLINES], len(headlines[HEADLINES:])


def without(project: Project) -> list[Sprint]:
    """The sprints that started and have no demo yet, newest first; one query."""
    return list(
        Sprint.objects.filter(project=project, demo=None).exclude(state=Sprint.State.PLANNED).order_by("-number")
    )
