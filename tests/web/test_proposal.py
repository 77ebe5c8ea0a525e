"""Proposals in the browser: made on the re-plan page, seen on the board, answered on their own page."""

from typing import Any

import pytest

from agileml.planning.actions.decide import Why
from agileml.planning.actions.proposals import propose as offer
from agileml.planning.models import Proposal, Sprint
from tests.factories import NOW, Cast, make_cast, make_sprint, make_tickets, replan
from tests.web.browsing import browser_of, queries, set_clock

AT_MOST = 30  # looked at once: what fits, what it would do, and what was decided since
REPLAN, BOARD = "/p/TST/sprints/1/replan/", "/p/TST/sprints/1/"


@pytest.fixture
def led(db: None) -> Cast:
    cast = make_cast(replanners="leads")
    make_tickets(cast, 3)
    make_sprint(cast, [1, 2, 3], active=True)
    return cast


def propose(cast: Cast) -> Proposal:
    sent = {"base": "1", "do-1": "skip", "code": "other", "reason": "It is refuted.", "propose": "1"}
    answer = browser_of(cast.member).post(REPLAN, sent)
    assert (answer.status_code, answer["Location"]) == (302, BOARD)
    return Proposal.objects.get()


def test_who_may_not_decide_proposes_and_the_lead_sees_it_on_the_board(led: Cast) -> None:
    row = propose(led)
    html = browser_of(led.lead).get(BOARD).content.decode()
    assert "A re-plan is proposed." in html
    listed = browser_of(led.lead).get("/p/TST/sprints/1/proposals/").content.decode()
    assert f"/p/TST/proposals/{row.uid}/" in listed
    page = browser_of(led.lead).get(f"/p/TST/proposals/{row.uid}/").content.decode()
    assert "Member Person proposes" in page
    assert "It is refuted." in page
    assert "Decide: plan v2" in page


def test_a_refused_proposal_comes_back_with_its_reasons_and_the_draft(led: Cast) -> None:
    sent = {"base": "1", "do-1": "skip", "code": "other", "reason": "", "propose": "1"}
    answer = browser_of(led.member).post(REPLAN, sent)
    assert answer.status_code == 422
    assert not Proposal.objects.exists()


def test_deciding_a_proposal_decides_it(led: Cast) -> None:
    row = propose(led)
    answer = browser_of(led.lead).post(f"/p/TST/proposals/{row.uid}/", {"do": "decide"})
    assert answer.status_code == 302
    assert Sprint.objects.get().plan_version == 2
    page = browser_of(led.member).get(f"/p/TST/proposals/{row.uid}/").content.decode()
    assert "plan v2" in page


def test_what_no_longer_fits_is_said_and_the_rest_can_be_decided(led: Cast) -> None:
    sent = {"base": "1", "do-1": "skip", "do-2": "skip", "code": "other", "reason": "It is refuted.", "propose": "1"}
    browser_of(led.member).post(REPLAN, sent)
    replan(led, Sprint.objects.get(), {"move": "skip", "ticket": 2})
    row = Proposal.objects.get()
    browser = browser_of(led.lead)
    page = browser.get(f"/p/TST/proposals/{row.uid}/").content.decode()
    assert "No longer fits: TST-2 is skipped already." in page
    assert "Decide what still fits" in page
    assert browser.post(f"/p/TST/proposals/{row.uid}/", {"do": "decide"}).status_code == 422
    assert browser.post(f"/p/TST/proposals/{row.uid}/", {"do": "rest"}).status_code == 302
    assert Sprint.objects.get().plan_version == 3


def test_what_the_plan_has_become_since_is_named(led: Cast) -> None:
    row = propose(led)
    sprint = Sprint.objects.get()
    replan(led, sprint, {"move": "skip", "ticket": 3}, {"move": "sprint", "set": {"goal": "Less <b>now</b>"}})
    replan(led, sprint, {"move": "change", "ticket": 2, "set": {"type": "review"}}, code="priority")
    page = browser_of(led.lead).get(f"/p/TST/proposals/{row.uid}/").content.decode()
    assert "What changed since: v1 → v3" in page
    assert "Engineering</del>" in page
    assert "Less &lt;b&gt;now&lt;/b&gt;" in page
    assert "?from=1&amp;to=3#plan" in page
    assert "Decide: plan v4" in page


