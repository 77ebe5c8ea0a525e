"""A champion changes only by a recorded promotion, and a challenger is judged by rules that were agreed before."""

from typing import Any

import pytest

from agileml.journal.models import Change
from agileml.lib.fields import Invalid
from agileml.metrics.actions.evaluations import open_evaluation, withdraw_evaluation
from agileml.metrics.actions.promotions import promote, set_deployment
from agileml.metrics.actions.registered import register_model, set_policy
from agileml.metrics.actions.settings import watch_metric
from agileml.metrics.models import Candidate, Criterion, Evaluation, Look, Metric, RegisteredModel
from agileml.metrics.queries.champions import champion_of
from agileml.metrics.rules.terms import Answer, Inputs, Terms
from agileml.metrics.rules.verdicts import verdict
from agileml.projects.doors import Forbidden, Hidden
from tests.challenges import BETTER, ON, POLICY, RULE, candidate, challenge, crown, policy, refused, take
from tests.factories import NOW, Cast, make_cast, make_ticket, measure

pytestmark = pytest.mark.django_db


def test_a_clear_challenger_wins_and_is_promoted(cast: Cast, model: RegisteredModel):
    challenger = candidate(cast, "svm", BETTER)
    evaluation = challenge(cast, challenger, expects="A third of the errors gone.")
    said = take(cast)
    assert said.verdict == "win"
    evaluation.refresh_from_db()
    assert evaluation.state == "closed"
    row = crown(cast, kind="evaluation", evaluation=1)
    assert (row.number, row.candidate_id, row.provisional) == (2, challenger.pk, False)
    assert champion_of(model) == row


def test_a_look_is_judged_again_to_the_same_answer_whatever_came_since(cast: Cast, model: RegisteredModel):
    challenger = candidate(cast, "svm", BETTER)
    challenge(cast, challenger)
    said = take(cast)
    measure(cast, challenger.ticket, [0.9] * 5, candidate="svm", external_id="svm", **ON)
    kept = Look.objects.get(pk=said.pk)
    assert verdict(Terms.of(kept.terms), Inputs.of(kept.inputs)) == Answer.of(kept.answer)
    assert kept.verdict == "win"


def test_the_terms_are_those_of_the_policy_when_it_opened(cast: Cast, model: RegisteredModel):
    challenge(cast, candidate(cast, "svm", BETTER))
    policy(cast, margin=0.5)
    assert take(cast).verdict == "win"
    assert Evaluation.objects.get().policy.version == 1


def test_a_challenger_that_lacks_a_pair_uses_up_no_look(cast: Cast, model: RegisteredModel):
    challenger = candidate(cast, "svm", BETTER[:4])
    challenge(cast, challenger)
    with refused("not_comparable") as error:
        take(cast)
    assert "error of the challenger, seed=4, has not been measured" in str(error.value)
    assert Look.objects.count() == 0
    measure(cast, challenger.ticket, BETTER, candidate="svm", external_id="again", **ON)
    assert take(cast).verdict == "win"


def test_a_dataset_that_changes_in_the_middle_is_named(cast: Cast, model: RegisteredModel):
    challenger = candidate(cast, "svm", BETTER, dataset_digest="sha256:2")
    challenge(cast, challenger)
    with refused("not_comparable") as error:
        take(cast)
    assert "measured on another dataset (sha256:2)" in str(error.value)


def test_a_planned_look_that_leaves_it_open_can_be_followed_by_the_next(cast: Cast, model: RegisteredModel):
    policy(cast, looks=2)
    challenger = candidate(cast, "svm", [0.2, 0.4, 0.1, 0.2, 0.2])
    challenge(cast, challenger)
    assert (take(cast).verdict, Evaluation.objects.get().state) == ("inconclusive", "open")
    with refused("looked_already"):
        take(cast, expected=1)
    take(cast, expected=2)
    assert Evaluation.objects.get().state == "closed"
    with refused("ended"):
        take(cast, expected=3)


def test_each_challenger_of_a_champion_has_the_next_place(cast: Cast, model: RegisteredModel):
    first = challenge(cast, candidate(cast, "svm", BETTER))
    withdraw_evaluation(project=cast.project, model="reader", number=1, actor=cast.member, now=NOW)
    second = challenge(cast, candidate(cast, "forest", BETTER))
    assert (first.place, second.place) == (1, 2)
    assert take(cast, number=2).verdict == "provisional_win"  # five seeds cannot reach the level of the second
    assert crown(cast, kind="evaluation", evaluation=2).provisional
    third = challenge(cast, candidate(cast, "mlp", BETTER))
    assert third.place == 1  # of the new champion


