"""Criteria and their judgements, targets, and what findings cite."""

import uuid

from django.db import models

from agileml.lib.doubles import DoublesField
from agileml.metrics.models.champions import Evaluation
from agileml.metrics.models.measured import Candidate, Metric, Snapshot
from agileml.work.models import Epic, Finding, Ticket


class CriterionQuerySet(models.QuerySet["Criterion"]):
    def alive(self) -> "CriterionQuerySet":
        """Criteria that are part of their ticket's plan now."""
        return self.filter(deleted_at=None)


class Criterion(models.Model):
    """A machine-checkable test of a ticket. `state` and `value` repeat the last judgement, for lights on cards."""

    class Role(models.TextChoices):
        SUCCESS = "success", "Success"
        KILL = "kill", "Kill"

    class Op(models.TextChoices):
        AT_LEAST = ">=", "≥"
        AT_MOST = "<=", "≤"

    class Against(models.TextChoices):
        NUMBER = "number"
        BASELINE = "baseline"
        CHAMPION = "champion"

    class Judge(models.TextChoices):
        MEAN = "mean"
        WORST = "worst"
        ONE = "one"

    class State(models.TextChoices):
        PENDING = "pending", "pending"
        MET = "met", "met"
        NOT_MET = "not_met", "not met"
        AHEAD_UNTESTED = "ahead_untested", "ahead, untested"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="criteria")
    role = models.CharField(max_length=7, choices=Role.choices, default=Role.SUCCESS)
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="criteria")
    dataset = models.CharField(max_length=128, blank=True, default="")  # a digest; empty is any
    split = models.CharField(max_length=64, blank=True, default="")  # empty is any
    op = models.CharField(max_length=2, choices=Op.choices)
    against = models.CharField(max_length=8, choices=Against.choices, default=Against.NUMBER)
    target = models.FloatField(null=True)
    margin = models.FloatField(default=0)
    judge = models.CharField(max_length=5, choices=Judge.choices, default=Judge.MEAN)
    expected_gain = models.FloatField(null=True)
    state = models.CharField(max_length=14, choices=State.choices, default=State.PENDING)
    value = models.FloatField(null=True)
    judged_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    objects = CriterionQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(against="number") | models.Q(target__isnull=False), name="a_number_is_given"
            ),
        )
        indexes = (models.Index(fields=["ticket", "deleted_at"], name="criterion_by_ticket"),)

    def __str__(self) -> str:
        return f"{self.metric_id} {self.op} {self.target}"


class Judgement(models.Model):
    """One judging of one criterion, naming what was compared. Written whenever the answer or its grounds change."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    criterion = models.ForeignKey(Criterion, on_delete=models.PROTECT, related_name="judgements")
    state = models.CharField(max_length=14, choices=Criterion.State.choices)
    value = models.FloatField(null=True)
    against_value = models.FloatField(null=True)
    candidate = models.ForeignKey(Candidate, null=True, on_delete=models.PROTECT, related_name="+")
    compared = DoublesField(default=dict)
    at = models.DateTimeField()
    revision = models.BigIntegerField(default=0)

    class Meta:
        indexes = (models.Index(fields=["criterion", "at"], name="judgement_by_criterion"),)

    def __str__(self) -> str:
        return self.state


class Target(models.Model):
    """Where an epic wants a metric to be."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    epic = models.OneToOneField(Epic, on_delete=models.PROTECT, related_name="target")
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="+")
    op = models.CharField(max_length=2, choices=Criterion.Op.choices)
    value = models.FloatField()

    def __str__(self) -> str:
        return f"{self.metric_id} {self.op} {self.value}"


class Citation(models.Model):
    """A finding rests on a snapshot or on an evaluation."""

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="citations")
    snapshot = models.ForeignKey(Snapshot, null=True, on_delete=models.PROTECT, related_name="citations")
    evaluation = models.ForeignKey(Evaluation, null=True, on_delete=models.PROTECT, related_name="citations")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["finding", "snapshot"], name="one_citation_a_pair"),
            models.UniqueConstraint(fields=["finding", "evaluation"], name="one_citation_an_evaluation"),
            models.CheckConstraint(
                condition=models.Q(snapshot__isnull=True, evaluation__isnull=False)
                | models.Q(snapshot__isnull=False, evaluation__isnull=True),
                name="a_citation_is_one_thing",
            ),
        )

    def __str__(self) -> str:
        return f"{self.finding_id} cites {self.snapshot_id or self.evaluation_id}"
