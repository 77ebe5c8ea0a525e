"""What a person says of a run stands before what the run said of itself."""

from typing import Any

import pytest

from agileml.journal.models import Change, Stream
from agileml.lib.fields import Invalid
from agileml.metrics.actions.corrections import correct
from agileml.metrics.actions.settings import set_baseline, watch_metric
from agileml.metrics.models import Candidate, Criterion, Judgement, Metric, Snapshot, SnapshotCorrection
from agileml.metrics.queries.listed import of_metrics, places_of
from agileml.metrics.queries.readings import candidate_readings
from agileml.metrics.queries.reigns import pairs_of
from agileml.projects.doors import Forbidden, Hidden
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_ticket, measure

pytestmark = pytest.mark.django_db

RUN = {"source": "push", "external_id": "run", "run_pair": "seed=1", "reason": "The folder had the wrong name."}


def judged(cast: Cast, **criterion: Any) -> Ticket:
    return make_ticket(cast, criteria=[{"metric": "error", "op": "<=", "value": 0.2} | criterion])


def say(cast: Cast, ticket: Ticket, *, by: Any = None, **said: Any) -> SnapshotCorrection:
    return correct(project=cast.project, ticket=ticket.number, sent=RUN | said, actor=by or cast.member, now=NOW)


def read(ticket: Ticket) -> dict[str, float | None]:
    _, readings = candidate_readings(Criterion.objects.get(ticket=ticket))
    return {one.pair_key: one.value for one in readings}


def light(ticket: Ticket) -> tuple[str, float | None]:
    row = Criterion.objects.get(ticket=ticket)
    return row.state, row.value


def test_a_run_that_is_moved_to_another_candidate_no_longer_counts_for_the_first(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [0.1, 0.5])
    assert light(ticket) == ("not_met", 0.3)
    say(cast, ticket, run_pair="seed=1", candidate="another")
    first, other = (Candidate.objects.get(ticket=ticket, name=name) for name in ("first", "another"))
    found = pairs_of([first.pk, other.pk])
    assert found == {
        (first.pk, "error", "", ""): {"seed=0": 0.1},
        (other.pk, "error", "", ""): {"seed=1": 0.5},
    }


def test_lights_are_judged_anew_in_the_change_of_the_correction(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [0.5, 0.1])
    say(cast, ticket, run_pair="seed=1", candidate="another")
    another = Candidate.objects.get(name="another")
    assert light(ticket) == ("met", 0.1)
    assert Judgement.objects.order_by("-pk")[0].candidate == another
    change = Change.objects.order_by("-revision")[0]
    assert (change.kind, change.action, change.tickets[0]["number"]) == ("correction", "created", ticket.number)


def test_a_judgement_of_the_same_runs_under_another_name_is_another(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [0.1])
    say(cast, ticket, run_pair="seed=0", candidate="another")
    named = Judgement.objects.order_by("pk").values_list("candidate__name", "value")
    assert list(named) == [("first", 0.1), ("another", 0.1)]


def test_a_run_that_is_moved_to_another_pair_is_read_there(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [0.1, 0.5])
    say(cast, ticket, pair_key="seed=7")
    assert read(ticket) == {"seed=0": 0.1, "seed=7": 0.5}


def test_two_pairs_of_a_run_that_are_said_to_be_one_count_once(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [0.1, 0.5])
    say(cast, ticket, pair_key="seed=0")
    assert read(ticket) == {"seed=0": 0.5}


def test_a_run_that_is_moved_to_another_split_is_judged_there(cast: Cast):
    ticket = judged(cast, split="test")
    measure(cast, ticket, [0.1, 0.15])
    assert light(ticket) == ("pending", None)
    say(cast, ticket, split="test")
    assert light(ticket) == ("met", 0.15)


def test_what_the_run_brings_later_is_read_through_the_correction(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [0.1, 0.5])
    say(cast, ticket, pair_key="seed=7")
    measure(cast, ticket, [0.1, 0.4])
    assert read(ticket) == {"seed=0": 0.1, "seed=7": 0.4}
    assert set(Snapshot.objects.values_list("pair_key", flat=True)) == {"seed=0", "seed=1"}


