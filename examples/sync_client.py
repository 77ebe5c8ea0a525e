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
from contextlib import suppress
from typing import Any

import httpx

LISTS = {  # strike out what you do not need; a list inside of others comes after them
    "member": "members/", "epic": "epics/", "story": "stories/", "ticket": "tickets/", "sprint": "sprints/",
    "decision": "decisions/", "metric": "metrics/", "baseline": "baselines/", "model": "models/",
    "promotion": "promotions/", "finding": "tickets/{number}/findings/", "opinion": "tickets/{number}/opinions/",
    "comment": "tickets/{number}/comments/", "snapshot": "tickets/{number}/snapshots/",
    "correction": "tickets/{number}/corrections/", "proposal": "sprints/{number}/proposals/",
    "evaluation": "models/{slug}/evaluations/", "demo": "demos/", "demo_item": "demos/{number}/items/",
    "feedback": "demos/{number}/feedback/", "goal_answer": "demos/{number}/goals/",
}  # fmt: skip
TABLES = """CREATE TABLE IF NOT EXISTS row (kind, uid, number, revision, body, PRIMARY KEY (kind, uid));
CREATE INDEX IF NOT EXISTS by_number ON row (kind, number);
CREATE TABLE IF NOT EXISTS cursor (epoch, after);"""
PUT = """INSERT INTO row VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, uid) DO UPDATE
SET revision = excluded.revision, body = excluded.body WHERE excluded.revision > row.revision"""


class Copy:
    """The copy of one project. Each `with self.db` is one transaction: all of it or, killed, nothing."""

    def __init__(self, file: str, project: str, url: str, token: str) -> None:
        self.db, self.base = sqlite3.connect(file), f"{url}/api/v1/projects/{project}/"
        self.db.executescript(TABLES)
        # A stream says something every 15 seconds: after 45 without a word the connection is dead.
        self.http = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=httpx.Timeout(10, read=45))

    def keep(self, *, once: bool = False) -> None:
        """Be up to date, and stay so; with `once` only the former. Raises like `ask`."""
        while True:
            cursor = self.db.execute("SELECT 'epoch=' || epoch || '&after=' || after FROM cursor").fetchone()
            answer = self.ask(f"{self.base}changes/?{cursor[0]}&limit=1000", 410) if cursor else None
            if answer is None or answer.status_code == 410:  # the history begins, or began anew: so does the copy
                self.read_lists()
                continue
            page = answer.json()
            self.apply(page)
            if page["has_more"]:
                continue
            if once:
                return
            # Wait until the stream tells of something, or ends, as when the server does; come back a little later.
            stream = f"{self.base}changes/stream/?epoch={page['epoch']}&after={page['next_after']}"
            with suppress(httpx.TransportError), self.http.stream("GET", stream) as told:
                any(line.startswith("data: ") for line in told.iter_lines())
            time.sleep(random.uniform(0.5, 2))

    def read_lists(self) -> None:
        """Keep every row of every list, and as cursor where the history was before the first was read."""
        with self.db:
            self.db.execute("DELETE FROM row")
            self.db.execute("DELETE FROM cursor")
            at = self.ask(f"{self.base}tickets/?limit=1").headers
            self.db.execute("INSERT INTO cursor VALUES (?, ?)", (at["X-Project-Epoch"], int(at["X-Project-Revision"])))
            for kind, path in LISTS.items():
                around = [other for other, whole in LISTS.items() if path.startswith(whole + "{")]
                for outer in self.rows("kind = ?", *around) if around else [{}]:
                    address = f"{self.base}{path.format(**outer)}?limit=500"
                    while address and (answer := self.ask(address, 404)).is_success:
                        for row in answer.json()["results"]:
                            self.put(kind, row)
                        address = answer.json()["next"]
                    if address:  # what the list was in was deleted, or else this raises: the project is gone
                        self.ask(self.base)

    def apply(self, page: dict[str, Any]) -> None:
        """Write changes and cursor together."""
        with self.db:
            for change in page["changes"]:
                self.take(change, change["kind"], "uid", change)
                for ticket in change.get("tickets", ()):  # what became of the tickets that it touched beside
                    self.take(change, "ticket", "number", ticket)
            self.db.execute("UPDATE cursor SET after = ?", (page["next_after"],))

    def take(self, change: dict[str, Any], kind: str, key: str, told: dict[str, Any]) -> None:
        """Apply what a change tells of one thing, known by its uid or number; told again, it does nothing."""
        whole = told.get("resource") or {}
        if told.get("action") == "deleted":
            gone = [(one["kind"], one["uid"]) for one in (told, *whole.get("children", ()))]
            self.db.executemany("DELETE FROM row WHERE kind = ? AND uid = ?", gone)
        elif whole:  # a push comes as one change of kind `snapshots`
            for row in whole.get("snapshots", [whole]):
                self.put("snapshot" if kind == "snapshots" else kind, row)
        else:
            new = {"revision": change["revision"], "version": told["version"], "updated_at": change["at"]}
            new |= {name: after for name, (_, after) in told["diff"].items()}
            for row in self.rows(f"kind = ? AND {key} = ?", kind, told[key]):
                self.put(kind, row | {name: new[name] for name in row.keys() & new})
            if kind == "member" and "user" in new:  # who is called differently is so wherever her id stands
                self.db.execute("UPDATE row SET body = replace(body, ?, ?)", [*map(json.dumps, told["diff"]["user"])])

    def put(self, kind: str, row: dict[str, Any]) -> None:
        """Keep a row, unless that state of it or a later one is kept already."""
        if kind in LISTS:
            self.db.execute(PUT, (kind, row["uid"], row.get("number"), row["revision"], json.dumps(row)))

    def rows(self, where: str, *values: Any) -> list[dict[str, Any]]:
        """Some of the kept rows."""
        return [json.loads(body) for (body,) in self.db.execute(f"SELECT body FROM row WHERE {where}", values)]

    def ask(self, address: str, *expected: int) -> httpx.Response:
        """GET, as often as it takes. Raises httpx.HTTPStatusError where that cannot help, unless it is `expected`."""
        pause = 0.25
        while True:
            wait = pause = min(pause * 2, 60)
            with suppress(httpx.TransportError):
                answer = self.http.get(address)
                if answer.status_code != 429 and answer.status_code < 500:
                    return answer if answer.status_code in expected else answer.raise_for_status()
                wait = float(answer.headers.get("Retry-After", pause))
            time.sleep(wait * random.uniform(1, 1.5))


if __name__ == "__main__":
    copy = Copy(sys.argv[2], sys.argv[1], os.environ["AGILEML_URL"], os.environ["AGILEML_TOKEN"])
    copy.keep(once="--once" in sys.argv)
