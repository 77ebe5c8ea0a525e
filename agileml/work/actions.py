"""Writing epics, stories and comments: what does not depend on any sprint's plan."""

from datetime import datetime
from typing import Any

from agileml.accounts.models import User
from agileml.lib import ranks
from agileml.projects.doors import Hidden, ProjectWriting, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work import fields, shapes
from agileml.work.models import Comment, Epic, Story, Ticket

COMPONENTS = ["data", "features", "model", "evaluation", "serving", "monitoring"]

EPIC_FIELDS = {
    "title": fields.text(200, least=1),
    "goal": fields.text(5_000),
    "components": fields.many(fields.text(40, least=1), most=20),
}
STORY_FIELDS = {
    "title": fields.text(200, least=1),
    "description": fields.text(20_000),
    "epic": fields.maybe(fields.reference),
}


def create_epic(*, project: Project, sent: dict[str, Any], actor: User, now: datetime, origin: str = "") -> Epic:
    """Make an epic at the end of the list; `sent` holds title, goal and components. Raises Invalid."""
    values = fields.clean(sent, fields=EPIC_FIELDS, required=("title",))
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = Epic(
            project=w.project,
            number=w.journal.number("epics"),
            rank=ranks.between(_last_rank(Epic, w), None),
            created_at=w.now,
            updated_at=w.now,
            revision=w.revision,
            **({"components": COMPONENTS} | values),
        )
        row.save(force_insert=True)
        w.journal.record("epic", "created", row, resource=shapes.epic(row))
    return row


def create_story(*, project: Project, sent: dict[str, Any], actor: User, now: datetime, origin: str = "") -> Story:
    """Make a story at the end of the list; `sent` holds title, description and epic (its number). Raises Invalid."""
    values = fields.clean(sent, fields=STORY_FIELDS, required=("title",))
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        epic = None
        if values.get("epic") is not None:
            epic = Epic.objects.filter(project=w.project, number=values["epic"], deleted_at=None).first()
            if epic is None:
                raise fields.Invalid([fields.FieldError("/epic", "unknown", "There is no such epic.")])
        row = Story(
            project=w.project,
            number=w.journal.number("stories"),
            rank=ranks.between(_last_rank(Story, w), None),
            created_at=w.now,
            updated_at=w.now,
            revision=w.revision,
            **(values | {"epic": epic}),
        )
        row.save(force_insert=True)
        w.journal.record("story", "created", row, resource=shapes.story(row))
    return row


def add_comment(*, project: Project, ticket: int, text: str, actor: User, now: datetime, origin: str = "") -> Comment:
    """Comment on a ticket, which stakeholders may too. Raises Invalid for no text, Hidden for no such ticket."""
    values = fields.clean({"text": text}, fields={"text": fields.text(20_000, least=1)})
    with writing(project, actor=actor, now=now, need=Need.COMMENT, origin=origin) as w:
        on = ticket_row(w, ticket)
        row = Comment(ticket=on, author=actor, at=w.now, revision=w.revision, **values)
        row.save(force_insert=True)
        w.journal.record(
            "comment", "created", row, parent=("ticket", on.uid), resource=shapes.comment(row, ticket=on.number)
        )
    return row


def ticket_row(w: ProjectWriting, number: int) -> Ticket:
    """A ticket of the project being written, read after the lock; raises Hidden when there is none."""
    row = Ticket.objects.alive().filter(project=w.project, number=number).first()
    if row is None:
        raise Hidden(number)
    return row


def _last_rank(model: type[Epic] | type[Story], w: ProjectWriting) -> str | None:
    last = model._default_manager.filter(project=w.project).order_by("-rank").values_list("rank", flat=True).first()
    return str(last) if last else None
