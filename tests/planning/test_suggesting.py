"""What a sprint's own results suggest: when, with which moves, and when no longer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agileml.planning.rules.suggesting import Cause, Line, Suggestion, dependants, suggestions

T0 = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return T0 + timedelta(minutes=minutes)


def line(number: int, status: str = "todo", *, needs: tuple[int, ...] = (), story: int | None = None) -> Line:
    return Line(number, f"DIG-{number}", status, story, needs)


def cause(kind: str, ticket: int = 7, minutes: int = 0, **more: Any) -> Cause:
    words = "“No.”" if kind in {"refutes", "blocker"} else "error is 3 % (≥ 2 %)."
    return Cause(f"{kind}:{ticket}:{minutes}", kind, ticket, at(minutes), words, **more)


# 7 is under way; 8 needs it, 9 needs 8; 10 is of the same story; 11 needs it but is done
SPRINT = [
    line(7, "in_progress", story=2),
    line(8, needs=(7,), story=2),
    line(9, "in_review", needs=(8,)),
    line(10, story=2),
    line(11, "done", needs=(7,), story=2),
]


def only(causes: list[Cause], lines: list[Line] = SPRINT, **more: Any) -> Suggestion:
    (found,) = suggestions(lines, causes, **more)
    return found


def moves(found: Suggestion) -> list[tuple[str, int]]:
    return [(move["move"], move["ticket"]) for move in found.moves]


def test_a_kill_criterion_that_is_met_suggests_to_skip_the_ticket_and_all_that_needs_it():
    found = only([cause("kill")])
    assert moves(found) == [("skip", 7), ("skip", 8), ("skip", 9)]
    assert found.title == "DIG-7 meets its kill criterion."
    assert found.text == "error is 3 % (≥ 2 %). DIG-8 and DIG-9 need it."
    assert found.reason_code == "finding_invalidates"
    assert found.reason == "DIG-7 meets its kill criterion: error is 3 % (≥ 2 %)."
    assert found.perhaps == ()


@pytest.mark.parametrize("status", ["done", "skipped"])
def test_a_kill_criterion_of_what_has_ended_suggests_nothing(status: str):
    assert suggestions([line(7, status), line(8, needs=(7,))], [cause("kill")]) == []


def test_a_success_criterion_that_is_not_met_suggests_to_skip_what_needs_it_and_nothing_else():
    found = only([cause("failed")])
    assert moves(found) == [("skip", 8), ("skip", 9)]
    assert found.perhaps == ()
    assert suggestions([line(7), line(10)], [cause("failed")]) == []


def test_a_finding_that_refutes_leaves_its_ticket_to_be_learned_from_where_others_need_it():
    found = only([cause("refutes")])
    assert moves(found) == [("skip", 8), ("skip", 9)]
    assert found.perhaps == (10,)
    assert found.text == "“No.” DIG-8 and DIG-9 need it. Perhaps DIG-10 too, of the same story."


@pytest.mark.parametrize("status", ["todo", "in_progress", "in_review"])
def test_a_ticket_that_nothing_needs_and_that_is_refuted_is_suggested_itself(status: str):
    found = only([cause("refutes")], [line(7, status)])
    assert moves(found) == [("skip", 7)]
    assert found.text == "“No.” It is still open."


def test_a_ticket_that_is_refuted_before_it_began_goes_with_what_needs_it():
    assert moves(only([cause("refutes")], [line(7), line(8, needs=(7,))])) == [("skip", 7), ("skip", 8)]


def test_a_refuted_ticket_that_has_ended_suggests_a_look_at_what_its_story_still_asks():
    found = only([cause("refutes")], [line(7, "done", story=2), line(10, story=2), line(12, "in_progress", story=2)])
    assert (moves(found), found.perhaps) == ([], (10,))
    assert suggestions([line(7, "done", story=2), line(10, story=3), line(11)], [cause("refutes")]) == []


def test_what_is_blocked_is_deferred_with_what_needs_it_and_says_why():
    found = only([cause("blocker")])
    assert moves(found) == [("defer", 7), ("defer", 8), ("defer", 9)]
    assert {move["note"] for move in found.moves} == {"“No.”"}
    assert found.reason_code == "blocked"


def test_a_cause_on_a_ticket_that_left_the_sprint_suggests_nothing():
    assert suggestions([line(8, needs=(7,))], [cause("kill"), cause("refutes")]) == []


def test_a_ticket_has_one_suggestion_by_what_weighs_most_on_it():
    found = only([cause("failed", minutes=3), cause("refutes", minutes=2), cause("kill", minutes=1)])
    assert found.kind == "kill"
    assert only([cause("refutes", minutes=1), cause("blocker", minutes=2)]).kind == "refutes"


def test_what_weighs_most_but_leaves_nothing_to_do_gives_way_to_what_does():
    ended = [line(7, "done"), line(8, needs=(7,))]
    assert only([cause("kill"), cause("failed")], ended).kind == "failed"


def test_the_newest_is_told_first_whatever_order_the_causes_come_in():
    lines = [line(number) for number in (1, 2, 3)]
    causes = [cause("refutes", ticket, minutes) for ticket, minutes in ((1, 5), (2, 9), (3, 1))]
    assert [found.ticket for found in suggestions(lines, causes)] == [2, 1, 3]
    assert suggestions(lines, causes[::-1]) == suggestions(lines, causes)


def test_a_decision_that_rests_on_a_cause_answers_all_that_was_known_of_the_ticket_by_then():
    known = [cause("kill", minutes=1), cause("refutes", minutes=2, decided=at(5))]
    assert suggestions(SPRINT, known) == []
    assert only([*known, cause("failed", minutes=6)]).kind == "failed"


def test_a_decision_before_a_cause_does_not_answer_it():
    assert only([cause("kill", minutes=5, decided=at(4))]).kind == "kill"
    assert suggestions(SPRINT, [cause("kill", minutes=5, decided=at(5))]) == []
    again = cause("kill", minutes=5, decided=at(4))
    assert suggestions(SPRINT, [again], dismissed={again.key}) == []


def test_what_was_put_aside_stays_so_until_something_else_happens():
    known = [cause("kill", minutes=2), cause("failed", minutes=2)]
    aside = {known[0].key}
    assert suggestions(SPRINT, known, dismissed=aside) == []
    assert only([*known, cause("refutes", minutes=3)], dismissed=aside).kind == "refutes"
    assert only([cause("kill", minutes=9)], dismissed=aside).key == "kill:7:9"


def test_to_put_one_ticket_aside_leaves_the_others():
    causes = [cause("refutes", 7), cause("refutes", 10)]
    assert only(causes, dismissed={causes[0].key}).ticket == 10


def test_a_circle_of_needs_ends():
    circle = [line(1, needs=(2,)), line(2, needs=(1,)), line(3, needs=(2,))]
    assert [one.number for one in dependants(1, circle)] == [2, 3]


def test_many_that_wait_are_counted_not_listed():
    lines = [line(7), *(line(number, needs=(7,)) for number in range(20, 30))]
    assert "DIG-20, DIG-21, DIG-22, DIG-23, DIG-24 and 5 more need it." in only([cause("kill")], lines).text
