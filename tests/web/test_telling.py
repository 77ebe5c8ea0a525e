"""Decisions in words: short, complete, and the same wherever they are told."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from agileml.metrics.models import Metric, Snapshot
from agileml.planning.models import Decision, Move
from agileml.planning.queries.history import Past
from agileml.planning.queries.wording import criterion_words, figures_of, headline, short
from agileml.projects.models import Project
from agileml.web.telling import Teller
from agileml.work.models import Ticket

TELLER = Teller(Project(key="TST", time_zone="Europe/Berlin"), stories={4: "Slant"})


def past(
    kind: str = "replan", code: str = "priority", moves: str = "", others: Sequence[int] = (), **more: object
) -> Past:
    lines = [Move(move=move, before={}, after={}) for move in moves.split()]
    return Past(Decision(kind=kind, reason_code=code, **more), lines, [], None, others)


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (past(moves="skip skip defer add"), "Re-plan: 2 skipped, 1 deferred, 1 added"),
        (past(moves="sprint"), "Re-plan: the sprint itself changed"),
        (past(moves="change sprint"), "Re-plan: 1 changed, the sprint itself"),
        (past(moves="add", code="forgotten"), "Forgotten when planning: 1 added"),
        (past(moves="change", code="correction"), "Correction: 1 changed"),
        (past(kind="start", code="", moves="add add"), "Started: 2 tickets"),
        (past(kind="received", code="", moves="add", others=[3]), "Received 1 ticket from sprint 3"),
        (past(kind="received", code="", moves="add"), "Received 1 ticket from another sprint"),
        (past(kind="close", code=""), "Closed"),
        (past(kind="close", code="", moves="defer"), "Closed: 1 deferred"),
        (past(kind="revert", code="", moves="restore", reverts=Decision(version=2)), "Takes back v2: 1 restored"),
        (past(kind="revert", code="", partial=True, reverts=Decision(version=2)), "Takes back v2 in part"),
        (past(kind="revert", code="", reverts=Decision()), "Takes back a decision"),
    ],
)
def test_a_decision_has_a_headline(decision: Past, words: str):
    assert headline(decision) == words


@pytest.mark.parametrize(
    ("move", "after", "words"),
    [
        ("skip", {"skipped": True}, ""),
        ("skip", {"revisit_if": "it rains"}, "To be revisited if it rains"),
        ("restore", {"status": "in_progress"}, "Back to “In progress”"),
        ("remove", None, "To the backlog"),
        ("defer", {"to": None, "note": "", "resume_cost": "low"}, "To the backlog, resuming costs little"),
        ("defer", {"to": 8, "note": "Half.", "resume_cost": "high"}, "To sprint 8, resuming costs much. Half."),
        ("split", {"into": [7, 8]}, "Into TST-7, TST-8"),
        ("change", {"type": "review", "story": 4}, "Type: Engineering → Review; Story: none → Slant"),
        ("change", {"estimate": 2.5}, "Estimate: 1 → 2.5"),
        ("add", {"type": "review"}, ""),
    ],
)
def test_a_move_says_what_its_kind_does_not(move: str, after: dict[str, object] | None, words: str):
    before = {"type": "engineering", "story": None, "estimate": 1.0}
    assert TELLER.detail(Move(move=move, ticket=Ticket(number=1), before=before, after=after)) == words


def test_the_sprints_own_fields_are_told_with_what_they_were():
    changed = Move(move="sprint", before={"end": "2026-11-27"}, after={"end": "2026-11-30"})
    assert TELLER.sprint_words(changed) == "End: Fri 27 Nov → Mon 30 Nov"
    started = Move(move="sprint", before=None, after={"goal": "", "increment": "A", "start": "2026-11-16"})
    assert TELLER.sprint_words(started) == "Increment: “A”"


def test_a_story_that_is_not_known_by_title_is_told_by_number():
    assert TELLER.value("story", 9) == "story 9"


def test_times_are_told_by_the_projects_clock():
    assert TELLER.when(datetime(2026, 11, 20, 23, 30, tzinfo=UTC)) == "Sat 21 Nov, 00:30"


@pytest.mark.parametrize(
    ("criterion", "words"),
    [
        ({"metric": "error", "op": "<=", "value": 0.02}, "error ≤ 0.02"),
        ({"metric": "f1", "op": ">=", "against": "baseline", "value": None, "margin": 0.1}, "f1 ≥ baseline by 0.1"),
        ({"metric": "error", "op": ">=", "value": 1.0, "role": "kill"}, "kill: error ≥ 1"),
    ],
)
def test_a_criterion_is_told_in_short(criterion: dict[str, object], words: str):
    assert criterion_words(criterion) == words


def test_several_runs_are_told_by_their_mean():
    metric = Metric(key="error", unit="%")
    runs = [Snapshot(metric=metric, value=value) for value in (0.01, 0.02)]
    assert figures_of(runs) == "1.5 %, 2 runs"
    assert figures_of([Snapshot(metric=metric, value=None, value_state="nan")]) == "NaN"
    assert figures_of([*runs, Snapshot(metric=metric, value=None, value_state="nan")]) == "1.5 %, 3 runs"


def test_a_long_text_is_cut_at_a_word():
    assert short("one  two\nthree", 20) == "one two three"
    assert short("one two three", 9) == "one two …"
