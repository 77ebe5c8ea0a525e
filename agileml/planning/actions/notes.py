"""What people write on tickets that planning rests on: findings and opinions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from agileml.accounts.models import User
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.metrics.models import Citation, Evaluation, Snapshot
from agileml.projects.actions import keep_refs
from agileml.projects.doors import ProjectWriting, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work import shapes
from agileml.work.actions import ticket_row
from agileml.work.fields import external_refs
from agileml.work.models import Finding, ReviewOpinion, Ticket

FINDING_FIELDS: dict[str, fields.Check] = {
    "kind": fields.one_of(*Finding.Kind.values),
    "text": fields.text(20_000, least=1),
    "cites": fields.many(fields.record({"snapshot": fields.uid, "evaluation": fields.uid}, defaults={}), most=100),
    "external_refs": external_refs,
}
OPINION_FIELDS: dict[str, fields.Check] = {
    "opinion": fields.one_of(*ReviewOpinion.Opinion.values),
    "text": fields.text(20_000),
}


def write_finding(
    *, project: Project, ticket: int, sent: Mapping[str, Any], actor: User, now: datetime, origin: str = ""
) -> Finding:
    """Write down what was learned on a ticket; `sent` holds kind, text and what it cites: snapshots, evaluations.

    Raises Hidden for no such ticket, Invalid for what is cited and not of this project.
    """
    values = finding_fields(sent)
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        return insert_finding(w, ticket_row(w, ticket), values)


def give_opinion(
    *, project: Project, ticket: int, sent: Mapping[str, Any], actor: User, now: datetime, origin: str = ""
) -> ReviewOpinion:
    """Say what one thinks of the work on a ticket; `sent` holds opinion and text. Raises Hidden, Invalid."""
    values = opinion_fields(sent)
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        return insert_opinion(w, ticket_row(w, ticket), values)


def finding_fields(sent: Any, *, pointer: str = "") -> dict[str, Any]:
    """Check a finding as sent, which stands at `pointer`. Raises Invalid."""
    values = fields.clean(sent, fields=FINDING_FIELDS, required=("kind", "text"), pointer=pointer)
    wrong = [at for at, item in enumerate(values.get("cites", ())) if len(item) != 1]
    if wrong:
        one = "Name one snapshot or one evaluation."
        raise Invalid([FieldError(f"{pointer}/cites/{at}", "invalid", one) for at in wrong])
    return values


def opinion_fields(sent: Any, *, pointer: str = "") -> dict[str, Any]:
    """Check an opinion as sent, which stands at `pointer`. Raises Invalid."""
    return fields.clean(sent, fields=OPINION_FIELDS, required=("opinion",), pointer=pointer)


def insert_finding(w: ProjectWriting, on: Ticket, values: Mapping[str, Any], *, pointer: str = "") -> Finding:
    """Store a finding from checked values, inside a write. Raises Invalid for what is of another project, Taken."""
    own = {name: values[name] for name in ("kind", "text")}
    cited = [next(iter(item.items())) for item in values.get("cites", [])]
    known = _cited(w, cited)
    lost = [(at, kind) for at, (kind, uid) in enumerate(cited) if (kind, uid) not in known]
    if lost:
        raise Invalid(
            [FieldError(f"{pointer}/cites/{at}/{kind}", "unknown", f"There is no such {kind}.") for at, kind in lost]
        )
    assert w.actor is not None
    row = Finding(ticket=on, author=w.actor, at=w.now, revision=w.revision, **own)
    row.save(force_insert=True)
    keep_refs(w, row, values.get("external_refs", ()), new=True, pointer=pointer)
    Citation.objects.bulk_create(Citation(finding=row, **{kind: known[kind, uid]}) for kind, uid in cited)
    told = shapes.finding(row, ticket=on.number, cites=[{kind: uid} for kind, uid in cited])
    w.journal.record("finding", "created", row, parent=("ticket", on.uid), resource=told)
    return row


def _cited(w: ProjectWriting, cited: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    """What is cited, as far as it is of the project, by kind and uid; a query for each kind that is named."""
    snapshots = [uid for kind, uid in cited if kind == "snapshot"]
    evaluations = [uid for kind, uid in cited if kind == "evaluation"]
    known: dict[tuple[str, str], Any] = {}
    if snapshots:
        rows = Snapshot.objects.filter(ticket__project=w.project, uid__in=snapshots)
        known |= {("snapshot", str(row.uid)): row for row in rows}
    if evaluations:
        compared = Evaluation.objects.filter(model__project=w.project, uid__in=evaluations)
        known |= {("evaluation", str(row.uid)): row for row in compared}
    return known


def insert_opinion(w: ProjectWriting, on: Ticket, values: Mapping[str, Any]) -> ReviewOpinion:
    """Store an opinion from checked values, inside a write."""
    assert w.actor is not None
    row = ReviewOpinion(ticket=on, author=w.actor, at=w.now, revision=w.revision, **values)
    row.save(force_insert=True)
    told = shapes.opinion(row, ticket=on.number)
    w.journal.record("opinion", "created", row, parent=("ticket", on.uid), resource=told)
    return row
