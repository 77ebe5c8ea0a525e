"""A claim of a source: who has one may look at the source and its bindings until it runs out."""

import time
import zlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F

from agileml.ingest.connectors.base import Problem, SourceError
from agileml.ingest.models import Binding, Poll, Source

MOST_FAILURES = 5
MOST_PROBLEMS = 100
LONGEST_PAUSE = timedelta(minutes=5)
CODES = {"SourceAuthError": "auth", "SourceGone": "gone", "SourceTransient": "transient"}


@dataclass(frozen=True)
class Looked:
    """What came of a look; `more` says that there is more to be read at once."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: tuple[dict[str, Any], ...] = ()
    more: bool = False


class Overtaken(Exception):
    """The claim ran out and somebody else looks at the source: what was read here is theirs to write."""


@dataclass
class Claim:
    """A source that this worker has until `until`, and the clock of its look."""

    source: Source
    until: datetime
    started: float
    now: datetime
    since: float = 0  # when the part that is under way began

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin a part of the look, of which `took_ms` tells."""
        self.since = time.monotonic()

    @property
    def moment(self) -> datetime:
        """Now, by the clock that `now` was read from."""
        return self.now + timedelta(seconds=time.monotonic() - self.started)

    @property
    def took_ms(self) -> int:
        return round(1000 * (time.monotonic() - self.since))

    def renew(self) -> None:
        """Hold the source for as long again. Raises Overtaken."""
        until = max(self.until, self.moment + timedelta(seconds=settings.LEASE_SECONDS))
        self.update(leased_until=until)
        self.until = until

    def hold(self) -> None:
        """Make sure, inside of a transaction, that the source is still ours until its end. Raises Overtaken."""
        self.update(leased_until=self.until)

    def release(self, **columns: Any) -> None:
        """End the claim and set these columns, if it is still ours. Raises Overtaken."""
        self.update(leased_until=None, **columns)

    def update(self, **columns: Any) -> None:
        """Set columns of the source while it is ours. Raises Overtaken."""
        if not Source.objects.filter(pk=self.source.pk, leased_until=self.until).update(**columns):
            raise Overtaken


def pause_after(source: Source, failures: int, *, asked: float | None = None) -> timedelta:
    """How long to leave a source alone after so many failures: ever longer, and as long as it asked at least.

    Sources that failed together come back apart, so that a server which has just come up is not run over.
    """
    pause = min(source.every_seconds * 2 ** min(failures, 20), LONGEST_PAUSE.total_seconds())
    spread = zlib.crc32(f"{source.uid} {failures}".encode()) / 2**32
    return timedelta(seconds=max(pause, asked or 0) * (1 + spread / 4))


def line(problem: Problem) -> dict[str, Any]:
    """A problem as it is kept."""
    return {"where": problem.where, "code": problem.code, "message": problem.message}


def told(error: SourceError, where: str = "") -> dict[str, Any]:
    """A look that brought nothing, as it is kept."""
    return {"where": where, "code": CODES.get(type(error).__name__, "bad_data"), "message": str(error)}


def shortened(problems: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many of them as are kept."""
    left = len(problems) - MOST_PROBLEMS
    if left <= 0:
        return problems
    return [*problems[:MOST_PROBLEMS], line(Problem("", "more", f"And {left} more like these."))]


def note(claim: Claim, looked: Looked, *, seen: int, binding: Binding | None = None) -> None:
    """Keep the look on record: with the last one, if neither brought anything and both met with the same problems."""
    counts = {name: looked.counts[name] for name in ("created", "unchanged", "superseded", "refused")}
    nothing = not (counts["created"] or counts["superseded"])
    last = Poll.objects.filter(source=claim.source, binding=binding).order_by("-at", "-pk").first()
    alike = last is not None and not (last.created or last.superseded) and last.problems == list(looked.problems)
    if last is not None and nothing and alike:
        Poll.objects.filter(pk=last.pk).update(
            times=F("times") + 1, at=claim.now, took_ms=claim.took_ms, seen=seen, **counts
        )
    else:
        Poll.objects.create(
            source=claim.source, binding=binding, first_at=claim.now, at=claim.now, took_ms=claim.took_ms, seen=seen,
            problems=list(looked.problems), **counts,
        )  # fmt: skip
