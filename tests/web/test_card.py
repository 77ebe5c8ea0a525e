"""What can be done with a card: moving it, calling it done, deciding about just this one, adding one."""

import json
import re
from typing import Any

import pytest

from agileml.journal.models import Audit
from agileml.metrics.actions.settings import watch_metric
from agileml.metrics.models import Citation
from agileml.planning.models import Assignment, Decision, Sprint
from agileml.work.models import Finding, ReviewOpinion, Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, make_tickets, measure, replan
from tests.web.browsing import HTMX, browser_of, set_clock


@pytest.fixture(autouse=True)
def friday(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, NOW)


def url(number: int, what: str) -> str:
    return f"/p/TST/tickets/{number}/{what}/"


def status(number: int) -> str:
    return Ticket.objects.get(number=number).status


def events(answer: Any) -> dict[str, Any]:
    """What the answer tells the page's script."""
    return json.loads(answer.headers.get("HX-Trigger", "{}"))


# ── Moving ──


def test_a_card_moves_without_a_script_and_leads_back_to_where_one_was(cast: Cast, sprint: Sprint):
    sent = {"to": "in_progress", "from_status": "todo", "next": "/p/TST/?lanes=type"}
    answer = browser_of(cast.member).post(url(1, "move"), sent)
    assert answer.headers["Location"] == "/p/TST/?lanes=type"
    assert status(1) == "in_progress"


def test_a_card_moves_for_the_page_that_stands_which_is_told_to_look_again(cast: Cast, sprint: Sprint):
    answer = browser_of(cast.member).post(url(1, "move"), {"to": "in_review", "from_status": "todo"}, headers=HTMX)
    assert answer.status_code == 204
    assert events(answer)["announce"] == {"value": "TST-1 moved to In review"}
    assert "board:refresh" in events(answer)


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_an_address_to_come_back_to_never_leads_elsewhere(cast: Cast, sprint: Sprint, elsewhere: str):
    answer = browser_of(cast.member).post(url(1, "move"), {"to": "in_progress", "next": elsewhere})
    assert answer.headers["Location"] == "/p/TST/tickets/1/"


def test_a_card_is_put_before_another_one(cast: Cast, sprint: Sprint):
    browser_of(cast.member).post(url(3, "move"), {"to": "todo", "from_status": "todo", "before": "1"}, headers=HTMX)
    order = Ticket.objects.order_by("rank", "number").values_list("number", flat=True)
    assert list(order) == [3, 1, 2, 4, 5]


def test_a_card_that_somebody_moved_meanwhile_stays_and_the_page_looks_again(cast: Cast, sprint: Sprint):
    Ticket.objects.filter(number=1).update(status="in_review")
    answer = browser_of(cast.member).post(url(1, "move"), {"to": "in_progress", "from_status": "todo"}, headers=HTMX)
    assert answer.status_code == 409
    assert "is in review now: somebody moved it meanwhile" in answer.content.decode()
    assert "board:refresh" in events(answer)
    assert status(1) == "in_review"


@pytest.mark.parametrize("to", ["skipped", "nowhere", ""])
def test_a_card_does_not_move_to_where_progress_does_not_lead(cast: Cast, sprint: Sprint, to: str):
    answer = browser_of(cast.member).post(url(1, "move"), {"to": to}, headers=HTMX)
    assert answer.status_code == 422
    assert status(1) == "todo"


def test_the_menu_offers_what_this_person_may_do(cast: Cast, sprint: Sprint):
    menu = browser_of(cast.member).get(url(1, "menu"), headers=HTMX).content.decode()
    assert "<html" not in menu
    for choice in ("In progress", "Skip…", "Defer…", "Assign to me", "To the top"):
        assert choice in menu
    seen = browser_of(cast.stakeholder).get(url(1, "menu")).content.decode()
    assert "<html" in seen
    for choice in ("Skip…", "Defer…", "Assign to me", 'name="to"'):
        assert choice not in seen


def test_a_ticket_becomes_ones_own(cast: Cast, sprint: Sprint):
    browser_of(cast.member).post(url(1, "take"))
    assert Ticket.objects.get(number=1).assignee == cast.member


# ── Done ──


