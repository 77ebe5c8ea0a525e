"""A project's demos as its history: what each showed, in its headlines; and the sprints that could have one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Count, F

from agileml.demos.models import Demo, Edition, Feedback
from agileml.demos.queries.listed import demos
from agileml.planning.models import Sprint
from agileml.projects.doors import Access
from agileml.projects.models import Project

HEADLINES = 3  # of a section: the list is read, the demo is opened


class Told(NamedTuple):
    """A section in its first headlines, and how many more it has."""

    code: str
    title: str
    headlines: Sequence[str]
    more: int


@dataclass(frozen=True)
class Chapter:
    """One demo in the list: the sections of its newest edition, none for a draft, and how much was said."""

    demo: Demo
    told: Sequence[Told]
    feedback: int


def chapters(access: Access) -> list[Chapter]:
    """The demos that somebody may see, newest sprint first; three queries."""
    rows = list(demos(access))
    newest = Edition.objects.filter(demo__in=rows, number=F("demo__edition")).values_list("demo", "body__sections")
    shown = {demo: told(sections) for demo, sections in newest}
    said = dict(Feedback.objects.filter(demo__in=rows).values_list("demo").annotate(Count("pk")))
    return [Chapter(row, shown.get(row.pk, ()), said.get(row.pk, 0)) for row in rows]


def told(sections: Sequence[Mapping[str, Any]]) -> list[Told]:
    """The sections of an edition in their first headlines."""
    found = []
    for one in sections:
        headlines = [item["headline"] for item in one["items"]]
        found.append(Told(one["code"], one["title"], headlines[:HEADLINES], len(headlines[HEADLINES:])))
    return found


def without(project: Project) -> list[Sprint]:
    """The sprints that started and have no demo yet, newest first; one query."""
    return list(
        Sprint.objects.filter(project=project, demo=None).exclude(state=Sprint.State.PLANNED).order_by("-number")
    )
