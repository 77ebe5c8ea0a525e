"""Registered models as people look at them: who reigns and reigned, and what is being compared."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Prefetch, Window
from django.db.models.functions import RowNumber

from agileml.metrics.models import Candidate, Evaluation, Look, Metric, Policy, Promotion, RegisteredModel, Snapshot
from agileml.metrics.queries.champions import evaluations, is_live, promotions
from agileml.metrics.rules.exact import least_pairs
from agileml.metrics.rules.judging import Reading, aggregate
from agileml.metrics.rules.saying import TONES, WORDS, plan_note, sentence
from agileml.metrics.rules.terms import AB_TEST, Answer, Terms
from agileml.metrics.rules.verdicts import WINS
from agileml.projects.models import Project

Pairs = Mapping[str, float | None]
Spot = tuple[int, str, str, str]  # candidate, metric, dataset digest, split


@dataclass(frozen=True)
class Reign:
    """A promotion with its candidate's mean under the policy of now; None where it was not measured so."""

    promotion: Promotion
    mean: float | None
    pairs: int


@dataclass(frozen=True)
class Standing:
    """An evaluation and what it says; before the first look only what is in, never how it would come out.

    `units` are those of its metric and its guardrails.
    """

    evaluation: Evaluation
    terms: Terms
    looks: Sequence[Look]
    answer: Answer | None
    measured: int
    units: Mapping[str, str]

    @property
    def unit(self) -> str:
        return self.units.get(self.terms.metric, "")

    @property
    def planned(self) -> int:
        return len(self.terms.pairs)

    @property
    def next_look(self) -> int:
        """The number of the look that may be taken now; 0 for none."""
        return len(self.looks) + 1 if self.evaluation.state == Evaluation.State.OPEN else 0

    @property
    def word(self) -> str:
        return WORDS[self.answer.verdict] if self.answer else "Not looked at yet"

    @property
    def tone(self) -> str:
        return TONES[self.answer.verdict] if self.answer else ""

    @property
    def sentence(self) -> str:
        """The verdict in one plain sentence; empty before the first look."""
        return sentence(self.terms, self.answer, self.units) if self.answer else ""

    @property
    def won(self) -> bool:
        return self.answer is not None and self.answer.verdict in WINS

    @property
    def note(self) -> str:
        """What has to be said of a plan whose test cannot reach its level."""
        return plan_note(self.terms, least_pairs(self.terms.level))


@dataclass(frozen=True)
class Line:
    """A line of models: its policies, newest first, its champions, newest first, and its evaluations, newest first."""

    model: RegisteredModel
    policies: Sequence[Policy]
    reigns: Sequence[Reign]
    standings: Sequence[Standing]
    units: Mapping[str, str]

    @property
    def policy(self) -> Policy | None:
        return self.policies[0] if self.policies else None

    @property
    def unit(self) -> str:
        return self.policy.metric.unit if self.policy else ""

    @property
    def champion(self) -> Reign | None:
        return self.reigns[0] if self.reigns else None

    @property
    def live(self) -> Reign | None:
        """The one in use: the newest whose deployment has shipped."""
        return next((reign for reign in self.reigns if is_live(reign.promotion)), None)


def lines(project: Project) -> list[Line]:
    """All lines of models of a project, in the order of registration; six queries, seven with guardrails."""
    models = list(RegisteredModel.objects.filter(project=project).order_by("pk"))
    policies: dict[int, list[Policy]] = defaultdict(list)
    for policy in Policy.objects.filter(model__in=models).select_related("metric", "actor").order_by("-version"):
        policies[policy.model_id].append(policy)
    crowned: dict[int, list[Promotion]] = defaultdict(list)
    for promotion in promotions().filter(model__in=models).order_by("-number"):
        crowned[promotion.model_id].append(promotion)
    compared: dict[int, list[Evaluation]] = defaultdict(list)
    for evaluation in _with_looks(evaluations().filter(model__in=models)).order_by("-number"):
        compared[evaluation.model_id].append(evaluation)
    everybody = {row.candidate_id for rows in crowned.values() for row in rows}
    everybody |= {row.challenger_id for rows in compared.values() for row in rows}
    values = pairs_of(everybody)
    units = _units(policy for rows in policies.values() for policy in rows)
    return [
        Line(
            model,
            policies[model.pk],
            [_reign(row, next(iter(policies[model.pk]), None), values) for row in crowned[model.pk]],
            [_standing(row, values, units) for row in compared[model.pk]],
            units,
        )
        for model in models
    ]


