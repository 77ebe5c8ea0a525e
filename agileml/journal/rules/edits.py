"""How edits of one thing by several people meet: field by field, and none is lost.

Pure: the edits made since are read from the journal, under the lock, by whoever asks.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Plain = Callable[[str, Any], Any]


@dataclass(frozen=True)
class Edit:
    """One recorded change of one thing: the version that it made, {field: [old, new]}, by whom ("id", "name"), when."""

    version: int
    diff: Mapping[str, Sequence[Any]]
    who: Mapping[str, str] | None
    at: datetime


@dataclass(frozen=True)
class Since:
    """The edits since a version, in order. `known` is whether the journal knows the thing as it was at that version.

    It does not where that version is of another history (before an import) or never was.
    """

    edits: Sequence[Edit]
    known: bool = True


@dataclass(frozen=True)
class Conflict:
    """A field that was changed by somebody else since; `yours` is what was to be written over `theirs`.

    `who` and `at` are those of the newest edit of it; None where the journal does not know.
    """

    field: str
    who: Mapping[str, str] | None
    at: datetime | None
    yours: Any
    theirs: Any


class Stale(Exception):
    """The thing was edited since the version that this edit was made for, in the fields that this edit is about.

    `current` is its shape now.
    """

    def __init__(self, current: dict[str, Any], conflicts: Sequence[Conflict] = ()) -> None:
        super().__init__("This was changed by somebody else meanwhile.")
        self.current = current
        self.conflicts = list(conflicts)


@dataclass(frozen=True)
class Wanted:
    """What an edit, or a delete, wants to write over a thing whose shape is `current`.

    `fields` are those whose edits move the version; no other can conflict. `yours` are the values by field, None for a
    delete, which takes all of `fields` away. `plain` brings a field's value, as it is sent or as it is shown, into the
    one form in which two of them are compared. `free` are fields in which this edit cannot lose anybody's words.
    """

    current: dict[str, Any]
    fields: Iterable[str]
    yours: Mapping[str, Any] | None
    plain: Plain = field(default=lambda name, value: value)
    free: Iterable[str] = ()


def conflicts(wanted: Wanted, since: Since) -> list[Conflict]:
    """The fields that this edit may not write, since somebody wrote another value there in between.

    What is there already is no conflict, nor is a field that is again as it was; a delete, which sends no values,
    conflicts with every field that changed.
    """
    free, found = set(wanted.free), []
    for name in wanted.fields:
        if name in free or (wanted.yours is not None and name not in wanted.yours):
            continue
        theirs, touching = wanted.current[name], [edit for edit in since.edits if name in edit.diff]
        yours = None if wanted.yours is None else wanted.yours[name]
        if wanted.yours is not None and wanted.plain(name, yours) == wanted.plain(name, theirs):
            continue
        if since.known and not touching:
            continue
        if since.known and wanted.plain(name, touching[0].diff[name][0]) == wanted.plain(name, theirs):
            continue
        last = touching[-1] if touching else None
        found.append(Conflict(name, last.who if last else None, last.at if last else None, yours, theirs))
    return found
