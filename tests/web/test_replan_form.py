"""A re-plan as a form holds it: what it asks for, where each error belongs, and which code a finding fills in."""

from datetime import date

import pytest
from django.http import QueryDict

from agileml.lib.fields import FieldError
from agileml.planning.models import Sprint
from agileml.planning.queries.replan import Line
from agileml.planning.rules.moves import Refusal
from agileml.web.replan_form import Draft, Written, code_of, evidence_of, read, write
from agileml.work.models import Story, Ticket

SPRINT = Sprint(number=7, goal="Know\nmore", increment="A reader", end=date(2026, 11, 27), plan_version=3)
UID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def line(number: int = 1, **columns: object) -> Line:
    return Line(Ticket(number=number, type="review", title=f"Try {number}", **columns), needs=[], criterion=None)


def written(text: str, *lines: Line) -> Written:
    used = lines or (line(),)
    return write(read(QueryDict(text), used, SPRINT), used, SPRINT)


def test_a_form_with_nothing_in_it_changes_nothing():
    draft = read(QueryDict(""), [line()], SPRINT)
    assert draft.base == 3
    assert write(draft, [line()], SPRINT) == Written()


def test_line_ends_as_browsers_send_them_are_no_change():
    assert written("goal=Know%0D%0Amore&increment=A+reader&end=2026-11-27").moves == []


def test_fields_of_choices_that_were_not_taken_ask_for_nothing():
    assert written("do-1=keep&revisit-1=x&note-1=y&type-1=deployment&part-1-title=z").moves == []


@pytest.mark.parametrize(
    ("sent", "to"),
    [
        ("to-1=", {"to": None, "to_base_version": None}),
        ("to-1=8", {"to": 8, "to_base_version": None}),
        ("to-1=8%405", {"to": 8, "to_base_version": 5}),
        ("to-1=nowhere", {"to": None, "to_base_version": None}),
    ],
)
def test_a_defer_names_its_sprint_and_of_a_running_one_the_plan(sent: str, to: dict[str, int | None]):
    move = written(f"do-1=defer&note-1=half&cost-1=medium&{sent}").moves[0]
    assert move == {"move": "defer", "ticket": 1, "note": "half", "resume_cost": "medium"} | to


def test_only_what_differs_is_changed():
    ticket = line(story=Story(number=4), estimate=3.0)
    same = written("do-1=change&type-1=review&story-1=4&estimate-1=3", ticket)
    assert same.errors == {"1": ["Say what changes, or keep it as it is."]}
    fewer = written("do-1=change&type-1=review&story-1=&estimate-1=2,5", ticket)
    assert fewer.moves == [{"move": "change", "ticket": 1, "set": {"story": None, "estimate": 2.5}}]


def test_a_kept_ticket_that_was_not_sent_at_all_stays_kept():
    assert written("do-2=skip", line(1), line(2)).moves == [{"move": "skip", "ticket": 2, "revisit_if": ""}]


def test_rows_without_a_title_are_no_tickets():
    found = written("new-title=&new-title=Two&new-type=review&new-type=deployment&new-story=&new-story=5")
    assert found.moves == [{"move": "add", "new": {"title": "Two", "type": "deployment", "story": 5}}]
    assert found.places == ["new-1"]


def test_a_ticket_ticked_twice_comes_in_once():
    assert written("add=5&add=5&add=0&add=x").moves == [{"move": "add", "ticket": 5}]


def test_errors_go_where_their_move_came_from():
    found = written("do-1=skip&new-title=A&goal=Less")
    found.refused([Refusal("done", "It is done.", 1, "/moves/0"), Refusal("reason_required", "Why?", None, "/reason")])
    found.refused([Refusal("reason_code_required", "Which?", None, "/reason_code"), Refusal("stale", "Old.")])
    found.invalid(
        [FieldError("/moves/1/new/title", "too_long", "Too long."), FieldError("/moves/2/set/end", "x", "No.")]
    )
    assert found.errors == {
        "1": ["It is done."],
        "reason": ["Why?"],
        "code": ["Which?"],
        "": ["Old."],
        "new-0": ["The title: Too long."],
        "sprint": ["The end: No."],
    }


def test_the_same_error_is_said_once():
    found = Written()
    found.wrong("1", "No.")
    found.wrong("1", "No.")
    assert found.errors == {"1": ["No."]}


@pytest.mark.parametrize(
    ("moves", "code"),
    [
        ([{"move": "add"}], "finding_opens"),
        ([{"move": "split"}, {"move": "restore"}], "finding_opens"),
        ([{"move": "add"}, {"move": "skip"}], "finding_invalidates"),
        ([{"move": "change"}], "finding_invalidates"),
        ([], "finding_invalidates"),
    ],
)
def test_a_finding_opens_something_if_the_plan_only_grows(moves: list[dict[str, str]], code: str):
    assert code_of(Draft(base=1, code="finding"), moves) == code


def test_a_code_that_was_chosen_is_kept():
    assert code_of(Draft(base=1, code="capacity"), [{"move": "add"}]) == "capacity"


def test_only_what_could_be_evidence_is_taken_as_such():
    ticked = [f"finding:{UID}", f"snapshot:{UID} {UID} x", "comment:1", "junk", ""]
    assert evidence_of(Draft(base=1, evidence=ticked)) == [{"finding": UID}, {"snapshot": UID}, {"snapshot": UID}]
