"""Drift: an epic is marked when two closed sprints had work in it and nobody reviewed it since."""

import pytest

from agileml.planning.rules.drift import drifts, unreviewed

CLOSED = [11, 12, 13, 14]


@pytest.mark.parametrize(
    ("worked", "reviewed", "missed"),
    [
        ((), (), 0),
        ((11,), (), 1),
        ((11, 12), (), 2),
        ((11, 14), (), 2),
        ((11, 12), (12,), 0),
        ((11, 12, 13), (12,), 1),
        ((11, 12, 13, 14), (12,), 2),
        ((11, 12), (13,), 0),
        ((11, 12, 13, 14), (14, 11), 0),
    ],
)
def test_sprints_with_work_since_the_last_review_are_counted(
    worked: tuple[int, ...], reviewed: tuple[int, ...], missed: int
):
    assert unreviewed(CLOSED, worked=worked, reviewed=reviewed) == missed
    assert drifts(CLOSED, worked=worked, reviewed=reviewed) == (missed >= 2)
