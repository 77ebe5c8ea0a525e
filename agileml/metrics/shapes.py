"""How metrics, criteria and snapshots are shown to clients and kept in plans: one function a resource."""

from collections.abc import Iterable
from typing import Any

from agileml.lib.times import maybe_rfc3339, rfc3339
from agileml.metrics.models import (
    Baseline,
    Candidate,
    Criterion,
    Evaluation,
    Judgement,
    Look,
    Metric,
    Policy,
    Promotion,
    RegisteredModel,
    Snapshot,
    SnapshotCorrection,
    Target,
)
from agileml.projects.shapes import person

Shape = dict[str, Any]
NOT_NEWS = {"revision", "updated_at"}  # they follow from the change itself


def metric(row: Metric) -> dict[str, Any]:
    """A metric as clients see it."""
    return {
        "uid": str(row.uid),
        "key": row.key,
        "direction": row.direction,
        "unit": row.unit,
        "smallest_difference": row.smallest_difference,
        "watched": row.watched,
        "revision": row.revision,
    }


def flat_criteria() -> Any:
    """Criteria as rows of just what their shapes need, in one query; those that are gone left out."""
    columns = (
        "ticket_id", "uid", "role", "metric__key", "dataset", "split", "op", "against", "target", "margin", "judge",
        "expected_gain", "state", "value",
    )  # fmt: skip
    return Criterion.objects.alive().values_list(*columns, named=True)


def definition(row: Any) -> dict[str, Any]:
    """What a criterion demands: the part of it that belongs to the plan. It is flat, or has its `metric` loaded."""
    return {
        "uid": str(row.uid),
        "role": row.role,
        "metric": row.metric.key if isinstance(row, Criterion) else row.metric__key,
        "dataset": row.dataset,
        "split": row.split,
        "op": row.op,
        "against": row.against,
        "value": row.target,
        "margin": row.margin,
        "judge": row.judge,
        "expected_gain": row.expected_gain,
    }


def criterion(row: Any) -> dict[str, Any]:
    """A criterion as clients see it: what it demands, how it stands, and the value that was compared last."""
    return definition(row) | {"state": row.state, "measured": row.value}


def snapshot(row: Snapshot, *, ticket: int) -> dict[str, Any]:
    """A snapshot as clients see it. Needs `metric`, `candidate` and `supersedes` loaded."""
    return {
        "uid": str(row.uid),
        "ticket": ticket,
        "metric": row.metric.key,
        "value": row.value,
        "value_state": row.value_state,
        "step": row.step,
        "candidate": row.candidate.name,
        "pair_key": row.pair_key,
        "split": row.split,
        "dataset": {"name": row.dataset_name, "digest": row.dataset_digest},
        "observed_at": rfc3339(row.observed_at),
        "run_id": row.run_id,
        "run_name": row.run_name,
        "run_url": row.run_url,
        "git_commit": row.git_commit,
        "params": row.params,
        "source": row.source,
        "external_id": row.external_id,
        "supersedes": str(row.supersedes.uid) if row.supersedes else None,
        "received_at": rfc3339(row.received_at),
        "revision": row.revision,
    }


def correction(row: SnapshotCorrection, *, ticket: int) -> Shape:
    """A correction as clients see it; None is "as received". Needs `candidate` and `actor` loaded."""
    return {
        "uid": str(row.uid),
        "ticket": ticket,
        "source": row.source,
        "external_id": row.external_id,
        "run_pair": row.run_pair,
        "run_split": row.run_split,
        "candidate": row.candidate.name if row.candidate else None,
        "pair_key": row.pair_key,
        "split": row.split,
        "reason": row.reason,
        "actor": person(row.actor),
        "at": rfc3339(row.at),
        "revision": row.revision,
    }


def judgement(row: Judgement, *, ticket: int) -> Shape:
    """One judging of a criterion as clients see it, with what it compared. Needs `criterion` and `candidate` loaded."""
    return {
        "uid": str(row.uid),
        "ticket": ticket,
        "criterion": str(row.criterion.uid),
        "state": row.state,
        "value": row.value,
        "bound": row.against_value,
        "candidate": row.candidate.name if row.candidate else None,
        "compared": row.compared,
        "at": rfc3339(row.at),
        "revision": row.revision,
    }


