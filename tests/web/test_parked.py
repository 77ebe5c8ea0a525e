"""The parking lot: what was deferred and lies in no sprint, by cost and age, and what to look at again."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agileml.accounts.models import User
from agileml.planning.actions.sprints import close_sprint
from agileml.planning.models import Assignment, Sprint
from agileml.planning.rules.starting import Destination
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, make_tickets, replan
from tests.web.browsing import browser_of, queries, set_clock

PATH = "/p/TST/parked/"


def page(cast: Cast, user: User | None = None) -> str:
    answer = browser_of(user or cast.member).get(PATH)
    assert answer.status_code == 200
    return answer.content.decode()


def keys(html: str) -> list[int]:
    return [int(number) for number in re.findall(r'<li id="ticket-(\d+)"', html)]


def heads(html: str) -> list[str]:
    return re.findall(r"<h2>([^<]+)</h2><span", html)


def defer(ticket: int, cost: str = "low", note: str = "") -> dict[str, Any]:
    return {"move": "defer", "ticket": ticket, "to": None, "note": note, "resume_cost": cost}


def test_what_is_parked_stands_by_cost_and_then_by_age(cast: Cast, sprint: Sprint):
    replan(cast, sprint, defer(1, "high"), defer(2), now=NOW)
    replan(cast, sprint, defer(4), now=NOW + timedelta(days=1))
    replan(cast, sprint, defer(3, "medium"), now=NOW + timedelta(days=2))
    html = page(cast)
    assert keys(html) == [2, 4, 3, 1]
    assert heads(html) == ["Cheap to resume", "Some cost to resume", "Costly to resume"]


def test_each_says_its_note_and_leads_to_the_decision_that_parked_it(cast: Cast, sprint: Sprint):
    replan(cast, sprint, defer(1, note="Start at the <sevens>."), reason="The <scanner> is broken.")
    html = page(cast)
    assert "Start at the &lt;sevens&gt;." in html
    assert '<a href="/p/TST/sprints/1/history/#v2">Sprint 1, plan v2</a>: The &lt;scanner&gt; is broken.' in html


def test_what_a_close_left_says_so(cast: Cast, sprint: Sprint):
    left = {number: Destination(to="skip") for number in (2, 3, 4)} | {1: Destination(to="backlog", note="Not begun.")}
    close_sprint(project=cast.project, number=sprint.number, destinations=left, actor=cast.lead, now=NOW)
    html = page(cast)
    assert keys(html) == [1]
    assert 'at the end of <a href="/p/TST/sprints/1/history/#v2">' in html


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "said"),
    [("UTC", "for 1 day"), ("Pacific/Kiritimati", "since today"), ("Etc/GMT+12", "for 1 day")],
)
def test_its_age_is_counted_in_the_days_of_the_project(zone: str, said: str, monkeypatch: pytest.MonkeyPatch):
    cast = make_cast("ZON", time_zone=zone)
    make_ticket(cast)
    running = make_sprint(cast, [1], active=True)
    replan(cast, running, defer(1), now=datetime(2026, 11, 24, 11, 30, tzinfo=UTC))
    set_clock(monkeypatch, datetime(2026, 11, 25, 9, 30, tzinfo=UTC))
    html = browser_of(cast.lead).get("/p/ZON/parked/").content.decode()
    assert f"Parked {said}," in html


def test_it_comes_back_into_the_next_sprint_by_one_press(cast: Cast, sprint: Sprint):
    replan(cast, sprint, defer(1), defer(2))
    planned = make_sprint(cast)
    sent = {"ticket": "1", "sprint": str(planned.number)}
    answer = browser_of(cast.member).post(PATH, sent, follow=True)
    assert f"TST-1 is in the draft of {planned.name}." in answer.content.decode()
    assert list(Assignment.objects.filter(sprint=planned).values_list("ticket__number", flat=True)) == [1]
    assert keys(page(cast)) == [2]


def test_what_somebody_else_took_meanwhile_is_said(cast: Cast, sprint: Sprint):
    replan(cast, sprint, defer(1))
    planned = make_sprint(cast, [1])
    answer = browser_of(cast.member).post(PATH, {"ticket": "1", "sprint": str(make_sprint(cast).number)})
    assert answer.status_code == 422
    assert f"TST-1 is drafted in sprint {planned.number}." in answer.content.decode()


@pytest.mark.parametrize("sent", [{}, {"ticket": "1"}, {"ticket": "x\0", "sprint": "99"}, {"ticket": "9" * 40}])
def test_a_form_that_is_none_of_ours_changes_nothing(cast: Cast, sprint: Sprint, sent: dict[str, str]):
    replan(cast, sprint, defer(1))
    assert browser_of(cast.member).post(PATH, sent).status_code == 404
    assert keys(page(cast)) == [1]


def test_it_leads_to_a_replan_that_takes_it_in(cast: Cast, sprint: Sprint):
    replan(cast, sprint, defer(1))
    link = f"/p/TST/sprints/{sprint.number}/replan/?add=1"
    assert link in page(cast)
    html = browser_of(cast.member).get(link).content.decode()
    assert re.search(r'name="add"[^>]*value="1"[^>]* checked', html) or re.search(
        r'value="1"[^>]*name="add"[^>]* checked', html
    )


def test_skipped_work_is_looked_at_again_if_what_was_said_comes_true(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 1, "revisit_if": "we get a <GPU>"}, {"move": "skip", "ticket": 2})
    html = page(cast)
    assert heads(html) == ["Look again if …"]
    assert "… we get a &lt;GPU&gt;" in html
    assert keys(html) == [1]
    answer = browser_of(cast.member).post("/p/TST/tickets/1/restore/", {"next": PATH})
    assert (answer.status_code, answer["Location"]) == (302, PATH)
    assert Ticket.objects.get(project=cast.project, number=1).status == "todo"
    assert keys(page(cast)) == []


def test_only_the_last_skip_says_when_to_look_again(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 1, "revisit_if": "we get a GPU"})
    replan(cast, sprint, {"move": "restore", "ticket": 1})
    replan(cast, sprint, {"move": "skip", "ticket": 1})
    assert keys(page(cast)) == []


def test_a_stakeholder_sees_it_and_moves_nothing(cast: Cast, sprint: Sprint):
    replan(cast, sprint, defer(1))
    planned = make_sprint(cast)
    html = page(cast, cast.stakeholder)
    assert keys(html) == [1]
    assert "?add=" not in html
    assert 'name="ticket"' not in html
    sent = {"ticket": "1", "sprint": str(planned.number)}
    assert browser_of(cast.stakeholder).post(PATH, sent).status_code == 403
    assert browser_of(cast.outsider).get(PATH).status_code == 404


def test_nothing_parked_says_what_would_be(cast: Cast):
    assert "Nothing is parked" in page(cast)


def test_it_costs_the_same_however_much_is_parked(cast: Cast, sprint: Sprint):
    browser = browser_of(cast.member)
    replan(cast, sprint, defer(1), {"move": "skip", "ticket": 2, "revisit_if": "we get a GPU"})
    _, few = queries(browser, PATH)
    more = [ticket.number for ticket in make_tickets(cast, 12)]
    replan(cast, sprint, *({"move": "add", "ticket": number} for number in more))
    skips = ({"move": "skip", "ticket": number, "revisit_if": "we get a GPU"} for number in more[6:])
    replan(cast, sprint, *(defer(number) for number in more[:6]), *skips)
    _, many = queries(browser, PATH)
    assert few == many <= 9
