"""Circles among what needs what."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agileml.work.rules import cycle

EDGES = st.dictionaries(st.integers(0, 7), st.lists(st.integers(0, 7), max_size=4), max_size=8)


def reachable(edges: dict[int, list[int]], start: int) -> set[int]:
    """What can be reached from `start` in one step or more, found the slow way."""
    found: set[int] = set()
    step = set(edges.get(start, ()))
    while step - found:
        found |= step
        step = {needed for node in step for needed in edges.get(node, ())}
    return found


@given(EDGES, st.integers(0, 7))
def test_a_circle_is_found_exactly_when_there_is_one(edges: dict[int, list[int]], start: int):
    assert bool(cycle(edges, start=start)) == (start in reachable(edges, start))


@given(EDGES, st.integers(0, 7))
def test_the_way_that_is_told_can_be_walked(edges: dict[int, list[int]], start: int):
    way = cycle(edges, start=start)
    assert all(other in edges[one] for one, other in pairwise(way))
    assert not way or (way[0], way[-1]) == (start, start)
    assert len(set(way[1:])) == len(way[1:])


def test_a_chain_of_thousands_is_no_trouble():
    edges = {n: [n + 1] for n in range(10_000)}
    assert cycle(edges, start=0) == []
    assert len(cycle(edges | {10_000: [0]}, start=0)) == 10_002
