"""Edits of one ticket from old versions and by several at once: none is lost, and the journal has them all."""

from functools import partial
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agileml.journal.models import Change
from agileml.journal.rules.edits import Stale
from agileml.metrics.models import Criterion
from agileml.planning import shapes
from agileml.planning.actions import progress, tickets
from agileml.planning.actions.decide import Why
from agileml.planning.actions.take_back import take_back
from agileml.planning.models import Decision
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, make_tickets, measure
from tests.planning.mirror import Mirror, check_feed, images
from tests.threads import at_once

FIELDS = ("title", "question", "labels", "depends_on", "estimate", "type")
HERE: dict[str, st.SearchStrategy[Any]] = {
    "title": st.sampled_from(["A", "B", "C"]),
    "question": st.sampled_from(["", "Why?", "How?"]),
    "labels": st.sampled_from([[], ["x"], ["x", "y"]]),
    "depends_on": st.sampled_from([[], [1], [1, 2]]),
    "estimate": st.sampled_from([None, 1.0, 2.0]),
    "type": st.sampled_from(["review", "engineering"]),
}
STEP = st.tuples(st.integers(0, 9), st.fixed_dictionaries({}, optional=HERE), st.integers(0, 5))


def edit(cast: Cast, number: int, version: int | None, actor: Any = None, **sent: Any) -> Ticket:
    return tickets.edit_ticket(
        project=cast.project, number=number, sent=sent, expected_version=version, why=Why(code="correction"),
        actor=actor or cast.member, now=NOW,
    )  # fmt: skip


def state(cast: Cast, number: int) -> dict[str, Any]:
    row = Ticket.objects.get(project=cast.project, number=number)
    shape = shapes.images([row.pk], key=cast.project.key)[row.pk]
    return {name: shape[name] for name in (*FIELDS, "version")}


def told(cast: Cast, number: int) -> list[dict[str, list[Any]]]:
    """The diffs of a ticket in the order of the journal, whichever change carries them."""
    row = Ticket.objects.get(project=cast.project, number=number)
    diffs = []
    for change in Change.objects.filter(stream=cast.project.stream_id).order_by("revision"):
        if change.object_uid == row.uid and change.action == "updated":
            diffs.append(change.diff)
        diffs += [line["diff"] for line in change.tickets or () if line["number"] == number and "diff" in line]
    return diffs


def check_chain(cast: Cast, number: int, first: dict[str, Any]) -> None:
    """Each diff begins where the one before it ended, and the last ends at what is there."""
    standing = dict(first)
    for diff in told(cast, number):
        for name, (old, new) in diff.items():
            if name in FIELDS:
                assert standing[name] == old
                standing[name] = new
    now = state(cast, number)
    assert {name: standing[name] for name in FIELDS} == {name: now[name] for name in FIELDS}


@pytest.fixture
def running(db: None) -> Cast:
    cast = make_cast()
    make_tickets(cast, 2)
    return cast


serial = count()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=10)
@given(steps=st.lists(STEP, min_size=3, max_size=12), in_sprint=st.booleans())
def test_each_field_holds_what_was_accepted_last_whatever_versions_were_named(
    running: Cast, steps: list[tuple[int, dict[str, Any], int]], in_sprint: bool
):
    cast = running
    number = make_ticket(cast, f"Begun {next(serial)}").number
    if in_sprint:
        make_sprint(cast, [number], active=True)
    states = {1: state(cast, number)}
    for back, sent, beside in steps:
        now = state(cast, number)
        seen = sorted(states)[max(0, len(states) - 1 - back)]
        if beside == 0:  # what moves no version happens in between
            edit(cast, number, None, waiting_on_run=not Ticket.objects.get(number=number).waiting_on_run)
            progress.progress(project=cast.project, number=number, to="in_progress", actor=cast.lead, now=NOW)
        if beside == 1 and in_sprint:
            latest = Decision.objects.filter(sprint__isnull=False).latest("pk")
            if latest.kind == "replan" and latest.moves.filter(ticket__number=number, move="change").exists():
                take_back(project=cast.project, decision=str(latest.uid), actor=cast.lead, now=NOW)
                now = state(cast, number)
                states[now["version"]] = now
        lost = {name for name in sent if now[name] not in (sent[name], states[seen][name])}
        if lost:
            with pytest.raises(Stale) as stale:
                edit(cast, number, seen, **sent)
            assert {one.field for one in stale.value.conflicts} == lost
            assert state(cast, number) == now
            continue
        edit(cast, number, seen, **sent)
        after = state(cast, number)
        assert {name: after[name] for name in FIELDS} == {name: (now | sent)[name] for name in FIELDS}
        states[after["version"]] = after
    check_chain(cast, number, states[1])


# ── At once ──


@pytest.fixture
def apart(transactional_db: None) -> Cast:
    """The cast, committed, with ticket 1 in a running sprint."""
    cast = make_cast()
    make_ticket(cast, criteria=[{"metric": "error", "op": "<=", "value": 0.2}])
    make_sprint(cast, [1], active=True)
    return cast


def test_edits_of_different_fields_at_once_all_land(apart: Cast):
    sent: list[dict[str, Any]] = [
        {"title": "Mine"}, {"question": "Theirs?"}, {"labels": ["x"]}, {"estimate": 3}, {"type": "review"},
    ]  # fmt: skip
    results = at_once(*[partial(edit, apart, 1, 1, **one) for one in sent])
    assert [type(one) for one in results] == [Ticket] * 5
    now = state(apart, 1)
    assert now == {
        "title": "Mine", "question": "Theirs?", "labels": ["x"], "depends_on": [], "estimate": 3.0, "type": "review",
        "version": 6,
    }  # fmt: skip
    check_feed(Mirror(apart.project), images(apart.project))


def test_of_edits_of_one_field_at_once_one_lands_and_the_others_are_told_of_it(apart: Cast):
    words = ["one", "two", "three", "four"]
    results = at_once(*[partial(edit, apart, 1, 1, title=word) for word in words])
    won = [one for one in results if isinstance(one, Ticket)]
    assert len(won) == 1
    for word, lost in zip(words, results, strict=True):
        if isinstance(lost, Stale):
            (conflict,) = lost.conflicts
            assert (conflict.field, conflict.yours, conflict.theirs) == ("title", word, won[0].title)
    assert state(apart, 1)["title"] == won[0].title


def test_labels_put_in_at_once_are_all_there(apart: Cast):
    results = at_once(*[partial(edit, apart, 1, 1, labels={"add": [word]}) for word in "abcd"])
    assert [type(one) for one in results] == [Ticket] * 4
    assert sorted(state(apart, 1)["labels"]) == ["a", "b", "c", "d"]


def test_runs_that_arrive_while_people_edit_make_nobodys_edit_conflict(apart: Cast):
    row = Ticket.objects.get(project=apart.project, number=1)

    def arrive() -> int:
        for serial in range(4):
            measure(apart, row, [0.3 - serial / 10], external_id=f"run-{serial}", candidate=f"c{serial}")
        return 4

    edits = [partial(edit, apart, 1, 1, **{field: "Mine"}) for field in ("title", "question", "description")]
    results = at_once(arrive, *edits)
    assert [type(one) for one in results] == [int, Ticket, Ticket, Ticket]
    assert Criterion.objects.get().state != "pending"
    assert state(apart, 1)["version"] == 4
