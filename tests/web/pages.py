"""Every page, what it needs to be looked at and to be written to, and a form that whoever may can send.

A page without a row here fails tests/web/test_permissions.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.urls import URLPattern, reverse

from agileml.demos.models import ShareLink
from agileml.metrics.models import Baseline, Snapshot
from agileml.projects.rules import Need
from agileml.web import urls
from tests.api.world import ERROR, World


class Open(Enum):
    """Needs that are no role's."""

    NEVER = "it does not answer this method"
    LOGGED_IN = "any log-in"
    EVERYBODY = "none at all"


NEVER, LOGGED_IN, EVERYBODY = Open
READ, COMMENT, WORK, DECIDE, LEAD = Need.READ, Need.COMMENT, Need.WORK, Need.DECIDE, Need.LEAD


@dataclass(frozen=True)
class Page:
    """One address: the needs of GET and POST, a form, and what the answers are to those who may.

    What is `own` is there for the lead alone.
    """

    name: str
    get: Need | Open
    post: Need | Open = NEVER
    sent: Mapping[str, Any] = field(default_factory=dict)
    posted: int = 302
    got: int = 200
    own: bool = False
    args: Mapping[str, Any] = field(default_factory=dict)

    def address(self, world: World) -> str:
        uids = {
            "sources": world.source.uid, "members": world.service.uid, "metrics": ERROR, "tokens": world.token.uid,
            "proposal": world.proposal.uid, "webhooks": world.webhook.uid,
        }  # fmt: skip
        given = {
            "key": "TST", "number": 1, "slug": "reader", "kind": "metric_file", "decision": world.decision.uid,
            "token": world.service_token.uid, "base": Baseline.objects.get().uid,
            "delivery": world.delivery.uid,
            "uid": uids.get(self.name.split("_")[0], world.decision.uid),
        } | dict(self.args)  # fmt: skip
        if self.name == "demo_revoke":
            given["uid"] = ShareLink.objects.get().uid
        if self.name == "demo_image":
            given["uid"] = world.picture
        if self.name == "correct":
            given["uid"] = Snapshot.objects.filter(ticket__number=3).latest("pk").uid
        if self.name == "members_uninvite":
            given["uid"] = world.invited.uid
        if self.name.startswith(("shared", "present")):
            given |= {"token": world.link, "uid": world.picture}
        found = reverse(self.name, kwargs={name: given[name] for name in pattern(self.name).pattern.converters})
        return f"{found}?key={world.invitation}" if self.name == "join" else found

    def form(self, world: World) -> dict[str, Any]:
        """What is posted."""
        return dict(self.sent) | ({"key": world.invitation} if self.name == "join" else {})


def pattern(name: str) -> URLPattern:
    """The address of a name."""
    return next(found for found in urls.urlpatterns if found.name == name)


PEOPLE = {"name": "Robot", "role": "member"}
TOKEN = {"name": "Sync", "scope": "read", "life": "7"}
SETTINGS = {
    "version": "1", "name": "Digits", "time_zone": "UTC", "working_days": ["0"], "sprint_days": "7",
    "estimate_mode": "none", "replanners": "team", "wip_hard": "soft",
}  # fmt: skip
REASON = {"base_version": "2", "code": "other", "reason": "It is refuted."}

