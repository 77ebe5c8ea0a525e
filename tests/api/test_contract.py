"""A stranger with nothing but HTTP: the whole story of a re-plan over a real socket."""

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from agileml.projects.actions import issue_token
from tests.factories import Cast


class Stranger:
    """Knows an address and a token, and speaks JSON."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token

    def __call__(self, method: str, path: str, sent: Any = None, **headers: str) -> tuple[int, Any, Any]:
        """Status, headers and body of the answer."""
        address = path if path.startswith("http") else f"{self.url}/api/v1/{path}"
        asked = Request(address, method=method, headers={"Authorization": f"Bearer {self.token}"} | headers)
        if sent is not None:
            asked.data = json.dumps(sent).encode()
            asked.add_header("Content-Type", "application/json")
        try:
            with urlopen(asked) as answer:
                return answer.status, answer.headers, json.loads(answer.read() or b"null")
        except HTTPError as error:
            with error:
                return error.code, error.headers, json.loads(error.read())


def test_a_team_replans_because_of_a_metric_that_was_pushed(
    live_server: LiveServer, transactional_db: None, cast: Cast
):
    secrets = {
        scope: issue_token(user=cast.lead, name=scope, scope=scope, now=timezone.now())
        for scope in ("write", "metrics")
    }
    ask, push = (Stranger(live_server.url, secrets[scope]) for scope in ("write", "metrics"))
    here = "projects/TST/"
    for title in ("Wider layers", "Deeper layers", "Label noise"):
        criteria = [{"metric": "error", "op": "<=", "value": 0.02}]
        sent = {"type": "algorithm_development", "title": title, "criteria": criteria}
        assert ask("POST", f"{here}tickets/", sent)[0] == 201
    assert ask("POST", f"{here}sprints/", {"start": "2026-11-16", "end": "2026-11-27"})[0] == 201
    assert ask("PUT", f"{here}sprints/1/draft/", {"tickets": [1, 2]})[0] == 200
    assert ask("POST", f"{here}sprints/1/start/")[0] == 201

    _, headers, _ = ask("GET", f"{here}tickets/?limit=1")
    epoch, revision = headers["X-Project-Epoch"], headers["X-Project-Revision"]

    assert push("POST", "tickets/TST-1/snapshots/", {"error": 0.029})[2]["created"] == 1
    assert push("GET", f"{here}tickets/1/")[0] == 403
    _, headers, ticket = ask("GET", f"{here}tickets/1/")
    assert (ticket["criteria"][0]["state"], ticket["criteria"][0]["measured"]) == ("not_met", 0.029)
    status, _, edited = ask("PATCH", f"{here}tickets/1/", {"question": "Why?"}, **{"If-Match": headers["ETag"]})
    assert (status, edited["question"]) == (200, "Why?")

    snapshot = ask("GET", f"{here}tickets/1/snapshots/")[2]["results"][0]["uid"]
    sent = {"kind": "refutes", "text": "More features do not help.", "cites": [{"snapshot": snapshot}]}
    finding = ask("POST", f"{here}tickets/1/findings/", sent)[2]["uid"]
    replan = {
        "base_version": 1,
        "reason_code": "finding_invalidates",
        "reason": "Capacity is not what limits us.",
        "evidence": [{"finding": finding}, {"snapshot": snapshot}],
        "moves": [{"move": "skip", "ticket": 2}, {"move": "add", "ticket": 3}],
    }
    _, _, seen = ask("POST", f"{here}sprints/1/decisions/?dry_run=true", replan)
    assert (seen["would"]["skipped"], seen["would"]["added"], seen["refusals"]) == ([2], [3], [])
    assert ask("POST", f"{here}sprints/1/decisions/", replan)[2]["version"] == 2
    status, headers, problem = ask("POST", f"{here}sprints/1/decisions/", replan)
    assert (status, headers["Content-Type"], problem["code"]) == (409, "application/problem+json", "stale_version")
    assert ask("POST", f"{here}sprints/1/decisions/2/revert/", {})[2]["version"] == 3
    assert [line["number"] for line in ask("GET", f"{here}sprints/1/plan/")[2]["tickets"]] == [1, 2]

    _, _, feed = ask("GET", f"{here}changes/?epoch={epoch}&after={revision}&limit=1000")
    assert [change["revision"] for change in feed["changes"]] == list(
        range(int(revision) + 1, int(revision) + 1 + len(feed["changes"]))
    )
    assert [c["kind"] for c in feed["changes"] if c["action"] == "created"] == [
        "snapshots",
        "finding",
        "decision",
        "decision",
    ]