def standing(project: Project, slug: str, number: int) -> Standing | None:
    """One evaluation; None where there is none."""
    row = _with_looks(evaluations().filter(model__project=project, model__slug=slug, number=number)).first()
    if row is None:
        return None
    return _standing(row, pairs_of({row.challenger_id, row.champion.candidate_id}), _units([row.policy]))


def challengers(policy: Policy) -> list[Candidate]:
    """Candidates that were measured on what a policy compares, newest first."""
    measured = Snapshot.objects.current().corrected()
    rows = measured.filter(metric=policy.metric, dataset_digest=policy.dataset_digest, as_split=policy.split)
    found = Candidate.objects.filter(pk__in=rows.values("as_candidate"), ticket__deleted_at=None)
    return list(found.select_related("ticket").order_by("-pk"))


def pairs_of(candidate_ids: Iterable[int]) -> dict[Spot, Pairs]:
    """The newest value of each pair of these candidates, by metric, dataset and split; one query."""
    place = Window(
        RowNumber(),
        partition_by=[F("metric"), F("as_candidate"), F("dataset_digest"), F("as_split"), F("as_pair")],
        order_by=[F("observed_at").desc(), F("step").desc(), F("pk").desc()],
    )
    measured = Snapshot.objects.current().of_candidates(list(candidate_ids))
    rows = measured.annotate(place=place).filter(place=1)
    found: dict[Spot, dict[str, float | None]] = defaultdict(dict)
    for candidate, metric, digest, split, pair, value in rows.values_list(
        "as_candidate", "metric__key", "dataset_digest", "as_split", "as_pair", "value"
    ):
        found[candidate, metric, digest, split][pair] = value
    return dict(found)


def _with_looks(rows: Any) -> Any:
    return rows.select_related("policy__metric").prefetch_related(
        Prefetch("looked", Look.objects.select_related("actor").order_by("number"))
    )


def _reign(row: Promotion, policy: Policy | None, values: Mapping[Spot, Pairs]) -> Reign:
    if policy is None:
        return Reign(row, None, 0)
    spot = (row.candidate_id, policy.metric.key, policy.dataset_digest, policy.split)
    pairs = values.get(spot, {})
    return Reign(row, aggregate([Reading(pair, value, "") for pair, value in pairs.items()], judge="mean", op=">="),
                 len(pairs))  # fmt: skip


def _units(policies: Iterable[Policy]) -> dict[str, str]:
    """The units of the metrics of one project's policies and of their guardrails, by key; a query if there are such."""
    units: dict[str, str] = {}
    guarded: set[str] = set()
    project = None
    for policy in policies:
        units[policy.metric.key], project = policy.metric.unit, policy.metric.project_id
        guarded |= {guardrail["metric"] for guardrail in policy.guardrails}
    if guarded - units.keys():
        units |= Metric.objects.filter(project=project, key__in=guarded).values_list("key", "unit")
    return units


def _standing(row: Evaluation, values: Mapping[Spot, Pairs], units: Mapping[str, str]) -> Standing:
    terms = Terms.of(row.terms)
    looks = list(row.looked.all())
    pairs = values.get((row.challenger_id, terms.metric, terms.dataset_digest, terms.split), {})
    measured = len(set(pairs) & set(terms.pairs)) if terms.design != AB_TEST else 0
    answer = Answer.of(looks[-1].answer) if looks else None
    return Standing(row, terms, looks, answer, measured, units)
