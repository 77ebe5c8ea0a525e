"""Progress: a card moves. It is not the plan and needs no reason, but calling it done needs what its type needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from agileml.accounts.models import User
from agileml.journal.actions import AT_ONCE, audit
from agileml.lib import ranks
from agileml.lib.fields import FieldError, Invalid, clean, text
from agileml.planning.actions.limits import heed_moving
from agileml.planning.actions.links import attach, link_fields
from agileml.planning.actions.notes import finding_fields, insert_finding, insert_opinion, opinion_fields
from agileml.planning.queries.done import lacking
from agileml.planning.rules.moves import Refusal, Refused
from agileml.planning.rules.progress import DoneRule, outcome_lacks, refuse_to_plan
from agileml.projects.doors import ProjectWriting, writing
from agileml.projects.models import ExternalRef, Project
from agileml.projects.rules import Need
from agileml.work.actions import ticket_row
from agileml.work.models import Ticket

STORED = ("status", "outcome", "unverified", "started_at", "done_at", "rank", "revision", "updated_at")


class Moved(Exception):
    """The card is not where the mover saw it; `status` is where it is."""

    def __init__(self, status: str) -> None:
        super().__init__(f"This ticket is {Ticket.Status(status).label.lower()} now: somebody moved it meanwhile.")
        self.status = status


@dataclass(frozen=True)
class Written:
    """What is written down along with a move, in one with it: a finding, an opinion, a link, each as it was sent."""

    finding: Mapping[str, Any] | None = None
    opinion: Mapping[str, Any] | None = None
    link: Mapping[str, Any] | None = None


def progress(
    *,
    project: Project,
    number: int,
    to: str | None,
    actor: User,
    now: datetime,
    from_status: str | None = None,
    outcome: str = "",
    override: str = "",
    external: bool = False,
    before: int | None = None,
    after: int | None = None,
    origin: str = "",
    told: list[str] | None = None,
    written: Written | None = None,
) -> Ticket:
    """Move a ticket to a status and perhaps to a place in the order, before or after another ticket (its number).

    `to` is None where only the place changes. `outcome` ("shipped" or "learned") says how a done ticket ended.
    `override` is a lead's reason to call done what lacks something, or to go beyond a hard limit. `external` takes the
    word of another system, which this ticket mirrors, that it is done: what its type needs is not asked, and it is
    marked unverified (and `learned`, unless it is said how it ended). A soft limit that the move goes beyond is said in
    a sentence added to `told`. What is `written` along counts for what done needs, and is kept only if the move is.
    Raises Hidden, Moved when it is not at `from_status`, NeedsPlan for anything about skipping, Refused for the word of
    a system that it does not mirror, DoneRule with all that lacks, WipLimit with every hard limit, Invalid.
    """
    if to is not None and to not in Ticket.Status.values:
        raise Invalid([FieldError("/to", "unknown_choice", f"One of {', '.join(Ticket.Status.values)}.")])
    if external and to != Ticket.Status.DONE:
        raise Invalid([FieldError("/external", "invalid", "Another system's word is taken for done alone.")])
    override = clean({"override": override}, fields={"override": text(500)})["override"]
    along = _checked(written or Written())
    with writing(project, actor=actor, now=now, need=Need.WORK, origin=origin) as w:
        row = ticket_row(w, number)
        if from_status is not None and row.status != from_status:
            raise Moved(row.status)
        _write_along(w, row, along)
        diff: dict[str, list[Any]] = {}
        if to is not None and to != row.status:
            refuse_to_plan(row.status, to)
            if external:
                outcome = outcome or Ticket.Outcome.LEARNED
                _refuse_unmirrored(row, outcome)
            elif to == Ticket.Status.DONE:
                _refuse_undone(w, row, outcome, override)
            else:
                noted = heed_moving(w, row, to, override)
                if told is not None:
                    told += noted
            was = row.outcome
            diff["status"] = [row.status, to]
            row.outcome = outcome if to == Ticket.Status.DONE else ""
            row.done_at = w.now if to == Ticket.Status.DONE else None
            if to == Ticket.Status.IN_PROGRESS and row.started_at is None:
                row.started_at = w.now
            row.status = to
            if was != row.outcome:
                diff["outcome"] = [was or None, row.outcome or None]
            if row.unverified != external:
                diff["unverified"] = [row.unverified, external]
                row.unverified = external
        if before is not None or after is not None:
            rank = _rank(w, row, before=before, after=after)
            if rank != row.rank:
                diff["rank"] = [row.rank, rank]
                row.rank = rank
        if diff:
            row.revision, row.updated_at = w.revision, w.now
            row.save(update_fields=STORED)
            w.journal.record("ticket", "updated", row, diff=diff)
    return row


def _checked(written: Written) -> dict[str, Any]:
    """What is written along, checked; a field that was not sent is left out. Raises Invalid."""
    checks = {"finding": finding_fields, "opinion": opinion_fields, "link": link_fields}
    sent = {name: getattr(written, name) for name in checks}
    return {name: checks[name](values, pointer=f"/{name}") for name, values in sent.items() if values is not None}


def _write_along(w: ProjectWriting, row: Ticket, along: Mapping[str, Any]) -> None:
    if "finding" in along:
        insert_finding(w, row, along["finding"], pointer="/finding")
    if "opinion" in along:
        insert_opinion(w, row, along["opinion"])
    if "link" in along:
        attach(w, row, along["link"], pointer="/link")


def _refuse_unmirrored(row: Ticket, outcome: str) -> None:
    missing = outcome_lacks(outcome)
    if missing:
        raise DoneRule(missing)
    if not ExternalRef.objects.filter(project=row.project_id, kind="ticket", object_uid=row.uid).exists():
        raise Refused([Refusal("not_mirrored", "No other system has this ticket: it is done by what its type needs.")])


def _refuse_undone(w: ProjectWriting, row: Ticket, outcome: str, override: str) -> None:
    missing = outcome_lacks(outcome) + lacking(row)
    if not missing:
        return
    assert w.access is not None
    overridable = all(lack.code != "outcome" for lack in missing)
    if override and overridable:
        w.access.require(Need.LEAD)
        audit(
            action="done rule overridden",
            actor=w.actor,
            now=w.now,
            stream=w.journal.stream,
            detail={"ticket": row.number, "lacks": [lack.code for lack in missing], "reason": override},
        )
        return
    raise DoneRule(missing)


def _rank(w: ProjectWriting, row: Ticket, *, before: int | None, after: int | None) -> str:
    """A key right before or right after the named ticket, in the one order of all the project's tickets."""
    pointer, named = ("/before", before) if before is not None else ("/after", after)
    others = Ticket.objects.alive().filter(project=w.project).exclude(pk=row.pk)
    anchor = others.filter(number=named).first() if named is not None else None
    if anchor is None:
        raise Invalid([FieldError(pointer, "unknown", "There is no such other ticket.")])
    low: str | None
    high: str | None
    if pointer == "/before":
        lower = others.filter(Q(rank__lt=anchor.rank) | Q(rank=anchor.rank, number__lt=anchor.number))
        low, high = lower.order_by("-rank", "-number").values_list("rank", flat=True).first(), anchor.rank
    else:
        higher = others.filter(Q(rank__gt=anchor.rank) | Q(rank=anchor.rank, number__gt=anchor.number))
        low, high = anchor.rank, higher.order_by("rank", "number").values_list("rank", flat=True).first()
    if low != high:
        rank = ranks.between(low, high)
        if len(rank) < ranks.REBALANCE_FROM:
            return rank
    return _laid_out_anew(w, list(others.order_by("rank", "number")), anchor, after=pointer == "/after")


def _laid_out_anew(w: ProjectWriting, rows: list[Ticket], anchor: Ticket, *, after: bool) -> str:
    """Give all rows short keys in the order that they have, and answer the one left free beside `anchor`.

    For keys that have grown long, and for neighbours that share one (an import can bring that).
    """
    keys = ranks.evenly(len(rows) + 1)
    free = keys.pop(rows.index(anchor) + after)
    images = []
    for row, key in zip(rows, keys, strict=True):
        if row.rank != key:
            images.append({"number": row.number, "version": row.version, "diff": {"rank": [row.rank, key]}})
            row.rank, row.revision, row.updated_at = key, w.revision, w.now
    moved = {image["number"] for image in images}
    columns = ["rank", "revision", "updated_at"]
    Ticket.objects.bulk_update([row for row in rows if row.number in moved], columns, batch_size=AT_ONCE)
    w.journal.record("project", "updated", w.project, tickets=images)
    return free
