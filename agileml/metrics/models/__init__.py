"""Metrics and what was measured; criteria and their judgements; registered models and their champions."""

from agileml.metrics.models.champions import Evaluation, Look, Policy, Promotion, RegisteredModel
from agileml.metrics.models.criteria import Citation, Criterion, CriterionQuerySet, Judgement, Target
from agileml.metrics.models.measured import (
    NO_STEP,
    Baseline,
    Candidate,
    Metric,
    Snapshot,
    SnapshotCorrection,
    SnapshotQuerySet,
)

__all__ = [
    "NO_STEP",
    "Baseline",
    "Candidate",
    "Citation",
    "Criterion",
    "CriterionQuerySet",
    "Evaluation",
    "Judgement",
    "Look",
    "Metric",
    "Policy",
    "Promotion",
    "RegisteredModel",
    "Snapshot",
    "SnapshotCorrection",
    "SnapshotQuerySet",
    "Target",
]
