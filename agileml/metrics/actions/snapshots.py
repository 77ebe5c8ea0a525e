"""Snapshots arrive once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from agileml.metrics import shapes
from agileml.metrics.actions.judging import judge_tickets
from agileml.metrics.actions.names import metrics_by_key
from agileml.metrics.models import Candidate, Metric, Snapshot
from agileml.metrics.queries.readings import tickets_measured_against
from agileml.metrics.rules.points import Point
from agileml.projects.doors import ProjectWriting
from agileml.work.models import Ticket

A_CHANGE = 100  # snapshots a change, so that a page of the feed stays readable
A_STATEMENT = 1_000  # rows that are written at once, so that a push is one statement

Identity = tuple[str, str, int, str, str, str, int]


@dataclass(frozen=True)
class Arrival:
    """What became of one point: "created", "unchanged", "superseded" or "refused" with its reason."""

    result: str
    why: str = ""
    snapshot: Snapshot | None = None


def attach(w: ProjectWriting, *, ticket: Ticket, points: Sequence[Point]) -> list[Arrival]:
    """Copy points onto a ticket inside an open write, then judge its criteria; one arrival a point, in order.

    A value equal to the current row's under the same identity is no news; another becomes a new row that
    supersedes it. Within one batch an identity counts once: a second, different value is refused.
    """
    if not points:
        return []
    metrics = metrics_by_key(w, {point.metric for point in points})
    current = _current(ticket, points, metrics)
    fresh: dict[Identity, Snapshot] = {}
    of: dict[Identity, str] = {}
    arrivals: list[Arrival] = []
    for point in points:
        key = _identity(point, metrics[point.metric])
        known = fresh.get(key) or current.get(key)
        same = known is not None and (known.value, known.value_state) == (point.value, point.value_state)
        if known is not None and same:
            arrivals.append(Arrival("unchanged", snapshot=known))
        elif key in fresh:
            arrivals.append(Arrival("refused", "The same measurement is here twice with different values."))
        else:
            row = fresh[key] = _row(w, ticket, point, metrics[point.metric], known)
            of[key] = point.candidate
            arrivals.append(Arrival("superseded" if known else "created", snapshot=row))
    if fresh:
        candidates = candidates_named(w, ticket, set(of.values()))
        for key, row in fresh.items():
            row.candidate = candidates[of[key]]
        _store(w, ticket, list(fresh.values()))
    return arrivals


def all_known(ticket: Ticket, points: Sequence[Point]) -> bool:
    """Whether `attach` would find nothing new in these points. Needs no lock: what is known stays known."""
    keys = {point.metric for point in points}
    metrics = {row.key: row for row in Metric.objects.filter(project=ticket.project_id, key__in=keys)}
    if len(metrics) < len(keys):
        return False
    current = _current(ticket, points, metrics) if points else {}
    found = [(point, current.get(_identity(point, metrics[point.metric]))) for point in points]
    return all(
        row is not None and (row.value, row.value_state) == (point.value, point.value_state) for point, row in found
    )


def _store(w: ProjectWriting, ticket: Ticket, rows: list[Snapshot]) -> None:
    runs: dict[tuple[str, str], list[Snapshot]] = defaultdict(list)
    for row in rows:
        runs[row.source, row.external_id].append(row)
    chunks = [run[at : at + A_CHANGE] for run in runs.values() for at in range(0, len(run), A_CHANGE)]
    first = w.revision
    for offset, chunk in enumerate(chunks):
        for row in chunk:
            row.revision = first + offset
    Snapshot.objects.bulk_create(rows, batch_size=A_STATEMENT)
    # Judged before the changes are recorded, so that the last of them can carry what the lights became.
    touched = _judge(w, ticket, rows, first + len(chunks) - 1)
    for offset, chunk in enumerate(chunks):
        w.journal.record(
            "snapshots",
            "created",
            ticket,
            parent=("ticket", ticket.uid),
            resource={"snapshots": [shapes.snapshot(row, ticket=ticket.number) for row in chunk]},
            tickets=touched if offset == len(chunks) - 1 else [],
        )


def _judge(w: ProjectWriting, ticket: Ticket, rows: list[Snapshot], revision: int) -> list[dict[str, Any]]:
    """Judge what is measured by these rows, as `judge_tickets` does; no query where no criterion asks for them."""
    metric_ids = {row.metric_id for row in rows if row.metric.is_judged_by}
    if not metric_ids:
        return []
    against = tickets_measured_against({row.candidate_id for row in rows}, metric_ids)
    return judge_tickets(w, which=Q(ticket=ticket) | Q(ticket__in=against), metric_ids=metric_ids, revision=revision)


def candidates_named(w: ProjectWriting, ticket: Ticket, names: set[str]) -> dict[str, Candidate]:
    """The candidates of a ticket by these names, made where there are none yet, inside an open write."""
    found = {row.name: row for row in Candidate.objects.filter(ticket=ticket, name__in=names)}
    made = [Candidate(ticket=ticket, name=name, created_at=w.now) for name in sorted(names - found.keys())]
    if made:
        Candidate.objects.bulk_create(made)
        found.update((row.name, row) for row in made)
    return found


def _current(ticket: Ticket, points: Sequence[Point], metrics: dict[str, Metric]) -> dict[Identity, Snapshot]:
    rows = Snapshot.objects.current().filter(
        ticket=ticket,
        source__in={point.source for point in points},
        external_id__in={point.external_id for point in points},
        metric__in=[row.pk for row in metrics.values()],
    )
    return {
        (row.source, row.external_id, row.metric_id, row.dataset_digest, row.split, row.pair_key, row.step): row
        for row in rows
    }


def _identity(point: Point, metric: Metric) -> Identity:
    return (
        point.source, point.external_id, metric.pk, point.dataset_digest, point.split, point.pair_key, point.step,
    )  # fmt: skip


def _row(w: ProjectWriting, ticket: Ticket, point: Point, metric: Metric, known: Snapshot | None) -> Snapshot:
    return Snapshot(
        ticket=ticket,
        metric=metric,
        source=point.source,
        external_id=point.external_id,
        dataset_name=point.dataset_name,
        dataset_digest=point.dataset_digest,
        split=point.split,
        pair_key=point.pair_key,
        step=point.step,
        nth=known.nth + 1 if known else 0,
        value=point.value,
        value_state=point.value_state,
        observed_at=point.observed_at,
        run_id=point.run_id,
        run_name=point.run_name,
        run_url=point.run_url,
        git_commit=point.git_commit,
        params=point.params,
        discordant=point.discordant,
        supersedes=known,
        received_at=w.now,
    )