def done(cast: Cast, number: int, user: Any = None, **sent: str) -> Any:
    sent = {"to": "done", "from_status": "todo"} | sent
    return browser_of(user or cast.member).post(url(number, "move"), sent, headers=HTMX)


@pytest.mark.parametrize(("kind", "outcome"), [("engineering", "shipped"), ("data_exploration", "learned")])
def test_done_asks_how_it_ended_with_what_is_usual_chosen(cast: Cast, kind: str, outcome: str):
    make_ticket(cast, type=kind)
    html = browser_of(cast.member).get(url(1, "move"), headers=HTMX).content.decode()
    assert f'value="{outcome}" checked' in html


def test_done_without_an_outcome_asks_for_it(cast: Cast, sprint: Sprint):
    answer = done(cast, 1)
    assert answer.status_code == 422
    assert "How did it end?" in answer.content.decode()
    assert status(1) == "todo"
    assert done(cast, 1, outcome="shipped").status_code == 204
    assert status(1) == "done"


def test_done_says_what_lacks_and_takes_the_finding_right_there(cast: Cast):
    make_ticket(cast, type="data_exploration")
    answer = done(cast, 1, outcome="learned")
    assert answer.status_code == 422
    assert "It needs a finding" in answer.content.decode()
    answer = done(cast, 1, outcome="learned", kind="surprise", finding="A third of the labels is wrong.")
    assert answer.status_code == 204
    assert status(1) == "done"
    assert Finding.objects.get().kind == "surprise"


def test_a_finding_that_is_not_enough_stays_in_the_dialog_and_is_not_written(cast: Cast):
    make_ticket(cast, type="result_analysis")  # needs one that cites what was measured
    answer = done(cast, 1, outcome="learned", kind="refutes", finding="It fails on <sevens>.")
    assert answer.status_code == 422
    assert "It fails on &lt;sevens&gt;." in answer.content.decode()
    assert not Finding.objects.exists()


def test_an_analysis_cites_in_the_dialog_what_was_measured_on_the_tickets_that_it_needs(cast: Cast):
    watch_metric(project=cast.project, key="error", direction="lower", actor=cast.lead, now=NOW)
    measured = make_ticket(cast, "Train it")
    measure(cast, measured, [0.03, 0.05], candidate="wide")
    measure(cast, make_ticket(cast, "Elsewhere"), [0.9], candidate="other")
    make_ticket(cast, type="result_analysis", depends_on=[1])
    html = browser_of(cast.member).get(url(3, "move"), headers=HTMX).content.decode()
    assert "wide: error 0.04 (2 runs)" in html
    assert "other: error" not in html
    value = re.findall(r'name="cites" value="([^"]+)" checked', html)[0]
    answer = done(cast, 3, outcome="learned", kind="refutes", finding="It fails on sevens.", cites=value)
    assert (answer.status_code, status(3)) == (204, "done")
    assert Citation.objects.count() == 2


def test_a_review_is_done_with_the_opinion_of_whoever_is_not_its_assignee(cast: Cast):
    make_ticket(cast, type="review", assignee=str(cast.member.uid), reviewer=str(cast.lead.uid))
    own = browser_of(cast.member).get(url(1, "move"), headers=HTMX).content.decode()
    assert 'name="opinion"' not in own
    assert "Lead Person is to review it" in own
    assert done(cast, 1, outcome="learned", opinion="accept").status_code == 422
    assert not ReviewOpinion.objects.exists()
    assert done(cast, 1, cast.lead, outcome="learned", opinion="maybe").status_code == 422
    answer = done(cast, 1, cast.lead, outcome="learned", opinion="accept", opinion_text="Sound.")
    assert (answer.status_code, status(1)) == (204, "done")
    assert (ReviewOpinion.objects.get().author, ReviewOpinion.objects.get().text) == (cast.lead, "Sound.")


