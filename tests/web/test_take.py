"""Taking a decision back in the browser: what would happen is shown first, what stands in the way is listed."""

from datetime import timedelta
from typing import Any

from agileml.planning.actions.progress import progress
from agileml.planning.actions.sprints import close_sprint
from agileml.planning.models import Decision, Sprint
from agileml.planning.rules.starting import Destination
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, make_tickets, replan
from tests.web.browsing import HTMX, browser_of


def path(decision: Decision) -> str:
    return f"/p/TST/decisions/{decision.uid}/take-back/"


def asked(cast: Cast, decision: Decision, user: Any = None, **headers: str) -> str:
    answer = browser_of(user or cast.member).get(path(decision), headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def status(number: int) -> str:
    return Ticket.objects.get(number=number).status


def test_what_would_happen_is_shown_and_nothing_is_written(cast: Cast, sprint: Sprint):
    made = replan(cast, sprint, {"move": "skip", "ticket": 1}, {"move": "add", "ticket": 5})
    html = asked(cast, made)
    assert "Take back plan v2?" in html
    assert "Back to “To do”" in html
    assert html.index("TST-5") < html.index("TST-1")
    assert status(1) == "skipped"
    assert Decision.objects.count() == 2


def test_as_a_dialog_it_is_only_the_dialog(cast: Cast, sprint: Sprint):
    made = replan(cast, sprint, {"move": "skip", "ticket": 1})
    html = asked(cast, made, **HTMX)
    assert "<html" not in html
    assert 'class="dialog-foot"' in html


def test_taking_back_leads_to_the_history_and_is_itself_a_decision(cast: Cast, sprint: Sprint):
    made = replan(cast, sprint, {"move": "skip", "ticket": 1})
    browser = browser_of(cast.member)
    answer = browser.post(path(made), {"reason": "It was too early"})
    assert (answer.status_code, answer["Location"]) == (302, "/p/TST/sprints/1/history/#v3")
    assert status(1) == "todo"
    undone = Decision.objects.get(version=3)
    assert (undone.kind, undone.reverts, undone.reason, undone.actor) == (
        "revert",
        made,
        "It was too early",
        cast.member,
    )
    assert "Plan v2 is taken back: this is plan v3." in browser.get(answer["Location"]).content.decode()


def test_out_of_a_dialog_the_page_is_changed_by_the_script(cast: Cast, sprint: Sprint):
    made = replan(cast, sprint, {"move": "skip", "ticket": 1})
    answer = browser_of(cast.member).post(path(made), headers=HTMX)
    assert answer["HX-Redirect"] == "/p/TST/sprints/1/history/#v3"


def test_what_stands_in_the_way_is_listed_before_anybody_presses_anything(cast: Cast, sprint: Sprint):
    made = replan(cast, sprint, {"move": "add", "ticket": 5})
    progress(project=cast.project, number=5, to="in_progress", actor=cast.member, now=NOW)
    html = asked(cast, made)
    assert "TST-5 has moved on since." in html
    assert 'type="submit"' not in html.partition('class="take"')[2]


def test_what_came_in_the_way_meanwhile_is_listed_too(cast: Cast, sprint: Sprint):
    made = replan(cast, sprint, {"move": "add", "ticket": 5})
    progress(project=cast.project, number=5, to="in_progress", actor=cast.member, now=NOW)
    answer = browser_of(cast.member).post(path(made), {"reason": "No"})
    assert answer.status_code == 409
    assert "TST-5 has moved on since." in answer.content.decode()
    assert Decision.objects.count() == 2


def test_the_rest_can_be_taken_back(cast: Cast, sprint: Sprint):
    made = replan(cast, sprint, {"move": "skip", "ticket": 1}, {"move": "add", "ticket": 5})
    progress(project=cast.project, number=5, to="in_progress", actor=cast.member, now=NOW)
    html = asked(cast, made)
    assert "The rest would be taken back" in html
    assert 'name="partial"' in html
    assert browser_of(cast.member).post(path(made), {"partial": "1"}).status_code == 302
    assert status(1) == "todo"
    assert Decision.objects.get(version=3).partial


def test_what_was_taken_back_already_says_so(cast: Cast, sprint: Sprint):
    made = replan(cast, sprint, {"move": "skip", "ticket": 1})
    assert browser_of(cast.member).post(path(made)).status_code == 302
    assert "has been taken back already" in asked(cast, made)
    again = browser_of(cast.member).post(path(made))
    assert again.status_code == 422
    assert "has been taken back already" in again.content.decode()


def test_what_went_to_a_running_sprint_is_taken_back_there_too(cast: Cast, sprint: Sprint):
    other = make_sprint(cast, active=True, name="The other")
    made = replan(cast, sprint, {"move": "defer", "ticket": 1, "to": other.number, "to_base_version": 1})
    assert "The other took these tickets in" in asked(cast, made)


def test_a_start_and_a_close_are_the_leads_to_take_back(cast: Cast, sprint: Sprint):
    start = Decision.objects.get(version=1)
    assert "by leads only" in asked(cast, start)
    assert browser_of(cast.member).post(path(start)).status_code == 403
    homes = {number: Destination("backlog") for number in (1, 2, 3, 4)}
    closed = close_sprint(project=cast.project, number=1, destinations=homes, actor=cast.lead, now=NOW)
    assert browser_of(cast.lead).post(path(closed)).status_code == 302
    sprint.refresh_from_db()
    assert sprint.state == "active"
    assert sprint.plan_version == 3


def test_a_decision_about_the_backlog_leads_back_to_it(cast: Cast, tickets: list[Ticket]):
    made = replan(cast, None, {"move": "skip", "ticket": 1})
    assert "Take back this decision?" in asked(cast, made)
    assert browser_of(cast.member).post(path(made))["Location"] == "/p/TST/backlog/"
    assert status(1) == "todo"


def test_who_may_not_decide_may_not_take_back(cast: Cast, sprint: Sprint):
    made = replan(cast, sprint, {"move": "skip", "ticket": 1})
    assert browser_of(cast.stakeholder).get(path(made)).status_code == 403
    assert browser_of(cast.stakeholder).post(path(made)).status_code == 403
    assert browser_of(cast.outsider).get(path(made)).status_code == 404


def test_another_projects_decision_is_not_found(cast: Cast, sprint: Sprint):
    other = make_cast("OTH")
    make_tickets(other, 1)
    made = replan(other, None, {"move": "skip", "ticket": 1})
    assert browser_of(cast.lead).get(path(made)).status_code == 404


def test_a_split_is_taken_back_by_sending_its_parts_to_the_backlog(cast: Cast, sprint: Sprint):
    part = {"title": "A part", "type": "review"}
    made = replan(cast, sprint, {"move": "split", "ticket": 1, "into": [part]}, now=NOW + timedelta(hours=1))
    html = asked(cast, made)
    assert "A part" in html
    assert "To the backlog" in html
    make_ticket(cast, "Unrelated")
