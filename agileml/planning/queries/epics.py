"""Epics with how far they are: the target, the stories, the skeleton, and whether anybody still asks if they fit."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count

from agileml.metrics import shapes as metric_shapes
from agileml.metrics.models import Target
from agileml.planning.models import AlignmentReview, Assignment, Sprint
from agileml.planning.queries.strip import Goal, Strip, strips
from agileml.planning.rules import drift
from agileml.planning.rules.coverage import Covered, Work, coverage, stands
from agileml.projects.doors import Hidden
from agileml.projects.models import Project, read_refs
from agileml.work import shapes
from agileml.work.models import Epic, Story, Ticket


@dataclass(frozen=True)
class StoryLine:
    """A story, and how many tickets it holds by status."""

    story: Story
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """All its tickets."""
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        """Those that are done."""
        return self.counts["done"]

    @property
    def doing(self) -> int:
        """Those under way."""
        return self.counts["in_progress"] + self.counts["in_review"]

    @property
    def skipped(self) -> int:
        """Those that are skipped."""
        return self.counts["skipped"]


@dataclass(frozen=True)
class EpicLine:
    """An epic with all that its tile shows; `unreviewed` counts closed sprints with work in it and no review since."""

    epic: Epic
    strip: Strip | None
    stories: Sequence[StoryLine]
    coverage: Sequence[Covered]
    reviews: Sequence[AlignmentReview]
    unreviewed: int
    goal: Goal | None = None

    @property
    def review(self) -> AlignmentReview | None:
        """The newest review."""
        return self.reviews[0] if self.reviews else None

    @property
    def drifts(self) -> bool:
        """Whether it has gone unreviewed for too long."""
        return self.unreviewed >= drift.DRIFTS_AFTER

    @property
    def stands(self) -> bool:
        """Whether its skeleton stands."""
        return stands(self.coverage)

    @property
    def touched(self) -> int:
        """In how many components something is done."""
        return sum(1 for one in self.coverage if one.state == "stands")


def epic_lines(project: Project, *, number: int | None = None) -> list[EpicLine]:
    """The epics of a project in rank, or the one with this number; eight queries, however many there are.

    Raises Hidden when there is none with the number.
    """
    epics = Epic.objects.filter(project=project, deleted_at=None).order_by("rank", "number")
    rows = list(epics if number is None else epics.filter(number=number))
    if number is not None and not rows:
        raise Hidden(number)
    goals = goals_of(rows)
    aims = strips(project.key, goals)
    stories, work = _stories(rows)
    reviews: dict[int, list[AlignmentReview]] = defaultdict(list)
    found = AlignmentReview.objects.filter(epic__in=rows).select_related("sprint", "author")
    for review in found.order_by("-at", "-pk"):
        reviews[review.epic_id].append(review)
    begun = _begun(project)
    worked = _worked(rows)
    return [
        EpicLine(
            epic=row,
            strip=aims.get(row.pk),
            goal=next((goal for goal in goals if goal.epic == row.pk), None),
            stories=stories[row.pk],
            coverage=coverage(row.components, work[row.pk]),
            reviews=reviews[row.pk],
            unreviewed=drift.unreviewed(
                begun, worked=worked[row.pk], reviewed={review.sprint_id for review in reviews[row.pk]}
            ),
        )
        for row in rows
    ]


def goals_of(epics: Sequence[Epic]) -> list[Goal]:
    """The targets of those of these epics that have one; one query."""
    titles = {row.pk: row.title for row in epics}
    return [
        Goal(
            epic=target.epic_id,
            title=titles[target.epic_id],
            op=target.op,
            value=target.value,
            metric=target.metric_id,
            key=target.metric.key,
            unit=target.metric.unit,
            direction=target.metric.direction,
        )
        for target in Target.objects.filter(epic__in=titles).select_related("metric")
    ]


def reviewable(project: Project) -> list[Sprint]:
    """The sprints after which an epic may be reviewed: running ones and closed ones, the newest first."""
    return list(
        Sprint.objects.filter(project=project).exclude(state=Sprint.State.PLANNED).order_by("-start", "-number")
    )


def story_of(project: Project, number: int) -> Story:
    """A story. Raises Hidden when there is none."""
    row = Story.objects.filter(project=project, number=number, deleted_at=None).select_related("epic").first()
    if row is None:
        raise Hidden(number)
    return row


def tickets_under(**where: Any) -> list[Ticket]:
    """The tickets of a story, or of an epic by `story__epic`, in the order of stories and ranks."""
    rows = Ticket.objects.alive().filter(**where).select_related("story", "assignee")
    return list(rows.order_by("story__rank", "story__number", "rank", "number"))


def others(project: Project) -> list[Epic]:
    """The epics that a story can be under, in rank."""
    return list(Epic.objects.filter(project=project, deleted_at=None).order_by("rank", "number"))


def epic_shapes(rows: Iterable[Epic]) -> list[dict[str, Any]]:
    """Epics as clients see them, in the order of `rows`; two queries."""
    rows = list(rows)
    read_refs(rows)
    targets = {row.epic_id: row for row in Target.objects.filter(epic__in=rows).select_related("metric")}
    return [
        shapes.epic(row, target=metric_shapes.target(targets[row.pk]) if row.pk in targets else None) for row in rows
    ]


def _stories(epics: Sequence[Epic]) -> tuple[dict[int, list[StoryLine]], dict[int, list[Work]]]:
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    work: dict[int, list[Work]] = defaultdict(list)
    tickets = Ticket.objects.alive().filter(story__epic__in=epics).order_by()
    for epic, story, component, status, many in tickets.values_list(
        "story__epic", "story", "component", "status"
    ).annotate(many=Count("pk")):
        counts[story][status] += many
        work[epic].append(Work(component, status, many))
    lines: dict[int, list[StoryLine]] = defaultdict(list)
    for story in Story.objects.filter(epic__in=epics, deleted_at=None).order_by("rank", "number"):
        assert story.epic_id is not None
        lines[story.epic_id].append(StoryLine(story, counts[story.pk]))
    return lines, work


def _begun(project: Project) -> list[int]:
    rows = Sprint.objects.filter(project=project).exclude(state=Sprint.State.PLANNED).order_by("start", "number")
    return list(rows.values_list("pk", flat=True))


def _worked(epics: Sequence[Epic]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    inside = Assignment.objects.filter(
        ticket__story__epic__in=epics, sprint__state=Sprint.State.CLOSED, opened_by__isnull=False
    )
    for epic, sprint in inside.order_by().values_list("ticket__story__epic", "sprint").distinct():
        found[epic].add(sprint)
    return found