def test_a_champion_that_was_not_measured_there_must_be_first(cast: Cast, model: RegisteredModel):
    challenger = candidate(cast, "svm", BETTER)
    policy(cast, dataset={"name": "holdout v2", "digest": "sha256:2"})
    with refused("champion_not_measured"):
        challenge(cast, challenger)
    policy(cast, planned_n=6)
    with refused("champion_not_measured"):
        challenge(cast, challenger)


def test_only_a_win_is_promoted_by_an_evaluation(cast: Cast, model: RegisteredModel):
    challenger = candidate(cast, "svm", RULE)
    challenge(cast, challenger)
    with refused("no_win"):
        crown(cast, kind="evaluation", evaluation=1)
    assert take(cast).verdict == "no_win"
    with refused("no_win"):
        crown(cast, kind="evaluation", evaluation=1)
    with pytest.raises(Invalid):
        crown(cast, kind="override", candidate=str(challenger.uid))
    assert crown(cast, kind="override", candidate=str(challenger.uid), reason="It explains itself.").kind == "override"


def test_an_old_win_promotes_nobody_over_a_champion_that_was_not_beaten(cast: Cast, model: RegisteredModel):
    challenge(cast, candidate(cast, "svm", BETTER))
    other = challenge(cast, candidate(cast, "forest", [0.1] * 5))
    take(cast, 1)
    take(cast, 2)
    crown(cast, kind="evaluation", evaluation=2)
    with refused("champion_changed"):
        crown(cast, kind="evaluation", evaluation=1)
    assert other.place == 2


def test_a_promotion_ends_the_other_evaluations_against_the_champion_that_was(cast: Cast, model: RegisteredModel):
    challenge(cast, candidate(cast, "svm", BETTER))
    challenge(cast, candidate(cast, "forest", BETTER))
    take(cast, 1)
    crown(cast, kind="evaluation", evaluation=1)
    assert Evaluation.objects.get(number=2).state == "closed"
    with refused("ended"):
        take(cast, 2)


def test_the_first_champion_is_a_baseline(cast: Cast, model: RegisteredModel):
    register_model(project=cast.project, sent={"slug": "other", "name": "Other"}, actor=cast.lead, now=NOW)
    set_policy(project=cast.project, model="other", sent=POLICY, actor=cast.lead, now=NOW)
    unproven = candidate(cast, "svm", BETTER)
    with refused("not_a_baseline"):
        promote(
            project=cast.project, model="other", sent={"kind": "first", "candidate": str(unproven.uid)},
            actor=cast.lead, now=NOW,
        )  # fmt: skip
    with refused("not_first"):
        crown(cast, kind="first", candidate=str(unproven.uid))


def test_leads_alone_promote_and_set_policies(cast: Cast, model: RegisteredModel):
    challenge(cast, candidate(cast, "svm", BETTER))
    take(cast)
    with pytest.raises(Forbidden):
        crown(cast, kind="evaluation", evaluation=1, actor=cast.member)
    with pytest.raises(Forbidden):
        set_policy(project=cast.project, model="reader", sent=POLICY, actor=cast.member, now=NOW)
    with pytest.raises(Forbidden):
        open_evaluation(project=cast.project, model="reader", sent={"challenger": str(model.uid)},
                        actor=cast.stakeholder, now=NOW)  # fmt: skip
    with pytest.raises(Hidden):
        crown(cast, kind="evaluation", evaluation=1, actor=cast.outsider)


def test_candidates_of_another_project_are_unknown(cast: Cast, model: RegisteredModel):
    other = make_cast("OTH")
    with pytest.raises(Invalid):
        challenge(cast, candidate(other, "svm", BETTER))


def test_ahead_of_the_champion_is_untested_until_an_evaluation_says_win(cast: Cast, model: RegisteredModel):
    asked = make_ticket(cast, criteria=[{"metric": "error", "op": "<=", "against": "champion", "margin": 0.01}])
    challenger = candidate(cast, "svm", BETTER, ticket=asked)

    def light() -> str:
        return Criterion.objects.get(ticket=asked).state

    assert light() == "ahead_untested"
    challenge(cast, challenger)
    take(cast)
    assert light() == "met"
    change = Change.objects.filter(kind="evaluation", action="updated").latest("revision")
    assert change.tickets[0]["number"] == asked.number
    crown(cast, kind="override", candidate=str(candidate(cast, "forest", [0.1] * 5).uid), reason="Much better.")
    assert light() == "not_met"


