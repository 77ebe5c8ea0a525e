"""Reading the journal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from agileml.accounts.models import User
from agileml.journal.actions import ANSWERS_ARE_KEPT
from agileml.journal.models import Answer, Change, Stream
from agileml.lib.times import rfc3339


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


def changes_after(stream_id: int, *, epoch: str | None, after: int, limit: int) -> tuple[Head, list[dict[str, Any]]]:
    """Up to `limit` changes with a revision above `after`, in order, as the feed shows them.

    Raises Resync when `epoch` is not the stream's, or `after` lies beyond its head.
    """
    at = head(stream_id)
    if (epoch is not None and epoch != at.epoch) or after > at.revision:
        raise Resync(epoch=at.epoch, revision=at.revision)
    rows = (
        Change.objects.filter(stream_id=stream_id, revision__gt=after, revision__lte=at.revision)
        .order_by("revision")
        .values(
            "revision", "at", "actor__uid", "actor__name", "origin", "kind", "action", "object_uid", "number",
            "parent_kind", "parent_uid", "version", "diff", "resource", "tickets",
        )[:limit]
    )  # fmt: skip
    return at, [change_shape(row) for row in rows]


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
