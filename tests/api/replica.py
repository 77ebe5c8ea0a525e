"""A copy of a project, kept as a client keeps one: lists once, then changes."""

from typing import Any

from tests.api.client import Api

# The lists that a copy is made of; one inside of others comes after them.
LISTS = {
    "member": "members/",
    "epic": "epics/",
    "story": "stories/",
    "ticket": "tickets/",
    "sprint": "sprints/",
    "decision": "decisions/",
    "metric": "metrics/",
    "baseline": "baselines/",
    "model": "models/",
    "promotion": "promotions/",
    "demo": "demos/",
}
UNDER = {
    "finding": ("ticket", "tickets/{number}/findings/"),
    "opinion": ("ticket", "tickets/{number}/opinions/"),
    "comment": ("ticket", "tickets/{number}/comments/"),
    "snapshot": ("ticket", "tickets/{number}/snapshots/"),
    "correction": ("ticket", "tickets/{number}/corrections/"),
    "proposal": ("sprint", "sprints/{number}/proposals/"),
    "evaluation": ("model", "models/{slug}/evaluations/"),
    "demo_item": ("demo", "demos/{number}/items/"),
    "feedback": ("demo", "demos/{number}/feedback/"),
    "goal_answer": ("demo", "demos/{number}/goals/"),
}

Rows = dict[str, dict[str, Any]]


def read(api: Api) -> dict[str, Rows]:
    """Everything that the lists show, by kind and uid."""
    found = {kind: {row["uid"]: row for row in api.walk(path)} for kind, path in LISTS.items()}
    for kind, (around, path) in UNDER.items():
        found[kind] = {row["uid"]: row for outer in found[around].values() for row in api.walk(path.format_map(outer))}
    return found


class Replica:
    """Rows by kind and uid, and where in the history they stand."""

    def __init__(self, api: Api) -> None:
        answer = api("GET", "tickets/?limit=1")
        self.epoch, self.after = answer["X-Project-Epoch"], int(answer["X-Project-Revision"])
        self.api = api
        self.rows = read(api)
        self.seen: list[int] = []

    def follow(self, *, limit: int = 7) -> None:
        """Apply every change after what is known, page by page."""
        more = True
        while more:
            page = self.api.get(f"changes/?epoch={self.epoch}&after={self.after}&limit={limit}")
            for change in page["changes"]:
                self.seen.append(change["revision"])
                self.apply(change)
            self.after, more = page["next_after"], page["has_more"]

    def apply(self, change: dict[str, Any]) -> None:
        """One change, as docs/api.md says it is applied; a change already seen does no harm."""
        kind, uid = change["kind"], change["uid"]
        if kind == "snapshots":
            for row in change["resource"]["snapshots"]:
                self.put("snapshot", row)
        elif change["action"] == "created" and kind in self.rows:
            self.put(kind, change["resource"])
        elif change["action"] == "deleted":
            self.rows[kind].pop(uid, None)
            for child in (change["resource"] or {}).get("children", ()):
                self.rows[child["kind"]].pop(child["uid"], None)
        elif kind in self.rows:
            self.change(self.rows[kind].get(uid), change["diff"], change["version"], change)
        if kind == "member" and "user" in change["diff"]:
            self.rename(*change["diff"]["user"])
        for image in change.get("tickets", ()):
            if "resource" in image:
                self.put("ticket", image["resource"])
            else:
                self.change(self.ticket(image["number"]), image["diff"], image["version"], change)

    def rename(self, old: dict[str, str], new: dict[str, str]) -> None:
        """A name follows its id, wherever that stands."""

        def renamed(value: Any) -> Any:
            if isinstance(value, dict):
                return new if value == old else {name: renamed(item) for name, item in value.items()}
            return [renamed(item) for item in value] if isinstance(value, list) else value

        self.rows = renamed(self.rows)

    def put(self, kind: str, row: dict[str, Any]) -> None:
        had = self.rows[kind].get(row["uid"])
        if had is None or had["revision"] < row["revision"]:
            self.rows[kind][row["uid"]] = row

    def change(
        self, row: dict[str, Any] | None, diff: dict[str, list[Any]], version: int | None, change: dict[str, Any]
    ) -> None:
        if row is None or row["revision"] >= change["revision"]:
            return
        row.update({name: new for name, (_, new) in diff.items()}, revision=change["revision"])
        follows = {"version": version, "updated_at": change["at"]}
        row.update({name: value for name, value in follows.items() if name in row})

    def ticket(self, number: int) -> dict[str, Any] | None:
        return next((row for row in self.rows["ticket"].values() if row["number"] == number), None)