def test_a_champion_that_is_measured_again_judges_anew(cast: Cast, model: RegisteredModel):
    asked = make_ticket(cast, criteria=[{"metric": "error", "op": "<=", "against": "champion"}])
    candidate(cast, "svm", BETTER, ticket=asked)
    rule = champion_of(model).candidate
    measure(cast, rule.ticket, [0.1] * 5, candidate="rule", external_id="rule", **ON)
    assert Criterion.objects.get(ticket=asked).state == "not_met"


def test_a_champion_names_the_ticket_that_brings_it_into_use(cast: Cast, model: RegisteredModel):
    deploys, other = make_ticket(cast, type="deployment"), make_ticket(cast)
    with pytest.raises(Invalid):
        set_deployment(
            project=cast.project, model="reader", number=1, deployment=other.number, actor=cast.lead, now=NOW
        )
    row = set_deployment(
        project=cast.project, model="reader", number=1, deployment=deploys.number, actor=cast.lead, now=NOW
    )
    assert row.deployment == deploys
    assert Change.objects.filter(kind="promotion", action="updated").count() == 1


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"planned_n": 0}, "/planned_n"),
        ({"metric": "unheard-of"}, "/metric"),
        ({"margin": -1}, "/margin"),
        ({"alpha": 0.9}, "/alpha"),
        ({"looks": 6}, "/looks"),
        ({"design": "kfold"}, "/folds"),
        ({"design": "kfold", "folds": 10}, "/planned_n"),
        ({"design": "single_test_set"}, "/planned_n"),
        ({"guardrails": [{"metric": "latency", "largest_regression": 1}]}, "/guardrails/0/metric"),
        ({"nonsense": 1}, "/nonsense"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(cast: Cast, model: RegisteredModel, sent: Any, pointer: str):
    with pytest.raises(Invalid) as error:
        policy(cast, **sent)
    assert [one.pointer for one in error.value.errors] == [pointer]


def test_on_one_test_set_the_pushed_counts_decide(cast: Cast, model: RegisteredModel):
    policy(cast, design="single_test_set", planned_n=1, margin=0)
    ticket = make_ticket(cast, "svm")
    counts = {"only_this_correct": 40, "only_champion_correct": 9}
    measure(cast, ticket, [0.2], candidate="svm", external_id="svm", discordant=counts, **ON)
    challenge(cast, Candidate.objects.get(ticket=ticket, name="svm"))
    assert take(cast).verdict == "win"


def test_two_arms_in_use_are_compared_by_their_counts(cast: Cast, model: RegisteredModel):
    watch_metric(project=cast.project, key="read", direction="higher", actor=cast.lead, now=NOW)
    policy(cast, metric="read", design="ab_test", planned_n=14, margin=0, dataset={"name": "", "digest": ""}, split="")
    champion, ticket = champion_of(model).candidate, make_ticket(cast, "svm")
    for on, name, successes in ((champion.ticket, "rule", 100.0), (ticket, "svm", 180.0)):
        for metric, value in (("read.successes", successes), ("read.trials", 1_000.0)):
            measure(cast, on, [value], metric=metric, candidate=name, external_id="arm")
    challenge(cast, Candidate.objects.get(ticket=ticket, name="svm"))
    assert take(cast).verdict == "win"


def test_one_that_was_withdrawn_promotes_nobody_whatever_it_said(cast: Cast, model: RegisteredModel):
    policy(cast, planned_n=6, looks=2)
    with refused("champion_not_measured"):
        challenge(cast, candidate(cast, "svm", BETTER))
    policy(cast, planned_n=5, looks=2)
    challenge(cast, Candidate.objects.get(name="svm"))
    assert take(cast).verdict == "provisional_win"
    withdraw_evaluation(project=cast.project, model="reader", number=1, actor=cast.member, now=NOW)
    with refused("no_win"):
        crown(cast, kind="evaluation", evaluation=1)


def test_a_metric_that_is_watched_no_more_compares_nothing(cast: Cast, model: RegisteredModel):
    Metric.objects.filter(key="error").update(direction="")
    with refused("no_policy"):
        challenge(cast, candidate(cast, "svm", BETTER))
