"""What a connector is: a class without state that reads one kind of source.

It is pure in that it knows no database and no queue: it is told how far it has read and says what it found. A plug-in
offers one under the entry-point group `agileml.metric_sources`, named by its kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from agileml.ingest.rules.bodies import Body


class SourceError(Exception):
    """A look that brought nothing; the message is for a person, and says what to do where that is known."""


class SourceAuthError(SourceError):
    """We may not read there. Trying again would not help: a person must."""


class SourceGone(SourceError):
    """What was to be read is not there any more."""


class SourceTransient(SourceError):
    """It did not work now and may well work later; not before `after` seconds, if the server said so."""

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class SourceBadData(SourceError):
    """It answers, and with what cannot be understood."""


@dataclass(frozen=True)
class Since:
    """How far a source has been read.

    `cursor` is what the connector's last look answered, empty at first. `again` are places that it named before and is
    to look at once more, each with the mark that it left there.

    `reduce` and `step` are for a reference alone: which value of a curve is wanted, the `latest` (that of the highest
    step), the `max`, the `min`, or the one `at_step`. A source without curves may ignore them.
    """

    cursor: Mapping[str, Any] = field(default_factory=dict)
    again: Mapping[str, str] = field(default_factory=dict)
    reduce: str = "latest"
    step: int | None = None


@dataclass(frozen=True)
class Found:
    """What is for one ticket: its key, and the place it came from (a file's path, a run's id).

    The key is empty where a reference was read: whoever bound it knows for which ticket.
    """

    ticket: str
    where: str
    body: Body


@dataclass(frozen=True)
class Problem:
    """A place that could not be read. With `again` it is looked at once more, and `mark` given back then."""

    where: str
    code: str
    message: str
    again: bool = False
    mark: str = ""


@dataclass(frozen=True)
class Look:
    """What one look found: at most a few thousand points; `more` says that there is more to be read right now.

    `running` names the tickets that wait on a run which is not finished: all of them at each look, not only new ones.
    For a reference it holds one empty text if what was read is unfinished. None says that nobody knows.
    """

    found: tuple[Found, ...]
    problems: tuple[Problem, ...]
    cursor: Mapping[str, Any]
    seen: int
    more: bool = False
    running: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Advice:
    """Whether a source can be read as it is set up, and what to do if not, in a sentence for a person."""

    good: bool
    message: str


@runtime_checkable
class Connector(Protocol):
    """The contract. `every_seconds` is how often such a source is looked at unless somebody says otherwise."""

    kind: str
    label: str
    config_schema: dict[str, Any]
    every_seconds: int

    def check(self, config: Mapping[str, Any]) -> Advice:
        """Try the source as it is set up, without reading metrics."""

    def parse_ref(self, config: Mapping[str, Any], text: str) -> str | None:
        """What somebody pasted (an address, a path) as a reference for `fetch`; None if it is none of this source."""

    def fetch(self, config: Mapping[str, Any], ref: str, since: Since) -> Look:
        """Read what is new. `ref` is a project's key, for all of its tickets, or what `parse_ref` answered.

        Raises SourceAuthError, SourceGone, SourceTransient or SourceBadData.
        """

    def url(self, config: Mapping[str, Any], ref: str) -> str:
        """Where a person can look at a reference; empty if nowhere."""
