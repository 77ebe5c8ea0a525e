"""A reader who knows a project only from its feed, and what must hold of a project whatever was done to it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.apps import apps
from django.db import connection

from agileml.journal.models import Change
from agileml.journal.queries import changes_after, head
from agileml.planning import shapes
from agileml.planning.actions.ledger import plan_fields, sprint_fields
from agileml.planning.models import AlignmentReview, Assignment, Decision, Dismissal, Sprint
from agileml.planning.queries import proposals
from agileml.planning.queries.replays import recorded
from agileml.planning.rules.replay import Plan, replay
from agileml.projects.models import Project
from agileml.work import shapes as work_shapes
from agileml.work.models import Epic, Story, Ticket

A_PAGE = 7  # small, so that a page ends in the middle of what one write recorded

TablePlan = dict[str, Any]


OTHERS: dict[str, Callable[[Project], Iterable[shapes.Shape]]] = {  # beside tickets, sprints and decisions
    "proposal": lambda project: map(shapes.proposal, proposals.loaded(project)),
    "review": lambda project: map(
        shapes.review,
        AlignmentReview.objects.filter(epic__project=project).select_related("epic", "sprint", "author"),
    ),
    "dismissal": lambda project: map(
        shapes.dismissal, Dismissal.objects.filter(sprint__project=project).select_related("sprint", "actor")
    ),
    "epic": lambda project: map(work_shapes.epic, Epic.objects.filter(project=project, deleted_at=None)),
    "story": lambda project: map(
        work_shapes.story, Story.objects.filter(project=project, deleted_at=None).select_related("epic")
    ),
}


class Mirror:
    """All that is planned as one knows them who reads nothing but changes, each exactly once."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.epoch = head(project.stream_id).epoch
        self.revision = 0
        self.at = ""
        self.tickets: dict[int, shapes.Shape] = {}
        self.sprints: dict[int, shapes.Shape] = {}
        self.decisions: dict[str, shapes.Shape] = {}
        self.others: dict[str, dict[str, shapes.Shape]] = {kind: {} for kind in OTHERS}

    def follow(self) -> None:
        """Read on to the end of the feed."""
        while True:
            at, page = changes_after(self.project.stream_id, epoch=self.epoch, after=self.revision, limit=A_PAGE)
            for change in page:
                self._take(change)
            if not page:
                assert self.revision == at.revision, "the head is beyond the last change"
                return

    def _take(self, change: dict[str, Any]) -> None:
        assert change["revision"] == self.revision + 1, f"after {self.revision} comes {change['revision']}"
        assert change["at"] >= self.at, "time ran backwards"
        self.revision, self.at = change["revision"], change["at"]
        kind, uid = change["kind"], change["uid"]
        if kind == "ticket" and change["action"] == "deleted":
            del self.tickets[change["number"]]
        elif kind == "ticket":
            self._put(self.tickets, change["number"], change)
        elif kind == "sprint":
            self._put(self.sprints, change["number"], change)
        elif kind == "decision":
            self._put(self.decisions, uid, change)
        elif kind in self.others and change["action"] == "deleted":
            del self.others[kind][uid]
        elif kind in self.others:
            self._put(self.others[kind], uid, change)
        for line in change.get("tickets", ()):
            self._put(self.tickets, line["number"], line)
            assert self.tickets[line["number"]]["version"] == line["version"]

    def _put(self, known: dict[Any, shapes.Shape], name: Any, change: dict[str, Any]) -> None:
        if change.get("resource") is not None:
            assert name not in known, f"{name} was made twice"
            known[name] = dict(change["resource"])
        for field, (old, new) in change.get("diff", {}).items():
            assert old != new, f"{field} of {name} is no news"
            assert known[name][field] == old, f"{field} of {name} was {known[name][field]}, not {old}"
            known[name][field] = new
        known[name]["revision"] = self.revision


def assert_same(one: Mapping[Any, Any], other: Mapping[Any, Any], about: str = "") -> None:
    """Two sets of rows are equal; else only what differs is told, which is little in a lot."""
    told = {}
    for name in one.keys() | other.keys():
        left, right = one.get(name), other.get(name)
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            fields = [field for field in left.keys() | right.keys() if left.get(field) != right.get(field)]
            left, right = {f: left.get(f) for f in fields}, {f: right.get(f) for f in fields}
        if left != right:
            told[name] = [left, right]
    assert not told, f"{about}: {told}"


