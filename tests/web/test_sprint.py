"""One sprint outside of its board: its draft, its start, its close."""

import re
from datetime import date
from typing import Any

import pytest

from agileml.planning.actions.progress import progress
from agileml.planning.models import Assignment, Decision, RetroLine, Sprint
from agileml.planning.queries.replays import recorded
from agileml.planning.rules.replay import replay
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_sprint, make_ticket, replan
from tests.web.browsing import browser_of

EDIT, START, CLOSE = (f"/p/TST/sprints/1/{page}/" for page in ("edit", "start", "close"))
SHOWN = {"name": "Sprint 1", "goal": "", "increment": "", "start": "2026-11-16", "end": "2026-11-27"}
FIELDS = SHOWN | {f"was_{name}": value for name, value in SHOWN.items()} | {"version": "1"}


def read(cast: Cast, path: str, user: Any = None) -> str:
    answer = browser_of(user or cast.lead).get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def send(cast: Cast, path: str, sent: dict[str, Any], user: Any = None) -> Any:
    return browser_of(user or cast.lead).post(path, sent)


@pytest.fixture
def planned(cast: Cast, tickets: list[Ticket]) -> Sprint:
    """A planned sprint with tickets 1 and 2 drafted."""
    return make_sprint(cast, [1, 2])


def test_a_planned_sprint_shows_its_draft_and_its_fields(cast: Cast, planned: Sprint):
    html = read(cast, EDIT, cast.member)
    assert re.findall(r">TST-(\d)</span>", html) == ["1", "2"]
    assert 'name="start" required value="2026-11-16"' in html
    assert "/start/" not in html
    assert "/start/" in read(cast, EDIT)


def test_a_planned_sprint_is_edited_freely(cast: Cast, planned: Sprint):
    assert send(cast, EDIT, FIELDS | {"goal": "Know more", "end": "2026-12-04"}, cast.member).status_code == 302
    planned.refresh_from_db()
    assert (planned.goal, planned.end) == ("Know more", date(2026, 12, 4))
    assert Decision.objects.count() == 0


def test_edits_of_different_fields_both_hold(cast: Cast, planned: Sprint):
    send(cast, EDIT, FIELDS | {"goal": "Theirs"}, cast.member)
    assert send(cast, EDIT, FIELDS | {"increment": "Mine"}).status_code == 302
    planned.refresh_from_db()
    assert (planned.goal, planned.increment) == ("Theirs", "Mine")


def test_an_edit_of_what_somebody_changed_meanwhile_is_shown_side_by_side(cast: Cast, planned: Sprint):
    send(cast, EDIT, FIELDS | {"goal": "Theirs"}, cast.member)
    answer = send(cast, EDIT, FIELDS | {"goal": "Mine"})
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Member Person changed this" in html
    assert ">Mine</textarea>" in html
    assert 'name="was_goal" value="Theirs"' in html
    planned.refresh_from_db()
    assert planned.goal == "Theirs"


@pytest.mark.parametrize(("keep", "goal"), [("mine", "Mine"), ("theirs", "Theirs")])
def test_who_was_shown_both_chooses(cast: Cast, planned: Sprint, keep: str, goal: str):
    send(cast, EDIT, FIELDS | {"goal": "Theirs"}, cast.member)
    sent = FIELDS | {"version": "2", "was_goal": "Theirs", "goal": "Mine", "keep_goal": keep, "increment": "A reader"}
    assert send(cast, EDIT, sent).status_code == 302
    planned.refresh_from_db()
    assert (planned.goal, planned.increment) == (goal, "A reader")


def test_the_same_edit_twice_is_no_conflict(cast: Cast, planned: Sprint):
    send(cast, EDIT, FIELDS | {"goal": "Same"}, cast.member)
    assert send(cast, EDIT, FIELDS | {"goal": "Same"}).status_code == 302


def test_dates_that_cannot_be_are_refused(cast: Cast, planned: Sprint):
    answer = send(cast, EDIT, FIELDS | {"end": "2026-11-01"})
    assert answer.status_code == 422
    assert "A sprint cannot end before it starts." in answer.content.decode()


