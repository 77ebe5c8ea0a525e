"""Deciding is light: what is asked of whoever decides, and what is not."""

from typing import Any

import pytest

from agileml.planning.models import Decision, Sprint
from agileml.planning.rules.moves import Refused
from agileml.work.models import Finding
from tests.factories import NOW, Cast, make_cast, make_ticket, measure, replan

pytestmark = pytest.mark.django_db

MOVES: dict[str, dict[str, Any]] = {
    "add": {"move": "add", "ticket": 5},
    "remove": {"move": "remove", "ticket": 1},
    "skip": {"move": "skip", "ticket": 1},
    "defer": {"move": "defer", "ticket": 1},
    "change": {"move": "change", "ticket": 1, "set": {"estimate": 2}},
    "split": {"move": "split", "ticket": 1, "into": [{"type": "review", "title": "Part"}]},
    "sprint": {"move": "sprint", "set": {"goal": "Another"}},
}


def finding_on(cast: Cast, number: int) -> dict[str, str]:
    ticket = cast.project.tickets.get(number=number)
    row = Finding.objects.create(ticket=ticket, author=cast.member, kind="refutes", text="More does not help.", at=NOW)
    return {"finding": str(row.uid)}


@pytest.mark.parametrize("move", ["add", "remove", "change", "split", "sprint"])
def test_words_are_not_asked_for_where_a_code_says_enough(cast: Cast, sprint: Sprint, move: str):
    assert replan(cast, sprint, MOVES[move], code="priority", reason="").reason == ""


@pytest.mark.parametrize(("move", "code"), [("skip", "capacity"), ("defer", "capacity"), ("add", "other")])
def test_words_are_asked_for_a_skip_a_defer_and_for_other(cast: Cast, sprint: Sprint, move: str, code: str):
    with pytest.raises(Refused) as refused:
        replan(cast, sprint, MOVES[move], code=code, reason="  \n ")
    assert [(r.code, r.pointer) for r in refused.value.refusals] == [("reason_required", "/reason")]


@pytest.mark.parametrize("code", ["", "because", "start"])
def test_a_decision_has_one_of_the_codes(cast: Cast, sprint: Sprint, code: str):
    with pytest.raises(Refused) as refused:
        replan(cast, sprint, MOVES["add"], code=code)
    assert [r.code for r in refused.value.refusals] == ["reason_code_required"]


@pytest.mark.parametrize("code", ["finding_invalidates", "finding_opens"])
def test_evidence_is_asked_for_where_a_finding_is_the_reason(cast: Cast, sprint: Sprint, code: str):
    with pytest.raises(Refused) as refused:
        replan(cast, sprint, MOVES["skip"], code=code)
    assert [r.code for r in refused.value.refusals] == ["evidence_required"]


def test_evidence_is_kept_with_the_decision(cast: Cast, sprint: Sprint):
    ticket = cast.project.tickets.get(number=2)
    measure(cast, ticket, [0.3])
    snapshot = ticket.snapshots.get()
    evidence = [finding_on(cast, 2), {"snapshot": str(snapshot.uid)}]
    decision = replan(cast, sprint, MOVES["skip"], code="finding_invalidates", evidence=evidence)
    rows = list(decision.evidence.order_by("pk"))
    assert [str(rows[0].finding and rows[0].finding.uid), rows[1].snapshot] == [evidence[0]["finding"], snapshot]


def test_evidence_may_come_with_any_code(cast: Cast, sprint: Sprint):
    assert replan(cast, sprint, MOVES["add"], code="priority", evidence=[finding_on(cast, 1)]).evidence.count() == 1


def test_evidence_of_another_project_is_unknown(cast: Cast, sprint: Sprint):
    other = make_cast("OTH")
    make_ticket(other)
    with pytest.raises(Refused) as refused:
        replan(cast, sprint, MOVES["skip"], code="finding_opens", evidence=[finding_on(other, 1)])
    assert [r.code for r in refused.value.refusals] == ["unknown_evidence"]


def test_evidence_that_is_named_twice_counts_once(cast: Cast, sprint: Sprint):
    named = finding_on(cast, 1)
    decision = replan(cast, sprint, MOVES["skip"], code="finding_opens", evidence=[named, named])
    assert decision.evidence.count() == 1


@pytest.mark.parametrize("named", ["", "not an id", "0" * 31, "12"])
def test_what_could_be_no_evidence_at_all_is_unknown(cast: Cast, sprint: Sprint, named: str):
    with pytest.raises(Refused) as refused:
        replan(cast, sprint, MOVES["skip"], evidence=[{"finding": named}])
    assert [r.code for r in refused.value.refusals] == ["unknown_evidence"]


@pytest.mark.parametrize("words", ["no\0text", "half a pair \ud800", "x" * 10_001])
def test_words_that_cannot_be_kept_are_refused(cast: Cast, sprint: Sprint, words: str):
    with pytest.raises(Refused) as refused:
        replan(cast, sprint, MOVES["skip"], reason=words)
    assert [(r.code, r.pointer) for r in refused.value.refusals] == [("invalid", "/reason")]


def test_start_close_and_taking_back_have_no_code(cast: Cast, sprint: Sprint):
    assert Decision.objects.get(sprint=sprint, kind="start").reason_code == ""
