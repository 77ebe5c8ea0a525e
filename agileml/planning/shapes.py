"""How tickets, sprints and decisions are shown to clients: one function a resource, for each answer and the feed."""

from collections import defaultdict, namedtuple
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from agileml.lib.among import Among
from agileml.lib.times import maybe_rfc3339, rfc3339
from agileml.metrics import shapes as metric_shapes
from agileml.planning.models import (
    AlignmentReview,
    Assignment,
    Decision,
    Dismissal,
    Evidence,
    Move,
    Proposal,
    Report,
    Sprint,
)
from agileml.planning.rules.suggesting import Suggestion
from agileml.projects.models import refs_of
from agileml.projects.shapes import named, person
from agileml.work import links
from agileml.work.models import Dependency, Ticket

Shape = dict[str, Any]


# All that the shape of a ticket takes from its row and those around it. Read flat, since making a model of each of
# five tables for every line of a list is most of what a list would cost.
OF_A_TICKET = (
    "pk", "project_id", "uid", "number", "type", "title", "question", "description", "expected_benefit",
    "riskiest_assumption", "stop_when", "component", "story__number", "story__epic__number", "labels", "estimate",
    "assignee__uid", "assignee__name", "reviewer__uid", "reviewer__name", "status", "outcome", "unverified",
    "blocked_since", "blocked_why", "waiting_on_run", "links", "checklist", "split_from__number", "rank", "version",
    "revision", "created_at", "updated_at",
)  # fmt: skip
Flat = namedtuple("Flat", OF_A_TICKET)  # type: ignore[misc]


def flat() -> Any:
    """Tickets as rows of just what their shapes need, in one query."""
    return Ticket.objects.values_list(*OF_A_TICKET, named=True)


def _flattened(row: Ticket) -> Any:
    """The same of a ticket that was read with all around it, as `loaded` does."""
    story, epic = row.story, row.story.epic if row.story else None
    around = {"story": story, "story__epic": epic, "assignee": row.assignee, "reviewer": row.reviewer,
              "split_from": row.split_from}  # fmt: skip
    return Flat(*(_part(row, around, name) for name in OF_A_TICKET))


def _part(row: Ticket, around: dict[str, Any], name: str) -> Any:
    where, _, column = name.rpartition("__")
    return getattr(around[where] if where else row, column, None)


def tickets(rows: Iterable[Any], *, key: str, with_refs: bool = True) -> list[Shape]:
    """Tickets as clients see them, in the order of `rows`; five queries, however many there are, and none for none.

    `key` is the project's; without `with_refs` their names elsewhere are not read, where nobody is to see them. The
    rows are `flat`, or tickets that were `loaded`.
    """
    rows = [_flattened(row) if isinstance(row, Ticket) else row for row in rows]
    if not rows:
        return []
    ids = [row.pk for row in rows]
    needs: dict[int, list[int]] = defaultdict(list)
    for ticket_id, number in (
        Dependency.objects.filter(Among("ticket_id", ids))
        .order_by("needs__number")
        .values_list("ticket", "needs__number")
    ):
        needs[ticket_id].append(number)
    criteria: dict[int, list[Shape]] = defaultdict(list)
    for criterion in metric_shapes.flat_criteria().filter(Among("ticket_id", ids)).order_by("pk"):
        criteria[criterion.ticket_id].append(metric_shapes.criterion(criterion))
    active: dict[int, int] = {}
    planned: dict[int, int] = {}
    held = Assignment.objects.filter(Among("ticket_id", ids), ended_by=None)
    for ticket_id, opened, number in held.values_list("ticket", "opened_by", "sprint__number"):
        (planned if opened is None else active)[ticket_id] = number
    refs = refs_of(rows[0].project_id, "ticket", [row.uid for row in rows]) if with_refs else {}
    return [
        {
            "uid": str(row.uid),
            "number": row.number,
            "key": f"{key}-{row.number}",
            "type": row.type,
            "title": row.title,
            "question": row.question,
            "description": row.description,
            "expected_benefit": row.expected_benefit,
            "riskiest_assumption": row.riskiest_assumption,
            "stop_when": row.stop_when,
            "component": row.component,
            "story": row.story__number,
            "epic": row.story__epic__number,
            "labels": row.labels,
            "estimate": row.estimate,
            "assignee": named(row.assignee__uid, row.assignee__name),
            "reviewer": named(row.reviewer__uid, row.reviewer__name),
            "status": row.status,
            "outcome": row.outcome or None,
            "unverified": row.unverified,
            "blocked": {"since": maybe_rfc3339(row.blocked_since), "why": row.blocked_why}
            if row.blocked_since
            else None,
            "waiting_on_run": row.waiting_on_run,
            "links": links.told(row.links) if row.links else [],
            "checklist": row.checklist,
            "sprint": active.get(row.pk),
            "planned_sprint": planned.get(row.pk),
            "split_from": row.split_from__number,
            "rank": row.rank,
            "depends_on": needs.get(row.pk, []),
            "criteria": criteria.get(row.pk, []),
            "external_refs": refs.get(row.uid, []),
            "version": row.version,
            "revision": row.revision,
            "created_at": rfc3339(row.created_at),
            "updated_at": rfc3339(row.updated_at),
        }
        for row in rows
    ]


