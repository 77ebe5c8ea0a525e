"""Keep a copy of a project in an SQLite file: the lists once, then every change, whatever happens on the way.

    export AGILEML_URL=http://127.0.0.1:8000 AGILEML_TOKEN=aml_…
    python sync_client.py DIG copy.sqlite3 [--once]

Stop it as hard as you like and start it again. Why it does what it does stands in docs/syncing.md. Needs httpx.
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

LISTS = {  # a list inside others comes after them; strike out what you do not need
    "member": "members/", "epic": "epics/", "story": "stories/", "ticket": "tickets/", "sprint": "sprints/",
    "decision": "decisions/", "metric": "metrics/", "baseline": "baselines/", "model": "models/",
    "promotion": "promotions/",
    "finding": "tickets/{number}/findings/", "opinion": "tickets/{number}/opinions/",
    "comment": "tickets/{number}/comments/", "snapshot": "tickets/{number}/snapshots/",
    "correction": "tickets/{number}/corrections/", "proposal": "sprints/{number}/proposals/",
    "evaluation": "models/{slug}/evaluations/",
}  # fmt: skip
TABLES = """
CREATE TABLE IF NOT EXISTS row (kind, uid, number, revision, body, PRIMARY KEY (kind, uid));
CREATE INDEX IF NOT EXISTS by_number ON row (kind, number);
CREATE TABLE IF NOT EXISTS cursor (epoch, after);
"""
PUT = """
INSERT INTO row VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, uid) DO UPDATE
SET revision = excluded.revision, body = excluded.body WHERE excluded.revision > row.revision
"""
Row = dict[str, Any]


class Copy:
    """The copy of one project. In each method `with self.db` is one transaction: all of it or, killed, nothing."""

    def __init__(self, file: str, project: str, url: str, token: str) -> None:
        self.db = sqlite3.connect(file)
        self.db.executescript(TABLES)
        self.base = f"{url}/api/v1/projects/{project}/"
        # A stream says something every 15 seconds: after 45 without a word the connection is dead.
        self.http = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=httpx.Timeout(10, read=45))

    def keep(self, *, once: bool = False) -> None:
        """Be up to date, and stay so; with `once` only the former. Raises like `ask`."""
        while True:
            try:
                if self.db.execute("SELECT 1 FROM cursor").fetchone() is None:
                    self.read_lists()
                self.catch_up()
            except httpx.HTTPStatusError as error:
                if error.response.status_code != 410:
                    raise
                with self.db:
                    self.db.execute("DELETE FROM cursor")  # the history began anew, and so does the copy
                continue
            if once:
                return
            self.follow()

    def read_lists(self) -> None:
        """Read everything, and from where on to ask for changes: from before the first row was read."""
        with self.db:
            self.db.execute("DELETE FROM row")
            said = self.ask(self.base + "tickets/?limit=1").headers
            for kind, path in LISTS.items():
                for outer in self.rows_of(path) if "{" in path else [{}]:
                    for row in self.walk(self.base + path.format(**outer)):
                        self.put(kind, row)
            cursor = said["X-Project-Epoch"], int(said["X-Project-Revision"])
            self.db.execute("INSERT INTO cursor VALUES (?, ?)", cursor)

    def catch_up(self) -> None:
        """Apply all changes after the cursor, a page at a time."""
        more = True
        while more:
            epoch, after = self.db.execute("SELECT epoch, after FROM cursor").fetchone()
            page = self.ask(f"{self.base}changes/?epoch={epoch}&after={after}&limit=1000").json()
            self.apply(page["changes"], page["next_after"])
            more = page["has_more"]

    def follow(self) -> None:
        """Apply changes as they happen, until that ends, however it ends: the next question tells why."""
        epoch, after = self.db.execute("SELECT epoch, after FROM cursor").fetchone()
        try:
            with self.http.stream("GET", f"{self.base}changes/stream/?epoch={epoch}&after={after}") as answer:
                for line in answer.iter_lines() if answer.is_success else ():
                    if line.startswith("data: "):
                        change = json.loads(line.removeprefix("data: "))
                        self.apply([change], change["revision"])
        except httpx.TransportError:
            pass
        time.sleep(random.uniform(0.5, 2))  # a server that has just restarted is not stormed by all at once

    def apply(self, changes: list[Row], reached: int) -> None:
        """Write changes and cursor together."""
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
            self.edit("kind = ? AND uid = ?", (kind, uid), change, change)
        for image in change.get("tickets", ()):  # what became of the tickets that it touched beside
            if "resource" in image:
                self.put("ticket", image["resource"])
            else:
                self.edit("kind = 'ticket' AND number = ?", (image["number"],), image, change)

    def put(self, kind: str, row: Row) -> None:
        """Keep a row, unless a later state of it is kept already."""
        if kind in LISTS:
            self.db.execute(PUT, (kind, row["uid"], row.get("number"), row["revision"], json.dumps(row)))

    def edit(self, where: str, of: tuple[Any, ...], what: Row, change: Row) -> None:
        """Give a kept row its new values, unless it has had them already."""
        follows = {"revision": change["revision"], "version": what["version"], "updated_at": change["at"]}
        found = self.db.execute(f"SELECT body FROM row WHERE {where} AND revision < ?", (*of, change["revision"]))
        for row in [json.loads(body) for (body,) in found]:
            row |= {name: value for name, value in follows.items() if name in row}
            row |= {name: new for name, (_, new) in what["diff"].items()}
            self.db.execute(
                f"UPDATE row SET revision = ?, body = ? WHERE {where}", (row["revision"], json.dumps(row), *of)
            )

    def rows_of(self, path: str) -> list[Row]:
        """The rows that a list is inside of."""
        outer = next(kind for kind, other in LISTS.items() if other == path.partition("{")[0])
        return [json.loads(body) for (body,) in self.db.execute("SELECT body FROM row WHERE kind = ?", (outer,))]

    def walk(self, address: str | None) -> Iterator[Row]:
        """Every row of a list."""
        while address:
            try:
                page = self.ask(address).json()
            except httpx.HTTPStatusError as error:
                if error.response.status_code != 404:
                    raise
                self.ask(self.base)  # the project is there still, so the ticket was deleted; that is among the changes
                return
            yield from page["results"]
            address = page["next"]

    def ask(self, address: str) -> httpx.Response:
        """GET, as often as it takes. Raises httpx.HTTPStatusError where asking again cannot help."""
        pause = 0.25
        while True:
            wait = pause = min(pause * 2, 60)
            try:
                answer = self.http.get(address)
                if answer.status_code != 429 and answer.status_code < 500:
                    return answer.raise_for_status()
                wait = float(answer.headers.get("Retry-After", pause))
            except httpx.TransportError:
                pass
            time.sleep(wait * random.uniform(1, 1.5))


if __name__ == "__main__":
    copy = Copy(sys.argv[2], sys.argv[1], os.environ["AGILEML_URL"], os.environ["AGILEML_TOKEN"])
    copy.keep(once="--once" in sys.argv)
