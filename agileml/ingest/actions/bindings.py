"""What people bind to a ticket by hand: a run, a filter, a file, an expression."""

from datetime import datetime
from typing import Any
from uuid import UUID

from agileml.accounts.models import User
from agileml.ingest import shapes
from agileml.ingest.actions.bound import set_binding
from agileml.ingest.actions.running import tell_tickets
from agileml.ingest.connectors.registry import Guard, connector_for
from agileml.ingest.models import Binding, Source
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.projects.doors import Hidden, enter, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work.models import Ticket

BINDING_FIELDS: dict[str, fields.Check] = {
    "text": fields.text(1_000, least=1),
    "source": fields.maybe(fields.uid),
    "reduce": fields.one_of(*Binding.Reduce.values),
    "step": fields.maybe(fields.number),
}


def bind(
    *, project: Project, ticket: int, sent: dict[str, Any], actor: User, now: datetime, origin: str = ""
) -> Binding:
    """Bind what was pasted to a ticket, due at once.

    `sent` holds the text, perhaps the source (else whichever of the project's sources understands it, the oldest
    first), what of a curve is taken, and the step of `at_step`. The same again is the binding that there is. Raises
    Hidden for no such ticket, Invalid when no source understands it.
    """
    values = fields.clean(sent, fields=BINDING_FIELDS, required=("text",))
    reduce, step = values.get("reduce", "latest"), values.get("step")
    if (reduce == "at_step") != (step is not None) or (
        step is not None and not (step.is_integer() and 0 <= step < 2**63)
    ):
        raise Invalid([FieldError("/step", "invalid", "A whole number, with at_step and only there.")])
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        on = Ticket.objects.alive().filter(project=w.project, number=ticket).first()
        if on is None:
            raise Hidden(ticket)
        source, ref = _understood(w.project, values["text"], values.get("source"))
        row = Binding.objects.filter(source=source, ticket=on, ref=ref).exclude(state=Binding.State.REMOVED).first()
        if row is not None:
            return row
        row = Binding(
            source=source, ticket=on, ref=ref, reduce=reduce, step=None if step is None else int(step), due_at=now,
            wanted_at=now, actor=actor, created_at=w.now, revision=w.revision,
        )  # fmt: skip
        row.save(force_insert=True)
        w.journal.record("binding", "created", row, parent=("ticket", on.uid), resource=shapes.binding(row))
    return row


def unbind(*, project: Project, binding: UUID, actor: User, now: datetime, origin: str = "") -> None:
    """Look at a binding no more; what it brought stays. Raises Hidden for no such binding."""
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        rows = Binding.objects.select_related("ticket", "source").filter(ticket__project=w.project, uid=binding)
        row = rows.exclude(state=Binding.State.REMOVED).first()
        if row is None:
            raise Hidden(binding)
        set_binding(w, row, state=Binding.State.REMOVED, trouble="")
        if row.running:
            Binding.objects.filter(pk=row.pk).update(running=False)
            tell_tickets(w, [row.ticket_id])


def refresh_ticket(*, project: Project, ticket: int, actor: User, now: datetime) -> list[int]:
    """Make due now what is bound to a ticket, ended bindings included, and its project's sources; their keys.

    Nothing of the project changes by this, so nothing is journalled. Raises Hidden, Forbidden.
    """
    enter(actor, project.key, need=Need.WORK)
    sources = Source.objects.filter(project=project, state=Source.State.ACTIVE)
    Binding.objects.filter(ticket__project=project, ticket__number=ticket, state=Binding.State.ACTIVE).update(
        due_at=now
    )
    sources.filter(due_at__gt=now).update(due_at=now)
    return list(sources.order_by("pk").values_list("pk", flat=True))


def _understood(project: Project, text: str, uid: str | None) -> tuple[Source, str]:
    """The source that understands a text, and what it makes of it. Raises Invalid."""
    rows = Source.objects.filter(project=project).exclude(state=Source.State.REMOVED).order_by("pk")
    if uid is not None:
        rows = rows.filter(uid=uid)
        if not rows:
            raise Invalid([FieldError("/source", "unknown", "There is no such source.")])
    for row in rows:
        connector = connector_for(row.kind)
        ref = None
        with Guard():  # a plug-in's own trouble with a text is not understanding it
            ref = connector.parse_ref(row.config, text) if connector else None
        if ref and len(ref) <= 1_000:
            return row, ref
    raise Invalid(
        [FieldError("/text", "not_understood", "No source of this project understands that: paste a run's address, "
                    "its id, a search filter such as tags.model = 'svm', or a file's path.")]
    )  # fmt: skip
