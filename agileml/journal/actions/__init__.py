"""The one lock and the one way into the journal."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from django.db import OperationalError, transaction

from agileml.accounts.models import User
from agileml.journal.models import Answer, Audit, Change, Stream
from agileml.lib.bell import ring
from agileml.lib.locks import gave_up, waiting_at_most
from agileml.lib.wake import wake

AT_ONCE = 500  # rows a statement
COUNTERS = ("tickets", "stories", "epics", "sprints", "demos")
ANSWERS_ARE_KEPT = timedelta(hours=24)
MOVING = ("revision", "last_at", *COUNTERS)  # what a write moves on the stream's row


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
        """The next number of `counter` ("tickets", "stories", "epics", "sprints" or "demos"); never given twice."""
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
        """Write what was recorded; the last thing of a write. The stream's own row is left to whoever commits."""
        if not self.changes:
            return
        Change.objects.bulk_create(self.changes, batch_size=AT_ONCE)
        self.stream.revision += len(self.changes)
        self.stream.last_at = self.now
        self.changes = []


class Busy(Exception):
    """The lock was not to be had in time: another write is still under way."""


class Unit:
    """Several writes of one stream that are one: they share its lock, a transaction and one run of revisions."""

    def __init__(self, stream: Stream, block: transaction.Atomic) -> None:
        self.stream = stream
        self.read_at = stream.revision
        # A write may begin directly inside the last of these, nowhere else; None is a write, and none begins inside it.
        self._blocks: list[transaction.Atomic | None] = [block]

    @contextmanager
    def part(self, stream_id: int, *, writes: bool) -> Iterator[None]:
        """A part that is undone alone when it raises: its rows by a savepoint, revision and counters by hand.

        `writes` says that it is one write, and not a unit that may hold several.
        """
        if stream_id != self.stream.pk:
            raise RuntimeError("A unit of writes is about one stream, and this is another.")
        # Also so where a thread was handed the context of another: its connection holds none of our blocks.
        if transaction.get_connection().atomic_blocks[-1:] != self._blocks[-1:]:
            raise RuntimeError("A write joins a unit directly, not inside another write or a transaction of its own.")
        before = {name: getattr(self.stream, name) for name in MOVING}
        block = transaction.atomic()
        kept = False
        self._blocks.append(None if writes else block)
        try:
            with block:
                yield
            kept = True
        finally:
            self._blocks.pop()
            if not kept:
                for name, value in before.items():
                    setattr(self.stream, name, value)


_unit: ContextVar[Unit | None] = ContextVar("unit", default=None)


@contextmanager
def together(stream_id: int, *, patience: float | None = None) -> Iterator[None]:
    """Make one unit of all writes of a stream inside: one lock, one transaction, one run of revisions.

    Each write inside is what it would be alone (its actor, time and origin, and undone alone if it raises) but becomes
    real only when the unit ends; nothing of any stays when what is inside raises. What waits for a commit waits for the
    unit's. A unit inside a unit is a part of it.

    `patience`: seconds to wait for the lock; None is as long as any write waits. Raises Busy after that, and
    Stream.DoesNotExist when there is no such stream.
    """
    around = _unit.get()
    if around is not None:
        with around.part(stream_id, writes=False):
            yield
        return
    with ExitStack() as stack:
        block = transaction.atomic(durable=True)
        try:
            with waiting_at_most(patience) as limit:
                stack.enter_context(block)
                limit()
                stream = _locked(stream_id)
        except OperationalError as error:
            if patience is not None and gave_up(error):
                raise Busy from error
            raise
        unit = Unit(stream, block)
        stack.callback(_unit.reset, _unit.set(unit))
        yield
        if stream.revision != unit.read_at:
            _advance(stream)


@contextmanager
def writing(stream_id: int, *, actor: User | None, now: datetime, origin: str = "") -> Iterator[Writing]:
    """Open the transaction of a write and, first of all, lock the project's stream.

    `durable` makes sure that this is the outermost transaction: a lock taken after other rows were read or
    locked could deadlock. `no_key` leaves foreign-key checks of other projects' writers alone. The time of a
    change never runs backwards, whatever the clocks of several machines say.

    Inside `together` there is a lock already, and the write becomes part of that unit.

    Raises Stream.DoesNotExist when there is no such stream.
    """
    unit = _unit.get()
    if unit is not None:
        with unit.part(stream_id, writes=True):
            w = Writing(stream=unit.stream, actor=actor, now=max(now, unit.stream.last_at), origin=origin)
            yield w
            w.close()
        return
    with transaction.atomic(durable=True):
        stream = _locked(stream_id)
        w = Writing(stream=stream, actor=actor, now=max(now, stream.last_at), origin=origin)
        yield w
        if w.changes:
            w.close()
            _advance(stream)


def _locked(stream_id: int) -> Stream:
    return Stream.objects.select_for_update(no_key=True).get(pk=stream_id)


def _advance(stream: Stream) -> None:
    Stream.objects.filter(pk=stream.pk).update(**{name: getattr(stream, name) for name in MOVING})
    transaction.on_commit(ring, robust=True)
    if stream.hooked:
        # By its name, since tasks stand far above; if nobody hears it, the sweep finds what is to be sent.
        transaction.on_commit(partial(wake, "webhooks.changed", stream.pk), robust=True)


def audit(
    *, action: str, actor: User | None, now: datetime, stream: Stream | None = None, detail: dict[str, Any]
) -> None:
    """Write down an act that is not a change of project data. `detail` must hold no secret."""
    Audit.objects.create(stream=stream, at=now, actor=actor, action=action, detail=detail)


def keep_answer(
    *,
    stream: Stream,
    user: User,
    key: str,
    digest: str,
    now: datetime,
    status: int,
    headers: Mapping[str, str],
    body: str,
) -> None:
    """Keep what a request was answered, inside the unit of what it did; one kept under this key before is past."""
    kept = {"digest": digest, "at": now, "status": status, "headers": dict(headers), "body": body}
    if not Answer.objects.filter(stream=stream, user=user, key=key).update(**kept):
        Answer.objects.create(stream=stream, user=user, key=key, **kept)


def forget_answers(*, now: datetime) -> int:
    """Delete the answers that need not be kept any longer, a few at a time so that nobody waits; how many they were."""
    past = Answer.objects.filter(at__lte=now - ANSWERS_ARE_KEPT).order_by("at")
    forgotten = 0
    while bite := list(past.values_list("pk", flat=True)[:AT_ONCE]):
        Answer.objects.filter(pk__in=bite).delete()
        forgotten += len(bite)
    return forgotten
