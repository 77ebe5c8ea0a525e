"""The metrics of a project as they are listed: each with its baselines and its newest value; and what rests on one."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.core.paginator import Page, Paginator
from django.db.models import BooleanField, Count, ExpressionWrapper, F, Max, OuterRef, Q, Subquery, Window
from django.db.models.functions import RowNumber

from agileml.metrics.models import Baseline, Criterion, Evaluation, Metric, Policy, Snapshot
from agileml.metrics.rules.judging import Reading, aggregate
from agileml.projects.models import Project

A_PAGE = 100
MOST_PLACES = 200
MOST_NAMED = 5
UNWATCHED = ExpressionWrapper(Q(direction=""), output_field=BooleanField())


@dataclass(frozen=True)
class Base:
    """A baseline, its number (None while its candidate has no mean there), and the name of its dataset, if known."""

    row: Baseline
    value: float | None
    dataset: str


@dataclass(frozen=True)
class Listed:
    """A metric, its baselines, how many values it has (superseded ones apart), and the newest, as it is corrected."""

    row: Metric
    baselines: Sequence[Base]
    snapshots: int
    newest: Snapshot | None


class Place(NamedTuple):
    """A candidate where it was measured: on this ticket, dataset and split."""

    candidate: int
    name: str
    ticket: int
    dataset: str
    digest: str
    split: str
    pairs: int


def listed(project: Project, page: int) -> tuple[Page, list[Listed]]:
    """A page of the metrics, the watched ones first, then by key; a fixed number of queries."""
    rows = Metric.objects.filter(project=project).order_by(UNWATCHED, "key", "pk")
    shown = Paginator(rows, A_PAGE).get_page(page)
    return shown, of_metrics(list(shown.object_list))


def of_metrics(rows: Sequence[Metric]) -> list[Listed]:
    """These metrics with all that their lines say; a fixed number of queries."""
    ids = [row.pk for row in rows]
    current = Snapshot.objects.current()
    counts = dict(current.filter(metric__in=ids).order_by().values_list("metric").annotate(many=Count("pk")))
    last = current.filter(metric=OuterRef("pk")).order_by("-observed_at", "-pk").values("pk")[:1]
    newest_ids = Metric.objects.filter(pk__in=ids).annotate(last=Subquery(last)).values("last")
    found = Snapshot.objects.corrected().filter(pk__in=newest_ids).select_related("ticket")
    newest = {one.metric_id: one for one in found}
    baselines = _baselines(ids)
    return [Listed(row, baselines[row.pk], counts.get(row.pk, 0), newest.get(row.pk)) for row in rows]


def places_of(metric: Metric) -> list[Place]:
    """Where candidates were measured on a metric, the newest first, `MOST_PLACES` of them at most."""
    rows = Snapshot.objects.current().corrected().filter(metric=metric, ticket__deleted_at=None).order_by()
    found = (
        rows.values_list("as_candidate", "as_name", "ticket__number", "dataset_digest", "as_split")
        .annotate(dataset=Max("dataset_name"), pairs=Count("as_pair", distinct=True), at=Max("observed_at"))
        .order_by("-at", "-as_candidate", "dataset_digest", "as_split")
        .values_list("as_candidate", "as_name", "ticket__number", "dataset", "dataset_digest", "as_split", "pairs")
    )
    return [Place._make(row) for row in found[:MOST_PLACES]]


def users_of(metric: Metric) -> list[str]:
    """What needs the metric to be watched, in words: criteria of tickets, policies that hold, open evaluations."""
    criteria = Criterion.objects.alive().filter(metric=metric, ticket__deleted_at=None)
    numbers = list(criteria.order_by("ticket__number").values_list("ticket__number", flat=True).distinct())
    key = metric.project.key
    said = []
    if numbers:
        named = ", ".join(f"{key}-{number}" for number in numbers[:MOST_NAMED])
        more = f" and {len(numbers) - MOST_NAMED} more" if len(numbers) > MOST_NAMED else ""
        said.append(f"{'a criterion' if len(numbers) == 1 else 'criteria'} of {named}{more}")
    policies = Policy.objects.filter(model__project=metric.project_id).select_related("model", "metric")
    newest = {policy.model_id: policy for policy in policies.order_by("version")}
    said += [f"the policy of {policy.model.name}" for policy in _resting_on(metric, newest.values())]
    judged = Evaluation.objects.filter(model__project=metric.project_id, state=Evaluation.State.OPEN)
    for one in judged.select_related("policy__metric", "model").order_by("model", "number"):
        if _resting_on(metric, [one.policy]):
            said.append(f"the open evaluation {one.number} of {one.model.name}")
    return said


def _resting_on(metric: Metric, policies: Iterable[Policy]) -> list[Policy]:
    """Those of the policies that judge by the metric, or have a guardrail on it."""
    return [
        policy
        for policy in policies
        if policy.metric_id == metric.pk or metric.key in {guard["metric"] for guard in policy.guardrails}
    ]


def _baselines(metric_ids: Collection[int]) -> dict[int, list[Base]]:
    """By metric, its baselines with their numbers, in three queries."""
    rows = list(
        Baseline.objects.filter(metric__in=metric_ids)
        .select_related("candidate__ticket")
        .order_by("dataset_digest", "split", "pk")
    )
    means = _means([row for row in rows if row.candidate_id])
    digests = {row.dataset_digest for row in rows} - {""}
    named = Snapshot.objects.filter(metric__in=metric_ids, dataset_digest__in=digests).exclude(dataset_name="")
    names = dict(named.order_by().values_list("dataset_digest").annotate(name=Max("dataset_name")))
    found: dict[int, list[Base]] = defaultdict(list)
    for row in rows:
        value = row.constant if row.candidate_id is None else means.get(_place(row))
        found[row.metric_id].append(Base(row, value, names.get(row.dataset_digest, "")))
    return found


def _place(row: Baseline) -> tuple[int, int | None, str, str]:
    return row.metric_id, row.candidate_id, row.dataset_digest, row.split


def _means(rows: Sequence[Baseline]) -> dict[tuple[int, int | None, str, str], float | None]:
    """What measured baselines are worth: each pair by its newest run, at that run's last step."""
    pairs = Window(
        RowNumber(),
        partition_by=[F("metric"), F("as_candidate"), F("dataset_digest"), F("as_split"), F("as_pair")],
        order_by=[F("observed_at").desc(), F("step").desc(), F("pk").desc()],
    )
    wanted = {_place(row) for row in rows}
    measured = Snapshot.objects.current().of_candidates({row.candidate_id for row in rows if row.candidate_id})
    read = measured.filter(metric__in={row.metric_id for row in rows})
    values: dict[tuple[int, int | None, str, str], list[Reading]] = defaultdict(list)
    for metric, candidate, digest, split, pair, value in (
        read.annotate(nth_run=pairs)
        .filter(nth_run=1)
        .order_by("pk")
        .values_list("metric", "as_candidate", "dataset_digest", "as_split", "as_pair", "value")
    ):
        if (metric, candidate, digest, split) in wanted:
            values[metric, candidate, digest, split].append(Reading(pair, value, ""))
    return {place: aggregate(readings, judge="mean", op=">=") for place, readings in values.items()}
