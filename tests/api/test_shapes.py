"""A thing looks the same wherever it is shown: in its list, alone, in the feed, and in the answer that made it."""

from typing import Any

import pytest

from agileml.api import columns
from agileml.planning.models import Sprint
from tests.api.client import Api
from tests.factories import Cast

FINDING = {"kind": "refutes", "text": "No.", "cites": []}
TICKET = {
    "type": "review",
    "title": "Look",
    "story": 1,
    "labels": ["b", "a"],
    "assignee": None,
    "links": [{"url": "https://example.com"}],
    "checklist": [{"text": "x"}],
    "depends_on": [2, 1],
    "criteria": [{"metric": "error", "op": "<=", "value": 1, "margin": 0}, {"metric": "f1", "op": ">=", "value": 2}],
    "blocked": {"why": "No data"},
    "estimate": 3,
    "component": "data",
}
SKIP = {"base_version": 1, "reason_code": "other", "reason": "No.", "moves": [{"move": "skip", "ticket": 1}]}

MADE = [
    ("epic", "epics/", {"title": "99 of 100"}, columns.EPIC, True),
    ("story", "stories/", {"title": "Why", "epic": 1}, columns.STORY, True),
    ("review", "epics/1/reviews/", {"sprint": 1, "verdict": "stop", "note": "No."}, columns.REVIEW, False),
    ("ticket", "tickets/", TICKET, columns.TICKET, True),
    ("sprint", "sprints/", {"start": "2026-12-14", "end": "2026-12-25"}, columns.SPRINT, True),
    ("finding", "tickets/1/findings/", FINDING, columns.FINDING, False),
    ("opinion", "tickets/1/opinions/", {"opinion": "accept"}, columns.OPINION, False),
    ("comment", "tickets/1/comments/", {"text": "Yes."}, columns.COMMENT, False),
    ("decision", "sprints/1/decisions/", SKIP, columns.DECISION, False),
    ("proposal", "sprints/1/proposals/", SKIP, columns.PROPOSAL, True),
]


@pytest.fixture
def api(cast: Cast, sprint: Sprint) -> Api:
    api = Api(cast.member)
    api.post("epics/", {"title": "Read faster"})
    api.post("stories/", {"title": "How", "epic": 1})
    return api


def created(api: Api, kind: str) -> dict[str, Any]:
    changes = api.get("changes/?limit=1000")["changes"]
    return [change for change in changes if (change["kind"], change["action"]) == (kind, "created")][-1]["resource"]


@pytest.mark.parametrize(("kind", "path", "sent", "fields", "alone"), MADE, ids=[made[0] for made in MADE])
def test_it_looks_the_same_everywhere(api: Api, kind: str, path: str, sent: Any, fields: tuple[str, ...], alone: bool):
    made = api.post(path, sent)
    assert tuple(made) == fields
    assert api.walk(path)[-1] == made
    assert created(api, kind) == made
    if alone:
        assert api.get(f"{path}{made.get('number', made['uid'])}/") == made


def test_snapshots_metrics_members_and_projects_do_too(cast: Cast, api: Api):
    api.post("tickets/1/snapshots/", {"error": 0.03}, status=200)
    snapshot = api.walk("tickets/1/snapshots/")[-1]
    assert tuple(snapshot) == columns.SNAPSHOT
    assert created(api, "snapshots")["snapshots"] == [snapshot]
    metric = api.walk("metrics/")[-1]
    assert tuple(metric) == columns.METRIC
    assert created(api, "metric") == metric
    member = api.walk("members/")[-1]
    assert tuple(member) == columns.MEMBER
    assert created(api, "member") == member
    project = api.get("")
    assert tuple(project) == columns.PROJECT
    assert api.get("/api/v1/projects/")["results"] == [project]
    assert created(api, "project") == project


def test_single_resources_carry_their_version_as_etag(api: Api):
    for path in ("", "epics/1/", "stories/1/", "tickets/1/", "sprints/1/"):
        answer = api("GET", path)
        assert answer["ETag"] == f'"{answer.json()["version"]}"'
        assert answer["X-Project-Revision"].isdigit()
        assert answer["Cache-Control"] == "no-store"
