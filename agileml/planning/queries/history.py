"""A sprint's decisions with all that is told of them, and what its tickets became day by day."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from agileml.journal.models import Change
from agileml.lib.charts import Day, Scope
from agileml.metrics.models import Metric
from agileml.planning.models import Decision, Evidence, Move, Sprint
from agileml.planning.queries.plans import sprint_of
from agileml.planning.rules.replay import RecordedDecision, RecordedMove
from agileml.planning.rules.scope import Progressed, Taken, days_of, scope_by_day
from agileml.projects.calendar import day_of
from agileml.projects.models import Project
from agileml.work.models import Story, Ticket


@dataclass(frozen=True)
class Past:
    """A decision with its moves and its evidence.

    `reverted_by` is the decision that took it back last, `other_sprints` are the numbers of the sprints that
    decisions of the same group changed.
    """

    row: Decision
    moves: Sequence[Move]
    evidence: Sequence[Evidence]
    reverted_by: Decision | None
    other_sprints: Sequence[int]

    def recorded(self) -> RecordedDecision:
        """The decision in the form that the rules replay."""
        lines = [
            RecordedMove(move.move, move.ticket.number if move.ticket else None, move.before, move.after)
            for move in self.moves
        ]
        return RecordedDecision(version=self.row.version or 0, moves=tuple(lines))


def pasts(rows: Iterable[Decision], *, whole: bool = False) -> list[Past]:
    """What is to be told of these decisions, in their order; at most four queries, however many there are.

    The rows need actor, reverts and sprint loaded. `whole` says that they are all of a sprint, so that what took one
    of them back is among them.
    """
    decisions = list(rows)
    ids = [row.pk for row in decisions]
    moves: dict[int, list[Move]] = defaultdict(list)
    for move in Move.objects.filter(decision__in=ids).select_related("ticket").order_by("decision", "position"):
        moves[move.decision_id].append(move)
    evidence: dict[int, list[Evidence]] = defaultdict(list)
    items = Evidence.objects.filter(decision__in=ids).select_related(
        "finding__ticket", "snapshot__ticket", "snapshot__metric", "evaluation__challenger__ticket", "evaluation__model"
    )
    for item in items.order_by("pk"):
        evidence[item.decision_id].append(item)
    reverts = decisions if whole else Decision.objects.filter(reverts__in=ids).order_by("pk")
    reverted = {row.reverts_id: row for row in reverts if row.reverts_id is not None}
    others = _other_sprints(decisions) if any(row.kind == Decision.Kind.RECEIVED for row in decisions) else {}
    return [
        Past(
            row=row,
            moves=moves.get(row.pk, []),
            evidence=evidence.get(row.pk, []),
            reverted_by=reverted.get(row.pk),
            other_sprints=others.get(row.pk, []),
        )
        for row in decisions
    ]


def _other_sprints(rows: Sequence[Decision]) -> dict[int, list[int]]:
    by_group: dict[object, set[int]] = defaultdict(set)
    groups = [row.group for row in rows]
    for group, number in Decision.objects.filter(group__in=groups, sprint__isnull=False).values_list(
        "group", "sprint__number"
    ):
        by_group[group].add(number)
    return {row.pk: sorted(by_group[row.group] - {row.sprint.number if row.sprint else 0}) for row in rows}


def of_sprint(sprint: Sprint) -> list[Past]:
    """All decisions of a sprint, in version order."""
    rows = Decision.objects.filter(sprint=sprint).select_related("actor", "reverts", "sprint").order_by("version")
    return pasts(rows, whole=True)


def with_sprint(project: Project, number: int) -> tuple[Sprint, list[Past]]:
    """A sprint and all its decisions, in version order. Raises Hidden when there is no such sprint."""
    rows = Decision.objects.filter(sprint__project=project, sprint__number=number).order_by("version")
    decisions = list(rows.select_related("actor", "reverts", "sprint"))
    sprint = decisions[0].sprint if decisions else None
    return sprint or sprint_of(project, number), pasts(decisions, whole=True)


def since(sprint: Sprint, base: int) -> list[Past]:
    """The decisions that were taken after plan version `base`, in order."""
    rows = Decision.objects.filter(sprint=sprint, version__gt=base)
    return pasts(rows.select_related("actor", "reverts", "sprint").order_by("version"))


def titles(decisions: Iterable[Past]) -> dict[int, str]:
    """The title, as it is now, of every ticket that these decisions moved."""
    return {move.ticket.number: move.ticket.title for past in decisions for move in past.moves if move.ticket}


def story_titles(project: Project, decisions: Iterable[Past]) -> dict[int, str]:
    """The titles of the stories that these decisions name, by number; no query when there are none."""
    wanted = {
        fields["story"]
        for past in decisions
        for move in past.moves
        for fields in (move.before or {}, move.after or {})
        if fields.get("story")
    }
    if not wanted:
        return {}
    return dict(Story.objects.filter(project=project, number__in=wanted).values_list("number", "title"))


def units(project: Project, decisions: Iterable[Past]) -> dict[str, str]:
    """The units of the project's metrics, by key; no query when these decisions name no criterion."""
    plans = (fields for past in decisions for move in past.moves for fields in (move.before, move.after) if fields)
    if not any(fields.get("criteria") for fields in plans):
        return {}
    return dict(Metric.objects.filter(project=project).exclude(unit="").values_list("key", "unit"))


@dataclass(frozen=True)
class ScopeHistory:
    """The days of a sprint, what its scope was at the end of those that are over or running, and the decisions."""

    days: Sequence[Day]
    scopes: Sequence[Scope]
    taken: Sequence[Taken]
    today: date


def scope(sprint: Sprint, decisions: Sequence[Past], *, project: Project, today: date) -> ScopeHistory:
    """How the sprint's scope went, in the project's calendar; one query, of what became done when."""
    taken = [
        Taken(
            day=day_of(past.row.at, project.time_zone),
            decision=past.recorded(),
            starts=past.row.kind == Decision.Kind.START,
        )
        for past in decisions
    ]
    over = day_of(sprint.closed_at, project.time_zone) if sprint.closed_at else today
    first = min([sprint.start, *(one.day for one in taken)])
    days = days_of(first, max(sprint.end, over), weekdays=project.working_days, holidays=project.holidays)
    known = [day.day for day in days if day.day <= over]
    tickets = {move.ticket.uid: move.ticket for past in decisions for move in past.moves if move.ticket}
    return ScopeHistory(
        days=days,
        scopes=scope_by_day(known, taken=taken, progressed=progressed(project, tickets)),
        taken=taken,
        today=today,
    )


def progressed(project: Project, tickets: Mapping[UUID, Ticket]) -> list[Progressed]:
    """When each of these tickets (by uid) became done or stopped being it, from the journal, in order."""
    changes = Change.objects.filter(
        stream=project.stream_id, kind="ticket", object_uid__in=list(tickets), diff__has_key="status"
    )
    return [
        Progressed(day=day_of(at, project.time_zone), ticket=tickets[uid].number, done=diff["status"][1] == "done")
        for uid, at, diff in changes.order_by("revision").values_list("object_uid", "at", "diff")
    ]


def tickets(project: Project, numbers: Iterable[int]) -> dict[int, Ticket]:
    """Tickets as they are now, by number, deleted ones included: history names them all."""
    return {row.number: row for row in Ticket.objects.filter(project=project, number__in=list(numbers))}
