"""What a re-plan adds up to while it is being made."""

from agileml.planning.rules.moves import MoveRequest
from agileml.planning.rules.sums import Sums, sums

PARTS = ({"title": "One"}, {"title": "Other"})


def test_without_moves_all_that_is_to_go_stays():
    assert sums([], to_go={1, 2}) == Sums(before=2, after=2, skipped=0, deferred=0, added=0)


def test_what_leaves_is_no_longer_to_go_and_what_comes_is():
    moves = [
        MoveRequest("skip", 1),
        MoveRequest("defer", 2),
        MoveRequest("remove", 3),
        MoveRequest("add", 9),
        MoveRequest("add", new={"title": "New"}),
        MoveRequest("restore", 8),
        MoveRequest("split", 4, into=PARTS),
        MoveRequest("change", 5, set={"type": "review"}),
        MoveRequest("sprint", set={"goal": "Less"}),
    ]
    assert sums(moves, to_go={1, 2, 3, 4, 5}) == Sums(before=5, after=7, skipped=1, deferred=2, added=5)


def test_a_move_about_what_is_not_to_go_takes_nothing_away():
    assert sums([MoveRequest("defer", 7)], to_go={1}).after == 1
