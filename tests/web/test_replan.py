"""Re-planning in the browser: one sitting, one decision, and a draft that nobody loses."""

import re
from datetime import timedelta
from typing import Any

import pytest

from agileml.metrics.models import Snapshot
from agileml.planning.actions.notes import write_finding
from agileml.planning.actions.progress import progress
from agileml.planning.models import Decision, Sprint
from agileml.planning.queries.replays import recorded
from agileml.planning.rules.replay import replay
from agileml.work.actions import create_story
from agileml.work.models import Finding, Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, make_tickets, measure, replan
from tests.web.browsing import HTMX, browser_of, queries

PATH = "/p/TST/sprints/1/replan/"
PREVIEW = HTMX | {"HX-Target": "follows"}


def decide(cast: Cast, **sent: Any) -> Any:
    """Press Decide, with what a browser would send beside it."""
    form = {"base": "1", "code": "priority", "reason": "It matters less.", "decide": "1"} | sent
    return browser_of(cast.member).post(PATH, form)


def finding_on(cast: Cast, ticket: int, *, cites: bool = False) -> Finding:
    cited = [{"snapshot": uid} for uid in snapshot_uids()] if cites else []
    sent = {"kind": "refutes", "text": "Wider layers do not help", "cites": cited}
    return write_finding(project=cast.project, ticket=ticket, sent=sent, actor=cast.member, now=NOW)


def snapshot_uids() -> list[str]:
    return [str(uid) for uid in Snapshot.objects.order_by("pk").values_list("uid", flat=True)]


def moves(decision: Decision) -> list[tuple[str, int | None]]:
    return [(move.move, move.ticket.number if move.ticket else None) for move in decision.moves.order_by("position")]


def line(html: str, number: int) -> str:
    """The HTML of one ticket's line."""
    found = re.search(rf'<li id="line-{number}".*?(?=<li id="line-|<li class="wide)', html, re.DOTALL)
    assert found, f"no line {number}"
    return found[0]


def test_every_ticket_that_is_left_has_its_choices_and_what_is_done_has_none(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 2})
    progress(project=cast.project, number=3, to="done", outcome="shipped", actor=cast.member, now=NOW)
    html = browser_of(cast.member).get(PATH).content.decode()
    for choice in ("keep", "skip", "defer", "change", "split"):
        assert f'name="do-1" value="{choice}"' in html
    assert re.findall(r'name="do-2" value="(\w+)"', html) == ["keep", "restore"]
    assert "do-3" not in html
    assert "do-5" not in html


def test_one_sitting_is_one_decision_with_all_its_moves(cast: Cast, sprint: Sprint):
    make_sprint(cast, start=NOW.date() + timedelta(days=20))
    story = create_story(project=cast.project, sent={"title": "Slant"}, actor=cast.lead, now=NOW)
    answer = decide(
        cast,
        **{
            "do-1": "skip", "revisit-1": "we get more data",
            "do-2": "defer", "to-2": "2", "note-2": "start at section 4", "cost-2": "high",
            "do-3": "change", "type-3": "review", "story-3": str(story.number),
            "do-4": "split", "part-4-title": ["One half", "Other half", ""], "part-4-type": ["review"] * 3,
            "add": ["5"],
            "new-title": ["Deskew first", ""], "new-type": ["data_exploration", "engineering"], "new-story": ["", ""],
            "goal": "Less", "increment": sprint.increment, "end": "2026-11-30",
        },
    )  # fmt: skip
    assert answer.status_code == 302
    decision = Decision.objects.get(sprint=sprint, version=2)
    assert moves(decision) == [
        ("skip", 1), ("defer", 2), ("change", 3), ("split", 4), ("add", 6), ("add", 7), ("add", 5), ("add", 8),
        ("sprint", None),
    ]  # fmt: skip
    assert (decision.actor, decision.reason_code, decision.reason) == (cast.member, "priority", "It matters less.")
    plan = replay(recorded(sprint))
    assert plan.sprint == {
        "goal": "Less", "increment": "A reader", "start": "2026-11-16", "end": "2026-11-30"
    }  # fmt: skip
    assert plan.tickets[1]["skipped"]
    assert plan.tickets[3]["type"] == "review"
    assert plan.tickets[3]["story"] == story.number
    assert sorted(plan.tickets) == [1, 3, 4, 5, 6, 7, 8]
    defer = decision.moves.get(move="defer").after or {}
    assert (defer["to"], defer["note"], defer["resume_cost"], defer["drafted"]) == (
        2,
        "start at section 4",
        "high",
        True,
    )
    assert (decision.moves.get(move="skip").after or {})["revisit_if"] == "we get more data"


