"""The one lock and the one way into the journal."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db import transaction

from agileml.accounts.models import User
from agileml.journal.models import Audit, Change, Stream

AT_ONCE = 500  # rows a statement
COUNTERS = ("tickets", "stories", "epics", "sprints")


class Recorded(Protocol):
    """What a change can be about: anything with a uid."""

    uid: UUID


@dataclass
class Writing:
    """One write of one project, from the lock to the commit.

    `revision` is the one the next recorded change gets; rows that the change is about are stamped with it.
    """

    stream: Stream
    actor: User | None
    now: datetime
    origin: str = ""
    changes: list[Change] = field(default_factory=list)

    @property
    def revision(self) -> int:
        return self.stream.revision + len(self.changes) + 1

    def number(self, counter: str) -> int:
        """The next number of `counter` ("tickets", "stories", "epics" or "sprints"); never given twice."""
        if counter not in COUNTERS:
            raise ValueError(f"No such counter: {counter}")
        setattr(self.stream, counter, getattr(self.stream, counter) + 1)
        return int(getattr(self.stream, counter))

    def record(
        self,
        kind: str,
        action: str,
        obj: Recorded,
        *,
        parent: tuple[str, UUID] | None = None,
        diff: dict[str, list[Any]] | None = None,
        resource: dict[str, Any] | None = None,
        tickets: list[dict[str, Any]] | None = None,
    ) -> int:
        """Collect one change and return its revision.

        `diff` maps a field to [old, new]; `resource` is the whole row as the API shows it (for "created");
        `tickets` are the after-images of the tickets that the change touched beside its own object.
        """
        revision = self.revision
        self.changes.append(
            Change(
                stream=self.stream,
                revision=revision,
                at=self.now,
                actor=self.actor,
                origin=self.origin,
                kind=kind,
                action=action,
                object_uid=obj.uid,
                number=getattr(obj, "number", None),
                parent_kind=parent[0] if parent else "",
                parent_uid=parent[1] if parent else None,
                version=getattr(obj, "version", None),
                diff=diff or {},
                resource=resource,
                tickets=tickets,
            )
        )
        return revision

    def close(self) -> None:
        """Write what was recorded; the last thing before the commit."""
        if not self.changes:
            return
        Change.objects.bulk_create(self.changes, batch_size=AT_ONCE)
        Stream.objects.filter(pk=self.stream.pk).update(
            revision=self.stream.revision + len(self.changes),
            last_at=self.now,
            **{counter: getattr(self.stream, counter) for counter in COUNTERS},
        )


@contextmanager
def writing(stream_id: int, *, actor: User | None, now: datetime, origin: str = "") -> Iterator[Writing]:
    """Open the transaction of a write and, first of all, lock the project's stream.

    `durable` makes sure that this is the outermost transaction: a lock taken after other rows were read or
    locked could deadlock. `no_key` leaves foreign-key checks of other projects' writers alone. The time of a
    change never runs backwards, whatever the clocks of several machines say.

    Raises Stream.DoesNotExist when there is no such stream.
    """
    with transaction.atomic(durable=True):
        stream = Stream.objects.select_for_update(no_key=True).get(pk=stream_id)
        w = Writing(stream=stream, actor=actor, now=max(now, stream.last_at), origin=origin)
        yield w
        w.close()


def audit(
    *, action: str, actor: User | None, now: datetime, stream: Stream | None = None, detail: dict[str, Any]
) -> None:
    """Write down an act that is not a change of project data. `detail` must hold no secret."""
    Audit.objects.create(stream=stream, at=now, actor=actor, action=action, detail=detail)
