"""Links of tickets: attached and taken away one by one, so that none is lost between two people or to a push."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agileml.accounts.models import User
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.projects.doors import ProjectWriting, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work import links
from agileml.work.actions import ticket_row
from agileml.work.models import Ticket

LINK_FIELDS: dict[str, fields.Check] = {
    "url": fields.web_address,
    "title": fields.text(200),
    "kind": fields.maybe(fields.one_of(*links.KINDS)),
}
NAMED_AT_MOST = 50  # tickets in one text; a longer list is a log, not a title
TEXT_AT_MOST = 20_000
FULL = f"At most {links.AT_MOST} links a ticket."


@dataclass
class Pushed:
    """What became of a link for each ticket that a text names, by number.

    `unchanged` had it already, `unknown` are no tickets of this project, `full` hold as many links as a ticket may.
    """

    link: links.Link
    linked: list[int] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    unknown: list[int] = field(default_factory=list)
    full: list[int] = field(default_factory=list)


def link_fields(sent: Any, *, pointer: str = "") -> dict[str, Any]:
    """Check a link as sent, which stands at `pointer`; only what was said is in the answer. Raises Invalid."""
    return fields.clean(sent, fields=LINK_FIELDS, required=("url",), pointer=pointer)


def add_link(
    *, project: Project, ticket: int, sent: Mapping[str, Any], actor: User, now: datetime, origin: str = ""
) -> Ticket:
    """Attach a link (url, and perhaps title and kind) to a ticket; one that is there already is renamed.

    Raises Hidden for no such ticket, Invalid.
    """
    values = link_fields(sent)
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = ticket_row(w, ticket)
        attach(w, row, values)
    return row


def remove_link(*, project: Project, ticket: int, url: str, actor: User, now: datetime, origin: str = "") -> Ticket:
    """Take the link to `url` away; when there is none, nothing changes. Raises Hidden for no such ticket."""
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = ticket_row(w, ticket)
        _store(w, row, links.without(links.told(row.links), url))
    return row


def push_link(
    *, project: Project, text: str, sent: Mapping[str, Any], actor: User, now: datetime, origin: str = ""
) -> Pushed:
    """Attach a link to every ticket of the project that `text` names as a whole word, such as "BIO-12".

    Where the address is there already nothing changes, however often it is pushed. Raises Invalid.
    """
    said = fields.clean({"text": text}, fields={"text": fields.text(TEXT_AT_MOST)})["text"]
    values = link_fields(sent)
    numbers = links.named_in(said, project.key)
    if len(numbers) > NAMED_AT_MOST:
        raise Invalid([FieldError("/text", "too_many", f"At most {NAMED_AT_MOST} tickets in one text.")])
    pushed = Pushed(_whole(values))
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        known = {row.number: row for row in Ticket.objects.alive().filter(project=w.project, number__in=numbers)}
        for number in numbers:
            row = known.get(number)
            if row is None:
                pushed.unknown.append(number)
            elif any(link["url"] == pushed.link["url"] for link in row.links):
                pushed.unchanged.append(number)
            elif len(row.links) >= links.AT_MOST:
                pushed.full.append(number)
            else:
                attach(w, row, values)
                pushed.linked.append(number)
    return pushed


def attach(w: ProjectWriting, row: Ticket, values: Mapping[str, Any], *, pointer: str = "") -> None:
    """Attach a checked link, inside a write; what was not said of one that is there stays. Raises Invalid."""
    had = links.told(row.links)
    stands = next((link for link in had if link["url"] == values["url"]), None)
    now = links.attached(had, _whole({**(stands or {}), **{name: said for name, said in values.items() if said}}))
    if len(now) > links.AT_MOST:
        raise Invalid([FieldError(f"{pointer}/url", "too_many", FULL)])
    _store(w, row, now)


def _whole(values: Mapping[str, Any]) -> links.Link:
    url = values["url"]
    return {"url": url, "title": values.get("title", ""), "kind": values.get("kind") or links.kind_of(url)}


def _store(w: ProjectWriting, row: Ticket, now: Sequence[links.Link]) -> None:
    """Write and record the links; the version stays, so that nobody's edit of other fields conflicts with a push."""
    had = links.told(row.links)
    if now == had:
        return
    row.links = list(now)
    row.revision, row.updated_at = w.revision, w.now
    row.save(update_fields=["links", "revision", "updated_at"])
    w.journal.record("ticket", "updated", row, diff={"links": [had, row.links]})
