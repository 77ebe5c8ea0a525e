"""Criteria as the plan sets them."""

import uuid
from typing import Any

from agileml.metrics.actions.names import metrics_by_key
from agileml.metrics.models import Criterion
from agileml.projects.doors import ProjectWriting
from agileml.work.models import Ticket

COLUMNS = {
    "role": "role", "dataset": "dataset", "split": "split", "op": "op", "against": "against", "value": "target",
    "margin": "margin", "judge": "judge", "expected_gain": "expected_gain",
}  # fmt: skip


def settle(ticket: Ticket | None, definitions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Definitions as they will be stored: each with its uid, in the order in which they are read back.

    A uid that is not one of this ticket's criteria, dropped ones included, counts as none.
    """
    known = dict(Criterion.objects.filter(ticket=ticket).values_list("uid", "pk")) if ticket and ticket.pk else {}
    order = {str(uid): pk for uid, pk in known.items()}
    old = [item for item in definitions if item.get("uid") in order]
    new = [item for item in definitions if item.get("uid") not in order]
    return sorted(old, key=lambda item: order[item["uid"]]) + [{**item, "uid": str(uuid.uuid4())} for item in new]


def replace_criteria(w: ProjectWriting, *, ticket: Ticket, definitions: list[dict[str, Any]]) -> None:
    """Make a ticket's criteria exactly these settled definitions, inside an open write. The caller judges afterwards.

    A known uid changes (or brings back) that criterion, so that taking a change back leaves the very criterion
    that was there. What is not named ends, its judgements kept. A metric that nobody measured yet is made, unwatched.
    """
    known = {str(row.uid): row for row in Criterion.objects.filter(ticket=ticket)}
    metrics = metrics_by_key(w, {item["metric"] for item in definitions})
    kept: set[str] = set()
    for item in definitions:
        row = known.get(item["uid"]) or Criterion(ticket=ticket, uid=item["uid"], created_at=w.now)
        columns = {column: item[name] for name, column in COLUMNS.items() if name in item}
        for column, value in columns.items():
            setattr(row, column, value)
        row.metric, row.deleted_at = metrics[item["metric"]], None
        row.save()
        kept.add(item["uid"])
    gone = [row.pk for uid, row in known.items() if uid not in kept and row.deleted_at is None]
    if gone:
        Criterion.objects.filter(pk__in=gone).update(deleted_at=w.now)
