"""A sprint with something to show, and a reader who knows demos only from the feed."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from agileml.accounts.models import User
from agileml.demos import shapes
from agileml.demos.actions.begin import begin_demo
from agileml.demos.actions.publish import publish
from agileml.demos.actions.sharing import share
from agileml.demos.models import Demo, DemoItem, Edition
from agileml.demos.queries import listed
from agileml.journal.models import Change
from agileml.metrics.actions.settings import set_baseline, set_target, watch_metric
from agileml.planning.actions.notes import write_finding
from agileml.planning.actions.progress import progress
from agileml.projects.models import Project
from agileml.work.actions import create_epic, create_story
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_sprint, make_ticket, measure, replan
from tests.planning.mirror import Mirror, images, timeless

DIGEST = "sha256:test"


@dataclass(frozen=True)
class Shown:
    """A project whose sprint learned (1), got better (2), shipped (3) and skipped (4), with one ticket open (5)."""

    cast: Cast
    actor: User
    now: datetime = NOW

    @property
    def project(self) -> Project:
        return self.cast.project

    @property
    def who(self) -> dict[str, Any]:
        return {"project": self.project, "actor": self.actor, "now": self.now}

    def as_(self, actor: User) -> "Shown":
        return replace(self, actor=actor)

    def begun(self) -> Demo:
        return begin_demo(sprint=1, **self.who)

    def published(self) -> Edition:
        self.begun()
        return publish(demo=1, **self.who)

    def token(self, **sent: Any) -> str:
        return share(demo=1, sent=sent, **self.as_(self.cast.lead).who)[1]


def make_shown(cast: Cast) -> Shown:
    shown = Shown(cast, cast.member)
    lead: dict[str, Any] = {"project": cast.project, "actor": cast.lead, "now": NOW}
    watch_metric(key="error", direction="lower", unit="%", smallest_difference=0.001, **lead)
    create_epic(sent={"title": "Read cheques", "goal": "Clerks type less"}, **lead)
    set_target(epic=1, metric="error", op="<=", value=0.004, **lead)
    create_story(sent={"title": "Which model?", "epic": 1}, **lead)
    set_baseline(metric="error", label="Rule", constant=0.08, dataset_digest=DIGEST, split="test", **lead)
    make_ticket(cast, "Look at the data", story=1)
    criterion = {"metric": "error", "op": "<=", "against": "baseline"}
    make_ticket(cast, "Try a learner", story=1, criteria=[criterion])
    for title in ("Serve it", "Try wavelets", "Still going"):
        make_ticket(cast, title)
    make_sprint(cast, [1, 2, 3, 4, 5], active=True, name="Skeleton", goal="Know what works", increment="A reader")
    second = Ticket.objects.get(project=cast.project, number=2)
    measure(cast, second, [0.05, 0.052, 0.049], dataset_digest=DIGEST, split="test")
    find(shown, 1, "Many digits lean. Some more than others.")
    for number, outcome in ((1, "learned"), (2, "learned"), (3, "shipped")):
        progress(number=number, to="done", outcome=outcome, **lead)
    sprint = Ticket.objects.get(project=cast.project, number=1).assignments.get().sprint
    replan(cast, sprint, {"move": "skip", "ticket": 4, "revisit_if": "we get edges"}, reason="Edges do not help.")
    return shown


def find(shown: Shown, ticket: int, text: str) -> str:
    return str(write_finding(ticket=ticket, sent={"kind": "surprise", "text": text}, **shown.who).uid)


def item_of(ticket: int | None) -> DemoItem:
    return DemoItem.objects.get(ticket__number=ticket) if ticket else DemoItem.objects.get(ticket=None)


def headlines(edition: Edition) -> dict[str, list[str]]:
    return {section["code"]: [item["headline"] for item in section["items"]] for section in edition.body["sections"]}


def listed_shapes(project: Project) -> dict[str, dict[str, Any]]:
    """Everything of a project's demos as lists show it, by uid."""
    found: list[dict[str, Any]] = []
    for demo in Demo.objects.filter(project=project).select_related("sprint"):
        found.append(shapes.demo(demo))
        rows: Any = listed.items(demo)
        found += [shapes.item(row, demo=demo.number, images=row.shown_images) for row in rows]
        found += [shapes.feedback(row, demo=demo.number) for row in listed.feedback(demo)]
        found += [shapes.goal_answer(row, demo=demo.number) for row in listed.goal_answers(demo)]
    return {row["uid"]: row for row in found}


def from_feed(project: Project) -> dict[str, dict[str, Any]]:
    """The same as one knows it who reads nothing but changes."""
    known: dict[str, dict[str, Any]] = {}
    kinds = ("demo", "demo_item", "feedback", "goal_answer")
    for change in Change.objects.filter(stream=project.stream_id, kind__in=kinds).order_by("revision"):
        uid = str(change.object_uid)
        if change.action == "created":
            assert uid not in known
            known[uid] = dict(change.resource)
        for name, (old, new) in change.diff.items():
            assert known[uid][name] == old != new
            known[uid][name] = new
        known[uid]["revision"] = change.revision
        if "version" in known[uid]:
            known[uid]["version"] = change.version
    return known


def check(project: Project) -> None:
    """Who only followed the feed has everything as it is, tickets too."""
    assert from_feed(project) == listed_shapes(project)
    mirror = Mirror(project)
    mirror.follow()
    here = {number: timeless(shape) for number, shape in images(project).items()}
    assert {number: timeless(shape) for number, shape in mirror.tickets.items()} == here
