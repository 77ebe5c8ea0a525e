"""The plan is what the decisions say, at any version, and what undoes them leads back to where one was."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agileml.planning.rules.replay import PLAN_FIELDS, Plan, RecordedDecision, RecordedMove, apply, compare, replay
from agileml.planning.rules.taking_back import Now, inverse
from tests.planning.plans import LINE, add, decided, histories, move

STARTED = decided(1, move("sprint", None, None, {"goal": "Know", "end": "2026-11-27"}), add(1), add(2))


def after(*moves: RecordedMove) -> Plan:
    return replay([STARTED, decided(2, *moves)])


def test_nothing_decided_is_an_empty_plan():
    assert replay([]) == Plan(version=0, sprint={}, tickets={})


def test_a_start_gives_the_sprint_its_fields_and_its_tickets():
    plan = replay([STARTED])
    assert plan.sprint == {"goal": "Know", "end": "2026-11-27"}
    assert plan.tickets == {1: LINE | {"added_in": 1}, 2: LINE | {"added_in": 1}}


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (move("skip", 1, None, {"skipped": True, "status": "skipped"}), {"skipped": True}),
        (move("change", 1, {}, {"type": "review", "estimate": 2}), {"type": "review", "estimate": 2}),
        (move("split", 1, {}, {"into": [3]}), {}),
    ],
)
def test_a_move_changes_only_what_it_names(made: RecordedMove, line: dict[str, Any]):
    assert after(made).tickets == {1: LINE | {"added_in": 1} | line, 2: LINE | {"added_in": 1}}


@pytest.mark.parametrize("kind", ["remove", "defer"])
def test_what_leaves_is_gone(kind: str):
    assert after(move(kind, 1, LINE, {"to": None})).tickets.keys() == {2}


def test_a_ticket_remembers_since_when_it_is_in_the_plan():
    assert after(add(3)).tickets[3]["added_in"] == 2
    assert after(add(3, added_in=1)).tickets[3]["added_in"] == 1


def test_what_is_no_plan_field_stays_out_of_the_plan():
    assert after(add(3, status="todo", undoes={})).tickets[3].keys() == {*PLAN_FIELDS, "added_in"}
    assert "status" not in after(move("change", 1, {}, {"status": "done", "estimate": 1})).tickets[1]


def test_an_earlier_version_does_not_know_of_later_ones():
    history = [STARTED, decided(2, add(3)), decided(3, add(4))]
    assert replay(history, upto=2) == replay(history[:2])
    assert replay(history, upto=0) == Plan()


@given(histories(), st.randoms())
def test_the_order_in_which_decisions_are_read_does_not_matter(history: list[RecordedDecision], random: Any):
    shuffled = random.sample(history, len(history))
    assert replay(shuffled) == replay(history)


@given(histories(), st.data())
def test_a_plan_at_a_version_is_that_version_and_one_more_decision_leads_to_the_next(
    history: list[RecordedDecision], data: st.DataObject
):
    at = data.draw(st.integers(1, len(history)))
    assert replay(history, upto=at).version == at
    assert replay(history, upto=at) == apply(replay(history, upto=at - 1), history[at - 1])


@given(histories())
def test_replaying_changes_nothing_of_what_was_recorded(history: list[RecordedDecision]):
    first = replay(history)
    replay(history)
    assert replay(history) == first
    assert compare(first, replay(history)).changed == {}


def undone(plan: Plan, before: Plan, decision: RecordedDecision) -> RecordedDecision:
    """The decision that takes one back, as the product records it on the plan that it made."""
    moves = []
    for one in reversed(decision.moves):
        line = plan.tickets.get(one.ticket or 0) or before.tickets.get(one.ticket or 0) or LINE
        status = "skipped" if line["skipped"] else "todo"
        here = {name: line[name] for name in PLAN_FIELDS}
        back = inverse(one, Now(one.ticket or 0, f"TST-{one.ticket}", status, 1, None, here))
        if back is not None:
            moves.append(back)
    return decided(decision.version + 1, *moves)


@given(histories())
def test_taking_the_last_decision_back_leads_to_the_plan_before_it(history: list[RecordedDecision]):
    before, plan = replay(history[:-1]), replay(history)
    back = apply(plan, undone(plan, before, history[-1]))
    assert back.tickets == before.tickets
    if before.version:
        assert back.sprint == before.sprint


@given(histories())
def test_taking_the_taking_back_back_leads_to_where_one_was(history: list[RecordedDecision]):
    before, plan = replay(history[:-1]), replay(history)
    first = undone(plan, before, history[-1])
    back = apply(plan, first)
    again = apply(back, undone(back, plan, first))
    here = {number: {name: line[name] for name in PLAN_FIELDS} for number, line in again.tickets.items()}
    assert here == {number: {name: line[name] for name in PLAN_FIELDS} for number, line in plan.tickets.items()}
    if before.version:
        assert again.sprint == plan.sprint


@given(histories(), st.data())
def test_a_comparison_is_exactly_what_differs(history: list[RecordedDecision], data: st.DataObject):
    old, new = (replay(history, upto=data.draw(st.integers(0, len(history)))) for _ in range(2))
    diff = compare(old, new)
    made = {number: dict(line) for number, line in old.tickets.items() if number not in diff.removed}
    made |= {number: dict(new.tickets[number]) for number in diff.added}
    for number, fields in diff.changed.items():
        made[number] |= {name: now for name, (_, now) in fields.items()}
    for number in diff.skipped:
        made[number]["skipped"] = True
    for number in diff.restored:
        made[number]["skipped"] = False
    plain = {number: {name: line[name] for name in PLAN_FIELDS} for number, line in made.items()}
    assert plain == {number: {name: line[name] for name in PLAN_FIELDS} for number, line in new.tickets.items()}
