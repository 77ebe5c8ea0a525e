"""Home: what waits for somebody, in all her projects."""

import pytest

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


def test_it_costs_the_same_for_one_project_and_for_five(cast: Cast):
    somebody = make_user()

    def join(key: str) -> None:
        of = make_cast(key)
        add_member(project=of.project, user=somebody, role="member", actor=of.lead, now=NOW)
        make_ticket(of, assignee=str(somebody.uid))
        make_sprint(of, [1], active=True)

    join("ONE")
    _, few = queries(browser_of(somebody), "/")
    for key in ("TWO", "THREE", "FOUR", "FIVE"):
        join(key)
    _, many = queries(browser_of(somebody), "/")
    assert few == many <= 12


def test_whoever_is_not_logged_in_is_asked_to(db: None, client):
    assert client.get("/").headers["Location"] == "/login/?next=/"
