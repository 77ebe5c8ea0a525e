"""How metrics, criteria and snapshots are shown to clients and kept in plans: one function a resource."""

from typing import Any

from agileml.lib.times import rfc3339
from agileml.metrics.models import Criterion, Metric, Snapshot, Target


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


def definition(row: Criterion) -> dict[str, Any]:
    """What a criterion demands: the part of it that belongs to the plan. Needs `metric` loaded."""
    return {
        "uid": str(row.uid),
        "role": row.role,
        "metric": row.metric.key,
        "dataset": row.dataset,
        "split": row.split,
        "op": row.op,
        "against": row.against,
        "value": row.target,
        "margin": row.margin,
        "judge": row.judge,
        "expected_gain": row.expected_gain,
    }


def criterion(row: Criterion) -> dict[str, Any]:
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


def target(row: Target) -> dict[str, Any]:
    """Where an epic wants a metric to be. Needs `metric` loaded."""
    return {"metric": row.metric.key, "op": row.op, "value": row.value}