def loaded() -> Any:
    """Tickets with all that `tickets` needs of them, in one query."""
    return Ticket.objects.select_related("story__epic", "assignee", "reviewer", "split_from")


def images(ids: Collection[int], *, key: str) -> dict[int, Shape]:
    """The shapes of these tickets by id, to compare a before with an after."""
    rows = list(flat().filter(pk__in=ids).order_by("number"))
    return {row.pk: shape for row, shape in zip(rows, tickets(rows, key=key), strict=True)}


diff = metric_shapes.diff  # there is one way to tell two shapes of a thing apart


def after_images(before: dict[int, Shape], after: dict[int, Shape]) -> list[Shape]:
    """What a change carries of the tickets that it touched: a diff for each it changed, the whole for each it made."""
    result: list[Shape] = []
    for ticket_id, shape in after.items():
        line: Shape = {"number": shape["number"], "version": shape["version"]}
        if ticket_id not in before:
            result.append(line | {"resource": shape})
        elif changed := diff(before[ticket_id], shape):
            result.append(line | {"diff": changed})
    return sorted(result, key=lambda line: int(line["number"]))


def sprint(row: Sprint, *, with_refs: bool = True) -> Shape:
    """A sprint as clients see it; without its names elsewhere where two are compared that cannot differ in them."""
    return {
        "uid": str(row.uid),
        "number": row.number,
        "name": row.name,
        "goal": row.goal,
        "increment": row.increment,
        "start": row.start.isoformat(),
        "end": row.end.isoformat(),
        "state": row.state,
        "plan_version": row.plan_version,
        "replans": row.replans,
        "started_at": maybe_rfc3339(row.started_at),
        "closed_at": maybe_rfc3339(row.closed_at),
        "external_refs": row.external_refs if with_refs else [],
        "version": row.version,
        "revision": row.revision,
    }


def decisions(rows: Iterable[Decision]) -> list[Shape]:
    """Decisions with their moves and evidence, in the order of `rows`; three queries, however many there are.

    The rows need actor, sprint and reverts loaded.
    """
    rows = list(rows)
    ids = [row.pk for row in rows]
    moves: dict[int, list[Shape]] = defaultdict(list)
    for move in Move.objects.filter(decision__in=ids).select_related("ticket").order_by("decision", "position"):
        moves[move.decision_id].append(move_shape(move))
    evidence: dict[int, list[Shape]] = defaultdict(list)
    rests = Evidence.objects.filter(decision__in=ids).select_related(
        "finding__ticket", "snapshot__ticket", "evaluation__challenger__ticket"
    )
    for item in rests.order_by("pk"):
        evidence[item.decision_id].append(evidence_shape(item))
    reverted = {
        target: str(uid)
        for target, uid in Decision.objects.filter(reverts__in=ids).order_by("pk").values_list("reverts", "uid")
    }
    return [
        decision(row, moves=moves.get(row.pk, []), evidence=evidence.get(row.pk, []), reverted_by=reverted.get(row.pk))
        for row in rows
    ]


