"""Reading the journal."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Left

from agileml.accounts.models import User
from agileml.journal.actions import ANSWERS_ARE_KEPT
from agileml.journal.models import Answer, Change, Delivery, Endpoint, Stream
from agileml.journal.rules.edits import Edit, Since, Stale, Wanted, conflicts
from agileml.lib.times import rfc3339

AT_ONCE = 500
FETCHED_AT_ONCE = 100  # changes, some of which are large


class Resync(Exception):
    """The reader's epoch or revision is not of this history: read the lists again."""

    def __init__(self, *, epoch: str, revision: int) -> None:
        super().__init__("This history began anew: read the lists again.")
        self.epoch = epoch
        self.revision = revision


@dataclass(frozen=True)
class Head:
    """Where a stream stands. Read before the rows it is to vouch for, so that it is never newer than they are."""

    epoch: str
    revision: int


def head(stream_id: int) -> Head:
    """The epoch and revision of a stream now."""
    epoch, revision = Stream.objects.values_list("epoch", "revision").get(pk=stream_id)
    return Head(epoch=epoch, revision=revision)


def vouch(at: Head, *, epoch: str | None, after: int) -> None:
    """Raise Resync when `epoch` is given and not the stream's, or `after` lies beyond its head."""
    if (epoch is not None and epoch != at.epoch) or after > at.revision:
        raise Resync(epoch=at.epoch, revision=at.revision)


def changes_between(
    stream_id: int, *, after: int, upto: int, limit: int, without_origin: str | None = None
) -> Iterator[dict[str, Any]]:
    """Up to `limit` changes above `after` and up to `upto`, in order, as the feed shows them, in one statement.

    They are fetched a few at a time, so that whoever has enough of them can stop: some are large. `without_origin`
    leaves out what has that origin, or one that says more after it and a colon.
    """
    rows = Change.objects.filter(stream_id=stream_id, revision__gt=after, revision__lte=upto)
    if without_origin:
        # Compared by equality, since LIKE heeds case on one back end and not on the other.
        rows = rows.alias(begins=Left(F("origin"), len(without_origin) + 1)).exclude(
            Q(origin=without_origin) | Q(begins=f"{without_origin}:")
        )
    return as_shown(rows, limit=limit)


def as_shown(rows: "QuerySet[Change]", *, limit: int) -> Iterator[dict[str, Any]]:
    """The first `limit` of these changes, in order, as the feed shows them; one query."""
    values = rows.order_by("revision").values(
        "revision", "at", "actor__uid", "actor__name", "origin", "kind", "action", "object_uid", "number",
        "parent_kind", "parent_uid", "version", "diff", "resource", "tickets",
    )[:limit]  # fmt: skip
    return map(change_shape, values.iterator(chunk_size=FETCHED_AT_ONCE))


def changes_after(stream_id: int, *, epoch: str | None, after: int, limit: int) -> tuple[Head, list[dict[str, Any]]]:
    """Up to `limit` changes with a revision above `after`, in order, as the feed shows them.

    Raises Resync when `epoch` is not the stream's, or `after` lies beyond its head.
    """
    at = head(stream_id)
    vouch(at, epoch=epoch, after=after)
    return at, list(changes_between(stream_id, after=after, upto=at.revision, limit=limit))


def due_endpoints(*, now: datetime, stream_id: int | None = None) -> list[int]:
    """The keys of endpoints (of one stream, or of all) that something waits for and no worker has, longest due first.

    One query.
    """
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    rows = Endpoint.objects.filter(
        free, state=Endpoint.State.ACTIVE, due_at__lte=now, cursor__lt=F("stream__revision")
    ).order_by("due_at", "pk")
    if stream_id is not None:
        rows = rows.filter(stream_id=stream_id)
    return list(rows.values_list("pk", flat=True)[:AT_ONCE])


def endpoints_of(stream_id: int) -> "QuerySet[Endpoint]":
    """The webhooks of a project, with whoever made them."""
    rows = Endpoint.objects.filter(stream_id=stream_id).exclude(state=Endpoint.State.REMOVED)
    return rows.select_related("made_by")


def stuck_at(row: Endpoint) -> int | None:
    """The revision whose event an endpoint has not taken yet, however often it was sent; None if it goes well."""
    if row.failing_since is None:
        return None
    tried = Delivery.objects.filter(endpoint=row, cause=Delivery.Cause.CHANGE, revision__gt=row.cursor)
    return tried.order_by("-pk").values_list("revision", flat=True).first()


def change_shape(row: Mapping[str, Any]) -> dict[str, Any]:
    """One change as clients see it."""
    shape = {
        "revision": row["revision"],
        "at": rfc3339(row["at"]),
        "actor": {"id": str(row["actor__uid"]), "name": row["actor__name"]} if row["actor__uid"] else None,
        "origin": row["origin"],
        "kind": row["kind"],
        "action": row["action"],
        "uid": str(row["object_uid"]),
        "number": row["number"],
        "parent": {"kind": row["parent_kind"], "uid": str(row["parent_uid"])} if row["parent_uid"] else None,
        "version": row["version"],
        "diff": row["diff"],
        "resource": row["resource"],
    }
    if row["tickets"] is not None:
        shape["tickets"] = row["tickets"]
    return shape


def kept_answer(stream: Stream, *, user: User, key: str, now: datetime) -> Answer | None:
    """What a user's request under this key was answered, if that is to be kept still."""
    return Answer.objects.filter(stream=stream, user=user, key=key, at__gt=now - ANSWERS_ARE_KEPT).first()


class Versioned(Protocol):
    """What can be edited for a version."""

    uid: UUID
    version: int


def edits_since(
    stream_id: int, row: Versioned, version: int, *, counted: Iterable[str], decided: Collection[UUID] = ()
) -> Since:
    """The edits of a thing since a version, in order, from the journal; one query.

    `counted` are the fields whose edits move the version. `decided` are other things whose changes carry those of this
    ticket along (a decision's do, as after-images).
    """
    own = Q(object_uid=row.uid, version__gte=version)
    changes = (
        Change.objects.filter(own | Q(object_uid__in=decided) if decided else own, stream_id=stream_id)
        .order_by("revision")
        .values_list("object_uid", "version", "diff", "tickets", "actor__uid", "actor__name", "at")
    )
    edits, known, number = [], False, getattr(row, "number", None)
    for uid, own_version, own_diff, tickets, person, name, at in changes.iterator(chunk_size=100):
        made, diff = own_version or 0, own_diff
        if uid != row.uid:
            line = next((line for line in tickets or () if line["number"] == number), None)
            made, diff = (line["version"], line.get("diff", {})) if line else (0, {})
        # Either what made that version is here, or the edit that followed it: nothing in between can be missing.
        known = known or made == version or (made == version + 1 and not diff.keys().isdisjoint(counted))
        if made > version:
            who = {"id": str(person), "name": name} if person else None
            edits.append(Edit(version=made, diff=diff, who=who, at=at))
    return Since(edits, known)


def refuse_stale(
    stream_id: int, row: Versioned, expected: int | None, wanted: Wanted, *, decided: Collection[UUID] = ()
) -> None:
    """Let an edit for the version `expected` go on unless it would write over what somebody else wrote since.

    To be asked under the lock; None asks for nothing, and an edit for the newest version needs no query. Raises Stale.
    """
    if expected is None or expected == row.version:
        return
    since = Since([], known=False)
    if expected < row.version:
        since = edits_since(stream_id, row, expected, counted=wanted.fields, decided=decided)
    found = conflicts(wanted, since)
    if found or not since.known:
        raise Stale(wanted.current, found)
