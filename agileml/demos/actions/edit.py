"""Writing a demo's draft: its words, what each item shows, and their order. What was published stays as it is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from agileml.accounts.models import User
from agileml.demos import shapes
from agileml.demos.actions import rows
from agileml.demos.actions.begin import last_rank
from agileml.demos.models import Demo, DemoItem
from agileml.journal.queries import refuse_stale
from agileml.journal.rules.edits import Wanted
from agileml.lib import fields, ranks
from agileml.lib.fields import FieldError, Invalid
from agileml.metrics.models import Evaluation, Snapshot
from agileml.projects.doors import ProjectWriting, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work.models import Finding

DEMO_FIELDS: dict[str, fields.Check] = {"title": fields.text(200, least=1), "intro": fields.text(20_000)}
ITEM_FIELDS: dict[str, fields.Check] = {
    "section": fields.one_of(*DemoItem.Section.values),
    "headline": fields.text(200, least=1),
    "story": fields.text(20_000),
    "findings": fields.maybe(fields.many(fields.uid, most=100)),
    "charts": fields.maybe(fields.many(fields.text(200, least=1), most=10)),
    "evaluations": fields.maybe(fields.many(fields.uid, most=20)),
    "presenter": fields.maybe(fields.user_id),
}
SHOWN = ("findings", "charts", "evaluations")
MOST_ITEMS = 200


def edit_demo(
    *,
    project: Project,
    demo: int,
    sent: Mapping[str, Any],
    expected_version: int | None,
    actor: User,
    now: datetime,
    origin: str = "",
) -> Demo:
    """Change the title or the introduction of a demo's draft; what is sent as it is already is no change.

    Edits of other fields since `expected_version` merge with it (None: whatever there is). Raises Invalid, Hidden,
    Stale when somebody wrote something else in the same fields since.
    """
    values = fields.clean(sent, fields=DEMO_FIELDS)
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = rows.demo_row(w, demo)
        was = shapes.demo(row)
        refuse_stale(w.journal.stream.pk, row, expected_version, Wanted(was, DEMO_FIELDS, values))
        changed = {name: value for name, value in values.items() if was[name] != value}
        if changed:
            for name, value in changed.items():
                setattr(row, name, value)
            row.version += 1
            row.revision = w.revision
            row.save(update_fields=[*changed, "version", "revision"])
            diff = {name: [was[name], value] for name, value in changed.items()}
            w.journal.record("demo", "updated", row, diff=diff)
    return row


def add_item(
    *, project: Project, demo: int, sent: Mapping[str, Any], actor: User, now: datetime, origin: str = ""
) -> DemoItem:
    """Add an item that is about no ticket, at the end; `sent` holds section, headline, story and presenter.

    Raises Invalid, Hidden for no such demo.
    """
    free = {name: check for name, check in ITEM_FIELDS.items() if name not in SHOWN}
    values = fields.clean(sent, fields=free, required=("section", "headline"))
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = rows.demo_row(w, demo)
        if DemoItem.objects.filter(demo=row).count() >= MOST_ITEMS:
            raise Invalid([FieldError("", "too_many", f"At most {MOST_ITEMS} items.")])
        if "presenter" in values:
            values["presenter"] = _presenter(w, values["presenter"])
        made = DemoItem(demo=row, rank=ranks.between(last_rank(row), None), **values)
        made.save(force_insert=True)
        rows.created(w, row, [made])
    return made


def edit_item(
    *,
    project: Project,
    demo: int,
    item: UUID,
    sent: Mapping[str, Any],
    expected_version: int | None,
    actor: User,
    now: datetime,
    origin: str = "",
) -> DemoItem:
    """Change what an item says and shows; what is sent as it is already is no change.

    `sent` holds any of section, headline, story, presenter (a person's id), findings and evaluations (uids of the
    ticket's), charts (keys of metrics that were measured on it); null for one of these three is all of the ticket's.
    Edits of other fields since `expected_version` merge with it (None: whatever there is). Raises Invalid, Hidden,
    Stale when somebody wrote something else in the same fields since.
    """
    values = fields.clean(sent, fields=ITEM_FIELDS)
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        of = rows.demo_row(w, demo)
        row = rows.item_row(w, of, item)
        was = rows.item_shape(of, row)
        refuse_stale(w.journal.stream.pk, row, expected_version, Wanted(was, ITEM_FIELDS, values, plain=_plain))
        _refuse_others(row, values)
        if "presenter" in values:
            values["presenter"] = _presenter(w, values["presenter"])
        return rows.store_item(w, of, row, values, was=was)


def leave_out(
    *, project: Project, demo: int, item: UUID, out: bool = True, actor: User, now: datetime, origin: str = ""
) -> DemoItem:
    """Leave an item out of the next edition, or with `out` false put it back. Raises Hidden."""
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        of = rows.demo_row(w, demo)
        row = rows.item_row(w, of, item)
        return rows.store_item(w, of, row, {"left_out": out}, was=rows.item_shape(of, row), counts=False)


def move_item(
    *,
    project: Project,
    demo: int,
    item: UUID,
    before: UUID | None = None,
    after: UUID | None = None,
    section: str | None = None,
    actor: User,
    now: datetime,
    origin: str = "",
) -> DemoItem:
    """Put an item right before or after another one, and perhaps in a section; with neither it goes to the end.

    Raises Hidden, Invalid for no such section or no such other item.
    """
    chosen = {} if section is None else fields.clean({"section": section}, fields=ITEM_FIELDS)
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        of = rows.demo_row(w, demo)
        row = rows.item_row(w, of, item)
        found = DemoItem.objects.select_related("ticket", "presenter").filter(demo=of).exclude(pk=row.pk)
        others = list(found.order_by("rank", "pk"))
        place = _place(others, before, after)
        low = others[place - 1].rank if place else None
        high = others[place].rank if place < len(others) else None
        if (low == high and low is not None) or len(key := ranks.between(low, high)) >= ranks.REBALANCE_FROM:
            keys = ranks.evenly(len(others) + 1)
            key = keys.pop(place)
            for other, anew in zip(others, keys, strict=True):
                rows.store_item(w, of, other, {"rank": anew}, was=rows.item_shape(of, other), counts=False)
        was = rows.item_shape(of, row)
        moved = "section" in chosen and chosen["section"] != row.section
        return rows.store_item(w, of, row, {"rank": key} | chosen, was=was, counts=moved)


def _place(others: list[DemoItem], before: UUID | None, after: UUID | None) -> int:
    pointer, named = ("/before", before) if before is not None else ("/after", after)
    if named is None:
        return len(others)
    at = next((at for at, one in enumerate(others) if one.uid == named), None)
    if at is None:
        raise Invalid([FieldError(pointer, "unknown", "There is no such other item.")])
    return at if before is not None else at + 1


def _plain(name: str, value: Any) -> Any:
    return value["id"] if name == "presenter" and isinstance(value, Mapping) else value


def _presenter(w: ProjectWriting, uid: str | None) -> User | None:
    if uid is None:
        return None
    row = User.objects.filter(uid=uid, memberships__project=w.project).first()
    if row is None:
        raise Invalid([FieldError("/presenter", "unknown", "There is no such participant.")])
    return row


def _refuse_others(row: DemoItem, values: Mapping[str, Any]) -> None:
    """Raise Invalid where an item is to show what is not its ticket's: it may be another project's, or none."""
    known: dict[str, set[str]] = {name: set() for name in SHOWN}
    ticket = row.ticket_id
    if ticket is not None:
        if values.get("findings"):
            found = Finding.objects.filter(ticket=ticket, uid__in=values["findings"])
            known["findings"] = {str(uid) for uid in found.values_list("uid", flat=True)}
        if values.get("evaluations"):
            compared = Evaluation.objects.filter(challenger__ticket=ticket, uid__in=values["evaluations"])
            known["evaluations"] = {str(uid) for uid in compared.values_list("uid", flat=True)}
        if values.get("charts"):
            measured = Snapshot.objects.filter(ticket=ticket, metric__key__in=values["charts"])
            known["charts"] = set(measured.values_list("metric__key", flat=True))
    errors = [
        FieldError(f"/{name}/{at}", "unknown", "Nothing of that name is on its ticket.")
        for name in SHOWN
        for at, one in enumerate(values.get(name) or ())
        if one not in known[name]
    ]
    if errors:
        raise Invalid(errors)