def decision(
    row: Decision, *, moves: Sequence[Shape], evidence: Sequence[Shape], reverted_by: str | None = None
) -> Shape:
    """One decision as clients see it, from the shapes of what belongs to it. Needs actor, sprint and reverts loaded."""
    return {
        "uid": str(row.uid),
        "sprint": row.sprint.number if row.sprint else None,
        "version": row.version,
        "group": str(row.group),
        "kind": row.kind,
        "reason_code": row.reason_code or None,
        "reason": row.reason,
        "evidence": evidence,
        "moves": moves,
        "actor": person(row.actor),
        "at": rfc3339(row.at),
        "reverts": str(row.reverts.uid) if row.reverts else None,
        "partial": row.partial,
        "reverted_by": reverted_by,
        "revision": row.revision,
    }


def move_shape(row: Move) -> Shape:
    """One move of a decision. Needs `ticket` loaded."""
    return {
        "move": row.move,
        "ticket": row.ticket.number if row.ticket else None,
        "before": row.before,
        "after": row.after,
    }


def evidence_shape(item: Evidence) -> Shape:
    """One thing that a decision rests on. Needs the ticket of finding, snapshot or challenger loaded."""
    if item.finding:
        return {"finding": str(item.finding.uid), "ticket": item.finding.ticket.number}
    if item.evaluation:
        return {"evaluation": str(item.evaluation.uid), "ticket": item.evaluation.challenger.ticket.number}
    assert item.snapshot is not None
    return {"snapshot": str(item.snapshot.uid), "ticket": item.snapshot.ticket.number}


def proposal(row: Proposal) -> Shape:
    """A proposal as clients see it. Needs sprint, author, answered_by and decision loaded."""
    return {
        "uid": str(row.uid),
        "sprint": row.sprint.number,
        "base_version": row.base_version,
        "moves": row.moves,
        "reason_code": row.reason_code or None,
        "reason": row.reason,
        "evidence": row.evidence,
        "author": person(row.author),
        "at": rfc3339(row.at),
        "state": row.state,
        "answered_by": person(row.answered_by),
        "answered_at": maybe_rfc3339(row.answered_at),
        "answer": row.answer,
        "decision": str(row.decision.uid) if row.decision else None,
        "revision": row.revision,
    }


def review(row: AlignmentReview) -> Shape:
    """A review of an epic's alignment as clients see it. Needs epic, sprint and author loaded."""
    return {
        "uid": str(row.uid),
        "epic": row.epic.number,
        "sprint": row.sprint.number,
        "verdict": row.verdict,
        "note": row.note,
        "author": person(row.author),
        "at": rfc3339(row.at),
        "revision": row.revision,
    }


def report(row: Report, *, sprint: Sprint, close: Decision) -> Shape:
    """A sprint's report as the feed names it, with what was said at the close; the rest is read at its address."""
    return {
        "uid": str(row.uid),
        "sprint": sprint.number,
        "decision": str(close.uid),
        "at": rfc3339(row.at),
        "retro": row.body["retro"],
    }


def dismissal(row: Dismissal) -> Shape:
    """A suggestion that was put aside, as clients see it. Needs sprint and actor loaded."""
    return {
        "uid": str(row.uid),
        "sprint": row.sprint.number,
        "key": row.key,
        "actor": person(row.actor),
        "at": rfc3339(row.at),
        "revision": row.revision,
    }


def suggestion(one: Suggestion, *, evidence: Sequence[Shape]) -> Shape:
    """A suggested re-plan as clients see it: what it says, and a decision to begin with."""
    return {
        "key": one.key,
        "kind": one.kind,
        "ticket": one.ticket,
        "at": rfc3339(one.at),
        "title": one.title,
        "text": one.text,
        "reason_code": one.reason_code,
        "reason": one.reason,
        "moves": [dict(move) for move in one.moves],
        "evidence": list(evidence),
        "perhaps": list(one.perhaps),
    }