def test_after_deciding_one_is_on_the_board_and_can_take_it_back(cast: Cast, sprint: Sprint):
    browser = browser_of(cast.member)
    answer = browser.post(
        PATH, {"base": "1", "code": "other", "reason": "No.", "do-1": "skip", "decide": "1"}, follow=True
    )
    assert answer.request["PATH_INFO"] == "/p/TST/sprints/1/"
    decision = Decision.objects.get(version=2)
    assert (
        f'Plan v2 decided. <a href="/p/TST/decisions/{decision.uid}/take-back/">Take back</a>'
        in answer.content.decode()
    )


def test_what_is_left_as_it_is_makes_no_move(cast: Cast, sprint: Sprint):
    same = {"goal": sprint.goal, "increment": sprint.increment, "end": sprint.end.isoformat()}
    assert decide(cast, **same, **{"do-1": "skip", "do-2": "keep", "new-title": ["  "]}).status_code == 302
    assert moves(Decision.objects.get(version=2)) == [("skip", 1)]


def test_a_skipped_ticket_can_be_restored(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 2})
    assert decide(cast, base=2, **{"do-2": "restore"}).status_code == 302
    assert Ticket.objects.get(number=2).status == "todo"


def test_deferring_into_a_running_sprint_names_the_plan_that_was_looked_at(cast: Cast, sprint: Sprint):
    other = make_sprint(cast, active=True)
    html = browser_of(cast.member).get(PATH).content.decode()
    assert f'<option value="{other.number}@1">' in html
    assert decide(cast, **{"do-1": "defer", "to-1": f"{other.number}@1"}).status_code == 302
    assert 1 in replay(recorded(other)).tickets
    stale = decide(cast, base=2, **{"do-2": "defer", "to-2": f"{other.number}@1"})
    assert stale.status_code == 422
    assert "is at plan v2: look at it before adding to it" in line(stale.content.decode(), 2)


def test_coming_from_a_finding_it_and_what_it_cites_are_the_evidence(cast: Cast, sprint: Sprint):
    measure(cast, Ticket.objects.get(number=1), [0.3, 0.4])
    finding = finding_on(cast, 1, cites=True)
    other = finding_on(cast, 2)
    html = browser_of(cast.member).get(f"{PATH}?finding={finding.uid}").content.decode()
    ticked = re.findall(r'name="evidence" value="([^"]+)" checked', html)
    assert sorted(ticked) == sorted([f"finding:{finding.uid}", f"snapshot:{' '.join(snapshot_uids())}"])
    assert f'value="finding:{other.uid}">' in html
    assert '<option value="finding" selected>' in html
    assert "Finding on TST-1: Wider layers do not help" in html


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        ({"do-1": "skip"}, "finding_invalidates"),
        ({"add": "5"}, "finding_opens"),
        ({"new-title": "More"}, "finding_opens"),
    ],
)
def test_the_finding_fills_the_code(cast: Cast, sprint: Sprint, choice: dict[str, str], code: str):
    finding = finding_on(cast, 1)
    sent = {"code": "finding", "finding": str(finding.uid), "evidence": f"finding:{finding.uid}"} | choice
    assert decide(cast, **sent).status_code == 302
    decision = Decision.objects.get(version=2)
    assert decision.reason_code == code
    assert [item.finding for item in decision.evidence.all()] == [finding]


def test_a_box_of_several_runs_stands_for_all_of_their_snapshots(cast: Cast, sprint: Sprint):
    ticket = make_ticket(cast, "Measured", sprint=1, criteria=[{"metric": "error", "op": "<=", "value": 0.1}])
    measure(cast, ticket, [0.3, 0.4, 0.5])
    html = browser_of(cast.member).get(PATH).content.decode()
    assert "error 0.4, 3 runs" in html
    box = re.search(r'name="evidence" value="(snapshot:[^"]+)"', html)
    assert box
    assert decide(cast, base=2, **{"do-1": "skip", "code": "data_problem", "evidence": box[1]}).status_code == 302
    assert Decision.objects.get(version=3).evidence.count() == 3