def target(row: Target) -> dict[str, Any]:
    """Where an epic wants a metric to be. Needs `metric` loaded."""
    return {"metric": row.metric.key, "op": row.op, "value": row.value}


def candidate(row: Candidate) -> Shape:
    """A candidate as clients see it. Needs `ticket` loaded."""
    return {"uid": str(row.uid), "ticket": row.ticket.number, "name": row.name, "created_at": rfc3339(row.created_at)}


def baseline(row: Baseline) -> Shape:
    """A baseline as clients see it; an empty dataset (its digest) or split is any. Needs metric, candidate's ticket."""
    return {
        "uid": str(row.uid),
        "metric": row.metric.key,
        "label": row.label,
        "candidate": candidate(row.candidate) if row.candidate else None,
        "constant": row.constant,
        "dataset": row.dataset_digest,
        "split": row.split,
        "revision": row.revision,
    }


def policy(row: Policy) -> Shape:
    """A version of a policy as clients see it. Needs `metric` loaded."""
    return {
        "version": row.version,
        "metric": row.metric.key,
        "margin": row.margin,
        "dataset": {"name": row.dataset_name, "digest": row.dataset_digest},
        "split": row.split,
        "design": row.design,
        "folds": row.folds,
        "planned_n": row.planned_n,
        "alpha": row.alpha,
        "looks": row.looks,
        "guardrails": row.guardrails,
        "at": rfc3339(row.at),
    }


def model(row: RegisteredModel, *, policy: Shape | None, champion: int | None) -> Shape:
    """A registered model as clients see it, with its newest policy and the number of the promotion that reigns."""
    return {
        "uid": str(row.uid),
        "slug": row.slug,
        "name": row.name,
        "purpose": row.purpose,
        "registry_source": row.registry_source,
        "registry_name": row.registry_name,
        "policy": policy,
        "champion": champion,
        "created_at": rfc3339(row.created_at),
        "version": row.version,
        "revision": row.revision,
    }


def look(row: Look) -> Shape:
    """One judging of an evaluation as clients see it. Needs `actor` loaded."""
    return {
        "number": row.number,
        "verdict": row.verdict,
        "answer": row.answer,
        "terms": row.terms,
        "inputs": row.inputs,
        "actor": person(row.actor),
        "at": rfc3339(row.at),
    }


def evaluation(row: Evaluation, looks: Iterable[Look]) -> Shape:
    """An evaluation as clients see it, with its looks in order. Needs model, champion, challenger's ticket, actor."""
    return {
        "uid": str(row.uid),
        "number": row.number,
        "model": row.model.slug,
        "champion": row.champion.number,
        "challenger": candidate(row.challenger),
        "policy_version": row.policy.version,
        "terms": row.terms,
        "place": row.place,
        "expects": row.expects,
        "state": row.state,
        "looks": [look(one) for one in looks],
        "actor": person(row.actor),
        "at": rfc3339(row.at),
        "ended_at": maybe_rfc3339(row.ended_at),
        "version": row.version,
        "revision": row.revision,
    }


def promotion(row: Promotion) -> Shape:
    """A promotion as clients see it. Needs model, candidate's ticket, evaluation, deployment and actor loaded."""
    return {
        "uid": str(row.uid),
        "model": row.model.slug,
        "number": row.number,
        "candidate": candidate(row.candidate),
        "kind": row.kind,
        "evaluation": row.evaluation.number if row.evaluation else None,
        "provisional": row.provisional,
        "reason": row.reason,
        "deployment": row.deployment.number if row.deployment else None,
        "actor": person(row.actor),
        "at": rfc3339(row.at),
        "revision": row.revision,
    }


def diff(before: Shape, after: Shape) -> dict[str, list[Any]]:
    """What differs between two shapes of one thing, as {field: [old, new]}."""
    return {name: [before[name], after[name]] for name in after if name not in NOT_NEWS and before[name] != after[name]}
