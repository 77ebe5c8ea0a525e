"""Any two versions of a plan are compared in either direction, with what was decided in between."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agileml.planning.rules.comparing import Comparison, between
from agileml.planning.rules.replay import RecordedDecision, RecordedMove, replay
from tests.planning.plans import LINE, add, decided, histories, move

STARTED = decided(1, move("sprint", None, None, {"goal": "Know", "end": "2026-11-27"}), add(1), add(2), add(3))
SKIP = move("skip", 1, {"skipped": False}, {"skipped": True, "revisit_if": "it rains"})
RESTORE = move("restore", 1, {"skipped": True}, {"skipped": False})
DEFER = move("defer", 2, LINE, {"to": 8, "note": "Half.", "resume_cost": "high"})
REMOVE = move("remove", 2, LINE)
SPLIT = [move("split", 3, {}, {"into": [4, 5]}), add(4), add(5)]
CRITERIA = [{"metric": "error", "op": "<=", "value": 0.02}]
CHANGE = move("change", 3, {"criteria": [], "estimate": None}, {"criteria": CRITERIA, "estimate": 2})
SPRINT = move("sprint", None, {"goal": "Know"}, {"goal": "Ship"})


def seen(*moves: RecordedMove, back: bool = False) -> Comparison:
    """v1 with v2, which made these moves; or the way back."""
    return between([STARTED, decided(2, *moves)], *((2, 1) if back else (1, 2)))


@pytest.mark.parametrize(
    ("moves", "what", "numbers"),
    [
        ([add(9)], "added", [9]),
        ([REMOVE], "removed", [2]),
        ([DEFER], "removed", [2]),
        ([SKIP], "skipped", [1]),
        (SPLIT, "added", [4, 5]),
    ],
)
def test_each_move_shows_as_what_it_did(moves: list[RecordedMove], what: str, numbers: list[int]):
    assert getattr(seen(*moves).diff, what) == numbers


@pytest.mark.parametrize(
    ("moves", "what", "numbers"),
    [([add(9)], "removed", [9]), ([DEFER], "added", [2]), ([SKIP], "restored", [1]), (SPLIT, "removed", [4, 5])],
)
def test_the_way_back_undoes_it(moves: list[RecordedMove], what: str, numbers: list[int]):
    assert getattr(seen(*moves, back=True).diff, what) == numbers


def test_what_was_restored_shows_as_that_from_where_it_was_skipped():
    history = [STARTED, decided(2, SKIP), decided(3, RESTORE)]
    assert between(history, 2, 3).diff.restored == [1]
    assert between(history, 1, 3).diff.restored == []
    assert [deed.move for deed in between(history, 1, 3).deeds[1]] == [SKIP, RESTORE]


def test_a_deferred_ticket_keeps_its_note_and_a_removed_one_is_not_deferred():
    assert seen(DEFER).deferred == [2]
    assert seen(DEFER).deeds[2][-1].move.after == {"to": 8, "note": "Half.", "resume_cost": "high"}
    assert seen(REMOVE).deferred == []


def test_nothing_is_deferred_on_the_way_back():
    history = [STARTED, decided(2, add(9)), decided(3, move("defer", 9, LINE, {"to": None}))]
    assert between(history, 3, 2).deferred == []
    assert between(history, 2, 1).deferred == []


def test_the_last_leaving_counts():
    again = [decided(2, DEFER), decided(3, add(2)), decided(4, REMOVE)]
    assert between([STARTED, *again], 1, 4).deferred == []
    assert between([STARTED, *again], 1, 2).deferred == [2]


def test_a_split_names_its_parts_and_each_part_its_origin():
    found = seen(*SPLIT)
    assert found.parts == {3: [4, 5]}
    assert found.origins == {4: 3, 5: 3}
    assert seen(CHANGE).parts == {}


def test_a_change_is_told_field_by_field():
    assert seen(CHANGE).diff.changed == {3: {"criteria": [[], CRITERIA], "estimate": [None, 2]}}
    assert seen(SPRINT).diff.sprint == {"goal": ["Know", "Ship"]}
    assert seen(SPRINT, back=True).diff.sprint == {"goal": ["Ship", "Know"]}


def test_what_came_and_went_in_between_is_not_forgotten():
    history = [STARTED, decided(2, add(9)), decided(3, move("remove", 9, LINE))]
    assert between(history, 1, 3).passed == [9]
    assert between(history, 3, 1).passed == [9]
    assert between(history, 1, 2).passed == []


def test_only_what_was_decided_between_the_two_is_told():
    history = [STARTED, decided(2, SKIP), decided(3, DEFER), decided(4, SPRINT)]
    found = between(history, 2, 3)
    assert [(number, [deed.version for deed in deeds]) for number, deeds in found.deeds.items()] == [(2, [3])]
    assert between(history, 3, 3).deeds == {}


def test_before_the_start_there_is_nothing():
    found = between([STARTED], 0, 1)
    assert found.diff.added == [1, 2, 3]
    assert found.diff.sprint == {"goal": [None, "Know"], "end": [None, "2026-11-27"]}
    assert between([STARTED], 1, 0).diff.removed == [1, 2, 3]


@given(histories(), st.data())
def test_there_and_back_are_mirror_images(history: list[RecordedDecision], data: st.DataObject):
    old, new = (data.draw(st.integers(0, len(history))) for _ in range(2))
    there, back = between(history, old, new), between(history, new, old)
    assert there.diff.added == back.diff.removed
    assert there.diff.skipped == back.diff.restored
    assert there.passed == back.passed
    assert there.deeds == back.deeds
    turned = {ticket: {name: [now, was] for name, (was, now) in fields.items()} for ticket, fields in
              back.diff.changed.items()}  # fmt: skip
    assert there.diff.changed == turned


@given(histories(), st.data())
def test_what_differs_was_decided_in_between(history: list[RecordedDecision], data: st.DataObject):
    old, new = (data.draw(st.integers(0, len(history))) for _ in range(2))
    found = between(history, old, new)
    diff = found.diff
    told = {*diff.added, *diff.removed, *diff.skipped, *diff.restored, *diff.changed, *found.passed}
    assert told <= found.deeds.keys()
    assert set(found.deferred) <= set(diff.removed)
    here, there = replay(history, upto=old), replay(history, upto=new)
    assert here.tickets.keys() - set(diff.removed) | set(diff.added) == there.tickets.keys()