def test_a_baseline_that_loses_a_run_judges_those_who_compare_with_it(cast: Cast):
    rule = make_ticket(cast)
    watch_metric(project=cast.project, key="error", direction="lower", actor=cast.lead, now=NOW)
    measure(cast, rule, [0.1, 0.5], candidate="rule")
    set_baseline(
        project=cast.project, metric="error", label="Rule", candidate=Candidate.objects.get(name="rule"),
        actor=cast.lead, now=NOW,
    )  # fmt: skip
    ticket = make_ticket(cast, criteria=[{"metric": "error", "op": "<=", "against": "baseline"}])
    measure(cast, ticket, [0.2])
    assert light(ticket)[0] == "met"
    say(cast, rule, candidate="another")
    assert light(ticket)[0] == "not_met"
    assert of_metrics([Metric.objects.get(key="error")])[0].baselines[0].value == 0.1
    say(cast, rule, candidate=None)
    assert light(ticket)[0] == "met"


def test_a_baseline_can_be_chosen_where_runs_are_said_to_belong(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [0.1, 0.5])
    say(cast, ticket, candidate="another", split="test")
    places = places_of(Metric.objects.get(key="error"))
    assert {(place.name, place.split, place.pairs) for place in places} == {("another", "test", 1), ("first", "", 1)}


def test_two_pairs_that_are_said_to_be_one_are_listed_as_one(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [0.1, 0.5])
    say(cast, ticket, pair_key="seed=0")
    assert [place.pairs for place in places_of(Metric.objects.get(key="error"))] == [1]


def test_the_newest_value_of_a_metric_is_named_as_corrected(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [0.1, 0.5])
    say(cast, ticket, candidate="another")
    newest = of_metrics([Metric.objects.get(key="error")])[0].newest
    assert newest is not None
    assert (newest.value, newest.as_name) == (0.5, "another")


def test_what_is_said_again_of_a_run_replaces_what_was_said(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [0.1, 0.5])
    say(cast, ticket, candidate="another")
    say(cast, ticket, pair_key="seed=7", by=cast.lead)
    row = SnapshotCorrection.objects.get()
    assert (row.candidate, row.pair_key, row.actor) == (None, "seed=7", cast.lead)
    change = Change.objects.order_by("-revision")[0]
    assert (change.kind, change.action) == ("correction", "updated")
    assert change.diff["candidate"] == ["another", None]


def test_saying_the_same_again_leaves_no_trace(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [0.1, 0.5])
    say(cast, ticket, candidate="another")
    revision = Stream.objects.get(pk=cast.project.stream_id).revision
    say(cast, ticket, candidate="another", by=cast.lead)
    assert Stream.objects.get(pk=cast.project.stream_id).revision == revision


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"candidate": "a\0b"}, "/candidate"),
        ({"pair_key": "\ud800"}, "/pair_key"),
        ({"split": "x" * 1_000_000}, "/split"),
        ({"candidate": "x", "reason": ""}, "/reason"),
        ({"candidate": "x", "external_id": "unheard of"}, "/external_id"),
        ({"candidate": "x", "run_split": "test"}, "/external_id"),
        ({"candidate": "x", "colour": "red"}, "/colour"),
        ({}, ""),
    ],
)
def test_what_cannot_be_said_is_refused(cast: Cast, sent: dict[str, Any], pointer: str):
    ticket = judged(cast)
    measure(cast, ticket, [0.1, 0.5])
    with pytest.raises(Invalid) as refused:
        say(cast, ticket, **sent)
    assert [error.pointer for error in refused.value.errors] == [pointer]
    assert not SnapshotCorrection.objects.exists()


def test_markup_and_text_that_runs_the_other_way_are_kept_as_they_are(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [0.1, 0.5])
    row = say(cast, ticket, candidate="<script>\u202e", reason="\u05d0<b>")
    row.refresh_from_db()
    assert row.candidate is not None
    assert (row.candidate.name, row.reason) == ("<script>\u202e", "\u05d0<b>")


def test_who_only_looks_corrects_nothing_and_a_stranger_sees_nothing(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [0.1, 0.5])
    with pytest.raises(Forbidden):
        say(cast, ticket, candidate="x", by=cast.stakeholder)
    with pytest.raises(Hidden):
        say(cast, ticket, candidate="x", by=cast.outsider)
    assert not SnapshotCorrection.objects.exists()
