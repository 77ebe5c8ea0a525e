"""One run of a ticket as it was received and as people have corrected it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from agileml.journal.models import Change
from agileml.metrics import shapes
from agileml.metrics.models import Candidate, Snapshot, SnapshotCorrection
from agileml.metrics.rules.received import said_instead
from agileml.projects.doors import Hidden
from agileml.work.models import Ticket

VALUES_AT_MOST = 50


@dataclass(frozen=True)
class Said:
    """What somebody once said of the run; `words` are empty where that took back what was said before."""

    who: str
    at: datetime
    words: str
    reason: str


@dataclass(frozen=True)
class Run:
    """A run: its newest row as it is read now, the newest rows of its metrics, and what was said of it, newest first.

    `revision` is that of the correction that lies over it, 0 without one; `in_force` says whether that says anything.
    """

    row: Snapshot
    values: Sequence[Snapshot]
    revision: int
    in_force: bool
    said: Sequence[Said]
    candidates: Sequence[str]

    @property
    def identity(self) -> dict[str, str]:
        """The run as a correction names it."""
        row = self.row
        return {
            "source": row.source, "external_id": row.external_id, "run_pair": row.pair_key, "run_split": row.split,
        }  # fmt: skip


def run_of(ticket: Ticket, uid: UUID) -> Run:
    """The run that brought this snapshot to the ticket. Raises Hidden when there is none. Five queries at most."""
    row = Snapshot.objects.corrected().filter(ticket=ticket, uid=uid).select_related("candidate", "metric").first()
    if row is None:
        raise Hidden(uid)
    same = {"source": row.source, "external_id": row.external_id}
    brought = Snapshot.objects.current().filter(ticket=ticket, pair_key=row.pair_key, split=row.split, **same)
    last: dict[int, Snapshot] = {}
    for one in brought.select_related("metric").order_by("step", "observed_at", "pk"):
        last[one.metric_id] = one
    lies_over = SnapshotCorrection.objects.filter(ticket=ticket, run_pair=row.pair_key, run_split=row.split, **same)
    correction = lies_over.select_related("candidate", "actor").first()
    names = Candidate.objects.filter(ticket=ticket).exclude(name="").order_by("name").values_list("name", flat=True)
    said = shapes.correction(correction, ticket=ticket.number) if correction else None
    return Run(
        row=row,
        values=sorted(last.values(), key=lambda one: one.metric.key)[:VALUES_AT_MOST],
        revision=correction.revision if correction else 0,
        in_force=bool(said and said_instead(said)),
        said=_history(ticket, correction.uid) if correction else [],
        candidates=list(names),
    )


def _history(ticket: Ticket, uid: UUID) -> list[Said]:
    changes = Change.objects.filter(stream=ticket.project.stream_id, object_uid=uid, kind="correction")
    state: dict[str, Any] = {}
    found = []
    for change in changes.select_related("actor").order_by("revision"):
        state |= change.resource or {name: new for name, (_, new) in change.diff.items()}
        who = change.actor.name if change.actor else ""
        found.append(Said(who, change.at, said_instead(state), state["reason"]))
    return found[::-1]
