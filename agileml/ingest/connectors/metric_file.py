"""Metric files of a watched folder: `{root}/{ticket}/*.json`, `.yaml` or `.yml`.

Only regular files in folders of the root itself are read, and nothing is followed: every step down is opened without
following links, so nobody can swap a folder for a link between a check and the reading.
"""

import hashlib
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from agileml.ingest.connectors.base import (
    Advice,
    Found,
    Look,
    Problem,
    Since,
    SourceAuthError,
    SourceGone,
    SourceTransient,
)
from agileml.ingest.rules.bodies import Body, Given, read, split_name
from agileml.ingest.rules.texts import Ambiguous, Unreadable, decode, parse_json, parse_yaml
from agileml.lib.fields import Invalid

LARGEST = 1024 * 1024
MOST_FILES = 100  # a look, so that one look's write is short
MOST_POINTS = 2_000  # the look ends with the file that reaches this
ENDINGS = (".json", ".yaml", ".yml")
TICKET = re.compile(r"([A-Z][A-Z0-9]{1,9})-[1-9][0-9]{0,8}\Z")

# A file is new when its status changed (ctime: that also tells of renames and copies, which keep the mtime) after
# what has been read. Not all that changed before is seen before: a network folder may show a file a minute late, and
# clocks step back. So the last two minutes are looked at again, less what is known to have been read from them, and
# once a day everything is. A folder that is moved to its place brings files with old times: in a folder that was not
# there before, every file is new.
SLACK_NS = 120 * 1_000_000_000
MOST_RECENT = 20_000
WHOLE_AFTER_SECONDS = 24 * 3600

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Not blocking, since opening a pipe would wait for its writer.
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class _Entry:
    ticket: str
    folder: str  # says whether this is the same folder under the same name
    name: str
    status: os.stat_result

    @property
    def where(self) -> str:
        return f"{self.ticket}/{self.name}"

    @property
    def mark(self) -> str:
        """Says whether this is the same file, unchanged."""
        s = self.status
        return _digest(f"{self.where}\0{s.st_ino}\0{s.st_size}\0{s.st_mtime_ns}\0{s.st_ctime_ns}", 8)


