"""The report as a pure function: what was decided and done goes in, one document comes out."""

from collections.abc import Sequence
from typing import Any

import pytest

from agileml.planning.rules.replay import RecordedDecision, RecordedMove
from agileml.planning.rules.report_words import headline, summary
from agileml.planning.rules.reporting import (
    Criterion,
    Facts,
    Found,
    Ground,
    Taken,
    Ticket,
    gains,
    report,
    set_out,
)
from agileml.planning.rules.taking_back import PastDecision

PLAN: dict[str, Any] = {"type": "review", "story": None, "estimate": None, "criteria": [], "skipped": False}


def move(kind: str, ticket: int | None, after: dict[str, Any] | None = None) -> RecordedMove:
    return RecordedMove(kind, ticket, None, {**PLAN, **(after or {})} if kind == "add" else after or {})


def taken(version: int, *moves: RecordedMove, kind: str = "replan", reverts: int | None = None, **more: Any) -> Taken:
    said: dict[str, Any] = {
        "code": "",
        "code_words": "",
        "reason": "",
        "evidence": (),
        "told": [""] * len(moves),
    } | more
    return Taken(
        past=PastDecision(version, version, None, reverts, False, frozenset()),
        recorded=RecordedDecision(version, moves),
        kind=kind,
        title=f"Decision {version}",
        at="2026-11-20T09:30:00.000000Z",
        by="Lead Person",
        **said,
    )


def ticket(number: int, status: str = "todo", outcome: str = "", **more: Any) -> Ticket:
    return Ticket(
        number,
        f"TST-{number}",
        f"Try {number}",
        more.pop("type", "review"),
        "Review",
        "Does it?",
        status,
        outcome,
        **more,
    )


def made(decisions: Sequence[Taken], *tickets: Ticket, **more: Any) -> dict[str, Any]:
    return report(
        Facts(
            sprint={"name": "First", "replans": 1},
            decisions=decisions,
            tickets={one.number: one for one in tickets},
            sprints={2: "Next"},
            scope={},
            metrics=[],
            retro=[],
            **more,
        )
    )


def start(*numbers: int, version: int = 1, **fields: Any) -> Taken:
    return taken(version, *(move("add", number, fields) for number in numbers), kind="start")


def criterion(value: float | None, reference: float | None, expected: float | None = 0.1, **more: Any) -> Criterion:
    fields: dict[str, Any] = {
        "role": "success",
        "op": "<=",
        "metric": "error",
        "unit": "",
        "against": "baseline",
    } | more
    return Criterion(
        words="error ≤ the baseline",
        state="met",
        measured="",
        value=value,
        reference=reference,
        expected_gain=expected,
        **fields,
    )


def ends(document: dict[str, Any]) -> dict[int, str]:
    return {line["number"]: line["end"] for line in document["tickets"]}


def test_every_way_to_end_is_told_apart():
    document = made(
        [
            start(1, 2, 3, 4, 5, 6),
            taken(
                2, move("skip", 4), move("defer", 5, {"to": 2, "note": "half", "resume_cost": "low"}), move("remove", 6)
            ),
        ],
        ticket(1, "done", "shipped"),
        ticket(2, "done", "learned"),
        ticket(3, "done", "demoed"),
        ticket(4, "skipped"),
        ticket(5),
        ticket(6),
    )
    assert ends(document) == {1: "shipped", 2: "learned", 3: "demoed", 4: "skipped", 5: "carried", 6: "taken_out"}
    assert document["outcomes"] == {
        "shipped": [1], "learned": [2, 3], "skipped": [4], "carried": [5], "taken_out": [6], "open": [],
    }  # fmt: skip
    assert document["plan"]["counts"] == {
        "planned": 6, "ever": 6, "done": 3, "added": 0, "skipped": 1, "deferred": 1, "taken_out": 1, "split": 0,
        "changed": 0,
    }  # fmt: skip


