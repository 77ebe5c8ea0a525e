"""Keep a copy of a project in an SQLite file: the lists once, then every change, whatever happens on the way.

    export AGILEML_URL=http://127.0.0.1:8000 AGILEML_TOKEN=aml_…
    python sync_client.py DIG copy.sqlite3 [--once]

Stop it as hard as you like and start it again: rows and cursor are written together, so it goes on where it was. Why
each line is as it is stands in docs/syncing.md. Needs httpx.
"""

import json
import os
import random
import sqlite3
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx

LISTS = {  # a list inside another comes after it; strike out what you do not need
    "member": "members/", "epic": "epics/", "story": "stories/", "ticket": "tickets/", "sprint": "sprints/",
    "decision": "decisions/", "metric": "metrics/", "model": "models/", "promotion": "promotions/",
    "finding": "tickets/{number}/findings/", "opinion": "tickets/{number}/opinions/",
    "comment": "tickets/{number}/comments/", "snapshot": "tickets/{number}/snapshots/",
    "correction": "tickets/{number}/corrections/", "proposal": "sprints/{number}/proposals/",
    "evaluation": "models/{slug}/evaluations/",
}  # fmt: skip
OUTER = {"tickets": "ticket", "sprints": "sprint", "models": "model"}
TABLES = """
CREATE TABLE IF NOT EXISTS row (kind, uid, number, revision, body, PRIMARY KEY (kind, uid));
CREATE INDEX IF NOT EXISTS by_number ON row (kind, number);
CREATE TABLE IF NOT EXISTS cursor (one INTEGER PRIMARY KEY CHECK (one = 1), epoch, after);
"""
Row = dict[str, Any]


class Resync(Exception):
    """The server's history began anew, so the copy must too."""


