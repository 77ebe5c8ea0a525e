"""The rule by which edits of one thing meet, held against what it means: compare what was seen with what is there."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agileml.journal.rules.edits import Conflict, Edit, Since, Wanted, conflicts

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
FIELDS = ("title", "goal", "labels")
Values = dict[str, Any]


def edit(version: int, was: Values, written: Values, who: str = "lead") -> Edit:
    diff = {name: [was[name], value] for name, value in written.items() if was[name] != value}
    return Edit(version, diff, {"id": who, "name": who}, NOW.replace(minute=version))


def named(current: Values, yours: Values | None, since: Since, **more: Any) -> list[str]:
    return [one.field for one in conflicts(Wanted(current, FIELDS, yours, **more), since)]


edits = st.lists(st.dictionaries(st.sampled_from(FIELDS), st.integers(0, 2), min_size=1), max_size=8)
WRITES = st.dictionaries(st.sampled_from(FIELDS), st.integers(0, 2))


@given(edits, st.data())
def test_a_field_conflicts_if_it_is_neither_as_it_was_seen_nor_as_it_is_to_be(history: list[Values], data: Any):
    states: list[Values] = [dict.fromkeys(FIELDS, 0)]
    made = []
    for written in history:
        made.append(edit(len(states) + 1, states[-1], written))
        states.append(states[-1] | written)
    seen = data.draw(st.integers(1, len(states)))
    yours, was, current = data.draw(WRITES), states[seen - 1], states[-1]
    since = Since([one for one in made if one.version > seen])
    assert named(current, yours, since) == [
        name for name in FIELDS if name in yours and current[name] not in (yours[name], was[name])
    ]
    assert named(current, None, since) == [name for name in FIELDS if current[name] != was[name]]


@given(edits)
def test_what_is_not_known_conflicts_with_all_that_is_news(history: list[Values]):
    states = [dict.fromkeys(FIELDS, 0)]
    for written in history:
        states.append(states[-1] | written)
    since = Since([edit(at + 2, states[at], written) for at, written in enumerate(history)], known=False)
    yours = dict.fromkeys(FIELDS, 1)
    assert named(states[-1], yours, since) == [name for name in FIELDS if states[-1][name] != 1]


def test_of_several_writers_the_last_is_named():
    first, second = {"title": "A", "goal": ""}, {"title": "B", "goal": ""}
    since = Since([edit(2, {"title": "", "goal": ""}, first), edit(3, first, second, who="member")])
    wanted = Wanted(second, ("title", "goal"), {"title": "C", "goal": "D"})
    assert conflicts(wanted, since) == [
        Conflict("title", {"id": "member", "name": "member"}, NOW.replace(minute=3), "C", "B")
    ]


@pytest.mark.parametrize(("free", "found"), [((), ["labels"]), (("labels",), [])])
def test_what_nobodys_words_can_be_lost_in_is_free(free: tuple[str, ...], found: list[str]):
    was, now = {"labels": [1]}, {"labels": [2]}
    assert named(now, {"labels": [3]}, Since([edit(2, was, now)]), free=free) == found


def test_values_are_compared_as_what_they_mean():
    was, now = {"labels": [1, 2]}, {"labels": [2, 3]}
    since = Since([edit(2, was, now)])
    assert named(now, {"labels": [3, 2]}, since) == ["labels"]
    assert named(now, {"labels": [3, 2]}, since, plain=lambda name, value: set(value)) == []
