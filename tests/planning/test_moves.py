"""What a decision may ask for: moves are read with every error, and refused with every reason."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agileml.lib.fields import Invalid
from agileml.planning.rules.moves import (
    ALLOWED,
    NOT_COUNTED,
    REASON_CODES,
    MoveRequest,
    Refusal,
    SprintFacts,
    TicketFacts,
    counts_as_replan,
    parse,
    reason_refusals,
    refusals,
    text_refusals,
)

HERE = SprintFacts(number=1, state="active", plan_version=3)
SPRINTS = {
    1: HERE,
    2: SprintFacts(number=2, state="active", plan_version=5),
    3: SprintFacts(number=3, state="planned", plan_version=0),
    4: SprintFacts(number=4, state="closed", plan_version=9),
}
PART = {"title": "Half", "type": "engineering"}


def facts(number: int, status: str = "todo", sprint: int | None = 1, planned: int | None = None) -> TicketFacts:
    return TicketFacts(number, f"TST-{number}", status, sprint, planned)


TICKETS = {
    1: facts(1),
    2: facts(2, "skipped"),
    3: facts(3, "done"),
    4: facts(4, sprint=None),
    5: facts(5, sprint=2),
    6: facts(6, "skipped", sprint=None),
    7: facts(7, "done", sprint=None),
    8: facts(8, "in_progress"),
    9: facts(9, planned=3),
}


def said(*moves: MoveRequest, sprint: SprintFacts | None = HERE) -> list[Refusal]:
    return refusals(moves, sprint=sprint, tickets=TICKETS, sprints=SPRINTS)


def codes(*moves: MoveRequest, sprint: SprintFacts | None = HERE) -> list[str]:
    return [refusal.code for refusal in said(*moves, sprint=sprint)]


class TestReading:
    @pytest.mark.parametrize(
        "sent",
        [
            {"move": "add", "ticket": 4},
            {"move": "add", "new": PART},
            {"move": "remove", "ticket": 1},
            {"move": "skip", "ticket": 1, "revisit_if": "it rains"},
            {"move": "restore", "ticket": 2},
            {"move": "defer", "ticket": 1, "to": 2, "to_base_version": 5, "note": "half", "resume_cost": "high"},
            {"move": "change", "ticket": 1, "set": {"estimate": 2}},
            {"move": "split", "ticket": 1, "into": [PART]},
            {"move": "sprint", "set": {"end": "2026-12-04"}},
        ],
    )
    def test_every_kind_of_move_is_read(self, sent: dict[str, Any]):
        (made,) = parse([sent])
        assert made.move == sent["move"]
        assert made.ticket == sent.get("ticket")

    @pytest.mark.parametrize(
        ("sent", "pointer"),
        [
            ("text", "/moves"),
            ({}, "/moves"),
            ([7], "/moves/0/move"),
            ([{"move": "burn"}], "/moves/0/move"),
            ([{"move": ["skip"], "ticket": 1}], "/moves/0/move"),
            ([{"move": "skip"}], "/moves/0/ticket"),
            ([{"move": "skip", "ticket": "one"}], "/moves/0/ticket"),
            ([{"move": "skip", "ticket": 1, "note": "x"}], "/moves/0/note"),
            ([{"move": "add"}], "/moves/0"),
            ([{"move": "add", "ticket": 1, "new": PART}], "/moves/0"),
            ([{"move": "add", "new": {"type": "review"}}], "/moves/0/new/title"),
            ([{"move": "change", "ticket": 1}], "/moves/0/set"),
            ([{"move": "change", "ticket": 1, "set": {"title": "x"}}], "/moves/0/set/title"),
            ([{"move": "split", "ticket": 1, "into": []}], "/moves/0/into"),
            ([{"move": "split", "ticket": 1, "into": "PART"}], "/moves/0/into"),
            ([{"move": "split", "ticket": 1, "into": [PART] * 21}], "/moves/0/into"),
            ([{"move": "split", "ticket": 1, "into": [PART, {}]}], "/moves/0/into/1/title"),
            ([{"move": "sprint"}], "/moves/0/set"),
            ([{"move": "sprint", "set": {"start": "2026-11-20"}}], "/moves/0/set/start"),
            ([{"move": "sprint", "set": {"end": "tomorrow"}}], "/moves/0/set/end"),
            ([{"move": "defer", "ticket": 1, "resume_cost": "free"}], "/moves/0/resume_cost"),
            ([{"move": "skip", "ticket": 1, "revisit_if": "\0"}], "/moves/0/revisit_if"),
        ],
    )
    def test_what_cannot_be_meant_is_pointed_at(self, sent: Any, pointer: str):
        with pytest.raises(Invalid) as invalid:
            parse(sent)
        assert pointer in [error.pointer for error in invalid.value.errors]

    def test_every_error_is_told_at_once(self):
        with pytest.raises(Invalid) as invalid:
            parse([{"move": "skip"}, {"move": "burn"}, {"move": "remove", "ticket": 1}, {"move": "restore"}])
        assert [error.pointer for error in invalid.value.errors] == [
            "/moves/0/ticket",
            "/moves/1/move",
            "/moves/3/ticket",
        ]

    def test_two_hundred_moves_are_read_and_no_more(self):
        sent = [{"move": "skip", "ticket": number} for number in range(1, 201)]
        assert len(parse(sent)) == 200
        with pytest.raises(Invalid):
            parse([*sent, sent[0]])

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*ALLOWED]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["move", "ticket", "set", "into", "new", "to"]), inner, max_size=4)
            ),
            max_leaves=12,
        )
    )
    def test_whatever_is_sent_is_read_or_pointed_at(self, sent: Any):
        pointers = ["/moves"]
        try:
            assert len(parse(sent)) == len(sent)
        except Invalid as invalid:
            pointers = [error.pointer for error in invalid.errors]
        assert pointers
        assert all(pointer.startswith("/moves") for pointer in pointers)


class TestRefusing:
    @pytest.mark.parametrize(
        ("move", "code"),
        [
            (MoveRequest("add", 1), "already_in_sprint"),
            (MoveRequest("add", 5), "in_another_sprint"),
            (MoveRequest("add", 7), "done"),
            (MoveRequest("add", 99), "unknown_ticket"),
            (MoveRequest("remove", 4), "not_in_sprint"),
            (MoveRequest("remove", 3), "done"),
            (MoveRequest("skip", 2), "already_skipped"),
            (MoveRequest("skip", 3), "done"),
            (MoveRequest("restore", 1), "not_skipped"),
            (MoveRequest("change", 2, set={"estimate": 1}), "already_skipped"),
            (MoveRequest("split", 2, into=(PART,)), "already_skipped"),
            (MoveRequest("defer", 1, to=99), "unknown_sprint"),
            (MoveRequest("defer", 1, to=1), "same_sprint"),
            (MoveRequest("defer", 1, to=4), "sprint_closed"),
            (MoveRequest("defer", 1, to=2, to_base_version=4), "stale_target"),
            (MoveRequest("defer", 2, to=2, to_base_version=5), "already_skipped"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, move: MoveRequest, code: str):
        assert codes(move) == [code]

    @pytest.mark.parametrize(
        "move",
        [
            MoveRequest("add", 4),
            MoveRequest("add", 6),
            MoveRequest("add", new=PART),
            MoveRequest("remove", 1),
            MoveRequest("remove", 2),
            MoveRequest("skip", 8),
            MoveRequest("restore", 2),
            MoveRequest("change", 1, set={"estimate": 1}),
            MoveRequest("split", 8, into=(PART,)),
            MoveRequest("defer", 1),
            MoveRequest("defer", 2),
            MoveRequest("defer", 1, to=2, to_base_version=5),
            MoveRequest("defer", 9, to=3),
            MoveRequest("sprint", set={"goal": "Less"}),
        ],
    )
    def test_what_fits_is_not(self, move: MoveRequest):
        assert codes(move) == []

    def test_a_ticket_drafted_elsewhere_is_not_deferred_into_another_draft(self):
        five = SprintFacts(number=5, state="planned", plan_version=0)
        found = refusals([MoveRequest("defer", 9, to=5)], sprint=HERE, tickets=TICKETS, sprints=SPRINTS | {5: five})
        assert [refusal.code for refusal in found] == ["already_drafted"]

    def test_in_the_backlog_one_only_skips_and_restores(self):
        assert codes(MoveRequest("skip", 4), MoveRequest("restore", 6), sprint=None) == []
        assert codes(MoveRequest("skip", 1), sprint=None) == ["not_in_sprint"]
        for kind in ALLOWED.keys() - {"skip", "restore"}:
            assert codes(MoveRequest(kind, 4), sprint=None) == ["needs_sprint"]

    def test_nothing_is_not_a_decision(self):
        assert codes() == ["no_moves"]

    def test_a_ticket_is_moved_once_and_a_field_of_the_sprint_set_once(self):
        assert codes(MoveRequest("skip", 1), MoveRequest("remove", 1)) == ["twice"]
        goal, end = {"goal": "Less"}, {"end": "2026-12-04"}
        assert codes(MoveRequest("sprint", set=goal), MoveRequest("sprint", set=end)) == []
        assert codes(MoveRequest("sprint", set=goal), MoveRequest("sprint", set=goal | end)) == ["twice"]

    def test_every_reason_is_told_at_the_move_it_is_about(self):
        found = said(MoveRequest("skip", 3), MoveRequest("add", 4), MoveRequest("restore", 5), MoveRequest("add", 99))
        assert [(refusal.pointer, refusal.code) for refusal in found] == [
            ("/moves/0", "done"), ("/moves/2", "not_in_sprint"), ("/moves/2", "not_skipped"),
            ("/moves/3", "unknown_ticket"),
        ]  # fmt: skip


def some_moves() -> st.SearchStrategy[list[MoveRequest]]:
    """Moves of different tickets, some that fit and some that do not."""
    one = st.builds(
        MoveRequest,
        move=st.sampled_from(["add", "remove", "skip", "restore", "defer", "change", "split"]),
        ticket=st.integers(1, 12),
        to=st.none() | st.integers(1, 5),
        to_base_version=st.none() | st.just(5),
    )
    return st.lists(one, min_size=1, max_size=8, unique_by=lambda move: move.ticket)


@given(some_moves(), st.randoms())
def test_the_order_of_the_moves_changes_no_reason(moves: list[MoveRequest], random: Any):
    def reasons(order: list[MoveRequest]) -> Counter[tuple[str, int | None, str]]:
        return Counter((refusal.code, refusal.ticket, refusal.message) for refusal in said(*order))

    assert reasons(random.sample(moves, len(moves))) == reasons(moves)


@given(some_moves())
def test_each_move_is_refused_for_what_it_is_alone(moves: list[MoveRequest]):
    together = [(refusal.code, refusal.ticket) for refusal in said(*moves)]
    assert together == [(refusal.code, refusal.ticket) for move in moves for refusal in said(move)]


class TestReasons:
    @pytest.mark.parametrize(
        ("kind", "code", "text", "evidence", "refused"),
        [
            ("skip", "priority", "", 0, ["reason_required"]),
            ("skip", "priority", " \n", 0, ["reason_required"]),
            ("defer", "capacity", "", 0, ["reason_required"]),
            ("add", "other", "", 0, ["reason_required"]),
            ("add", "forgotten", "", 0, []),
            ("skip", "priority", "So.", 0, []),
            ("add", "finding_opens", "", 0, ["evidence_required"]),
            ("skip", "finding_invalidates", "", 0, ["reason_required", "evidence_required"]),
            ("add", "finding_opens", "", 1, []),
            ("add", "", "", 0, ["reason_code_required"]),
            ("skip", "because", "", 0, ["reason_code_required", "reason_required"]),
        ],
    )
    def test_text_is_asked_for_what_leaves_and_evidence_for_findings(
        self, kind: str, code: str, text: str, evidence: int, refused: list[str]
    ):
        found = reason_refusals([MoveRequest(kind, 1)], reason_code=code, reason=text, evidence=evidence)
        assert [refusal.code for refusal in found] == refused

    def test_words_that_no_database_stores_are_refused(self):
        assert [refusal.pointer for refusal in text_refusals("a\0b", pointer="/note", ticket=4)] == ["/note"]
        assert text_refusals("\ud800") != []
        assert text_refusals("x" * 10_001) != []
        assert text_refusals("x" * 10_000) == []

    @pytest.mark.parametrize("code", REASON_CODES)
    def test_what_was_forgotten_or_corrected_is_no_replan(self, code: str):
        assert counts_as_replan("replan", code) == (code not in NOT_COUNTED)
        for kind in ("start", "received", "revert", "close"):
            assert not counts_as_replan(kind, code)