def test_coming_from_a_card_its_move_is_chosen_already(cast: Cast, sprint: Sprint):
    html = browser_of(cast.member).get(f"{PATH}?ticket=2&move=defer").content.decode()
    assert 'name="do-2" value="defer" checked' in html
    assert 'name="do-1" value="keep" checked' in html


def test_without_a_script_the_preview_shows_what_follows_and_writes_nothing(cast: Cast, sprint: Sprint):
    make_ticket(cast, "Needs the first", sprint=1, depends_on=[1])
    answer = browser_of(cast.member).post(PATH, {"base": "2", "do-1": "skip", "new-title": "Another", "preview": "1"})
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "TST-6 needs TST-1, which would be skipped." in html
    assert "<b>5 → 5</b>" in html
    assert 'name="do-1" value="skip" checked' in html
    assert 'value="Another"' in html
    assert Sprint.objects.get(pk=sprint.pk).plan_version == 2


def test_with_a_script_only_what_follows_is_sent(cast: Cast, sprint: Sprint):
    answer = browser_of(cast.member).post(PATH, {"base": "1", "do-1": "skip", "do-2": "defer"}, headers=PREVIEW)
    html = answer.content.decode()
    assert "<html" not in html
    assert "<b>4 → 2</b>" in html
    assert answer["Vary"].count("HX-Request") == 1


def test_what_cannot_be_is_said_while_it_is_being_written(cast: Cast, sprint: Sprint):
    answer = browser_of(cast.member).post(PATH, {"base": "1", "add": "99"}, headers=PREVIEW)
    assert "There is no ticket 99 in this project." in answer.content.decode()


def test_the_backlog_is_searched_and_what_was_ticked_stays(cast: Cast, sprint: Sprint):
    make_ticket(cast, "Deskew the digits")
    make_ticket(cast, "Something else")
    sent = {"base": "1", "add": "5", "search": "desk"}
    html = browser_of(cast.member).post(PATH, sent, headers=HTMX | {"HX-Target": "candidates"}).content.decode()
    assert re.findall(r'name="add" value="(\d+)"( checked)?', html) == [("5", " checked"), ("6", "")]


def test_another_row_can_be_had_without_a_script(cast: Cast, sprint: Sprint):
    sent = {"base": "1", "new-title": "One", "new-type": "review", "more": "new", "do-1": "split"}
    html = browser_of(cast.member).post(PATH, sent).content.decode()
    assert html.count('name="new-title"') == 2
    assert 'value="One"' in html
    parts = browser_of(cast.member).post(PATH, sent | {"more": "1", "part-1-title": ["a", "b"]}).content.decode()
    assert line(parts, 1).count('name="part-1-title"') == 3


def test_a_plan_that_moved_on_is_said_and_the_draft_is_kept_on_the_new_one(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 4}, reason="The numbers said so", actor=cast.lead)
    answer = decide(cast, base=1, **{"do-1": "skip", "new-title": "Mine"}, reason="My own words")
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "The plan has moved on to v2" in html
    assert "Lead Person" in html
    assert "The numbers said so" in html
    assert "My own words" in html
    assert 'value="Mine"' in html
    assert 'name="do-1" value="skip" checked' in html
    assert '<input type="hidden" name="base" value="2">' in html
    assert decide(cast, base=2, **{"do-1": "skip"}).status_code == 302


def test_every_reason_against_it_stands_beside_what_it_is_about(cast: Cast, sprint: Sprint):
    answer = decide(
        cast, code="", reason="", **{"do-1": "skip", "do-2": "change", "do-3": "split", "new-title": "x" * 300}
    )
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Say what changes, or keep it as it is." in line(html, 2)
    assert "Name the tickets that it is split into." in line(html, 3)
    assert "The title: At most 200 characters." in html
    assert "refused" not in line(html, 1)
    assert Sprint.objects.get(pk=sprint.pk).plan_version == 1


def test_what_the_rules_refuse_is_said_at_once_with_what_the_form_lacks(cast: Cast, sprint: Sprint):
    html = decide(cast, code="", reason="", **{"do-1": "skip", "do-2": "split"}).content.decode()
    assert "Name the tickets that it is split into." in html
    assert "Say which kind of reason this is." in html
    assert "Say why, in a sentence." in html


