"""A project's demos as its history: what each showed, in its headlines; and the sprints that could have one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Count, F, Q

from agileml.demos.models import Demo, Edition, Feedback, GoalAnswer
from agileml.demos.queries.listed import Tally, demos, tallied
from agileml.planning.models import Sprint
from agileml.projects.doors import Access
from agileml.projects.models import Project

HEADLINES = 3  # of a section: the list is read, the demo is opened
WAITING = Q(kind__in=[Feedback.Kind.QUESTION, Feedback.Kind.CONCERN], answer="", became__isnull=True)


class Told(NamedTuple):
    """A section in its first headlines, each with the uid of its item, and how many more it has."""

    code: str
    title: str
    headlines: Sequence[tuple[str, str]]
    more: int


@dataclass(frozen=True)
class Chapter:
    """One demo in the list, as its newest edition has it; of a draft there is a title and the goal of its sprint alone.

    `said` counts what was said of it, `waiting` the questions and concerns that nobody answered or made work of;
    `tallies` are how the goals were answered for.
    """

    demo: Demo
    title: str
    goal: str
    told: Sequence[Told] = ()
    said: int = 0
    waiting: int = 0
    tallies: Sequence[Tally] = ()


def chapters(access: Access) -> list[Chapter]:
    """The demos that somebody may see, newest sprint first; four queries."""
    rows = list(demos(access))
    newest = Edition.objects.filter(demo__in=rows, number=F("demo__edition"))
    bodies = dict(newest.values_list("demo", "body"))
    many = Feedback.objects.filter(demo__in=rows).values_list("demo").order_by()
    said = {pk: counts for pk, *counts in many.annotate(Count("pk"), waiting=Count("pk", filter=WAITING))}
    answers: dict[int, list[GoalAnswer]] = defaultdict(list)
    for answer in GoalAnswer.objects.filter(demo__in=rows).select_related("epic").order_by("pk"):
        answers[answer.demo_id].append(answer)
    return [_chapter(row, bodies.get(row.pk), said.get(row.pk, (0, 0)), answers[row.pk]) for row in rows]


def _chapter(
    row: Demo, body: Mapping[str, Any] | None, counts: Sequence[int], answers: Sequence[GoalAnswer]
) -> Chapter:
    if body is None:
        return Chapter(row, row.title, row.sprint.goal)
    said, waiting = counts
    return Chapter(
        row, body["title"], body["sprint"]["goal"], told(body["sections"]), said, waiting, tallied(answers)
    )  # fmt: skip


def told(sections: Sequence[Mapping[str, Any]]) -> list[Told]:
    """The sections of an edition in their first headlines."""
    found = []
    for one in sections:
        headlines = [(item["uid"], item["headline"]) for item in one["items"]]
        found.append(Told(one["code"], one["title"], headlines[:HEADLINES], len(headlines[HEADLINES:])))
    return found


def without(project: Project) -> list[Sprint]:
    """The sprints that started and have no demo yet, newest first; one query."""
    return list(
        Sprint.objects.filter(project=project, demo=None).exclude(state=Sprint.State.PLANNED).order_by("-number")
    )