def test_a_ticket_that_was_added_and_taken_out_again_has_its_line():
    document = made([start(1), taken(2, move("add", 2)), taken(3, move("remove", 2))], ticket(1), ticket(2))
    line = document["tickets"][1]
    assert (line["planned"], line["end"]) == (False, "taken_out")
    assert [(one["version"], one["move"]) for one in line["moves"]] == [(2, "add"), (3, "remove")]
    assert document["plan"]["added"] == document["plan"]["taken_out"] == [2]


def test_what_became_of_a_ticket_after_it_had_left_is_not_this_sprints():
    document = made([start(1), taken(2, move("defer", 1, {"to": 2}))], ticket(1, "done", "shipped"))
    assert ends(document) == {1: "carried"}


def test_a_ticket_that_came_back_is_not_carried():
    document = made([start(1), taken(2, move("defer", 1)), taken(3, move("add", 1))], ticket(1, "done", "shipped"))
    assert ends(document) == {1: "shipped"}
    assert document["tickets"][0]["carry"] is None


def test_the_first_plan_is_that_of_the_start_that_holds():
    document = made(
        [start(1), taken(2, move("remove", 1), kind="revert", reverts=1), start(1, 2, version=3)], ticket(1), ticket(2)
    )
    assert document["plan"]["first"] == {"version": 3, "tickets": [1, 2]}
    assert document["plan"]["added"] == []
    assert document["decisions"][0]["taken_back_in"] == 2


def test_what_was_taken_back_is_told_and_does_not_count():
    document = made(
        [
            start(1),
            taken(2, move("change", 1, {"type": "engineering"}), told=["Type: Review → Engineering"]),
            taken(3, move("change", 1, {"type": "review"}), kind="revert", reverts=2),
            taken(4, move("split", 1, {"into": [2, 3]}), move("add", 2), move("add", 3)),
        ],
        ticket(1),
        ticket(2),
        ticket(3),
    )
    assert [one["taken_back_in"] for one in document["decisions"]] == [None, 3, None, None]
    assert document["plan"]["split"] == [{"ticket": 1, "into": [2, 3]}]
    assert document["plan"]["changed"] == [{"ticket": 1, "words": [""]}]


def test_a_skip_says_why_and_what_it_rests_on():
    why = {
        "code": "finding_invalidates",
        "code_words": "A finding",
        "reason": "No.",
        "evidence": [Ground(2, "TST-2: no")],
    }
    document = made(
        [start(1, 2), taken(2, move("skip", 1, {"revisit_if": "data"}), **why)],
        ticket(1, "skipped"),
        ticket(2, findings=[Found("refutes", "no")]),
    )
    assert document["tickets"][0]["skip"] == {
        "version": 2, "code": "A finding", "reason": "No.", "evidence": [{"ticket": 2, "text": "TST-2: no"}],
        "revisit_if": "data",
    }  # fmt: skip
    assert document["tickets"][1]["findings"] == [{"kind": "refutes", "text": "no"}]


def test_what_was_skipped_before_the_start_says_no_reason():
    document = made([start(1, skipped=True)], ticket(1, "skipped"))
    assert document["tickets"][0]["skip"]["version"] is None


def test_what_is_carried_says_where_to_and_at_what_cost():
    defer = {"to": 2, "note": "Half way", "resume_cost": "high"}
    document = made([start(1), taken(2, move("defer", 1, defer), kind="close", reason="Time.")], ticket(1))
    assert document["tickets"][0]["carry"] == {
        "version": 2, "at_close": True, "sprint": 2, "to": "sprint 2, Next", "note": "Half way", "resume_cost": "high",
        "reason": "Time.",
    }  # fmt: skip


def test_nothing_is_told_of_a_person_but_who_decided():
    document = made([start(1)], ticket(1, "done", "shipped"))
    assert document["decisions"][0]["by"] == "Lead Person"
    document["decisions"] = []
    assert "Person" not in str(document)


# --- gains ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "value", "reference", "gain"),
    [
        ("<=", 0.2, 0.5, 0.3), ("<=", 0.5, 0.2, -0.3), (">=", 0.9, 0.5, 0.4), ("<=", None, 0.5, None),
        ("<=", 0.5, None, None), ("<=", -1.7e308, 1.7e308, None),
    ],
)  # fmt: skip
def test_a_gain_is_above_zero_for_better(op: str, value: float | None, reference: float | None, gain: float | None):
    found = criterion(value, reference, op=op).gain
    assert found == (None if gain is None else pytest.approx(gain))