def test_whoever_decides_has_seen_the_plan_that_it_meets(led: Cast) -> None:
    row = propose(led)
    replan(led, Sprint.objects.get(), {"move": "skip", "ticket": 3})
    browser, path = browser_of(led.lead), f"/p/TST/proposals/{row.uid}/"
    stale = browser.post(path, {"do": "decide", "seen": "1"})
    assert stale.status_code == 409
    html = stale.content.decode()
    assert "Sprint 1 is at plan v2, not v1. Look at what has changed before you decide." in html
    assert 'name="seen" value="2"' in html
    assert browser.post(path, {"do": "decide", "seen": "2"}).status_code == 302


def test_where_nothing_fits_the_page_says_so_and_offers_no_decision(led: Cast) -> None:
    row = propose(led)
    replan(led, Sprint.objects.get(), {"move": "skip", "ticket": 1})
    browser = browser_of(led.lead)
    page = browser.get(f"/p/TST/proposals/{row.uid}/").content.decode()
    assert "Nothing of it fits plan v2 any more" in page
    assert 'value="rest"' not in page
    assert 'value="decide"' not in page
    refused = browser.post(f"/p/TST/proposals/{row.uid}/", {"do": "rest"})
    assert refused.status_code == 422
    assert "Nothing of this proposal fits the plan any more." in refused.content.decode()


def test_what_follows_for_the_time_left_is_told(led: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    led.project.estimate_mode = "timebox"
    led.project.save()
    new = {"title": "Long", "type": "review", "estimate": 40}
    row = offer(
        project=led.project, sprint=1, base_version=1, why=Why("priority"), moves=[{"move": "add", "new": new}],
        actor=led.member, now=NOW,
    )  # fmt: skip
    set_clock(monkeypatch, NOW)
    page = browser_of(led.lead).get(f"/p/TST/proposals/{row.uid}/").content.decode()
    assert "working days" in page


def test_a_proposal_of_many_moves_on_a_plan_that_moved_on_much_is_looked_at_in_as_few_queries(led: Cast) -> None:
    make_tickets(led, 20)

    def asked(first: int, many: int) -> int:
        moves: list[dict[str, Any]] = [{"move": "add", "ticket": number} for number in range(first, first + many)]
        base = Sprint.objects.get().plan_version
        row = offer(
            project=led.project, sprint=1, base_version=base, why=Why("priority"), moves=moves, actor=led.member,
            now=NOW,
        )  # fmt: skip
        replan(led, Sprint.objects.get(), {"move": "add", "ticket": first})  # which so no longer fits
        for number in range(many):
            replan(led, Sprint.objects.get(), {"move": "change", "ticket": 3, "set": {"estimate": number}})
        _, count = queries(browser_of(led.lead), f"/p/TST/proposals/{row.uid}/")
        return count

    assert asked(4, 2) == asked(10, 10) <= AT_MOST


def test_a_decline_needs_a_word_and_a_member_has_no_button_for_it(led: Cast) -> None:
    row = propose(led)
    where = f"/p/TST/proposals/{row.uid}/"
    assert "Decline" not in browser_of(led.member).get(where).content.decode()
    assert browser_of(led.member).post(where, {"do": "decline", "answer": "No."}).status_code == 403
    assert browser_of(led.lead).post(where, {"do": "decline"}).status_code == 422
    assert browser_of(led.lead).post(where, {"do": "decline", "answer": "Not yet."}).status_code == 302
    answered = browser_of(led.member).get(where).content.decode()
    assert "declined. Not yet." in answered
    assert "TST-1</a> Try 1" in answered  # what was proposed is still to be read


def test_its_author_withdraws_it(led: Cast) -> None:
    row = propose(led)
    assert browser_of(led.member).post(f"/p/TST/proposals/{row.uid}/", {"do": "eat"}).status_code == 404
    assert browser_of(led.lead).post(f"/p/TST/proposals/{row.uid}/", {"do": "withdraw"}).status_code == 422
    assert Proposal.objects.get().state == "open"
    assert browser_of(led.member).post(f"/p/TST/proposals/{row.uid}/", {"do": "withdraw"}).status_code == 302
    assert "A re-plan is proposed." not in browser_of(led.lead).get(BOARD).content.decode()
