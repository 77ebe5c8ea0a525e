"""The scope of a sprint over its days is what its decisions say, ticket by ticket."""

from datetime import date

import pytest

from agileml.lib.charts import Scope
from agileml.planning.rules.replay import RecordedDecision, RecordedMove
from agileml.planning.rules.scope import Progressed, Taken, days_of, scope_by_day

MON, TUE, WED, THU = (date(2026, 11, day) for day in (16, 17, 18, 19))
LINE: dict[str, object] = {"type": "engineering", "story": None, "estimate": None, "criteria": [], "skipped": False}


def add(ticket: int, **after: object) -> RecordedMove:
    return RecordedMove("add", ticket, None, LINE | after)


def taken(day: date, version: int, *moves: RecordedMove, starts: bool = False) -> Taken:
    return Taken(day, RecordedDecision(version, moves), starts=starts)


STARTED = taken(MON, 1, add(1), add(2), add(3), starts=True)


def test_before_the_first_decision_there_is_nothing():
    assert scope_by_day([MON], taken=[taken(TUE, 1, add(1), starts=True)], progressed=[]) == [Scope()]


def test_what_was_there_at_the_start_is_initial_and_what_came_later_is_added():
    later = taken(TUE, 2, add(4))
    assert scope_by_day([MON, TUE], taken=[STARTED, later], progressed=[]) == [
        Scope(initial=3),
        Scope(initial=3, added=1),
    ]


def test_a_ticket_that_was_added_and_taken_out_again_still_shows():
    days = scope_by_day(
        [MON, TUE, WED],
        taken=[STARTED, taken(TUE, 2, add(4)), taken(WED, 3, RecordedMove("remove", 4, LINE, None))],
        progressed=[],
    )
    assert [day.total for day in days] == [3, 4, 4]
    assert days[-1] == Scope(initial=3, deferred=1)


def test_what_is_added_and_taken_out_within_one_day_still_counts():
    both = [taken(TUE, 2, add(4)), taken(TUE, 3, RecordedMove("remove", 4, LINE, None))]
    assert scope_by_day([TUE], taken=[STARTED, *both], progressed=[]) == [Scope(initial=3, deferred=1)]


@pytest.mark.parametrize(
    ("move", "scope"),
    [
        (RecordedMove("skip", 1, None, {"skipped": True}), Scope(initial=2, skipped=1)),
        (RecordedMove("defer", 1, LINE, {"to": None}), Scope(initial=2, deferred=1)),
        (RecordedMove("change", 1, {}, {"type": "review"}), Scope(initial=3)),
        (RecordedMove("split", 1, {}, {"into": [4]}), Scope(initial=3)),
    ],
)
def test_each_move_puts_its_ticket_into_one_band(move: RecordedMove, scope: Scope):
    assert scope_by_day([TUE], taken=[STARTED, taken(TUE, 2, move)], progressed=[]) == [scope]


def test_what_came_back_by_taking_back_is_as_old_as_it_was():
    taken_back = [
        taken(TUE, 2, RecordedMove("defer", 1, LINE, {"to": None})),
        taken(WED, 3, add(1, added_in=1)),
    ]
    assert scope_by_day([WED], taken=[STARTED, *taken_back], progressed=[]) == [Scope(initial=3)]


def test_done_counts_from_the_day_that_it_was_done_and_not_before():
    days = scope_by_day([MON, TUE, WED], taken=[STARTED], progressed=[Progressed(TUE, 1, done=True)])
    assert [day.done for day in days] == [0, 1, 1]
    assert [day.initial for day in days] == [3, 2, 2]


def test_what_was_opened_again_is_no_longer_done():
    moves = [Progressed(MON, 1, done=True), Progressed(WED, 1, done=False)]
    assert [day.done for day in scope_by_day([MON, TUE, WED], taken=[STARTED], progressed=moves)] == [1, 1, 0]


def test_tickets_of_other_sprints_do_not_count():
    assert scope_by_day([TUE], taken=[STARTED], progressed=[Progressed(MON, 9, done=True)]) == [Scope(initial=3)]


def test_a_second_start_after_the_first_was_taken_back_is_a_start_too():
    gone = taken(TUE, 2, *(RecordedMove("remove", number, LINE, None) for number in (1, 2, 3)))
    again = taken(WED, 3, add(1), add(4), starts=True)
    days = scope_by_day([TUE, WED], taken=[STARTED, gone, again], progressed=[])
    assert days == [Scope(deferred=3), Scope(initial=2, deferred=2)]


def test_a_day_off_is_marked_and_not_left_out():
    days = days_of(date(2026, 11, 20), date(2026, 11, 24), weekdays=[0, 1, 2, 3, 4], holidays=["2026-11-24"])
    assert [day.working for day in days] == [True, False, False, True, False]
