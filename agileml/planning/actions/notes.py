"""What people write on tickets that planning rests on: findings and opinions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agileml.accounts.models import User
from agileml.metrics.models import Citation, Snapshot
from agileml.projects.doors import writing
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work import fields, shapes
from agileml.work.actions import ticket_row
from agileml.work.fields import FieldError, Invalid
from agileml.work.models import Finding, ReviewOpinion

FINDING_FIELDS: dict[str, fields.Check] = {
    "kind": fields.one_of(*Finding.Kind.values),
    "text": fields.text(20_000, least=1),
    "cites": fields.many(fields.record({"snapshot": fields.uid}, required=("snapshot",), defaults={}), most=100),
}
OPINION_FIELDS: dict[str, fields.Check] = {
    "opinion": fields.one_of(*ReviewOpinion.Opinion.values),
    "text": fields.text(20_000),
}


def write_finding(
    *, project: Project, ticket: int, sent: Mapping[str, Any], actor: User, now: datetime, origin: str = ""
) -> Finding:
    """Write down what was learned on a ticket; `sent` holds kind, text and the snapshots that it cites.

    Raises Hidden for no such ticket, Invalid for a snapshot that is not of this project.
    """
    values = fields.clean(sent, fields=FINDING_FIELDS, required=("kind", "text"))
    cited = [item["snapshot"] for item in values.pop("cites", [])]
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        on = ticket_row(w, ticket)
        snapshots = {str(row.uid): row for row in Snapshot.objects.filter(ticket__project=w.project, uid__in=cited)}
        lost = [at for at, uid in enumerate(cited) if uid not in snapshots]
        if lost:
            raise Invalid([FieldError(f"/cites/{at}/snapshot", "unknown", "There is no such snapshot.") for at in lost])
        row = Finding(ticket=on, author=actor, at=w.now, revision=w.revision, **values)
        row.save(force_insert=True)
        Citation.objects.bulk_create(Citation(finding=row, snapshot=snapshots[uid]) for uid in cited)
        w.journal.record(
            "finding",
            "created",
            row,
            parent=("ticket", on.uid),
            resource=shapes.finding(row, ticket=on.number, cites=cited),
        )
    return row


def give_opinion(
    *, project: Project, ticket: int, sent: Mapping[str, Any], actor: User, now: datetime, origin: str = ""
) -> ReviewOpinion:
    """Say what one thinks of the work on a ticket; `sent` holds opinion and text. Raises Hidden, Invalid."""
    values = fields.clean(sent, fields=OPINION_FIELDS, required=("opinion",))
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        on = ticket_row(w, ticket)
        row = ReviewOpinion(ticket=on, author=actor, at=w.now, revision=w.revision, **values)
        row.save(force_insert=True)
        w.journal.record(
            "opinion", "created", row, parent=("ticket", on.uid), resource=shapes.opinion(row, ticket=on.number)
        )
    return row
