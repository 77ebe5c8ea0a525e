"""What of demos somebody sees first: a stakeholder what was shown to her and her goals, everybody what is new."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, Subquery

from agileml.accounts.models import User
from agileml.demos.models import Edition, Feedback, GoalAnswer
from agileml.demos.queries.told import WAITING, Told, told
from agileml.lib.times import ago
from agileml.planning.queries.epics import goals_of
from agileml.planning.queries.strip import Strip, strips_across
from agileml.projects.calendar import day_of
from agileml.projects.models import Membership, Project
from agileml.projects.rules import Need, capabilities
from agileml.work.models import Epic

NEW_FOR = timedelta(days=14)
ANSWERS_AT_MOST = 10

Verdicts = Mapping[tuple[int, int], GoalAnswer]  # of one person, by demo and epic


@dataclass(frozen=True)
class Showing:
    """The newest demo of a project as it was published, in its first headlines.

    `asks` counts the goals that it still asks her about, `waiting` the questions and concerns that wait for its team.
    """

    project: Project
    edition: Edition
    ago: str
    told: Sequence[Told]
    asks: int
    waiting: int


@dataclass(frozen=True)
class Aim:
    """A goal with where its metric stands; `asked_by` is the number of a demo that waits for her word on it."""

    epic: Epic
    strip: Strip | None
    asked_by: int | None
    said: GoalAnswer | None


@dataclass(frozen=True)
class Showings:
    """What somebody sees first. Where she is a stakeholder: `demos`, `none_yet` (projects that showed none), `aims`.

    Where she works herself: `new`, what was published lately. From everywhere `answered`, what she said, lately.
    """

    demos: Sequence[Showing]
    none_yet: Sequence[Project]
    aims: Sequence[Aim]
    new: Sequence[Showing]
    answered: Sequence[Feedback]

    @property
    def asked(self) -> int:
        """How many goals wait for her word."""
        return sum(one.asked_by is not None for one in self.aims)


def showings(user: User, members: Sequence[Membership], *, now: datetime) -> Showings:
    """What of demos a person sees first, by her memberships; eight queries, however many projects she is in."""
    theirs = [member.project for member in members if _watches(member)]
    editions = _newest(members)
    said = _said(user, editions.values())
    waiting = _waiting(editions.values())
    shown = {pk: _showing(row, said, waiting.get(row.demo_id, 0), now) for pk, row in editions.items()}
    watched = {project.pk for project in theirs}
    lately = [one for pk, one in shown.items() if pk not in watched and one.edition.at > now - NEW_FOR]
    return Showings(
        demos=[shown[project.pk] for project in theirs if project.pk in shown],
        none_yet=[project for project in theirs if project.pk not in shown],
        aims=_aims(theirs, editions, said),
        new=sorted(lately, key=lambda one: one.edition.at, reverse=True),
        answered=list(
            Feedback.objects.filter(user=user, demo__project__in=[row.project for row in members])
            .exclude(answer="")
            .filter(answered_at__gt=now - NEW_FOR)
            .select_related("demo__project", "item", "answered_by")
            .order_by("-answered_at", "-pk")[:ANSWERS_AT_MOST]
        ),
    )


def _watches(member: Membership) -> bool:
    return Need.WORK not in capabilities(member.role, replanners=member.project.replanners)


def _newest(members: Sequence[Membership]) -> dict[int, Edition]:
    """The newest edition of each project that published one, of the newest sprint that was shown; one query."""
    of_project = Edition.objects.filter(demo__project=OuterRef("pk")).order_by("-demo__sprint__number", "-number")
    projects = Project.objects.filter(pk__in=[member.project_id for member in members])
    shown = projects.annotate(shown=Subquery(of_project.values("pk")[:1])).values("shown")
    rows = Edition.objects.filter(pk__in=shown).select_related("demo__project").order_by("-at", "-pk")
    return {row.demo.project_id: row for row in rows}


def _said(user: User, editions: Iterable[Edition]) -> Verdicts:
    """What this person said of goals at these demos, the newest of each; one query."""
    rows = GoalAnswer.objects.filter(user=user, demo__in=[row.demo_id for row in editions]).select_related("epic")
    return {(row.demo_id, row.epic.number): row for row in rows.order_by("pk")}


def _waiting(editions: Iterable[Edition]) -> dict[int, int]:
    """How much of what was said waits for an answer, by demo; one query."""
    rows = Feedback.objects.filter(WAITING, demo__in=[row.demo_id for row in editions]).values_list("demo")
    return dict(rows.order_by().annotate(Count("pk")))


def _showing(row: Edition, said: Verdicts, waiting: int, now: datetime) -> Showing:
    project = row.demo.project
    days = (day_of(now, project.time_zone) - day_of(row.at, project.time_zone)).days
    asks = [goal for goal in row.body["goals"] if (row.demo_id, goal["epic"]) not in said]
    return Showing(project, row, ago(days), told(row.body["sections"]), len(asks), waiting)


def _aims(projects: Sequence[Project], editions: Mapping[int, Edition], said: Verdicts) -> list[Aim]:
    """The goals of these projects, in their order; four queries."""
    epics: dict[int, list[Epic]] = defaultdict(list)
    alive = Epic.objects.filter(project__in=projects, deleted_at=None).select_related("project")
    for epic in alive.order_by("rank", "number"):
        epics[epic.project_id].append(epic)
    rows = [epic for project in projects for epic in epics[project.pk]]
    keys = {row.pk: row.project.key for row in rows}
    strips = strips_across([(keys[goal.epic], goal) for goal in goals_of(rows)])
    return [_aim(row, strips.get(row.pk), editions.get(row.project_id), said) for row in rows]


def _aim(epic: Epic, strip: Strip | None, edition: Edition | None, said: Verdicts) -> Aim:
    if edition is None or epic.number not in {goal["epic"] for goal in edition.body["goals"]}:
        return Aim(epic, strip, None, None)
    mine = said.get((edition.demo_id, epic.number))
    return Aim(epic, strip, None if mine else edition.demo.number, mine)
