"""What a decision would do, without doing it: the same rules on the same facts, and not a row written."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agileml.planning.actions import decide, ledger
from agileml.planning.actions.decide import Why
from agileml.planning.actions.rows import References
from agileml.planning.models import Assignment, Sprint
from agileml.planning.queries.replays import recorded
from agileml.planning.rules import moves as rules
from agileml.planning.rules.consequences import Consequence, EpicFacts, PlanLine, consequences, would
from agileml.planning.rules.moves import MoveRequest, Refusal
from agileml.planning.rules.replay import Plan, PlanDiff, compare, replay
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
) -> Preview:
    """Try a decision on the plan as it is; None as sprint is the backlog alone.

    Without `why` only the moves are looked at. Raises Hidden for no such sprint, StalePlan when the plan is no longer
    at `base_version`, Invalid for a story or person that does not exist.
    """
    project = access.project
    sprint = _sprint(project, sprint_number)
    decide.refuse_stale(sprint, base_version)
    named = ledger.read(project, [move.ticket for move in moves if move.ticket is not None])
    targets = decide.targets_of(project, moves)
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
    References(project, list(decide.wanted_fields(moves)))  # raises Invalid for what leads nowhere
    refused = {refusal.pointer for refusal in refusals}
    free = [move for position, move in enumerate(moves) if f"/moves/{position}" not in refused]
    fields = {shape["number"]: ledger.plan_fields(shape) for shape in named.before.values()}
    plan = replay(recorded(sprint)) if sprint else Plan(tickets=fields)
    return Preview(
        version=sprint.plan_version if sprint else None,
        diff=compare(plan, would(plan, free, fields=fields)),
        new=[fresh for move in free for fresh in ([move.new] if move.new else move.into)],
        consequences=_consequences(project, sprint, free),
        refusals=refusals,
    )


def reason_refusals(project: Project, moves: Sequence[MoveRequest], why: Why) -> list[Refusal]:
    """What a reason lacks, evidence that does not exist included."""
    found = decide.evidence_rows(project, why.evidence)
    refusals = rules.reason_refusals(moves, reason_code=why.code, reason=why.text, evidence=len(why.evidence))
    if found.lost:
        refusals.append(decide.UNKNOWN_EVIDENCE)
    return refusals


def _sprint(project: Project, number: int | None) -> Sprint | None:
    if number is None:
        return None
    row = Sprint.objects.filter(project=project, number=number).first()
    if row is None:
        raise Hidden(number)
    return row


def _consequences(project: Project, sprint: Sprint | None, moves: Sequence[MoveRequest]) -> list[Consequence]:
    if sprint is None:
        return []
    inside = set(
        Assignment.objects.filter(sprint=sprint, opened_by__isnull=False, ended_by=None).values_list(
            "ticket__number", flat=True
        )
    )
    numbers = inside | {move.ticket for move in moves if move.ticket is not None}
    rows = Ticket.objects.alive().filter(project=project, number__in=numbers).order_by("number")
    needs: dict[int, list[int]] = defaultdict(list)
    for ticket, needed in Dependency.objects.filter(ticket__project=project, ticket__number__in=numbers).values_list(
        "ticket__number", "needs__number"
    ):
        needs[ticket].append(needed)
    lines = [
        PlanLine(
            number=number,
            key=f"{project.key}-{number}",
            status=status,
            in_sprint=number in inside,
            story=story,
            component=component,
            needs=tuple(sorted(needs.get(number, ()))),
        )
        for number, status, story, component in rows.values_list("number", "status", "story__number", "component")
    ]
    return consequences(
        moves, tickets=lines, epics=_epics(project), wip_limit=project.wip_limits.get(Ticket.Status.IN_PROGRESS)
    )


def _epics(project: Project) -> dict[int, EpicFacts]:
    rows = Story.objects.filter(project=project, deleted_at=None, epic__deleted_at=None, epic__isnull=False)
    return {
        story: EpicFacts(number=number, title=title, components=tuple(components))
        for story, number, title, components in rows.values_list(
            "number", "epic__number", "epic__title", "epic__components"
        )
    }