def timeless(shape: shapes.Shape) -> shapes.Shape:
    """A shape without the time of its last change, which the feed says beside it."""
    return {name: value for name, value in shape.items() if name != "updated_at"}


def images(project: Project) -> dict[int, shapes.Shape]:
    """Every live ticket of the project as clients see it, by number."""
    ids = list(Ticket.objects.alive().filter(project=project).values_list("pk", flat=True))
    return {shape["number"]: shape for shape in shapes.images(ids, key=project.key).values()}


def check_feed(mirror: Mirror, now: dict[int, shapes.Shape], *, newest: int | None = None) -> None:
    """Who only followed the feed has everything exactly as it is; `newest`: of decisions so many."""
    mirror.follow()
    project = mirror.project
    assert_same({n: timeless(s) for n, s in mirror.tickets.items()}, {n: timeless(s) for n, s in now.items()}, "feed")
    sprints = {row.number: shapes.sprint(row) for row in Sprint.objects.filter(project=project)}
    assert_same(mirror.sprints, sprints, "feed")
    rows = Decision.objects.filter(project=project).select_related("actor", "sprint", "reverts").order_by("-pk")
    decisions = {shape["uid"]: shape for shape in shapes.decisions(rows[:newest])}
    assert len(mirror.decisions) == rows.count()
    assert_same({uid: mirror.decisions.get(uid) for uid in decisions}, decisions, "feed")
    for kind, listed in OTHERS.items():
        there = {shape["uid"]: timeless(shape) for shape in listed(project)}
        assert_same({uid: timeless(shape) for uid, shape in mirror.others[kind].items()}, there, f"feed of {kind}")
    assert Change.objects.filter(stream=project.stream_id).count() == mirror.revision


def table_plan(sprint: Sprint, now: dict[int, shapes.Shape]) -> TablePlan:
    """The plan of an active sprint as the tables hold it, without any decision being asked."""
    inside = Assignment.objects.filter(sprint=sprint, opened_by__isnull=False, ended_by=None)
    numbers = inside.values_list("ticket__number", flat=True)
    return {"sprint": sprint_fields(sprint), "tickets": {number: plan_fields(now[number]) for number in numbers}}


def without_history(plan: Plan) -> TablePlan:
    """A replayed plan as far as the tables hold it too: they do not know since when a ticket is in it."""
    lines = {n: {k: v for k, v in line.items() if k != "added_in"} for n, line in plan.tickets.items()}
    return {"sprint": dict(plan.sprint), "tickets": lines}


def check_places(project: Project) -> None:
    """A ticket is in one active sprint at most and drafted once at most; drafts lie only in planned sprints."""
    open_rows = Assignment.objects.filter(sprint__project=project, ended_by=None)
    rows = list(open_rows.values_list("ticket__number", "opened_by", "sprint__state", "ticket__deleted_at"))
    active = [number for number, opened, _, _ in rows if opened is not None]
    drafted = [number for number, opened, _, _ in rows if opened is None]
    assert len(active) == len(set(active)), "a ticket is in two active sprints"
    assert len(drafted) == len(set(drafted)), "a ticket is drafted twice"
    assert {state for _, opened, state, _ in rows if opened is not None} <= {"active"}
    assert {state for _, opened, state, _ in rows if opened is None} <= {"planned"}
    assert {deleted for *_, deleted in rows} <= {None}, "a deleted ticket is planned"


def replayed(sprint: Sprint) -> Plan:
    """What the decisions of a sprint say that its plan is."""
    return replay(recorded(sprint))


def everything() -> list[tuple[str, int]]:
    """How many rows every table has, and the sum of all revisions: what a refused action must leave alone."""
    tables = sorted(model._meta.db_table for model in apps.get_models() if model._meta.managed)
    counts = [f"SELECT '{table}', count(*) FROM {table}" for table in tables]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([*counts, "SELECT 'revisions', sum(revision) FROM journal_stream"]))
        return [(str(name), int(count)) for name, count in cursor.fetchall()]
