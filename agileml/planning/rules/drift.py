"""Drift: an epic that is worked on while nobody asks whether it is still the right goal."""

from collections.abc import Collection, Sequence

DRIFTS_AFTER = 2  # closed sprints with work in them and no review since


def unreviewed(closed: Sequence[int], *, worked: Collection[int], reviewed: Collection[int]) -> int:
    """In how many closed sprints an epic had work since it was last reviewed.

    `closed` are all closed sprints in order of time; `worked` those in which the epic had tickets; `reviewed` those
    that a review of it was made for. A review answers for its sprint and those before; without work none is asked for.
    """
    last = max((at for at, sprint in enumerate(closed) if sprint in reviewed), default=-1)
    return sum(1 for sprint in closed[last + 1 :] if sprint in worked)


def drifts(closed: Sequence[int], *, worked: Collection[int], reviewed: Collection[int]) -> bool:
    """Whether an epic has gone unreviewed for two closed sprints in which it had work."""
    return unreviewed(closed, worked=worked, reviewed=reviewed) >= DRIFTS_AFTER