class Copy:
    """The copy of one project, and the way to its server."""

    def __init__(self, file: str, project: str, url: str, token: str) -> None:
        self.db = sqlite3.connect(file)
        self.db.executescript(TABLES)
        self.base = f"{url}/api/v1/projects/{project}/"
        # A stream says something every 15 seconds: after 45 without a word the connection is dead.
        self.http = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=httpx.Timeout(10, read=45))

    def keep(self, *, once: bool = False) -> None:
        """Be up to date, and stay so; with `once` only the former."""
        while True:
            try:
                if self.db.execute("SELECT 1 FROM cursor").fetchone() is None:
                    self.read_lists()
                self.catch_up()
                if once:
                    return
                self.follow()
            except Resync:
                with self.db:
                    self.db.execute("DELETE FROM cursor")

    def read_lists(self) -> None:
        """Read everything, in one transaction: a copy that is killed on the way has read nothing."""
        with self.db:
            self.db.execute("DELETE FROM row")
            first = self.ask(self.base + "tickets/?limit=1")  # how far the history was before any row was read
            for kind, path in LISTS.items():
                outer = OUTER.get(path.split("/")[0]) if "{" in path else None
                for around in self.rows(outer) if outer else [{}]:
                    for row in self.walk(self.base + path.format(**around)):
                        self.put(kind, row)
            said = first.headers
            self.db.execute(
                "INSERT INTO cursor VALUES (1, ?, ?)", (said["X-Project-Epoch"], int(said["X-Project-Revision"]))
            )

    def catch_up(self) -> None:
        """Apply all changes after the cursor, a page at a time."""
        more = True
        while more:
            epoch, after = self.db.execute("SELECT epoch, after FROM cursor").fetchone()
            page = self.ask(f"{self.base}changes/?epoch={epoch}&after={after}&limit=1000").json()
            self.apply(page["changes"], page["next_after"])
            more = page["has_more"]

    def follow(self) -> None:
        """Apply changes as they happen, until the connection ends, however it ends."""
        epoch, after = self.db.execute("SELECT epoch, after FROM cursor").fetchone()
        try:
            with self.http.stream("GET", f"{self.base}changes/stream/?epoch={epoch}&after={after}") as answer:
                self.check(answer)
                for line in answer.iter_lines() if answer.is_success else ():
                    if line.startswith("data: "):
                        change = json.loads(line.removeprefix("data: "))
                        self.apply([change], change["revision"])
        except httpx.TransportError:
            pass
        time.sleep(random.uniform(0.5, 2))  # a server that has just restarted is not stormed by all at once

    def apply(self, changes: list[Row], reached: int) -> None:
        """Write changes and cursor together, or neither."""
        with self.db:
            for change in changes:
                self.take(change)
            self.db.execute("UPDATE cursor SET after = ?", (reached,))

    def take(self, change: Row) -> None:
        """Apply one change; one that was seen already does nothing."""
        kind, uid, made = change["kind"], change["uid"], change["resource"] or {}
        if kind == "snapshots":  # one push
            for row in made["snapshots"]:
                self.put("snapshot", row)
        elif change["action"] == "created":
            self.put(kind, made)
        elif change["action"] == "deleted":
            for gone in [change, *made.get("children", ())]:
                self.db.execute("DELETE FROM row WHERE kind = ? AND uid = ?", (gone["kind"], gone["uid"]))
        else:
            self.edit("kind = ? AND uid = ?", (kind, uid), change["diff"], change["version"], change)
        for image in change.get("tickets", ()):  # what became of the tickets that it touched beside
            if "resource" in image:
                self.put("ticket", image["resource"])
            else:
                where = "kind = 'ticket' AND number = ?"
                self.edit(where, (image["number"],), image["diff"], image["version"], change)

    def put(self, kind: str, row: Row) -> None:
        """Keep a row, unless a later state of it is kept already."""
        if kind in LISTS:
            values = (kind, row["uid"], row.get("number"), row["revision"], json.dumps(row))
            self.db.execute(
                "INSERT INTO row VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, uid) DO UPDATE SET number = excluded.number,"
                " revision = excluded.revision, body = excluded.body WHERE excluded.revision > row.revision", values,
            )  # fmt: skip

    def edit(self, where: str, of: tuple[Any, ...], diff: dict[str, Any], version: Any, change: Row) -> None:
        """Give a kept row its new values, unless it has had them already."""
        found = self.db.execute(f"SELECT body FROM row WHERE {where} AND revision < ?", (*of, change["revision"]))
        for (body,) in found.fetchall():
            follows = {"revision": change["revision"], "version": version, "updated_at": change["at"]}
            row: Row = json.loads(body)
            row |= {name: value for name, value in follows.items() if name in row}
            row |= {name: new for name, (_, new) in diff.items()}
            self.db.execute(
                f"UPDATE row SET revision = ?, body = ? WHERE {where}", (change["revision"], json.dumps(row), *of)
            )

    def rows(self, kind: str) -> list[Row]:
        """The rows of a kind that are kept."""
        return [json.loads(body) for (body,) in self.db.execute("SELECT body FROM row WHERE kind = ?", (kind,))]

    def walk(self, address: str | None) -> Iterator[Row]:
        """Every row of a list; of one that has gone meanwhile, none."""
        while address:
            answer = self.ask(address, gone_is_fine=True)
            page = answer.json() if answer.is_success else {"results": [], "next": None}
            yield from page["results"]
            address = page["next"]

    def ask(self, address: str, *, gone_is_fine: bool = False) -> httpx.Response:
        """GET, as often as it takes. Raises Resync, and httpx.HTTPStatusError where asking again cannot help."""
        for attempt in range(10_000):
            try:
                answer = self.http.get(address)
                if (gone_is_fine and answer.status_code == 404) or self.check(answer):
                    return answer
                pause = float(answer.headers.get("Retry-After", 0))
            except httpx.TransportError:
                pause = 0
            time.sleep(max(pause, random.uniform(0.5, 1) * min(2**attempt / 4, 60)))
        raise AssertionError("unreachable")

    def check(self, answer: httpx.Response) -> bool:
        """Whether it is the answer; False means to ask later. Raises like `ask`."""
        if answer.status_code == 410:
            raise Resync
        if answer.status_code != 429 and answer.status_code < 500:
            answer.raise_for_status()
        return answer.is_success


if __name__ == "__main__":
    copy = Copy(sys.argv[2], sys.argv[1], os.environ["AGILEML_URL"], os.environ["AGILEML_TOKEN"])
    copy.keep(once="--once" in sys.argv)
