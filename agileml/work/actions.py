"""Writing epics, stories and comments: what does not depend on any sprint's plan."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from agileml.accounts.models import User
from agileml.journal.queries import refuse_stale
from agileml.journal.rules.edits import Wanted
from agileml.lib import fields, ranks
from agileml.lib.fields import FieldError, Invalid
from agileml.projects.actions import forget_refs, keep_refs
from agileml.projects.doors import Hidden, ProjectWriting, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need, Ref, refs_after
from agileml.work import shapes
from agileml.work.fields import external_refs
from agileml.work.models import Comment, Epic, Finding, Story, Ticket

COMPONENTS = ["data", "features", "model", "evaluation", "serving", "monitoring"]

EPIC_FIELDS = {
    "title": fields.text(200, least=1),
    "goal": fields.text(5_000),
    "components": fields.many(fields.text(40, least=1), most=20),
    "external_refs": external_refs,
}
STORY_FIELDS = {
    "title": fields.text(200, least=1),
    "description": fields.text(20_000),
    "epic": fields.maybe(fields.reference),
    "external_refs": external_refs,
}
COMMENT_FIELDS = {"text": fields.text(20_000, least=1), "external_refs": external_refs}


Ranked = TypeVar("Ranked", Epic, Story)
Written = TypeVar("Written", Finding, Comment)


class Referenced(Exception):
    """Something still hangs on what was to be deleted."""


def create_epic(*, project: Project, sent: dict[str, Any], actor: User, now: datetime, origin: str = "") -> Epic:
    """Make an epic at the end of the list; `sent` holds title, goal and components. Raises Invalid, Taken."""
    values = fields.clean(sent, fields=EPIC_FIELDS, required=("title",))
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = insert_epic(w, values)
        w.journal.record("epic", "created", row, resource=shapes.epic(row))
    return row


def create_story(*, project: Project, sent: dict[str, Any], actor: User, now: datetime, origin: str = "") -> Story:
    """Make a story at the end of the list; `sent` holds title, description and epic (its number). Raises Invalid."""
    values = fields.clean(sent, fields=STORY_FIELDS, required=("title",))
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = insert_story(w, values | {"epic": _epic_named(w, values.get("epic"))})
        w.journal.record("story", "created", row, resource=shapes.story(row))
    return row


def edit_epic(
    *,
    project: Project,
    number: int,
    sent: Mapping[str, Any],
    expected_version: int | None,
    actor: User,
    now: datetime,
    origin: str = "",
) -> Epic:
    """Change an epic's title, goal or components; what is sent as it is already is no change.

    Edits of other fields since `expected_version` merge with it (None: whatever there is). Raises Invalid, Hidden,
    Stale when somebody wrote something else in the same fields since.
    """
    values = fields.clean(sent, fields=EPIC_FIELDS)
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = epic_row(w, number)
        refuse_stale(w.journal.stream.pk, row, expected_version, Wanted(shapes.epic(row), EPIC_FIELDS, values))
        _store(w, "epic", row, values, {name: [getattr(row, name), values[name]] for name in values})
    return row


def edit_story(
    *,
    project: Project,
    number: int,
    sent: Mapping[str, Any],
    expected_version: int | None,
    actor: User,
    now: datetime,
    origin: str = "",
) -> Story:
    """Change a story's title, description or epic (its number); the story's tickets come along.

    Edits of other fields since `expected_version` merge with it (None: whatever there is). Raises Invalid, Hidden,
    Stale when somebody wrote something else in the same fields since.
    """
    values = fields.clean(sent, fields=STORY_FIELDS)
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = story_row(w, number)
        was = shapes.story(row)
        refuse_stale(w.journal.stream.pk, row, expected_version, Wanted(was, STORY_FIELDS, values))
        diff = {name: [was[name], values[name]] for name in values}
        if "epic" in values:
            values["epic"] = _epic_named(w, values["epic"])
        _store(w, "story", row, values, diff)
    return row


def delete_epic(
    *, project: Project, number: int, expected_version: int | None, actor: User, now: datetime, origin: str = ""
) -> None:
    """Delete an epic that no story is under, leaving a tombstone. Raises Hidden, Stale, Referenced."""
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = epic_row(w, number)
        refuse_stale(w.journal.stream.pk, row, expected_version, Wanted(shapes.epic(row), EPIC_FIELDS, None))
        if Story.objects.filter(epic=row, deleted_at=None).exists():
            raise Referenced("There are stories under this epic: move or delete them first.")
        _bury(w, "epic", row)


def delete_story(
    *, project: Project, number: int, expected_version: int | None, actor: User, now: datetime, origin: str = ""
) -> None:
    """Delete a story that has no tickets, leaving a tombstone. Raises Hidden, Stale, Referenced."""
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = story_row(w, number)
        refuse_stale(w.journal.stream.pk, row, expected_version, Wanted(shapes.story(row), STORY_FIELDS, None))
        if Ticket.objects.alive().filter(story=row).exists():
            raise Referenced("This story has tickets: move or delete them first.")
        _bury(w, "story", row)


def rank_epic(
    *,
    project: Project,
    number: int,
    actor: User,
    now: datetime,
    before: int | None = None,
    after: int | None = None,
    origin: str = "",
) -> Epic:
    """Put an epic right before or right after another one (its number). Raises Hidden, Invalid for no such other."""
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = epic_row(w, number)
        _place(w, "epic", Epic, row, before=before, after=after)
    return row


def rank_story(
    *,
    project: Project,
    number: int,
    actor: User,
    now: datetime,
    before: int | None = None,
    after: int | None = None,
    origin: str = "",
) -> Story:
    """Put a story right before or right after another one (its number). Raises Hidden, Invalid for no such other."""
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = story_row(w, number)
        _place(w, "story", Story, row, before=before, after=after)
    return row


def add_comment(
    *,
    project: Project,
    ticket: int,
    text: Any,
    actor: User,
    now: datetime,
    external_refs: Any = (),
    origin: str = "",
) -> Comment:
    """Comment on a ticket, which stakeholders may too. Raises Invalid for no text, Hidden for no such ticket, Taken."""
    values = fields.clean({"text": text, "external_refs": list(external_refs)}, fields=COMMENT_FIELDS)
    refs = values.pop("external_refs")
    with writing(project, actor=actor, now=now, need=Need.COMMENT, origin=origin) as w:
        on = ticket_row(w, ticket)
        row = Comment(ticket=on, author=actor, at=w.now, revision=w.revision, **values)
        row.save(force_insert=True)
        keep_refs(w, row, refs, new=True)
        w.journal.record(
            "comment", "created", row, parent=("ticket", on.uid), resource=shapes.comment(row, ticket=on.number)
        )
    return row


def call_elsewhere(
    *,
    project: Project,
    ticket: int,
    model: type[Written],
    uid: UUID,
    sent: Mapping[str, Any],
    actor: User,
    now: datetime,
    origin: str = "",
) -> Written:
    """Set what a finding or a comment (`model`) of a ticket is called in other systems, all else of it being history.

    `sent` holds external_refs; the same names again are no change. Raises Hidden, Invalid, Taken.
    """
    values = fields.clean(sent, fields={"external_refs": external_refs}, required=("external_refs",))
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        on = ticket_row(w, ticket)
        row = model._default_manager.select_related("author", "ticket").filter(ticket=on, uid=uid).first()
        if row is None:
            raise Hidden(uid)
        had = row.external_refs
        if refs_after(had, values["external_refs"]) != had:
            keep_refs(w, row, values["external_refs"])
            row.revision = w.revision
            row.save(update_fields=["revision"])
            diff = {"external_refs": [had, row.external_refs]}
            w.journal.record(row.known_as, "updated", row, parent=("ticket", on.uid), diff=diff)
    return row


def ticket_row(w: ProjectWriting, number: int) -> Ticket:
    """A ticket of the project being written, read after the lock; raises Hidden when there is none."""
    row = Ticket.objects.alive().filter(project=w.project, number=number).first()
    if row is None:
        raise Hidden(number)
    return row


def epic_row(w: ProjectWriting, number: int) -> Epic:
    """An epic of the project being written, read after the lock; raises Hidden when there is none."""
    row = Epic.objects.filter(project=w.project, number=number, deleted_at=None).first()
    if row is None:
        raise Hidden(number)
    return row


def story_row(w: ProjectWriting, number: int) -> Story:
    """A story of the project being written, read after the lock; raises Hidden when there is none."""
    found = Story.objects.filter(project=w.project, number=number, deleted_at=None)
    row = found.select_related("epic").first()
    if row is None:
        raise Hidden(number)
    return row


def insert_epic(w: ProjectWriting, values: Mapping[str, Any]) -> Epic:
    """Store a new epic at the end of the list, from checked values; whoever calls records it."""
    return _insert(w, Epic, "epics", {"components": COMPONENTS} | dict(values))


def insert_story(w: ProjectWriting, values: Mapping[str, Any]) -> Story:
    """Store a new story at the end of the list, from checked values (`epic` a row); whoever calls records it."""
    return _insert(w, Story, "stories", values)


def _insert(w: ProjectWriting, model: type[Ranked], counter: str, values: Mapping[str, Any]) -> Ranked:
    values = dict(values)
    refs: Sequence[Ref] = values.pop("external_refs", ())
    last = model._default_manager.filter(project=w.project).order_by("-rank").values_list("rank", flat=True).first()
    row = model(
        project=w.project,
        number=w.journal.number(counter),
        rank=ranks.between(str(last) if last else None, None),
        created_at=w.now,
        updated_at=w.now,
        revision=w.revision,
        **values,
    )
    row.save(force_insert=True)
    keep_refs(w, row, refs, new=True)
    return row


def _epic_named(w: ProjectWriting, number: int | None) -> Epic | None:
    if number is None:
        return None
    row = Epic.objects.filter(project=w.project, number=number, deleted_at=None).first()
    if row is None:
        raise Invalid([FieldError("/epic", "unknown", "There is no such epic.")])
    return row


def _store(
    w: ProjectWriting, kind: str, row: Epic | Story, values: Mapping[str, Any], diff: Mapping[str, list[Any]]
) -> None:
    changed = {name: pair for name, pair in diff.items() if pair[0] != pair[1]}
    if "external_refs" in changed:  # which are rows of their own, and keep their order
        changed["external_refs"] = [row.external_refs, refs_after(row.external_refs, values["external_refs"])]
        if changed["external_refs"][0] == changed["external_refs"][1]:
            del changed["external_refs"]
    if not changed:
        return
    if "external_refs" in changed:
        keep_refs(w, row, values["external_refs"])
    columns = [name for name in changed if name != "external_refs"]
    for name in columns:
        setattr(row, name, values[name])
    row.version += 1
    row.revision, row.updated_at = w.revision, w.now
    row.save(update_fields=[*columns, "version", "revision", "updated_at"])
    w.journal.record(kind, "updated", row, diff=changed)


def _bury(w: ProjectWriting, kind: str, row: Epic | Story) -> None:
    row.deleted_at, row.revision = w.now, w.revision
    row.save(update_fields=["deleted_at", "revision"])
    forget_refs(w, row)
    w.journal.record(kind, "deleted", row)


def _place(
    w: ProjectWriting, kind: str, model: type[Ranked], row: Ranked, *, before: int | None, after: int | None
) -> None:
    """Give `row` a key beside the named one; all get new keys where the one between would grow long."""
    pointer, named = ("/before", before) if before is not None else ("/after", after)
    rows = list(model._default_manager.filter(project=w.project, deleted_at=None).order_by("rank", "number"))
    others = [one for one in rows if one.number != row.number]
    at = next((at for at, one in enumerate(others) if one.number == named), None)
    if at is None:
        raise Invalid([FieldError(pointer, "unknown", "There is no such other one.")])
    place = at if before is not None else at + 1
    low = others[place - 1].rank if place else None
    high = others[place].rank if place < len(others) else None
    if low == high or len(key := ranks.between(low, high)) >= ranks.REBALANCE_FROM:
        keys = ranks.evenly(len(rows))
        key = keys.pop(place)
        for one, other in zip(others, keys, strict=True):
            _rank(w, kind, one, other)
    _rank(w, kind, row, key)


def _rank(w: ProjectWriting, kind: str, row: Epic | Story, key: str) -> None:
    if row.rank == key:
        return
    was, row.rank = row.rank, key
    row.revision, row.updated_at = w.revision, w.now
    row.save(update_fields=["rank", "revision", "updated_at"])
    w.journal.record(kind, "updated", row, diff={"rank": [was, key]})