@pytest.mark.parametrize(
    ("op", "bound", "better", "start"),
    [("<=", 0.5, 0.25, 0.75), (">=", 0.5, 0.25, 0.25), ("<=", None, 0.25, None), ("<=", 1.7e308, 1.7e308, None)],
)
def test_a_gain_is_counted_from_where_the_work_set_out(
    op: str, bound: float | None, better: float, start: float | None
):
    assert set_out(bound, better, op=op) == start


def test_gains_are_means_by_type_metric_and_what_they_were_judged_against():
    rows = gains(
        [
            ticket(1, type="deployment", criteria=[criterion(0.2, 0.5, 0.1)]),
            ticket(2, type="deployment", criteria=[criterion(0.4, 0.5, 0.2), criterion(None, 0.5, 0.9)]),
            ticket(3, type="deployment", criteria=[criterion(0.4, 0.5, 0.5, against="number")]),
            ticket(4, type="review", criteria=[criterion(0.4, 0.5, None), criterion(0.4, 0.5, 0.1, role="kill")]),
        ]
    )
    assert [(row["type"], row["against"], row["criteria"], row["measured_criteria"]) for row in rows] == [
        ("deployment", "baseline", 3, 2), ("deployment", "number", 1, 1),
    ]  # fmt: skip
    assert (rows[0]["expected"], rows[0]["measured"]) == (pytest.approx(0.15), pytest.approx(0.2))


def test_where_nothing_was_measured_it_says_so():
    (row,) = gains([ticket(1, criteria=[criterion(None, 0.5, 0.2), criterion(None, 0.5, 0.4)])])
    assert (row["measured_criteria"], row["measured"], row["expected"]) == (0, None, pytest.approx(0.3))


# --- points ---------------------------------------------------------------------------------------------------------


def test_points_are_two_sums_and_only_where_the_project_counts_them():
    decisions = [start(1, 2, estimate=3), taken(2, move("change", 1, {"estimate": 5}), move("defer", 2))]
    tickets = ticket(1, "done", "learned"), ticket(2)
    assert made(decisions, *tickets)["points"] is None
    assert made(decisions, *tickets, points=True)["points"] == {"planned": 6.0, "done": 5.0}
    huge = [start(1, 2, estimate=1.7e308)]
    assert made(huge, *tickets, points=True)["points"] == {"planned": None, "done": 1.7e308}


# --- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({}, "An empty sprint: nothing was planned, and nothing was done."),
        ({"shipped": 1}, "One ticket shipped."),
        ({"shipped": 2, "learned": 3, "demoed": 1}, "Two tickets shipped and four taught the team something."),
        ({"learned": 1, "skipped": 2}, "Nothing shipped, one ticket taught the team something and two were skipped."),
        ({"carried": 1, "taken_out": 12}, "Nothing shipped and 13 go on elsewhere."),
        ({"skipped": 1, "open": 1}, "Nothing shipped, one was skipped and one goes on elsewhere."),
    ],
)
def test_the_headline_is_one_sentence(counts: dict[str, int], words: str):
    assert headline(counts) == words


@pytest.mark.parametrize(
    ("counts", "replans", "words"),
    [
        ({}, 0, "The plan began with no tickets. It was not re-planned, and nothing in it changed."),
        (
            {"planned": 1, "added": 1},
            1,
            "The plan began with one ticket. It was re-planned once; by the close one ticket was added.",
        ),
        (
            {"planned": 7, "added": 2, "skipped": 1, "deferred": 3},
            4,
            "The plan began with seven tickets. It was re-planned four times; by the close two tickets were added, one "
            "was skipped and three were deferred.",
        ),
    ],
)
def test_the_summary_says_how_the_plan_went(counts: dict[str, int], replans: int, words: str):
    names = ("planned", "added", "skipped", "deferred", "taken_out", "split", "changed")
    assert summary({name: counts.get(name, 0) for name in names}, {"replans": replans}) == words
