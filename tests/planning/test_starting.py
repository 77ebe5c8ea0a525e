"""What stands in the way of a sprint's start and of its close, as pure rules."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agileml.planning.rules.moves import MoveRequest, Refusal, SprintFacts, TicketFacts
from agileml.planning.rules.starting import Destination, close_refusals, start_refusals

PLANNED = SprintFacts(1, "planned", 0)
ACTIVE = SprintFacts(1, "active", 3)
BACKLOG = Destination("backlog")


def ticket(number: int, status: str = "todo", sprint: int | None = None) -> TicketFacts:
    return TicketFacts(number, f"TST-{number}", status, sprint, None)


def codes(found: list[Refusal]) -> list[tuple[str, int | None]]:
    return [(refusal.code, refusal.ticket) for refusal in found]


class TestStarting:
    @pytest.mark.parametrize("state", ["active", "closed"])
    def test_only_a_planned_sprint_starts(self, state: str):
        assert codes(start_refusals(SprintFacts(1, state, 1), [ticket(1)])) == [("not_planned", None)]

    def test_an_empty_sprint_starts(self):
        assert start_refusals(PLANNED, []) == []

    @pytest.mark.parametrize("status", ["todo", "in_progress", "in_review", "skipped"])
    def test_what_is_not_done_starts_with_it(self, status: str):
        assert start_refusals(PLANNED, [ticket(1, status)]) == []

    def test_every_reason_is_told(self):
        drafted = [ticket(1, sprint=2), ticket(2), ticket(3, "done"), ticket(4, "done", sprint=2)]
        assert codes(start_refusals(PLANNED, drafted)) == [
            ("in_another_sprint", 1), ("done", 3), ("in_another_sprint", 4), ("done", 4),
        ]  # fmt: skip


class TestClosing:
    @pytest.mark.parametrize("state", ["planned", "closed"])
    def test_only_an_active_sprint_closes(self, state: str):
        assert codes(close_refusals(SprintFacts(1, state, 1), [], {})) == [("not_active", None)]

    def test_an_empty_sprint_closes(self):
        assert close_refusals(ACTIVE, [], {}) == []

    def test_what_is_done_or_skipped_asks_for_nothing(self):
        assert close_refusals(ACTIVE, [ticket(1, "done", 1), ticket(2, "skipped", 1)], {}) == []

    def test_each_ticket_left_needs_a_destination_and_nothing_else_has_one(self):
        inside = [ticket(1, "todo", 1), ticket(2, "in_review", 1), ticket(3, "done", 1)]
        found = close_refusals(ACTIVE, inside, {2: BACKLOG, 3: BACKLOG, 9: BACKLOG})
        assert codes(found) == [("destination_missing", 1), ("not_left", 3), ("not_left", 9)]
        assert found[0].pointer == "/destinations/1"

    @pytest.mark.parametrize("name", ["note", "revisit_if"])
    def test_words_that_no_database_stores_are_pointed_at(self, name: str):
        words: dict[str, Any] = {name: "a\0b"}
        found = close_refusals(ACTIVE, [ticket(1, "todo", 1)], {1: Destination("backlog", **words)})
        assert [refusal.pointer for refusal in found] == [f"/destinations/1/{name}"]


@given(
    st.lists(st.sampled_from(["todo", "in_progress", "in_review", "done", "skipped"]), max_size=8),
    st.sets(st.integers(1, 10)),
    st.randoms(),
)
def test_a_sprint_closes_exactly_when_what_is_left_has_a_destination(statuses: list[str], sent: set[int], random: Any):
    inside = [ticket(number, status, 1) for number, status in enumerate(statuses, start=1)]
    destinations = dict.fromkeys(sent, BACKLOG)
    found = close_refusals(ACTIVE, inside, destinations)
    left = {one.number for one in inside if one.status not in {"done", "skipped"}}
    assert (found == []) == (left == sent)
    assert {refusal.ticket for refusal in found} == left ^ sent
    shuffled = close_refusals(ACTIVE, random.sample(inside, len(inside)), destinations)
    assert Counter(codes(shuffled)) == Counter(codes(found))


class TestDestinations:
    def test_skipping_keeps_what_would_bring_it_back(self):
        assert Destination("skip", revisit_if="it rains").move(4) == MoveRequest("skip", 4, revisit_if="it rains")

    def test_the_backlog_is_a_defer_to_nowhere(self):
        made = Destination("backlog", sprint=8, note="half", resume_cost="high").move(4)
        assert made == MoveRequest("defer", 4, to=None, note="half", resume_cost="high")

    def test_a_sprint_is_a_defer_to_it_on_the_plan_that_was_seen(self):
        made = Destination("sprint", 8, to_base_version=2, note="half").move(4)
        assert made == MoveRequest("defer", 4, to=8, to_base_version=2, note="half")
