"""Suggested re-plans on real measurements and findings: they appear, are decided on or put aside, and come back."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from agileml.journal.models import Change
from agileml.metrics.actions.corrections import correct
from agileml.metrics.models import Judgement, Snapshot
from agileml.planning import shapes
from agileml.planning.actions.notes import write_finding
from agileml.planning.actions.progress import progress
from agileml.planning.actions.suggestions import dismiss
from agileml.planning.actions.take_back import take_back
from agileml.planning.models import Dismissal, Sprint
from agileml.planning.queries import suggestions
from agileml.planning.rules.suggesting import Suggestion
from agileml.projects.doors import Forbidden, Hidden
from agileml.work.models import Finding, Ticket
from tests.api.client import Api
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, measure, replan
from tests.planning.mirror import everything
from tests.threads import at_once

KILL = {"role": "kill", "metric": "error", "op": ">=", "value": 0.02}
SUCCESS = {"metric": "error", "op": "<=", "value": 0.01}


def later(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
def scene(cast: Cast) -> Cast:
    """An active sprint: 1 has a kill and a success criterion, 2 needs 1, 3 needs 2; 4 stands alone."""
    make_ticket(cast, "Edges", criteria=[KILL, SUCCESS])
    make_ticket(cast, "Which edges", depends_on=[1])
    make_ticket(cast, "Finer edges", depends_on=[2])
    make_ticket(cast, "Slant")
    make_sprint(cast, [1, 2, 3, 4], active=True)
    return cast


def sprint_1(cast: Cast) -> Sprint:
    return Sprint.objects.get(project=cast.project, number=1)


def now(cast: Cast) -> list[Suggestion]:
    return suggestions.of_sprint(cast.project, sprint_1(cast))


def kinds(cast: Cast) -> list[tuple[str, int]]:
    return [(one.kind, one.ticket) for one in now(cast)]


def runs(cast: Cast, values: list[float], *, minutes: int = 0, ticket: int = 1, candidate: str = "first") -> None:
    row = Ticket.objects.get(project=cast.project, number=ticket)
    measure(cast, row, values, candidate=candidate, external_id=f"{candidate}-{minutes}", observed_at=later(minutes))


def find(cast: Cast, ticket: int, kind: str = "refutes", text: str = "It does not help.", minutes: int = 0) -> Finding:
    sent = {"kind": kind, "text": text}
    return write_finding(project=cast.project, ticket=ticket, sent=sent, actor=cast.member, now=later(minutes))


def aside(cast: Cast, key: str, *, actor: Any = None, sprint: int = 1) -> Dismissal | None:
    return dismiss(project=cast.project, sprint=sprint, key=key, actor=actor or cast.member, now=later(60))


def snapshot_uids() -> list[str]:
    return [str(uid) for uid in Snapshot.objects.order_by("pk").values_list("uid", flat=True)]


def evidence_now(cast: Cast) -> list[dict[str, str]]:
    (one,) = now(cast)
    return suggestions.evidence([one])[one.key]


def test_a_measurement_and_a_finding_each_suggest_and_a_good_result_does_not(scene: Cast):
    runs(scene, [0.005])
    assert kinds(scene) == []
    runs(scene, [0.03, 0.05], candidate="wider", minutes=1)
    find(scene, 4, "confirms")
    assert kinds(scene) == [("kill", 1)]
    (one,) = now(scene)
    assert one.text == "error is 0.04 (≥ 0.02). TST-2 and TST-3 need it."
    find(scene, 4, "blocker", minutes=2)
    assert sorted(kinds(scene)) == [("blocker", 4), ("kill", 1)]


def test_the_evidence_of_a_criterion_is_all_that_it_was_judged_by_last(scene: Cast):
    runs(scene, [0.03, 0.05])
    assert {item["snapshot"] for item in evidence_now(scene)} == set(snapshot_uids())


def test_what_is_suggested_can_be_decided_as_it_is_and_is_gone_then(scene: Cast):
    runs(scene, [0.03, 0.05])
    (one,) = now(scene)
    decided = replan(
        scene, sprint_1(scene), *map(dict, one.moves), code=one.reason_code, reason=one.reason,
        evidence=evidence_now(scene), now=later(5),
    )  # fmt: skip
    assert [move.ticket.number for move in decided.moves.order_by("position") if move.ticket] == [1, 2, 3]
    assert kinds(scene) == []


def test_a_decision_on_the_evidence_is_an_answer_whatever_it_decides(scene: Cast):
    runs(scene, [0.03, 0.05])
    replan(scene, sprint_1(scene), {"move": "skip", "ticket": 4}, evidence=evidence_now(scene)[:1], now=later(5))
    assert kinds(scene) == []
    found = find(scene, 2, minutes=6)
    assert kinds(scene) == [("refutes", 2)]
    replan(scene, sprint_1(scene), {"move": "skip", "ticket": 3}, evidence=[{"finding": str(found.uid)}], now=later(7))
    assert kinds(scene) == []


def test_a_decision_that_was_taken_back_is_no_answer_until_it_is_put_back(scene: Cast):
    runs(scene, [0.03])
    step = replan(scene, sprint_1(scene), {"move": "skip", "ticket": 4}, evidence=evidence_now(scene), now=later(5))
    seen = []
    for minutes in (6, 7, 8):
        step = take_back(project=scene.project, decision=str(step.uid), actor=scene.lead, now=later(minutes))
        seen.append(kinds(scene))
    assert seen == [[("kill", 1)], [], [("kill", 1)]]


def test_a_decision_is_still_the_answer_when_its_runs_are_said_to_be_of_another_candidate(scene: Cast):
    runs(scene, [0.03])
    replan(scene, sprint_1(scene), {"move": "skip", "ticket": 4}, evidence=evidence_now(scene), now=later(5))
    run = {"source": "push", "external_id": "first-0", "run_pair": "seed=0", "reason": "The folder had a wrong name."}
    correct(project=scene.project, ticket=1, sent=run | {"candidate": "wider"}, actor=scene.member, now=later(4))
    assert kinds(scene) == []


def test_a_decision_on_something_else_is_none(scene: Cast):
    runs(scene, [0.03])
    other = find(scene, 4, "confirms")
    replan(scene, sprint_1(scene), {"move": "skip", "ticket": 4}, evidence=[{"finding": str(other.uid)}], now=later(5))
    assert kinds(scene) == [("kill", 1)]


def test_it_is_gone_once_all_its_tickets_are_done_or_out(scene: Cast):
    runs(scene, [0.015])
    assert kinds(scene) == [("failed", 1)]
    progress(project=scene.project, number=2, to="done", outcome="learned", actor=scene.lead, now=NOW)
    assert kinds(scene) == []  # 3 needed it by 2 alone
    find(scene, 4)
    replan(scene, sprint_1(scene), {"move": "remove", "ticket": 4})
    assert kinds(scene) == []


def test_more_runs_of_one_candidate_are_no_new_cause_and_another_candidate_is(scene: Cast):
    runs(scene, [0.03])
    (first,) = now(scene)
    aside(scene, first.key)
    runs(scene, [0.03, 0.031, 0.032], minutes=1)
    assert Judgement.objects.filter(criterion__role="kill").count() == 2
    assert kinds(scene) == []
    runs(scene, [0.04], candidate="wider", minutes=2)
    (second,) = now(scene)
    assert (second.kind, second.ticket) == ("kill", 1)
    assert second.key != first.key


def test_what_was_put_aside_is_aside_for_everybody_and_the_journal_says_by_whom(scene: Cast):
    found = find(scene, 2)
    row = aside(scene, f"finding:{found.uid}")
    assert row is not None
    assert kinds(scene) == []
    assert (row.actor, row.sprint) == (scene.member, sprint_1(scene))
    change = Change.objects.get(kind="dismissal")
    assert change.resource == shapes.dismissal(row)
    assert (change.parent_kind, change.parent_uid, change.actor) == ("sprint", row.sprint.uid, scene.member)
    find(scene, 2, text="Nor does this.", minutes=61)
    assert kinds(scene) == [("refutes", 2)]


def test_to_put_it_aside_twice_changes_nothing(scene: Cast):
    key = f"finding:{find(scene, 2).uid}"
    first = aside(scene, key)
    rows = everything()
    assert aside(scene, key, actor=scene.lead) == first
    assert everything() == rows


@pytest.mark.parametrize(
    "key",
    ["", "finding", "finding:", "finding:x", "other:0f8fad5b-d9cb-469f-a165-70867728950e", "kill:{uid}", "failed:{uid}",
     "finding:{hex}", " finding:{uid}", "FINDING:{uid}", "finding:\x00", "finding:{uid} kill:x",
     "finding:" + "9" * 10_000],
)  # fmt: skip
def test_a_key_that_no_suggestion_has_is_harmless(scene: Cast, key: str):
    uid = find(scene, 2).uid
    rows = everything()
    assert aside(scene, key.format(uid=uid, hex=uid.hex)) is None
    assert everything() == rows


def test_a_key_of_another_project_is_no_key_here(scene: Cast):
    other = make_cast("OTH")
    make_ticket(other)
    uid = find(other, 1).uid
    assert aside(scene, f"finding:{uid}") is None


def test_a_sprint_that_does_not_run_suggests_nothing_and_has_nothing_to_put_aside(scene: Cast):
    uid = find(scene, 2).uid
    Sprint.objects.update(state="closed")
    assert now(scene) == []
    assert aside(scene, f"finding:{uid}") is None


def test_only_who_works_here_puts_aside(scene: Cast):
    key = f"finding:{find(scene, 2).uid}"
    with pytest.raises(Forbidden):
        aside(scene, key, actor=scene.stakeholder)
    with pytest.raises(Hidden):
        aside(scene, key, actor=scene.outsider)
    with pytest.raises(Hidden):
        aside(scene, key, sprint=9)
    assert kinds(scene) == [("refutes", 2)]


def test_hostile_words_of_a_finding_stay_words(scene: Cast):
    find(scene, 2, text="<script>alert(1)</script>\n\u202e" + "long " * 3_000)
    (one,) = now(scene)
    assert one.text.startswith("“<script>alert(1)</script> \u202e")
    assert len(one.text) < 400


def test_clients_read_what_is_suggested_decide_it_and_put_it_aside(scene: Cast):
    runs(scene, [0.03])
    key = f"finding:{find(scene, 4).uid}"
    api = Api(scene.member)
    told = {one["kind"]: one for one in api.get("sprints/1/suggestions/")["suggestions"]}
    assert told["refutes"]["key"] == key
    assert told["refutes"]["evidence"] == [{"finding": key.partition(":")[2]}]
    left = api.post("sprints/1/suggestions/dismiss/", {"key": key}, status=200)
    assert [one["kind"] for one in left["suggestions"]] == ["kill"]
    assert [(row["key"], row["actor"]["name"]) for row in left["dismissed"]] == [(key, "Member Person")]
    kill = told["kill"]
    assert kill["moves"] == [{"move": "skip", "ticket": number} for number in (1, 2, 3)]
    sent = {name: kill[name] for name in ("reason_code", "reason", "evidence", "moves")}
    api.post("sprints/1/decisions/", sent | {"base_version": 1})
    assert api.get("sprints/1/suggestions/")["suggestions"] == []


@pytest.mark.django_db(transaction=True)
def test_of_two_who_put_it_aside_at_once_one_does_and_both_are_told_the_same():
    cast = make_cast()
    make_ticket(cast)
    make_sprint(cast, [1], active=True)
    key = f"finding:{find(cast, 1).uid}"
    told = at_once(*[partial(aside, cast, key, actor=actor) for actor in (cast.lead, cast.member) * 2])
    assert [type(one) for one in told] == [Dismissal] * 4
    assert (
        len({one.pk for one in told})
        == Dismissal.objects.count()
        == Change.objects.filter(kind="dismissal").count()
        == 1
    )
