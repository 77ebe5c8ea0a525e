"""Criteria are judged in the transaction that brings what they compare."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from agileml.metrics import shapes
from agileml.metrics.models import Criterion, Judgement, Snapshot
from agileml.metrics.queries.champions import champion_for, won_against
from agileml.metrics.queries.readings import baseline_for, candidate_readings
from agileml.metrics.rules.judging import Judged, Reading, judge
from agileml.projects.doors import ProjectWriting
from agileml.work.models import Ticket


def judge_tickets(
    w: ProjectWriting,
    *,
    ticket_ids: Collection[int] = (),
    which: Q | None = None,
    metric_ids: Collection[int] | None,
    revision: int,
) -> list[dict[str, Any]]:
    """Judge the criteria of these tickets (on these metrics; None is all) inside an open write.

    The tickets are given by their keys, or by `which` criteria are meant. Tickets whose lights changed get `revision`,
    that of the change that will carry what is returned: for each its number, version and the diff of its criteria.
    """
    asked = Q(ticket__in=ticket_ids) if which is None else which
    criteria = list(Criterion.objects.alive().filter(asked).select_related("metric", "ticket").order_by("pk"))
    judged = [row for row in criteria if metric_ids is None or row.metric_id in metric_ids]
    before = {row.pk: shapes.criterion(row) for row in criteria}
    moved = [row for row in judged if _judge(w, row, revision)]
    if moved:
        Criterion.objects.bulk_update(moved, ["state", "value", "judged_at"])
    changed = {row.ticket_id for row in moved if shapes.criterion(row) != before[row.pk]}
    if changed:
        Ticket.objects.filter(pk__in=changed).update(revision=revision, updated_at=w.now)
    return [_image(ticket_id, criteria, before) for ticket_id in sorted(changed)]


def _image(ticket_id: int, criteria: list[Criterion], before: dict[int, dict[str, Any]]) -> dict[str, Any]:
    rows = [row for row in criteria if row.ticket_id == ticket_id]
    ticket = rows[0].ticket
    was, now = [before[row.pk] for row in rows], [shapes.criterion(row) for row in rows]
    return {"number": ticket.number, "version": ticket.version, "diff": {"criteria": [was, now]}}


def _judge(w: ProjectWriting, criterion: Criterion, revision: int) -> bool:
    """Judge one criterion; when the answer or its grounds are new, write the judgement and say True."""
    newest, readings = candidate_readings(criterion)
    reference = _reference(criterion, newest)
    answer = judge(
        readings,
        op=criterion.op,
        against=criterion.against,
        target=criterion.target,
        margin=criterion.margin,
        reference=reference.value if reference else None,
        how=criterion.judge,
        won=reference.won if reference else False,
    )
    compared = _grounds(criterion, newest, readings, answer, reference)
    last = criterion.judgements.order_by("-pk").first()
    if last is None and newest is None:
        return False  # nothing to judge yet, and pending is what it says already
    candidate = newest.as_candidate if newest else None
    said = (answer.state, answer.value, candidate, compared)
    if last is not None and (last.state, last.value, last.candidate_id, last.compared) == said:
        return False
    Judgement.objects.create(
        criterion=criterion,
        state=answer.state,
        value=answer.value,
        against_value=answer.bound,
        candidate_id=candidate,
        compared=compared,
        at=w.now,
        revision=revision,
    )
    criterion.state, criterion.value, criterion.judged_at = answer.state, answer.value, w.now
    return True


@dataclass(frozen=True)
class _Reference:
    """What a candidate is compared with: its number and name, and whether an evaluation already said that it lost."""

    value: float
    label: str
    won: bool = False


def _reference(criterion: Criterion, newest: Snapshot | None) -> _Reference | None:
    if newest is None or criterion.against == Criterion.Against.NUMBER:
        return None
    digest, split = newest.dataset_digest, newest.as_split
    if criterion.against == Criterion.Against.BASELINE:
        baseline = baseline_for(criterion.metric_id, dataset_digest=digest, split=split)
        return _Reference(*baseline) if baseline else None
    champion = champion_for(criterion.metric_id, digest=digest, split=split)
    if champion is None:
        return None
    promotion, value = champion
    return _Reference(value, str(promotion.uid), won_against(promotion, newest.as_candidate))


def _grounds(
    criterion: Criterion,
    newest: Snapshot | None,
    readings: list[Reading],
    answer: Judged,
    reference: _Reference | None,
) -> dict[str, Any]:
    grounds = {
        "definition": shapes.definition(criterion),
        "dataset": newest.dataset_digest if newest else "",
        "split": newest.as_split if newest else "",
        "pairs": [
            {"pair_key": reading.pair_key, "snapshot": reading.snapshot, "value": reading.value} for reading in readings
        ],
        "bound": answer.bound,
        "baseline": reference.label if reference and criterion.against == Criterion.Against.BASELINE else None,
    }
    if criterion.against == Criterion.Against.CHAMPION:
        grounds |= {"champion": reference.label if reference else None, "won": bool(reference and reference.won)}
    return grounds
