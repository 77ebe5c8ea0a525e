"""What a criterion says, and of what it says it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from agileml.journal.models import Change
from agileml.metrics.actions.settings import set_baseline, watch_metric
from agileml.metrics.actions.snapshots import attach
from agileml.metrics.models import Candidate, Criterion, Judgement
from agileml.metrics.rules.points import Point, state_of
from agileml.projects.doors import writing_as_job
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_ticket, measure

pytestmark = pytest.mark.django_db

NAN = float("nan")
LATER, EARLIER = NOW + timedelta(hours=1), NOW - timedelta(hours=1)


def judged(cast: Cast, **criterion: Any) -> Ticket:
    """A ticket with one criterion on the error: at most 0.2, unless told otherwise."""
    return make_ticket(cast, criteria=[{"metric": "error", "op": "<=", "value": 0.2} | criterion])


def against_baseline(cast: Cast, **criterion: Any) -> Ticket:
    return make_ticket(cast, criteria=[{"metric": "error", "op": "<=", "against": "baseline"} | criterion])


def light(ticket: Ticket) -> tuple[str, Any]:
    row = Criterion.objects.get(ticket=ticket)
    return row.state, row.value


def arrive(cast: Cast, ticket: Ticket, *points: dict[str, Any]) -> None:
    known: dict[str, Any] = {
        "metric": "error", "observed_at": NOW, "source": "push", "external_id": "run", "candidate": "first",
    }  # fmt: skip
    made = []
    for sent in points:
        value, state = state_of(sent["value"])
        made.append(Point(**(known | sent | {"value": value, "value_state": state})))
    with writing_as_job(cast.project, now=NOW, origin="push") as w:
        attach(w, ticket=ticket, points=made)


def test_before_anything_matches_it_is_pending(cast: Cast):
    ticket = judged(cast, split="test")
    measure(cast, ticket, [0.1], split="train")
    measure(cast, ticket, [0.1], metric="loss")
    assert light(ticket) == ("pending", None)
    assert Judgement.objects.count() == 0


@pytest.mark.parametrize(
    ("values", "judge", "state", "value"),
    [
        ([0.1, 0.25], "mean", "met", 0.175),
        ([0.1, 0.35], "mean", "not_met", 0.225),
        ([0.1, 0.25], "worst", "not_met", 0.25),
        ([0.2], "mean", "met", 0.2),
    ],
)
def test_it_judges_the_mean_or_the_worst_of_a_candidates_pairs(
    cast: Cast, values: Sequence[float], judge: str, state: str, value: float
):
    ticket = judged(cast, judge=judge)
    measure(cast, ticket, values)
    assert light(ticket) == (state, pytest.approx(value))


def test_worst_is_the_lowest_where_high_is_good(cast: Cast):
    ticket = make_ticket(cast, criteria=[{"metric": "f1", "op": ">=", "value": 0.9, "judge": "worst"}])
    measure(cast, ticket, [0.95, 0.85], metric="f1")
    assert light(ticket) == ("not_met", 0.85)


def test_one_run_is_the_newest(cast: Cast):
    ticket = judged(cast, judge="one")
    arrive(
        cast, ticket, {"value": 0.1, "pair_key": "seed=0", "observed_at": LATER}, {"value": 0.9, "pair_key": "seed=1"}
    )
    assert light(ticket) == ("met", 0.1)


def test_a_seed_that_diverged_makes_it_pending(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [0.1])
    arrive(cast, ticket, {"value": NAN, "pair_key": "seed=1"})
    assert light(ticket) == ("pending", None)


def test_the_candidate_measured_last_counts_not_the_one_that_arrived_last(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [0.1], candidate="new", observed_at=LATER)
    measure(cast, ticket, [0.9], candidate="old", observed_at=EARLIER, external_id="old")
    assert light(ticket) == ("met", 0.1)
    assert Judgement.objects.get().candidate == Candidate.objects.get(name="new")


def test_a_pair_that_was_run_again_is_read_from_its_newest_run_though_that_is_shorter(cast: Cast):
    ticket = judged(cast)
    arrive(cast, ticket, *({"value": 0.9, "step": step, "external_id": "long"} for step in (10, 20, 30)))
    arrive(
        cast, ticket, *({"value": 0.1, "step": step, "external_id": "short", "observed_at": LATER} for step in (10, 20))
    )
    assert light(ticket) == ("met", 0.1)


def test_a_curve_is_read_at_its_highest_step(cast: Cast):
    ticket = judged(cast)
    arrive(cast, ticket, {"value": 0.1, "step": 30}, {"value": 0.9, "step": 20}, {"value": 0.9})
    assert light(ticket) == ("met", 0.1)


def test_a_corrected_step_in_the_middle_of_a_curve_does_not_become_its_end(cast: Cast):
    ticket = judged(cast)
    arrive(cast, ticket, {"value": 0.1, "step": 30}, {"value": 0.8, "step": 20})
    arrive(cast, ticket, {"value": 0.1, "step": 30}, {"value": 0.9, "step": 20, "observed_at": LATER})
    assert light(ticket) == ("met", 0.1)


def test_a_superseded_value_counts_no_more(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [0.9])
    measure(cast, ticket, [0.1])
    assert light(ticket) == ("met", 0.1)


def test_only_pairs_measured_on_the_same_data_are_averaged(cast: Cast):
    ticket = judged(cast)
    arrive(
        cast, ticket,
        {"value": 0.9, "pair_key": "seed=0", "dataset_digest": "old"},
        {"value": 0.1, "pair_key": "seed=1", "dataset_digest": "new", "observed_at": LATER},
    )  # fmt: skip
    assert light(ticket) == ("met", 0.1)


def test_a_named_dataset_and_split_are_the_only_ones_looked_at(cast: Cast):
    ticket = judged(cast, dataset="d1", split="test")
    measure(cast, ticket, [0.9], dataset_digest="d1", split="train", observed_at=LATER)
    measure(cast, ticket, [0.9], dataset_digest="d2", split="test", observed_at=LATER)
    measure(cast, ticket, [0.1], dataset_digest="d1", split="test")
    assert light(ticket) == ("met", 0.1)


def test_means_of_the_greatest_numbers_do_not_fail(cast: Cast):
    ticket = judged(cast, value=1e308)
    measure(cast, ticket, [1.5e308, 1.7e308])
    assert light(ticket) == ("not_met", pytest.approx(1.6e308))


def test_a_judgement_names_what_it_compared(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [0.1, 0.2], dataset_digest="d1", split="test")
    judgement = Judgement.objects.get()
    assert (judgement.state, judgement.against_value) == ("met", 0.2)
    compared = judgement.compared
    assert (compared["dataset"], compared["split"], compared["bound"]) == ("d1", "test", 0.2)
    assert {pair["pair_key"]: pair["value"] for pair in compared["pairs"]} == {"seed=0": 0.1, "seed=1": 0.2}


def test_the_same_answer_on_the_same_grounds_is_not_written_twice(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [0.1])
    measure(cast, ticket, [0.1])
    measure(cast, ticket, [0.5], candidate="older", observed_at=EARLIER, external_id="older")
    assert Judgement.objects.count() == 1


def test_a_judgement_that_moves_no_light_leaves_the_ticket_alone(cast: Cast):
    ticket = judged(cast)
    measure(cast, ticket, [0.1])
    revision = Ticket.objects.get(pk=ticket.pk).revision
    measure(cast, ticket, [0.1], candidate="newer", observed_at=LATER, external_id="newer")
    assert Judgement.objects.count() == 2
    assert Ticket.objects.get(pk=ticket.pk).revision == revision


def test_a_light_never_makes_an_edit_conflict(cast: Cast):
    ticket = judged(cast)
    version = Ticket.objects.get(pk=ticket.pk).version
    measure(cast, ticket, [0.1])
    assert Ticket.objects.get(pk=ticket.pk).version == version


def baseline(cast: Cast, **what: Any) -> None:
    set_baseline(project=cast.project, metric="error", label="Rule", actor=cast.lead, now=NOW, **what)


def test_against_a_baseline_it_is_pending_until_there_is_one(cast: Cast):
    ticket = against_baseline(cast, margin=0.05)
    measure(cast, ticket, [0.1])
    assert light(ticket) == ("pending", 0.1)
    baseline(cast, constant=0.16)
    assert light(ticket) == ("met", 0.1)
    baseline(cast, constant=0.14)
    assert light(ticket) == ("not_met", 0.1)


def test_a_baseline_without_a_dataset_holds_for_any_and_one_with_it_goes_before(cast: Cast):
    ticket = against_baseline(cast)
    measure(cast, ticket, [0.1], dataset_digest="d1", split="test")
    baseline(cast, constant=0.2)
    assert light(ticket) == ("met", 0.1)
    baseline(cast, constant=0.05, dataset_digest="d1", split="test")
    assert light(ticket) == ("not_met", 0.1)
    baseline(cast, constant=0.3, dataset_digest="d2")
    assert light(ticket) == ("not_met", 0.1)


def test_a_measured_baseline_is_its_candidates_mean_on_the_same_data(cast: Cast):
    rule, ticket = make_ticket(cast, "The rule"), against_baseline(cast)
    measure(cast, rule, [0.2, 0.4], candidate="rule", dataset_digest="d1")
    measure(cast, rule, [0.01], candidate="rule", dataset_digest="other", external_id="other")
    baseline(cast, candidate=Candidate.objects.get(name="rule"))
    measure(cast, ticket, [0.25], dataset_digest="d1")
    assert light(ticket) == ("met", 0.25)
    assert Judgement.objects.latest("pk").against_value == pytest.approx(0.3)


def test_a_baseline_measured_anew_judges_other_tickets_in_the_same_change(cast: Cast):
    rule, ticket = make_ticket(cast, "The rule"), against_baseline(cast)
    measure(cast, rule, [0.2], candidate="rule")
    baseline(cast, candidate=Candidate.objects.get(name="rule"))
    measure(cast, ticket, [0.15])
    assert light(ticket) == ("met", 0.15)
    measure(cast, rule, [0.1], candidate="rule")
    assert light(ticket) == ("not_met", 0.15)
    change = Change.objects.latest("revision")
    assert change.number == rule.number
    assert change.tickets is not None
    assert [touched["number"] for touched in change.tickets] == [ticket.number]


@pytest.mark.parametrize("constant", [NAN, float("inf")])
def test_a_baseline_that_is_no_number_is_refused(cast: Cast, constant: float):
    watch_metric(project=cast.project, key="error", direction="lower", actor=cast.lead, now=NOW)
    with pytest.raises(ValueError, match="finite"):
        baseline(cast, constant=constant)
