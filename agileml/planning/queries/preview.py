"""What a decision would do, without doing it: the same rules on the same facts, and not a row written."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from agileml.metrics.models import Criterion, Target
from agileml.planning.actions import decide, ledger
from agileml.planning.actions.decide import Why
from agileml.planning.actions.rows import References
from agileml.planning.models import Sprint
from agileml.planning.queries.replays import recorded
from agileml.planning.rules import moves as rules
from agileml.planning.rules.consequences import Consequence, EpicFacts, Ground, PlanLine, consequences, would
from agileml.planning.rules.moves import MoveRequest, Refusal
from agileml.planning.rules.replay import Plan, PlanDiff, compare, replay
from agileml.projects.calendar import working_days
from agileml.projects.doors import Access, Hidden
from agileml.projects.models import Project
from agileml.work.models import Dependency, Story, Ticket


@dataclass(frozen=True)
class Preview:
    """What would change, what would follow from it, and what stands in the way.

    `version` is the plan version that the moves were tried on, None for the backlog. `diff` and `consequences` are
    those of the moves that nothing stands in the way of; `new` are the fields of the tickets that they would make.
    """

    version: int | None
    diff: PlanDiff
    new: Sequence[Mapping[str, Any]]
    consequences: Sequence[Consequence]
    refusals: Sequence[Refusal]


def preview(
    access: Access,
    sprint_number: int | None,
    moves: Sequence[MoveRequest],
    why: Why | None = None,
    *,
    base_version: int | None = None,
    today: date | None = None,
) -> Preview:
    """Try a decision on the plan as it is; None as sprint is the backlog alone.

    Without `why` only the moves are looked at; without `today` (a date of the project's) the time
    left is not. Raises Hidden for no such sprint, StalePlan when the plan is no longer
    at `base_version`, Invalid for a story or person that does not exist.
    """
    project = access.project
    sprint, targets = _sprints(project, sprint_number, moves)
    decide.refuse_stale(sprint, base_version)
    named = ledger.read(project, [move.ticket for move in moves if move.ticket is not None], with_refs=False)
    refusals = decide.state_refusals(sprint)
    refusals += rules.refusals(
        moves,
        sprint=decide.facts_of(sprint) if sprint else None,
        tickets=decide.ticket_facts(named),
        sprints=decide.all_facts(targets),
    )
    if why is not None:
        refusals += reason_refusals(project, moves, why)
    decide.check_sprint_dates(sprint, moves)
    stories = list(Story.objects.filter(project=project, deleted_at=None).select_related("epic"))
    References(project, list(decide.wanted_fields(moves)), stories=stories)  # raises Invalid for what leads nowhere
    refused = {refusal.pointer for refusal in refusals}
    free = [move for position, move in enumerate(moves) if f"/moves/{position}" not in refused]
    fields = {shape["number"]: ledger.plan_fields(shape) for shape in named.before.values()}
    plan = replay(recorded(sprint)) if sprint else Plan(tickets=fields)
    return Preview(
        version=sprint.plan_version if sprint else None,
        diff=compare(plan, would(plan, free, fields=fields)),
        new=[fresh for move in free for fresh in ([move.new] if move.new else move.into)],
        consequences=_consequences(project, sprint, free, today, inside=set(plan.tickets), known=stories),
        refusals=refusals,
    )


def reason_refusals(project: Project, moves: Sequence[MoveRequest], why: Why) -> list[Refusal]:
    """What a reason lacks, evidence that does not exist included."""
    found = decide.evidence_rows(project, why.evidence)
    refusals = rules.reason_refusals(moves, reason_code=why.code, reason=why.text, evidence=len(why.evidence))
    if found.lost:
        refusals.append(decide.UNKNOWN_EVIDENCE)
    return refusals


def _sprints(
    project: Project, number: int | None, moves: Sequence[MoveRequest]
) -> tuple[Sprint | None, dict[int, Sprint]]:
    """The sprint that the moves are for, None for the backlog, and those that they defer to, by number; one query."""
    to = {move.to for move in moves if move.to is not None}
    wanted = to if number is None else to | {number}
    rows = {row.number: row for row in Sprint.objects.filter(project=project, number__in=wanted)} if wanted else {}
    if number is not None and number not in rows:
        raise Hidden(number)
    return rows.get(number or 0), {name: row for name, row in rows.items() if name in to}


def _consequences(
    project: Project,
    sprint: Sprint | None,
    moves: Sequence[MoveRequest],
    today: date | None,
    *,
    inside: set[int],
    known: Sequence[Story],
) -> list[Consequence]:
    if sprint is None:
        return []
    numbers = inside | {move.ticket for move in moves if move.ticket is not None}
    rows = Ticket.objects.alive().filter(project=project, number__in=numbers).select_related("story", "assignee")
    needs: dict[int, list[int]] = defaultdict(list)
    for ticket, needed in Dependency.objects.filter(ticket__project=project, ticket__number__in=numbers).values_list(
        "ticket__number", "needs__number"
    ):
        needs[ticket].append(needed)
    tested: dict[int, set[str]] = defaultdict(set)
    criteria = Criterion.objects.alive().filter(ticket__project=project, ticket__number__in=numbers)
    for ticket, metric in criteria.values_list("ticket__number", "metric__key"):
        tested[ticket].add(metric)
    lines = [
        PlanLine(
            number=row.number,
            key=f"{project.key}-{row.number}",
            status=row.status,
            in_sprint=row.number in inside,
            story=row.story.number if row.story else None,
            component=row.component,
            needs=tuple(sorted(needs.get(row.number, ()))),
            type=row.type,
            estimate=row.estimate,
            assignee=row.assignee.name if row.assignee else "",
            metrics=tuple(sorted(tested.get(row.number, ()))),
        )
        for row in rows.order_by("number")
    ]
    stories, epics = _stories(known)
    boxed = today is not None and project.estimate_mode == Project.EstimateMode.TIMEBOX
    ground = Ground(
        stories=stories,
        targets=_targets(project),
        person_limit=project.wip_per_person,
        days_left=_days_left(project, sprint, today) if boxed and today else None,
    )
    limit = project.wip_limits.get(Ticket.Status.IN_PROGRESS)
    return consequences(moves, tickets=lines, epics=epics, wip_limit=limit, ground=ground)


def _days_left(project: Project, sprint: Sprint, today: date) -> int:
    start = max(today, sprint.start)
    return working_days(start, sprint.end, weekdays=project.working_days, holidays=project.holidays)


def _targets(project: Project) -> dict[str, str]:
    rows = Target.objects.filter(epic__project=project, epic__deleted_at=None)
    return dict(rows.values_list("metric__key", "epic__title"))


def _stories(known: Sequence[Story]) -> tuple[dict[int, str], dict[int, EpicFacts]]:
    titles: dict[int, str] = {}
    epics: dict[int, EpicFacts] = {}
    for row in known:
        titles[row.number] = row.title
        if row.epic is not None and row.epic.deleted_at is None:
            epics[row.number] = EpicFacts(row.epic.number, row.epic.title, tuple(row.epic.components))
    return titles, epics
