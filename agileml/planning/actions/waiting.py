"""Whether a ticket waits on a run, as jobs see it."""

from collections.abc import Iterable

from agileml.projects.doors import ProjectWriting
from agileml.work.models import Ticket


def set_waiting(w: ProjectWriting, tickets: Iterable[int], *, waiting: bool) -> None:
    """Say of these tickets (by key) that they wait on a run, or no longer; no person's edit is stale by that."""
    rows = list(Ticket.objects.alive().filter(pk__in=tickets).exclude(waiting_on_run=waiting).order_by("pk"))
    for row in rows:
        row.waiting_on_run, row.revision, row.updated_at = waiting, w.revision, w.now
        row.save(update_fields=["waiting_on_run", "revision", "updated_at"])
        w.journal.record("ticket", "updated", row, diff={"waiting_on_run": [not waiting, waiting]})