def test_nothing_chosen_is_nothing_to_decide(cast: Cast, sprint: Sprint):
    answer = decide(cast)
    assert answer.status_code == 422
    assert "A decision needs at least one move." in answer.content.decode()


@pytest.mark.parametrize(
    "junk",
    [
        {"do-1": "fly"}, {"add": ["x", "-1", "99999999999"]}, {"base": "x"}, {"finding": "nonsense"}, {"end": "soon"},
        {"evidence": ["finding:nonsense", "what"]}, {"do-1": "change", "story-1": "77"},
        {"do-1": "defer", "to-1": "77"}, {"do-1": "change", "estimate-1": "many"}, {"do-1": "defer", "cost-1": "huge"},
        {"reason": "a\0b"}, {"new-title": "N", "new-type": "no such"}, {"do-1": "change", "estimate-1": "nan"},
        {"new-title": "a\0b"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("button", ["preview", "decide", "more"])
def test_no_form_however_it_was_filled_breaks_the_page(cast: Cast, sprint: Sprint, junk: dict[str, Any], button: str):
    sent = {"base": "1", "code": "other", "reason": "Because.", button: "1"} | junk
    assert browser_of(cast.member).post(PATH, sent).status_code in {200, 302, 422}


def test_who_may_not_decide_reads_who_may(cast: Cast, sprint: Sprint):
    browser = browser_of(cast.stakeholder)
    html = browser.get(PATH).content.decode()
    assert "<b>Lead Person</b>" in html
    assert 'name="decide"' not in html
    assert browser.post(PATH, {"base": "1", "decide": "1"}).status_code == 403
    assert browser_of(cast.outsider).get(PATH).status_code == 404
    assert browser_of(cast.outsider).post(PATH).status_code == 404


def test_where_only_leads_decide_a_member_can_propose_and_nothing_else(db: None):
    cast = make_cast(replanners="leads")
    make_tickets(cast, 1)
    make_sprint(cast, [1], active=True)
    html = browser_of(cast.member).get(PATH).content.decode()
    assert 'name="propose"' in html
    assert 'name="decide"' not in html
    assert browser_of(cast.member).post(PATH, {"base": "1", "decide": "1"}).status_code == 403
    assert browser_of(cast.lead).get(PATH).content.decode().count('name="decide"') == 1


def test_a_sprint_that_is_not_running_is_not_replanned(cast: Cast, tickets: list[Ticket]):
    make_sprint(cast, [1])
    html = browser_of(cast.lead).get(PATH).content.decode()
    assert "This sprint has not started" in html
    assert 'name="decide"' not in html
    assert decide(cast, **{"do-1": "skip"}).status_code == 409


def test_the_page_costs_the_same_however_many_tickets_there_are(cast: Cast, sprint: Sprint):
    browser = browser_of(cast.member)
    _, few = queries(browser, PATH)
    for ticket in make_tickets(cast, 12, sprint=1, criteria=[{"metric": "error", "op": "<=", "value": 0.1}]):
        measure(cast, ticket, [0.3])
        finding_on(cast, ticket.number)
    _, many = queries(browser, PATH)
    assert many == few
    assert many <= 18


def test_who_waits_for_what_is_skipped_can_be_skipped_too_or_pointed_elsewhere(cast: Cast, sprint: Sprint):
    make_ticket(cast, "Needs the first", sprint=1, depends_on=[1])
    browser = browser_of(cast.member)
    html = browser.post(PATH, {"base": "2", "do-1": "skip", "preview": "1"}).content.decode()
    assert 'name="also" value="6"' in html
    assert 'href="/p/TST/tickets/6/edit/"' in html
    html = browser.post(PATH, {"base": "2", "do-1": "skip", "also": "6"}).content.decode()
    assert 'name="do-6" value="skip" checked' in html
    assert 'name="also"' not in html
    assert Sprint.objects.get(pk=sprint.pk).plan_version == 2


@pytest.mark.parametrize("junk", ["x", "99", "", "-1"])
def test_skipping_too_what_is_not_there_changes_nothing(cast: Cast, sprint: Sprint, junk: str):
    html = browser_of(cast.member).post(PATH, {"base": "1", "also": junk}).content.decode()
    assert 'value="skip" checked' not in html