PAGES = [
    Page("home", LOGGED_IN),
    Page("login", EVERYBODY, EVERYBODY, got=302),
    Page("logout", NEVER, EVERYBODY),
    Page("theme", NEVER, LOGGED_IN, {"theme": "dark"}),
    Page("tokens", LOGGED_IN, LOGGED_IN, TOKEN, 200),
    Page("tokens_revoke", NEVER, LOGGED_IN, own=True),
    Page("health", EVERYBODY),
    Page("join", EVERYBODY, EVERYBODY),
    Page("board", READ),
    Page("board_look", NEVER, WORK),
    Page("board_sprint", READ),
    Page("board_not_now", NEVER, WORK, {"key": "finding:0f8fad5b-d9cb-469f-a165-70867728950e"}),
    Page("card_add", NEVER, WORK, {"title": "Forgotten", "type": "engineering"}),
    Page("card_menu", READ),
    Page("card_move", WORK, WORK, {"to": "in_progress"}),
    Page("card_skip", DECIDE, DECIDE, REASON),
    Page("card_defer", DECIDE, DECIDE, REASON | {"note": "Half way", "resume_cost": "low", "to": ""}),
    Page("card_restore", NEVER, DECIDE, {"base_version": "2"}, args={"number": 4}),
    Page("card_take", NEVER, WORK),
    Page("card_undo", NEVER, DECIDE),
    Page("ticket", READ),
    Page("ticket_finding", NEVER, WORK, {"kind": "refutes", "text": "No."}),
    Page("ticket_opinion", NEVER, WORK, {"opinion": "accept", "text": "Fine."}),
    Page("ticket_comment", NEVER, COMMENT, {"text": "Well done."}),
    Page("ticket_check", NEVER, WORK),
    Page("ticket_link", NEVER, WORK, {"url": "https://example.com/pull/1"}),
    Page("ticket_hold", NEVER, WORK),
    Page("bound", READ, WORK, {"do": "bind", "text": "TST-1/other.json"}),
    Page(
        "correct",
        READ,
        WORK,
        {"do": "correct", "was": "0", "candidate": "deskewed", "reason": "It was."},
        args={"number": 3},
    ),
    Page("edit", WORK, WORK, {"version": "1"}),
    Page("replan", READ, WORK, {}, 200),
    Page("proposal_index", READ),
    Page("proposal", READ, DECIDE, {"do": "decline", "answer": "Not yet."}),
    Page("history", READ),
    Page("take_back", DECIDE, DECIDE),
    Page("backlog", READ, WORK),
    Page("new", WORK, WORK, {"title": "Look", "type": "review"}),
    Page("models", READ),
    Page("models_register", NEVER, LEAD, {}, 422),
    Page("models_registry", NEVER, WORK, {}, 404),  # this model is kept in none
    Page("models_policy", NEVER, LEAD, {}, 422),
    Page("models_crown", NEVER, LEAD, {}, 422),
    Page("models_deploy", NEVER, LEAD),
    Page("models_challenge", NEVER, WORK, {}, 422),
    Page("evaluation", READ, WORK, {"do": "withdraw"}),
    Page("sources", READ),
    Page("sources_add", LEAD, LEAD, {"name": "More"}),
    Page("sources_edit", LEAD, LEAD, {"name": "Runs"}),
    Page("sources_act", NEVER, LEAD, {"do": "pause"}),
    Page("settings", LEAD, LEAD, SETTINGS),
    Page("events", READ),
    Page("webhooks", LEAD),
    Page("webhooks_add", NEVER, LEAD, {"url": "https://example.com/hook"}, 200),
    Page("webhooks_endpoint", LEAD, LEAD, {"url": "https://example.com/hook"}),
    Page("webhooks_act", NEVER, LEAD, {"do": "pause"}),
    Page("webhooks_redeliver", NEVER, LEAD),
    Page("members", READ, LEAD, {"email": "outsider-tst@example.com", "role": "lead"}, 422),
    Page("members_invitation", NEVER, LEAD, {"role": "member"}, 200),
    Page("members_uninvite", NEVER, LEAD),
    Page("members_service", NEVER, LEAD, PEOPLE),
    Page("members_act", NEVER, LEAD, {"do": "role", "role": "stakeholder"}),
    Page("members_token", NEVER, LEAD, TOKEN, 200),
    Page("members_untoken", NEVER, LEAD),
    Page("metrics", READ),
    Page("metrics_edit", LEAD, LEAD, {}, 409),
    Page("metrics_baseline", NEVER, LEAD, {}, 422),
    Page("metrics_baseline_remove", NEVER, LEAD),
    Page("parked", READ, WORK, {"ticket": "6", "sprint": "2"}),
    Page("tried", READ),
    Page("demos", READ, WORK, {"sprint": "1"}),
    Page("demo", READ),
    Page("preview", WORK),
    Page("builder", WORK, WORK, {"do": "demo", "version": "1"}),
    Page("demo_say", NEVER, COMMENT, {"kind": "agree"}),
    Page("demo_goal", NEVER, COMMENT, {"epic": "1", "verdict": "keep"}, 422),  # it asks about none
    Page("demo_answer", NEVER, WORK, {"text": "Yes."}, 404),  # nothing was said
    Page("demo_become", NEVER, WORK, {"what": "ticket"}, 404),
    Page("demo_share", NEVER, LEAD, {"days": "7"}, 200),
    Page("demo_revoke", NEVER, LEAD),
    Page("demo_image", READ),
    Page("epics", READ, WORK, {"title": "Read faster"}),
    Page("epic", READ, WORK),
    Page("story", READ, WORK, {"version": "1"}),
    Page("sprints", READ, WORK, {"start": "2026-12-14", "end": "2026-12-25"}),
    Page("sprint_edit", READ, WORK, got=302),
    Page("sprint_start", READ, LEAD, {}, 422, got=302),
    Page("sprint_close", READ, LEAD, {}, 422),
    Page("report", READ, args={"number": 3}),
    Page("present", READ),
    Page("present_shared", EVERYBODY),
    Page("export", READ),
    Page("shared", EVERYBODY, EVERYBODY, {"do": "say"}, 422),
    Page("shared_image", EVERYBODY),
]