def test_a_deployment_is_done_with_the_link_to_what_was_deployed(cast: Cast):
    make_ticket(cast, type="deployment")
    answer = done(cast, 1, outcome="shipped", link='javascript:alert("1")')
    assert answer.status_code == 422
    assert 'value="javascript:alert(&quot;1&quot;)"' in answer.content.decode()
    assert (status(1), Ticket.objects.get().links) == ("todo", [])
    assert done(cast, 1, outcome="shipped", link="https://example.com/model").status_code == 204
    assert (status(1), Ticket.objects.get().links[0]["url"]) == ("done", "https://example.com/model")


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("literature_review", {"finding"}),
        ("data_exploration", {"finding"}),
        ("algorithm_development", {"finding"}),
        ("result_analysis", {"finding"}),
        ("review", {"opinion", "finding"}),
        ("deployment", {"link", "finding"}),
        ("engineering", {"finding"}),
    ],
)
def test_the_dialog_asks_for_what_the_type_lacks_and_folds_away_the_rest(cast: Cast, kind: str, shown: set[str]):
    make_ticket(cast, type=kind)
    html = browser_of(cast.member).get(url(1, "move"), headers=HTMX).content.decode()
    assert {name for name in ("finding", "opinion", "link") if f'name="{name}"' in html} == shown
    folded = re.findall(r"<details.*?</details>", html, re.DOTALL)
    assert ('name="finding"' in "".join(folded)) == (kind in {"review", "deployment", "engineering"})


def test_a_lead_calls_it_done_all_the_same_with_a_reason_and_a_member_cannot(cast: Cast):
    make_ticket(cast, type="data_exploration")
    assert "all the same" not in done(cast, 1, outcome="learned").content.decode()
    assert done(cast, 1, outcome="learned", override="It was shown on Monday.").status_code == 403
    assert "all the same" in done(cast, 1, cast.lead, outcome="learned").content.decode()
    assert done(cast, 1, cast.lead, outcome="learned", override="It was shown on Monday.").status_code == 204
    assert Audit.objects.get(action="done rule overridden").detail["reason"] == "It was shown on Monday."


# ── Deciding about one ticket ──


def test_skipping_one_ticket_is_a_decision_with_its_reason_and_offers_the_way_back(cast: Cast, sprint: Sprint):
    sent = {"base_version": "1", "reason": "Pointless now.", "code": "priority", "revisit_if": "we get more data"}
    answer = browser_of(cast.member).post(url(1, "skip"), sent, headers=HTMX)
    made = Decision.objects.get(version=2)
    assert (made.reason, made.reason_code) == ("Pointless now.", "priority")
    assert (made.moves.get().after or {})["revisit_if"] == "we get more data"
    assert "board:refresh" in events(answer)
    html = answer.content.decode()
    assert f"/p/TST/decisions/{made.uid}/undo/" in html
    assert "hx-swap-oob" in html
    answer = browser_of(cast.member).post(f"/p/TST/decisions/{made.uid}/undo/", headers=HTMX)
    assert answer.status_code == 204
    assert status(1) == "todo"


def test_a_skip_without_a_reason_is_refused_and_what_was_written_is_kept(cast: Cast, sprint: Sprint):
    sent = {"base_version": "1", "reason": " ", "code": "priority", "revisit_if": "we get more data"}
    answer = browser_of(cast.member).post(url(1, "skip"), sent, headers=HTMX)
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "Say why, in a sentence." in html
    assert 'value="we get more data"' in html
    assert status(1) == "todo"


def test_a_decision_on_a_plan_that_moved_on_is_refused_with_what_changed_and_keeps_the_draft(
    cast: Cast, sprint: Sprint
):
    replan(cast, sprint, {"move": "skip", "ticket": 2}, reason="The other one.")
    sent = {"base_version": "1", "reason": "Pointless now.", "code": "priority"}
    answer = browser_of(cast.member).post(url(1, "skip"), sent, headers=HTMX)
    assert answer.status_code == 409
    html = answer.content.decode()
    assert "The plan moved on to v2" in html
    assert "The other one." in html
    assert "Pointless now." in html
    assert 'name="base_version" value="2"' in html
    assert status(1) == "todo"


def test_deferring_carries_the_note_the_cost_and_where_to(cast: Cast, sprint: Sprint):
    make_sprint(cast)
    sent = {
        "base_version": "1", "reason": "No time.", "code": "capacity", "to": "2", "note": "See the branch.",
        "resume_cost": "high",
    }  # fmt: skip
    answer = browser_of(cast.member).post(url(1, "defer"), sent)
    assert answer.status_code == 302
    after = Decision.objects.get(version=2).moves.get().after or {}
    assert (after["to"], after["note"], after["resume_cost"]) == (2, "See the branch.", "high")
    assert Assignment.objects.get(ticket__number=1, ended_by=None).sprint.number == 2