def test_a_ticket_is_taken_out_of_the_draft(cast: Cast, planned: Sprint):
    assert send(cast, EDIT, {"drop": "1"}, cast.member).status_code == 302
    assert list(Assignment.objects.values_list("ticket__number", flat=True)) == [2]


def test_a_running_sprint_is_not_edited_here_and_a_closed_one_is_history(cast: Cast, sprint: Sprint):
    assert browser_of(cast.lead).get(EDIT)["Location"] == "/p/TST/sprints/1/"
    assert browser_of(cast.lead).get(START)["Location"] == "/p/TST/sprints/1/"
    send(cast, CLOSE, {f"do-{number}": "backlog" for number in (1, 2, 3, 4)})
    assert browser_of(cast.lead).get(EDIT)["Location"] == "/p/TST/sprints/1/history/"
    assert browser_of(cast.lead).get(CLOSE)["Location"] == "/p/TST/sprints/1/history/"


def test_starting_shows_what_the_first_plan_would_be_and_then_makes_it(cast: Cast, planned: Sprint):
    html = read(cast, START)
    assert "2 tickets" in html
    assert "Start sprint 1</button>" in html
    answer = send(cast, START, {})
    assert (answer.status_code, answer["Location"]) == (302, "/p/TST/sprints/1/")
    planned.refresh_from_db()
    assert (planned.state, planned.plan_version) == ("active", 1)


def test_a_draft_that_changed_since_it_was_looked_at_is_shown_and_not_started(cast: Cast, planned: Sprint):
    html = read(cast, START)
    seen = re.findall(r'name="seen" value="(\d+)"', html)
    make_ticket(cast, "Came in meanwhile", sprint=1)
    answer = send(cast, START, {"shown": "yes", "seen": seen})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "The draft has changed since you looked" in html
    assert "Came in meanwhile" in html
    assert Sprint.objects.get(number=1).state == "planned"
    seen = re.findall(r'name="seen" value="(\d+)"', html)
    assert send(cast, START, {"shown": "yes", "seen": seen}).status_code == 302


def test_what_stands_in_the_way_of_a_start_is_listed_and_can_be_taken_out(cast: Cast, planned: Sprint):
    other = make_sprint(cast, active=True)
    replan(cast, other, {"move": "add", "ticket": 1})
    progress(project=cast.project, number=2, to="done", outcome="shipped", actor=cast.lead, now=NOW)
    html = read(cast, START)
    assert "TST-1 is still in sprint 2." in html
    assert "TST-2 is done already." in html
    assert re.findall(r'name="drop" value="(\d)"', html) == ["1", "2"]
    assert "Start sprint 1</button>" not in html
    answer = send(cast, START, {})
    assert answer.status_code == 422
    assert "TST-1 is still in sprint 2." in answer.content.decode()


def test_starting_and_closing_are_the_leads_and_others_read_who_they_are(cast: Cast, planned: Sprint):
    html = read(cast, START, cast.member)
    assert "Sprints are started by leads: Lead Person." in html
    assert "Start sprint 1</button>" not in html
    assert send(cast, START, {}, cast.member).status_code == 403
    send(cast, START, {})
    assert "Sprints are closed by leads: Lead Person." in read(cast, CLOSE, cast.member)
    assert send(cast, CLOSE, {}, cast.member).status_code == 403
    for path in (EDIT, START, CLOSE):
        assert browser_of(cast.outsider).get(path).status_code == 404
        assert send(cast, path, {}, cast.outsider).status_code == 404


def test_who_only_reads_sees_the_draft_without_knobs(cast: Cast, planned: Sprint):
    html = read(cast, EDIT, cast.stakeholder)
    assert "TST-1" in html
    for knob in ('name="drop"', 'name="goal"', "/start/"):
        assert knob not in html
    assert send(cast, EDIT, FIELDS, cast.stakeholder).status_code == 403