class _Unfit(Exception):
    """One file that cannot be taken."""

    def __init__(self, code: str, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.again = again


class MetricFile:
    """Reads the metric files that training leaves in a folder."""

    kind = "metric_file"
    label = "Metric files"
    every_seconds = 1
    config_schema = {
        "type": "object",
        "properties": {
            "root": {
                "type": "string",
                "title": "Folder",
                "description": "Holds a folder for each ticket, named by its key, with the metric files in it.",
                "pattern": r"^[^\x00]+$",
                "maxLength": 1000,
            }
        },
        "additionalProperties": False,
    }

    def check(self, config: Mapping[str, Any]) -> Advice:
        """Whether the folder is there and may be read."""
        try:
            with _folder(self._root(config)) as folder:
                tickets = [name for name in os.listdir(folder) if TICKET.match(name)]  # noqa: PTH208 -- a descriptor
        except (SourceAuthError, SourceGone, SourceTransient) as error:
            return Advice(good=False, message=str(error))
        return Advice(good=True, message=f"The folder can be read. Folders of tickets in it: {len(tickets)}.")

    def parse_ref(self, config: Mapping[str, Any], text: str) -> str | None:
        """A path under the folder, absolute or from it, as `TICKET/name`."""
        root = self._root(config)
        try:
            path = (root / text.strip()).resolve()
        except (ValueError, OSError, RuntimeError):  # a zero byte, a name too long, links in a circle
            return None
        parts = path.relative_to(root).parts if path.is_relative_to(root) else ()
        fits = len(parts) == 2 and TICKET.match(parts[0]) and parts[1].endswith(ENDINGS)
        return "/".join(parts) if fits else None

    def url(self, config: Mapping[str, Any], ref: str) -> str:
        """Files of a server have no address."""
        return ""

    def fetch(self, config: Mapping[str, Any], ref: str, since: Since) -> Look:
        """Read the files that are new, oldest first, at most MOST_FILES of them.

        `ref` is a project's key, or `TICKET/name` for one file alone.
        """
        cursor = _Cursor.of(since.cursor, now=time.time())
        with _folder(self._root(config)) as root:
            problems: list[Problem] = []
            entries = [entry for entry in _entries(root, ref, problems) if "/" not in ref or entry.where == ref]
            fresh = [entry for entry in entries if cursor.is_new(entry) or entry.where in since.again]
            fresh.sort(key=lambda entry: (entry.where not in since.again, entry.status.st_ctime_ns, entry.where))
            found: list[Found] = []
            read_now: list[_Entry] = []
            points = 0
            for entry in fresh[:MOST_FILES]:
                read_now.append(entry)
                try:
                    body = _read(root, entry, settled=since.again.get(entry.where) == entry.mark)
                except _Unfit as unfit:
                    problems.append(Problem(_shown(entry.where), unfit.code, str(unfit), unfit.again, entry.mark))
                    continue
                found.append(Found(entry.ticket, entry.where, body))
                points += len(body.items)
                if points >= MOST_POINTS:
                    break
        more = len(read_now) < len(fresh)
        return Look(tuple(found), tuple(problems), cursor.after(entries, read_now), len(entries), more)

    def _root(self, config: Mapping[str, Any]) -> Path:
        """The folder to watch, inside of those that the installation opens to metric files."""
        roots: list[Path] = settings.METRIC_ROOTS
        if not roots:
            raise SourceAuthError("This installation reads no metric files: AGILEML_METRIC_ROOTS names no folder.")
        folder: Path = (roots[0] / config.get("root", "")).resolve()
        if not any(folder.is_relative_to(root) for root in roots):
            raise SourceAuthError(
                f"The folder {folder} is outside of those that may be read. AGILEML_METRIC_ROOTS would have to name it."
            )
        return folder


@dataclass(frozen=True)
class _Cursor:
    """What changed before `since` (nanoseconds) in the `known` folders has been read; of the rest, these marks have."""

    since: int
    recent: frozenset[str]
    known: frozenset[str]
    whole_at: float

    @staticmethod
    def of(kept: Mapping[str, Any], *, now: float) -> "_Cursor":
        whole_at = kept.get("whole_at")
        if whole_at is None or not 0 <= now - whole_at < WHOLE_AFTER_SECONDS:
            return _Cursor(0, frozenset(), frozenset(), now)
        return _Cursor(kept["since"], frozenset(kept["recent"]), frozenset(kept["known"]), whole_at)

    def is_open(self, entry: _Entry) -> bool:
        """Whether only its mark can tell that this file has been read."""
        return entry.status.st_ctime_ns >= self.since or entry.folder not in self.known

    def is_new(self, entry: _Entry) -> bool:
        return self.is_open(entry) and entry.mark not in self.recent

    def after(self, entries: list[_Entry], read_now: list[_Entry]) -> dict[str, Any]:
        """The cursor once `read_now` has been read, of all the entries that there are."""
        read = self.recent | {entry.mark for entry in read_now}
        late = [(e.status.st_ctime_ns, e.mark, e.folder) for e in entries if self.is_open(e)]
        done = [(at, mark, folder) for at, mark, folder in late if mark in read]
        left = [(at, folder) for at, mark, folder in late if mark not in read]
        there = {entry.folder for entry in entries}
        known = (self.known & there) | (there - {folder for _, folder in left})
        # A file from a clock that runs ahead must not make everything after it look old.
        latest = max((at for at, _, _ in done if at <= time.time_ns()), default=0)
        since = max(self.since, min([latest - SLACK_NS, *(at for at, _ in left)]))
        recent = sorted((at, mark) for at, mark, folder in done if at >= since or folder not in known)
        if len(recent) > MOST_RECENT and not left:
            recent = recent[-MOST_RECENT:]
            since = recent[0][0]
        return {
            "since": since,
            "recent": sorted(mark for _, mark in recent),
            "known": sorted(known),
            "whole_at": self.whole_at,
        }


@contextmanager
def _folder(path: Path) -> Iterator[int]:
    try:
        descriptor = os.open(path, FOLDER)
    except (FileNotFoundError, NotADirectoryError):
        raise SourceGone(f"The folder {path} is not there.") from None
    except PermissionError:
        raise SourceAuthError(f"The folder {path} may not be read by the worker.") from None
    except OSError as error:
        raise SourceTransient(f"The folder {path} cannot be read: {error.strerror}.") from None
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _entries(root: int, ref: str, problems: list[Problem]) -> Iterator[_Entry]:
    """The metric files of the project's ticket folders, links and the like included: they are refused when read."""
    project = ref.split("/", 1)[0].split("-", 1)[0]
    try:
        folders = sorted(os.listdir(root))
    except OSError as error:
        raise SourceTransient(f"The folder cannot be read: {error.strerror}.") from None
    for ticket in folders:
        match = TICKET.match(ticket)
        if match is None or match[1] != project:
            continue
        try:
            yield from _files(root, ticket)
        except NotADirectoryError:
            # With O_NOFOLLOW and O_DIRECTORY a link to a folder ends here too.
            problems.append(
                Problem(ticket, "not_a_folder", "A ticket's folder must be a folder, not a link or a file.")
            )
        except FileNotFoundError:
            continue  # removed since it was listed
        except PermissionError:
            problems.append(Problem(ticket, "no_permission", "The worker may not read this folder."))
        except OSError as error:
            raise SourceTransient(f"The folder {ticket} cannot be read: {error.strerror}.") from None


def _files(root: int, ticket: str) -> Iterator[_Entry]:
    folder = os.open(ticket, FOLDER | os.O_NOFOLLOW, dir_fd=root)
    try:
        name = _digest(f"{ticket}\0{os.fstat(folder).st_ino}", 4)
        with os.scandir(folder) as files:
            for file in files:
                if not file.name.endswith(ENDINGS) or file.name.startswith("."):
                    continue
                try:
                    yield _Entry(ticket, name, file.name, file.stat(follow_symlinks=False))
                except FileNotFoundError:
                    continue
    finally:
        os.close(folder)


def _read(root: int, entry: _Entry, *, settled: bool) -> Body:
    """The points of one file; `settled` says that it is as it was at the last look. Raises _Unfit."""
    content, status = _content(root, entry)
    stem, _, ending = entry.name.rpartition(".")
    try:
        text = decode(content)
        if ending == "json":
            values = parse_json(text)
        elif text.endswith("\n") or settled:
            values = parse_yaml(text)
        else:
            # A part of a YAML file is a YAML file, and half a line may hold half a number.
            raise _Unfit("half_written", "Its last line is not ended: it may still be written.", again=True)
    except Ambiguous as ambiguous:
        raise _Unfit("collision", str(ambiguous)) from None
    except Unreadable as unreadable:
        raise _Unfit("does_not_parse", str(unreadable), again=True) from None
    candidate, pair_key = split_name(stem)
    try:
        observed_at = datetime.fromtimestamp(status.st_mtime, tz=UTC)
        given = Given("", entry.where, observed_at, candidate, pair_key, run_name=stem)
        return read(values, given)
    except Invalid as invalid:
        error = invalid.errors[0]
        raise _Unfit(error.code, f"{error.pointer}: {error.message}".removeprefix(": ")) from None
    except (OverflowError, ValueError, OSError):
        raise _Unfit("bad_time", "The file's time of change is no time that can be stored.") from None


def _content(root: int, entry: _Entry) -> tuple[bytes, os.stat_result]:
    if stat.S_ISLNK(entry.status.st_mode):
        raise _Unfit("symlink", "This is a link, and links are not followed: copy the file instead.")
    if not stat.S_ISREG(entry.status.st_mode):
        raise _Unfit("not_a_file", "This is not a regular file.")
    if entry.status.st_size > LARGEST:
        raise _Unfit("too_large", f"{entry.status.st_size:,} bytes; at most {LARGEST:,} are read.")
    try:
        folder = os.open(entry.ticket, FOLDER | os.O_NOFOLLOW, dir_fd=root)
        try:
            file = os.open(entry.name, FILE, dir_fd=folder)
        finally:
            os.close(folder)
        with open(file, "rb") as opened:  # noqa: PTH123 -- a descriptor, which no path leads to a second time
            before = os.fstat(file)
            if not stat.S_ISREG(before.st_mode):
                raise _Unfit("not_a_file", "This is not a regular file.")
            content = opened.read(LARGEST + 1)
            after = os.fstat(file)
    except PermissionError:
        raise _Unfit("no_permission", "The worker may not read this file.", again=True) from None
    except OSError as error:
        raise _Unfit("changed", f"It changed while it was being read ({error.strerror}).", again=True) from None
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size) or len(content) != after.st_size:
        raise _Unfit("changed", "It changed while it was being read.", again=True)
    return content, after


def _digest(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=size).hexdigest()


def _shown(path: str) -> str:
    """A path as text: names of files may be any bytes."""
    return path.encode(errors="surrogateescape").decode(errors="replace")
