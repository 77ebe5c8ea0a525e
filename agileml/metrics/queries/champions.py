"""Who is champion, and what an evaluation compares."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db.models import OuterRef, Subquery

from agileml.metrics.models import (
    Candidate,
    Criterion,
    Evaluation,
    Look,
    Policy,
    Promotion,
    RegisteredModel,
    Snapshot,
)
from agileml.metrics.queries.readings import pair_readings
from agileml.metrics.rules.judging import aggregate
from agileml.metrics.rules.terms import AB_TEST, SINGLE, Arm, Discordant, Inputs, Terms, Value, natural
from agileml.metrics.rules.verdicts import WINS

SUCCESSES, TRIALS, DAY = ".successes", ".trials", "day="


def champion_of(model: RegisteredModel) -> Promotion | None:
    """The newest promotion of a model, with its candidate and ticket."""
    return model.promotions.select_related("candidate__ticket", "deployment").order_by("-number").first()


def live_of(promotions: Iterable[Promotion]) -> Promotion | None:
    """Of promotions, newest first, the one in use: the newest whose deployment has shipped. Needs deployment loaded."""
    return next((row for row in promotions if is_live(row)), None)


def is_live(promotion: Promotion) -> bool:
    """Whether a champion has been in use: its deployment ticket is done and shipped."""
    ticket = promotion.deployment
    return ticket is not None and ticket.status == "done" and ticket.outcome == "shipped"


def policy_of(model: RegisteredModel) -> Policy | None:
    """The policy that the next evaluation of a model is held to."""
    return model.policies.select_related("metric").order_by("-version").first()


def champion_for(metric_id: int, *, digest: str, split: str) -> tuple[Promotion, float] | None:
    """The champion on a metric and its mean on this dataset and split; None without one that was measured there.

    Of several models that are judged by the metric it is the one crowned last.
    """
    newest = Policy.objects.filter(model=OuterRef("model")).order_by("-version")
    crowned = (
        Promotion.objects.annotate(judged_by=Subquery(newest.values("metric")[:1]))
        .filter(judged_by=metric_id)
        .order_by("-at", "-pk")
        .first()
    )
    if crowned is None:
        return None
    measured = Snapshot.objects.current().of_candidates([crowned.candidate_id])
    rows = measured.filter(metric=metric_id, dataset_digest=digest, as_split=split)
    mean = aggregate(pair_readings(rows), judge="mean", op=">=")
    return None if mean is None else (crowned, mean)


def won_against(promotion: Promotion, candidate_id: int) -> bool:
    """Whether the candidate's evaluation against this champion said win, in any of the three ways."""
    return Look.objects.filter(
        evaluation__champion=promotion, evaluation__challenger=candidate_id, verdict__in=WINS
    ).exists()


def tickets_against_champions(metric_ids: Collection[int]) -> set[int]:
    """The tickets with a criterion against the champion on one of these metrics."""
    rows = Criterion.objects.alive().filter(against=Criterion.Against.CHAMPION, metric__in=metric_ids)
    return set(rows.values_list("ticket", flat=True))


def measured_pairs(candidate: Candidate, policy: Policy) -> list[str]:
    """The pairs that a candidate was measured on under a policy's metric, dataset and split, as people count them."""
    measured = Snapshot.objects.current().of_candidates([candidate.pk])
    rows = measured.filter(metric=policy.metric, dataset_digest=policy.dataset_digest, as_split=policy.split)
    return natural(list(set(rows.values_list("as_pair", flat=True))))


def inputs_of(evaluation: Evaluation, *, look: int) -> Inputs:
    """What a look would compare, read now. Needs champion and challenger loaded."""
    terms = Terms.of(evaluation.terms)
    champion, challenger = evaluation.champion.candidate_id, evaluation.challenger_id
    if terms.design == AB_TEST:
        return Inputs(look, {}, {}, None, _arm(champion, terms), _arm(challenger, terms))
    names = [terms.metric, *(guardrail.metric for guardrail in terms.guardrails)]
    values = {side: {name: _values(side, name, terms) for name in names} for side in (champion, challenger)}
    discordant = _discordant(values[challenger][terms.metric]) if terms.design == SINGLE else None
    return Inputs(look, values[champion], values[challenger], discordant)


def _values(candidate_id: int, metric: str, terms: Terms) -> dict[str, Value]:
    """The planned pairs of a candidate; one that was only measured on another dataset says on which."""
    measured = Snapshot.objects.current().of_candidates([candidate_id])
    rows = measured.filter(metric__key=metric, as_split=terms.split)
    on_it = pair_readings(rows.filter(dataset_digest=terms.dataset_digest))
    found = {one.pair_key: Value(one.value, one.snapshot, terms.dataset_digest) for one in on_it}
    missing = set(terms.pairs) - found.keys()
    if missing:
        elsewhere = rows.filter(as_pair__in=missing).order_by("observed_at", "pk")
        for pair, value, uid, digest in elsewhere.values_list("as_pair", "value", "uid", "dataset_digest"):
            found.setdefault(pair, Value(value, str(uid), digest))
            if found[pair].digest != terms.dataset_digest:
                found[pair] = Value(value, str(uid), digest)
    return {pair: value for pair, value in found.items() if pair in terms.pairs}


def _discordant(values: Mapping[str, Value]) -> Discordant | None:
    uids = [value.snapshot for value in values.values()]
    counts: Any = (
        Snapshot.objects.filter(uid__in=uids).exclude(discordant=None).values_list("discordant", flat=True).first()
    )
    return Discordant(counts["only_this_correct"], counts["only_champion_correct"]) if counts else None


def _arm(candidate_id: int, terms: Terms) -> Arm | None:
    """One arm: the newest counts, or a value for each day up to the horizon."""
    measured = Snapshot.objects.current().finite().of_candidates([candidate_id])
    rows = measured.filter(as_split=terms.split, dataset_digest=terms.dataset_digest)
    names = (terms.metric + SUCCESSES, terms.metric + TRIALS)
    newest = rows.filter(metric__key__in=names).order_by("observed_at", "pk").values_list("metric__key", "value")
    successes, trials = map(dict(newest).get, names)
    if successes is not None and trials is not None and successes.is_integer() and trials.is_integer():
        return Arm(successes=int(successes), trials=int(trials))
    daily = {one.pair_key: one.value for one in pair_readings(rows.filter(metric__key=terms.metric))}
    days = [daily[pair] for pair in natural([pair for pair in daily if pair.startswith(DAY)])]
    finite = tuple(value for value in days if value is not None)[: len(terms.pairs)]
    return Arm(days=finite) if finite else None


def evaluations() -> Any:
    """Evaluations with all that their shape needs of them but the looks, in one query."""
    return Evaluation.objects.select_related(
        "model", "champion__candidate__ticket", "challenger__ticket", "policy", "actor"
    )


def promotions() -> Any:
    """Promotions with all that their shape needs of them, in one query."""
    return Promotion.objects.select_related("model", "candidate__ticket", "evaluation", "deployment", "actor")