def test_deferring_into_another_running_sprint_is_received_there(cast: Cast, sprint: Sprint):
    make_sprint(cast, [5], active=True)
    form = browser_of(cast.member).get(url(1, "defer")).content.decode()
    assert 'name="base_of_2" value="1"' in form
    sent = {"base_version": "1", "reason": "No time.", "code": "capacity", "to": "2", "base_of_2": "1"}
    browser_of(cast.member).post(url(1, "defer"), sent)
    assert Decision.objects.get(kind="received").sprint.number == 2


def test_a_decision_can_rest_on_a_finding_of_the_sprint(cast: Cast, sprint: Sprint):
    sent = {"kind": "refutes", "text": "It does not help."}
    browser_of(cast.member).post("/p/TST/tickets/2/finding/", sent)
    found = Finding.objects.get()
    assert str(found.uid) in browser_of(cast.member).get(url(1, "skip")).content.decode()
    sent = {"base_version": "1", "reason": "See there.", "code": "finding_invalidates", "finding": str(found.uid)}
    browser_of(cast.member).post(url(1, "skip"), sent)
    assert Decision.objects.get(version=2).evidence.get().finding == found


def test_a_skipped_ticket_is_restored_from_its_card(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 1})
    answer = browser_of(cast.member).post(url(1, "restore"), {"base_version": "2"}, headers=HTMX)
    assert answer.status_code == 200
    assert status(1) == "todo"


def test_a_ticket_of_the_backlog_is_skipped_without_a_sprint(cast: Cast):
    make_ticket(cast)
    answer = browser_of(cast.member).post(url(1, "skip"), {"reason": "Not now.", "code": "priority"})
    assert answer.status_code == 302
    assert Decision.objects.get().sprint is None
    assert status(1) == "skipped"


def test_where_only_leads_decide_a_member_does_not(db: None):
    cast = make_cast(replanners="leads")
    make_tickets(cast, 1)
    make_sprint(cast, [1], active=True)
    for what in ("skip", "defer"):
        assert browser_of(cast.member).get(url(1, what)).status_code == 403
        assert browser_of(cast.member).post(url(1, what), {"reason": "So."}).status_code == 403
    assert "Skip…" not in browser_of(cast.member).get(url(1, "menu")).content.decode()


def test_what_was_overtaken_is_not_undone_and_the_page_says_why(cast: Cast, sprint: Sprint):
    made = replan(cast, sprint, {"move": "skip", "ticket": 1})
    replan(cast, sprint, {"move": "restore", "ticket": 1})
    answer = browser_of(cast.member).post(f"/p/TST/decisions/{made.uid}/undo/", headers=HTMX)
    assert answer.status_code == 204
    assert events(answer)["toast"]["tone"] == "warning"
    assert Decision.objects.count() == 3


# ── Adding ──


def test_quick_add_to_a_running_sprint_is_a_decision_that_is_no_replan(cast: Cast, sprint: Sprint):
    sent = {"title": "Forgotten", "type": "engineering"}
    answer = browser_of(cast.member).post("/p/TST/sprints/1/add/", sent, headers=HTMX)
    assert answer.status_code == 204
    assert "board:refresh" in events(answer)
    sprint.refresh_from_db()
    assert (sprint.plan_version, sprint.replans) == (2, 0)
    assert Decision.objects.get(version=2).reason_code == "forgotten"


def test_quick_add_to_a_planned_sprint_drafts(cast: Cast):
    make_sprint(cast)
    answer = browser_of(cast.member).post("/p/TST/sprints/1/add/", {"title": "Planned", "type": "review"})
    assert answer.headers["Location"] == "/p/TST/sprints/1/"
    assert Assignment.objects.get().opened_by is None


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_ticket_without_a_title_is_not_added(cast: Cast, sprint: Sprint, headers: dict[str, str]):
    sent = {"title": " ", "type": "engineering"}
    answer = browser_of(cast.member).post("/p/TST/sprints/1/add/", sent, headers=headers)
    assert answer.status_code == 422
    assert Ticket.objects.count() == 5