def test_closing_sends_each_ticket_that_is_left_where_it_was_said(cast: Cast, sprint: Sprint):
    make_sprint(cast, start=date(2026, 11, 30))
    make_sprint(cast, active=True)
    progress(project=cast.project, number=4, to="done", outcome="learned", actor=cast.lead, now=NOW)
    html = read(cast, CLOSE)
    assert re.findall(r'<li id="line-(\d)"', html) == ["1", "2", "3"]
    sent = {
        "do-1": "sprint", "to-1": "2", "note-1": "half way", "cost-1": "medium",
        "do-2": "sprint", "to-2": "3@1",
        "do-3": "skip", "revisit-3": "it matters again",
        "reason": "Time is up",
    }  # fmt: skip
    assert send(cast, CLOSE, sent)["Location"] == "/p/TST/sprints/1/report/"
    sprint.refresh_from_db()
    assert sprint.state == "closed"
    decision = Decision.objects.get(sprint=sprint, version=2)
    assert decision.reason == "Time is up"
    told = {move.ticket.number: (move.move, move.after or {}) for move in decision.moves.all() if move.ticket}
    assert told[1][1] == {"to": 2, "note": "half way", "resume_cost": "medium", "drafted": True}
    assert told[2][1]["to"] == 3
    assert told[3][0] == "skip"
    assert 2 in replay(recorded(Sprint.objects.get(number=3))).tickets


def test_a_ticket_without_a_place_holds_the_close(cast: Cast, sprint: Sprint):
    answer = send(cast, CLOSE, {"do-1": "backlog", "note-1": "kept", "do-2": "sprint", "to-2": "x"})
    html = answer.content.decode()
    assert answer.status_code == 422
    for number in (2, 3, 4):
        assert f"Say where TST-{number} goes." in html
    assert 'value="kept"' in html
    sprint.refresh_from_db()
    assert sprint.state == "active"


def test_carrying_into_a_plan_that_moved_on_is_refused_beside_the_ticket(cast: Cast, sprint: Sprint):
    make_sprint(cast, active=True)
    sent = {f"do-{number}": "backlog" for number in (1, 2, 3)} | {"do-4": "sprint", "to-4": "2@0"}
    answer = send(cast, CLOSE, sent)
    line = answer.content.decode().partition('id="line-4"')[2]
    assert answer.status_code == 422
    assert "Sprint 2 is at plan v1" in line


def test_with_nothing_left_a_sprint_closes_at_once(cast: Cast):
    make_sprint(cast, active=True)
    assert "Nothing is left over" in read(cast, CLOSE)
    assert send(cast, CLOSE, {}).status_code == 302


def test_each_line_of_a_retro_is_kept_and_each_try_becomes_a_ticket(cast: Cast):
    make_sprint(cast, active=True)
    make_sprint(cast, start=date(2026, 11, 30))
    assert "the draft of Sprint 2" in read(cast, CLOSE)
    sent = {
        "keep": "Small tickets\r\n\r\n One idea each ",
        "change": "",
        "try": "Pair on it\r\nAsk first",
        "tries": "2",
    }
    assert send(cast, CLOSE, sent).status_code == 302
    rows = RetroLine.objects.order_by("position").values_list("kind", "text", "ticket__number")
    assert list(rows) == [
        ("keep", "Small tickets", None),
        ("keep", "One idea each", None),
        ("try", "Pair on it", 1),
        ("try", "Ask first", 2),
    ]
    assert sorted(Assignment.objects.filter(sprint__number=2).values_list("ticket__number", flat=True)) == [1, 2]


@pytest.mark.parametrize("sent", [{"keep": "x" * 2_001}, {"try": "no\0text"}, {"try": "x", "tries": "9"}])
def test_a_retro_that_cannot_be_kept_holds_the_close_and_stays_written(cast: Cast, sent: dict[str, str]):
    sprint = make_sprint(cast, active=True)
    answer = send(cast, CLOSE, sent | {"change": "Ask first"})
    assert answer.status_code == 422
    assert "Some of what you wrote cannot be kept" in answer.content.decode()
    assert ">Ask first</textarea>" in answer.content.decode()
    sprint.refresh_from_db()
    assert sprint.state == "active"
