"""Every address and method of the API, read from its urls, and for each what it needs and a call that works.

A route without a row here fails tests/api/test_permissions.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.urls import URLPattern, URLResolver, reverse

from agileml.api import urls
from agileml.projects.rules import Need
from tests.api.client import Api
from tests.api.world import BASE, COMMENT, ERROR, FINDING, MLP, OTHER_ITEM, POLICY, World
from tests.demos.pictures import PNG

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Route:
    """One method of one address: what it needs of a role (None is any log-in at all), and a call that works.

    What `is_own` works for whoever made the thing, the lead, alone; what `is_session` asks for a browser's log-in; what
    `is_open` is for everybody.
    """

    name: str
    method: str
    need: Need | None
    status: int = 200
    sent: Any = None
    args: dict[str, Any] = field(default_factory=dict)
    query: str = ""
    is_push: bool = False
    is_own: bool = False
    is_session: bool = False
    of: str = "member"  # which membership, where the address names one
    is_open: bool = False

    @property
    def id(self) -> str:
        return f"{self.method} {self.name}"

    def address(self, world: World) -> str:
        given = {"key": "TST", "number": 1, "version": 2, "uid": world.decision.uid, "slug": "reader"}
        given |= self.args
        given |= {"proposal": world.proposal.uid, "source": world.source.uid, "binding": world.binding.uid}
        given |= {"webhook": world.webhook.uid, "delivery": world.delivery.uid}
        given |= {"member": getattr(world, self.of).uid, "token": world.service_token.uid}
        given |= {"item": world.item.uid, "feedback": world.feedback.uid, "link": world.shared.uid}
        given |= {"image": world.picture, "edition": 1}
        if self.name == "me-token":
            given["uid"] = world.token.uid
        for match in find(self.name):
            given = {name: given[name] for name in match}
        return reverse(f"api:{self.name}", kwargs=given) + self.query

    @property
    def headers(self) -> dict[str, str]:
        return {"if_match": '"1"'} if self.method in {"patch", "delete"} else {}


SKIP = {"base_version": 2, "reason_code": "other", "reason": "It is refuted.", "moves": [{"move": "skip", "ticket": 1}]}
BACKLOG = {str(number): {"to": "backlog", "note": "Half way"} for number in (1, 2, 3)}
RETRO = [{"kind": "keep", "text": "Small tickets."}, {"kind": "try", "text": "Pair on reviews.", "sprint": 2}]
TICKET = {"type": "review", "title": "Look at it", "labels": ["a"], "story": 1, "checklist": [{"text": "x"}]}
BATCH = [
    TICKET
    | {"external": {"system": "jira", "id": "OCR-2"}, "external_refs": [{"system": "hub", "id": "1", "url": ""}]},
    {"number": 1, "version": 1, "title": "Another", "type": "review", "sprint": 1},
]
NAMES = {"external_refs": [{"system": "jira", "id": "OCR-3", "url": "https://jira.example.com/3"}]}
LINK = {"url": "https://example.com/pull/1"}
NOTHING = "finding:0f8fad5b-d9cb-469f-a165-70867728950e"
CORRECTION = {
    "source": "push", "external_id": "svm", "run_pair": "seed=0", "run_split": "test", "candidate": "deskewed",
    "reason": "It was deskewed first.",
}  # fmt: skip
PUSH = {
    "external_id": "run-1",
    "candidate": "deskewed",
    "url": "https://example.com/1",
    "dataset": {"name": "digits", "digest": "d1"},
    "params": {"c": 1},
    "points": [{"metric": "error", "value": 0.03, "pair_key": "seed=1", "step": 3}],
}

TOKEN = {"name": "Sync", "scope": "read", "expires_at": "2099-01-01T00:00:00Z"}

ROUTES = [
    Route("me", "get", None),
    Route("me-tokens", "get", None, is_session=True),
    Route("me-tokens", "post", None, 201, TOKEN | {"project": None}, is_session=True),
    Route("me-token", "delete", None, 204, is_session=True, is_own=True),
    Route("projects", "get", None),
    Route("project", "get", Need.READ),
    Route("project", "patch", Need.LEAD, 200, {"wip_limits": {"in_progress": 4}, "wip_hard": True}),
    Route("members", "get", Need.READ),
    Route("members", "post", Need.LEAD, 201, {"name": "Robot", "role": "member"}),
    Route("member", "get", Need.READ),
    Route("member", "patch", Need.LEAD, 200, {"role": "stakeholder"}),
    Route("member", "delete", Need.LEAD, 204),
    Route("member-tokens", "get", Need.LEAD, is_session=True, of="service"),
    Route("member-tokens", "post", Need.LEAD, 201, TOKEN, is_session=True, of="service"),
    Route("member-token", "delete", Need.LEAD, 204, is_session=True, of="service"),
    Route("epics", "get", Need.READ),
    Route("epics", "post", Need.WORK, 201, {"title": "Read faster", "goal": "Soon", "components": ["data"]}),
    Route("epic", "get", Need.READ),
    Route("epic", "patch", Need.WORK, 200, {"goal": "Sooner", "components": ["data", "model"]}),
    Route("epic", "delete", Need.WORK, 204),
    Route("epic-rank", "post", Need.WORK, 200, {"before": 2}),
    Route("epic-target", "put", Need.WORK, 200, {"metric": "error", "op": "<=", "value": 0.01}),
    Route("epic-reviews", "get", Need.READ),
    Route("epic-reviews", "post", Need.WORK, 201, {"sprint": 1, "verdict": "adjust", "note": "Fewer digits."}),
    Route("stories", "get", Need.READ),
    Route("stories", "post", Need.WORK, 201, {"title": "Why", "description": "So", "epic": 1}),
    Route("story", "get", Need.READ),
    Route("story", "patch", Need.WORK, 200, {"title": "Do fewer help?", "epic": 1}),
    Route("story", "delete", Need.WORK, 204),
    Route("story-rank", "post", Need.WORK, 200, {"after": 2}),
    Route("tickets", "get", Need.READ),
    Route("tickets", "post", Need.WORK, 201, TICKET),
    Route("tickets-batch", "post", Need.WORK, 200, {"atomic": True, "tickets": BATCH}),
    Route("ticket-by-external", "put", Need.WORK, 201, TICKET, query="?system=jira&id=OCR-1"),
    Route("ticket", "get", Need.READ),
    Route("ticket", "patch", Need.WORK, 200, {"title": "Another", "blocked": {"why": "No data"}, "depends_on": [2]}),
    Route("ticket", "delete", Need.WORK, 204, args={"number": 6}),
    Route("ticket-status", "post", Need.WORK, 200, {"from": "todo", "to": "in_progress"}),
    Route("ticket-rank", "post", Need.WORK, 200, {"before": 3}),
    Route("ticket-links", "post", Need.WORK, 200, LINK | {"title": "Wider", "kind": "pr"}),
    Route("ticket-links", "delete", Need.WORK, 204, query="?url=https%3A%2F%2Fexample.com%2Fpull%2F1"),
    Route("links", "post", Need.WORK, 200, LINK | {"text": "TST-1, TST-2: wider"}),
    Route("ticket-findings", "get", Need.READ),
    Route("ticket-findings", "post", Need.WORK, 201, {"kind": "refutes", "text": "No.", "cites": []}),
    Route("ticket-finding", "get", Need.READ, args={"uid": FINDING}),
    Route("ticket-finding", "patch", Need.WORK, 200, NAMES, {"uid": FINDING}),
    Route("ticket-comment", "get", Need.READ, args={"uid": COMMENT}),
    Route("ticket-comment", "patch", Need.WORK, 200, NAMES, {"uid": COMMENT}),
    Route("ticket-opinions", "get", Need.READ),
    Route("ticket-opinions", "post", Need.WORK, 201, {"opinion": "accept", "text": "Fine."}),
    Route("ticket-comments", "get", Need.READ),
    Route("ticket-comments", "post", Need.COMMENT, 201, {"text": "Well done."}),
    Route("ticket-snapshots", "get", Need.READ),
    Route("ticket-snapshots", "post", Need.WORK, 200, PUSH, is_push=True),
    Route("ticket-corrections", "get", Need.READ),
    Route("ticket-corrections", "post", Need.WORK, 201, CORRECTION, {"number": 3}),
    Route("ticket-judgements", "get", Need.READ, args={"number": 3}),
    Route("snapshots", "get", Need.READ),
    Route("snapshots", "post", Need.WORK, 200, {"error": 0.03, "nested": {"f1": 1}}, is_push=True),
    Route("sprints", "get", Need.READ),
    Route("sprints", "post", Need.WORK, 201, {"start": "2026-12-14", "end": "2026-12-25", "name": "Last"}),
    Route("sprint", "get", Need.READ),
    Route("sprint", "patch", Need.WORK, 200, {"name": "The one"}),
    Route("sprint-draft", "put", Need.WORK, 200, {"tickets": [5, 6]}, {"number": 2}),
    Route("sprint-board", "get", Need.READ),
    Route("sprint-suggestions", "get", Need.READ),
    Route("sprint-suggestions-dismiss", "post", Need.WORK, 200, {"key": NOTHING}),
    Route("sprint-start", "post", Need.LEAD, 201, {}, {"number": 2}),
    Route("sprint-close", "post", Need.LEAD, 201, {"destinations": BACKLOG, "reason": "Time is up.", "retro": RETRO}),
    Route("sprint-report", "get", Need.READ, args={"number": 3}),
    Route("sprint-decisions", "get", Need.READ),
    Route("sprint-decisions", "post", Need.DECIDE, 201, SKIP),
    Route("sprint-revert", "post", Need.DECIDE, 201, {"reason": "It was wrong.", "partial": False}),
    Route("proposals", "get", Need.READ, query="?state=open"),
    Route("proposals", "post", Need.WORK, 201, SKIP),
    Route("proposal", "get", Need.READ),
    Route("proposal-decide", "post", Need.DECIDE, 201, {"partial": True, "base_version": 2}),
    Route("proposal-decline", "post", Need.DECIDE, 200, {"answer": "Not yet."}),
    Route("proposal-withdraw", "post", Need.WORK, 200, {}, is_own=True),
    Route("sprint-plan", "get", Need.READ),
    Route("sprint-plan-diff", "get", Need.READ, query="?from=1&to=2"),
    Route("decisions", "get", Need.READ),
    Route("decisions", "post", Need.DECIDE, 201, SKIP | {"sprint": 1}),
    Route("revert", "post", Need.DECIDE, 201, {"reason": "It was wrong."}),
    Route("metrics", "get", Need.READ),
    Route(
        "metric",
        "patch",
        Need.LEAD,
        200,
        {"direction": "higher", "unit": "%", "smallest_difference": 0.001},
        {"uid": ERROR},
    ),
    Route("baselines", "get", Need.READ),
    Route("baselines", "post", Need.LEAD, 201, {"metric": "error", "label": "By hand", "constant": 0.5}),
    Route("baseline", "delete", Need.LEAD, 204, args={"uid": BASE}),
    Route("models", "get", Need.READ),
    Route("models", "post", Need.LEAD, 201, {"slug": "letters", "name": "Letters", "purpose": "To read letters."}),
    Route("model", "get", Need.READ),
    Route("model-policy", "post", Need.LEAD, 201, POLICY | {"looks": 3, "guardrails": []}),
    Route("model-policies", "get", Need.READ),
    Route("evaluations", "get", Need.READ),
    Route("evaluations", "post", Need.WORK, 201, {"challenger": MLP, "expects": "A third of the errors gone."}),
    Route("evaluation", "get", Need.READ),
    Route("evaluation-look", "post", Need.WORK, 200, {"look": 1}),
    Route("evaluation-withdraw", "post", Need.WORK, 200, {}),
    Route("model-promotions", "get", Need.READ),
    Route("model-promotions", "post", Need.LEAD, 201, {"kind": "override", "candidate": MLP, "reason": "It is fast."}),
    Route("promotion", "patch", Need.LEAD, 200, {"deployment": None}),
    Route("promotions", "get", Need.READ),
    Route("candidates", "get", Need.READ, query="?ticket=3&metric=error"),
    Route("sources", "get", Need.READ),
    Route("sources", "post", Need.LEAD, 201, {"kind": "metric_file", "name": "More", "config": {"root": "more"}}),
    Route("sources-refresh", "post", Need.WORK, 202, {}),
    Route("source", "get", Need.READ),
    Route("source", "patch", Need.LEAD, 200, {"name": "Runs", "state": "paused", "config": {"root": "there"}}),
    Route("source", "delete", Need.LEAD, 204),
    Route("source-check", "post", Need.LEAD, 200, {}),
    Route("source-polls", "get", Need.READ),
    Route("ticket-bindings", "get", Need.READ),
    Route("ticket-bindings", "post", Need.WORK, 201, {"text": "TST-1/other.json", "reduce": "max"}),
    Route("binding", "delete", Need.WORK, 204),
    Route("webhooks", "get", Need.LEAD),
    Route(
        "webhooks", "post", Need.LEAD, 201, {"url": "https://example.com/", "description": "Us", "kinds": ["ticket"]}
    ),
    Route("webhook", "get", Need.LEAD),
    Route("webhook", "patch", Need.LEAD, 200, {"url": "https://example.com/b", "state": "active", "cursor": 3}),
    Route("webhook", "delete", Need.LEAD, 204),
    Route("webhook-rotate", "post", Need.LEAD, 200, {"keep_old": False}),
    Route("webhook-ping", "post", Need.LEAD, 201, {}),
    Route("webhook-deliveries", "get", Need.LEAD),
    Route("webhook-redeliver", "post", Need.LEAD, 201, {}),
    Route("demos", "get", Need.READ),
    Route("demos", "post", Need.WORK, 201, {"sprint": 3}),
    Route("demo", "get", Need.READ),
    Route("demo", "patch", Need.WORK, 200, {"title": "Fewer errors", "intro": "In two weeks."}),
    Route("demo-items", "get", Need.READ),
    Route(
        "demo-items", "post", Need.WORK, 201, {"section": "learned", "headline": "Scanners differ", "story": "Much."}
    ),
    Route("demo-items-refresh", "post", Need.WORK, 200, {}),
    Route("demo-item", "get", Need.READ),
    Route("demo-item", "patch", Need.WORK, 200, {"headline": "Left alone, and why", "findings": None}),
    Route("demo-item-rank", "post", Need.WORK, 200, {"before": OTHER_ITEM, "section": "better"}),
    Route("demo-item-left-out", "post", Need.WORK, 200, {"left_out": True}),
    Route("demo-images", "post", Need.WORK, 201, {"picture": PNG.decode("latin-1"), "alt": "A point"}),
    Route("demo-image", "get", Need.READ),
    Route("demo-image", "patch", Need.WORK, 200, {"alt": "A point, far away"}),
    Route("demo-image", "delete", Need.WORK, 204),
    Route("demo-preview", "get", Need.WORK),
    Route("demo-publish", "post", Need.WORK, 201, {"expected": 1}),
    Route("demo-edition", "get", Need.READ),
    Route("demo-editions", "get", Need.READ),
    Route("demo-edition-number", "get", Need.READ),
    Route("demo-feedback", "get", Need.READ),
    Route("demo-feedback", "post", Need.COMMENT, 201, {"kind": "question", "text": "And the sevens?"}),
    Route("demo-feedback-answer", "post", Need.WORK, 200, {"text": "Not yet."}),
    Route("demo-feedback-ticket", "post", Need.WORK, 200, {"title": "Ask other branches", "type": "data_exploration"}),
    Route("demo-feedback-finding", "post", Need.WORK, 200, {"kind": "surprise"}),
    Route("demo-goals", "get", Need.READ),
    Route("demo-goals", "post", Need.COMMENT, 201, {"epic": 2, "verdict": "adjust", "note": "Letters first."}),
    Route("demo-share-links", "get", Need.LEAD),
    Route("demo-share-links", "post", Need.LEAD, 201, {"expires_in_days": 7, "passphrase": None}),
    Route("demo-share-link", "delete", Need.LEAD, 204),
    Route("share-links", "get", Need.LEAD),
    Route("share-links", "post", Need.LEAD, 201, {"expires_in_days": 30, "passphrase": "open"}),
    Route("share-link", "delete", Need.LEAD, 204),
    Route("changes", "get", Need.READ),
    Route("changes-stream", "get", Need.READ),
    Route("schema", "get", None, is_open=True),
]


def asking(route: Route, world: World) -> Api:
    """The lead with a token, or in a browser where no token may ask."""
    api = Api(None if route.is_session else world.cast.lead)
    if route.is_session:
        api.client.force_login(world.cast.lead)
    return api


def patterns() -> Iterator[URLPattern]:
    """Every address that has a name."""

    def walk(found: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
        for pattern in found:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns)
            elif pattern.name:
                yield pattern

    return walk(urls.urlpatterns)


def view_of(pattern: URLPattern) -> Any:
    """The class that answers at an address."""
    callback: Any = pattern.callback
    return callback.view_class


def find(name: str) -> Iterator[set[str]]:
    """The names of what an address takes, those of the address around it included."""

    def walk(found: list[URLPattern | URLResolver], around: set[str]) -> Iterator[set[str]]:
        for pattern in found:
            inside = around | set(pattern.pattern.converters)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, inside)
            elif pattern.name == name:
                yield inside

    return walk(urls.urlpatterns, set())


def every_route() -> set[tuple[str, str]]:
    """Each address with each method that it answers."""
    return {
        (str(pattern.name), method) for pattern in patterns() for method in METHODS if hasattr(view_of(pattern), method)
    }


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is written inside is undone after, as a test's own writes are."""
    atom: Any = transaction.atomic()
    atom._from_testcase = True  # the mark by which `durable` knows a test's own transaction
    with atom:
        yield
        transaction.set_rollback(True)
