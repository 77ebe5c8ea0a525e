"""Home: what waits for somebody, in all her projects."""

from datetime import timedelta

import pytest

from agileml.accounts.models import User
from agileml.planning.actions.decide import Why
from agileml.planning.actions.proposals import decide_proposal, decline, propose, withdraw
from agileml.planning.models import Sprint
from agileml.projects.actions import add_member
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, make_user, replan
from tests.web.browsing import browser_of, queries, set_clock


@pytest.fixture(autouse=True)
def friday(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, NOW)


def test_my_open_tickets_of_all_running_sprints_stand_there(cast: Cast):
    other = make_cast("OTH")
    add_member(project=other.project, user=cast.member, role="member", actor=other.lead, now=NOW)
    make_ticket(cast, "Mine here", assignee=str(cast.member.uid))
    make_ticket(cast, "Mine in the backlog", assignee=str(cast.member.uid))
    make_ticket(cast, "Somebody else's", assignee=str(cast.lead.uid))
    make_ticket(other, "Mine there", assignee=str(cast.member.uid))
    make_sprint(cast, [1, 3], active=True)
    make_sprint(other, [1], active=True)
    html = browser_of(cast.member).get("/").content.decode()
    assert "Mine here" in html
    assert "Mine there" in html
    assert "Mine in the backlog" not in html
    assert "Somebody else's" not in html


def test_what_asks_for_my_review_stands_there(cast: Cast):
    ticket = make_ticket(cast, "Look at this", reviewer=str(cast.lead.uid), assignee=str(cast.member.uid))
    make_sprint(cast, [1], active=True)
    assert "Look at this" not in browser_of(cast.lead).get("/").content.decode()
    type(ticket).objects.update(status="in_review")
    assert "asks for your review" in browser_of(cast.lead).get("/").content.decode()


def test_running_sprints_are_tiles_with_how_far_they_are(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 4}, reason="It would not help.")
    html = browser_of(cast.stakeholder).get("/").content.decode()
    assert "day 5 of 10" in html
    assert "0 done · 0 under way · 3 to do · 1 skipped" in html
    assert "Plan v2 · 1 re-plan" in html
    assert "Re-plan: 1 skipped" in html
    assert "It would not help." in html


def test_a_project_without_a_sprint_is_there_too(cast: Cast):
    assert 'href="/p/TST/">TST · Test project' in browser_of(cast.lead).get("/").content.decode()


def test_nothing_of_other_peoples_projects_is_there(cast: Cast, sprint: Sprint):
    html = browser_of(cast.outsider).get("/").content.decode()
    assert "TST" not in html
    assert "You are in no project yet" in html


def propose_skip(cast: Cast, *, actor: User, reason: str = "It is refuted.") -> str:
    row = propose(
        project=cast.project, sprint=1, base_version=1, why=Why(code="other", text=reason),
        moves=[{"move": "skip", "ticket": 1}], actor=actor, now=NOW,
    )  # fmt: skip
    return str(row.uid)


def home_of(user: User) -> str:
    return browser_of(user).get("/").content.decode()


def test_a_proposal_stands_with_those_who_may_decide_on_it(cast: Cast, sprint: Sprint):
    led = make_cast("LED", replanners="leads")
    make_ticket(led)
    make_sprint(led, [1], active=True)
    add_member(project=led.project, user=cast.member, role="member", actor=led.lead, now=NOW)
    in_team = propose_skip(cast, actor=cast.lead)
    by_leads = propose_skip(led, actor=led.member, reason="<script>alert(1)</script> \u202e")

    html = home_of(led.lead)
    assert f"/p/LED/proposals/{by_leads}/" in html
    assert "1 proposal to answer" in html
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html
    both = home_of(cast.member)  # decides with the team there, but is no lead here
    assert in_team in both
    assert by_leads not in both
    for nobody in (cast.stakeholder, cast.outsider, cast.lead, led.member):  # the last two made them
        assert "to answer" not in home_of(nobody)


def test_the_answer_stands_with_the_author_for_two_weeks(cast: Cast, sprint: Sprint, monkeypatch: pytest.MonkeyPatch):
    declined, decided, own = (propose_skip(cast, actor=cast.member) for _ in range(3))
    decline(project=cast.project, proposal=declined, answer="The seeds are not in.", actor=cast.lead, now=NOW)
    withdraw(project=cast.project, proposal=own, actor=cast.member, now=NOW)
    assert decided not in home_of(cast.member)
    decide_proposal(project=cast.project, proposal=decided, actor=cast.lead, now=NOW)
    html = home_of(cast.member)
    assert "declined: The seeds are not in." in html
    assert "Your proposal is decided." in html
    assert "TST v2</a>" in html
    assert own not in html
    assert "Proposals" not in home_of(cast.lead)
    set_clock(monkeypatch, NOW + timedelta(days=15))
    assert declined not in home_of(cast.member)


def test_where_one_is_no_more_one_reads_no_answers(cast: Cast, sprint: Sprint):
    declined = propose_skip(cast, actor=cast.member)
    decline(project=cast.project, proposal=declined, answer="No.", actor=cast.lead, now=NOW)
    cast.project.memberships.filter(user=cast.member).delete()
    assert declined not in home_of(cast.member)


def test_it_costs_the_same_for_one_project_and_for_five(cast: Cast):
    somebody = make_user()

    def join(key: str) -> None:
        of = make_cast(key)
        add_member(project=of.project, user=somebody, role="member", actor=of.lead, now=NOW)
        make_ticket(of, assignee=str(somebody.uid))
        make_sprint(of, [1], active=True)
        propose_skip(of, actor=of.lead)
        declined = propose_skip(of, actor=somebody)
        decline(project=of.project, proposal=declined, answer="No.", actor=of.lead, now=NOW)

    join("ONE")
    _, few = queries(browser_of(somebody), "/")
    for key in ("TWO", "THREE", "FOUR", "FIVE"):
        join(key)
    _, many = queries(browser_of(somebody), "/")
    assert few == many <= 14


def test_whoever_is_not_logged_in_is_asked_to(db: None, client):
    assert client.get("/").headers["Location"] == "/login/?next=/"
