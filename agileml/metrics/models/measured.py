"""Metrics and what was measured: snapshots, candidates, corrections, baselines."""

import uuid
from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce

from agileml.lib.doubles import WideField
from agileml.projects.models import Project
from agileml.work.models import Ticket

NO_STEP = -1  # not NULL: a NULL would defeat the unique constraint that makes a snapshot arrive once


class Metric(models.Model):
    """A named quantity of a project. Without a direction it is stored but unwatched."""

    class Direction(models.TextChoices):
        UNKNOWN = "", "not watched"
        HIGHER = "higher", "higher is better"
        LOWER = "lower", "lower is better"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="metrics")
    key = models.CharField(max_length=200)
    direction = models.CharField(max_length=6, choices=Direction.choices, blank=True, default="")
    unit = models.CharField(max_length=16, blank=True, default="")  # "%": the values are fractions
    smallest_difference = models.FloatField(null=True)
    created_at = models.DateTimeField()
    revision = models.BigIntegerField(default=0)

    is_judged_by: bool  # only on rows that a write named

    class Meta:
        constraints = (models.UniqueConstraint(fields=["project", "key"], name="one_metric_a_key"),)

    def __str__(self) -> str:
        return self.key

    @property
    def watched(self) -> bool:
        return bool(self.direction)


class Candidate(models.Model):
    """A named set of runs on a ticket, its seeds or folds: what is compared."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="candidates")
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["ticket", "name"], name="one_candidate_a_name"),)

    def __str__(self) -> str:
        return self.name


class SnapshotQuerySet(models.QuerySet["Snapshot"]):
    def current(self) -> "SnapshotQuerySet":
        """Rows that no later value under the same identity has superseded."""
        return self.filter(superseded_by=None)

    def finite(self) -> "SnapshotQuerySet":
        """Rows that may enter a comparison."""
        return self.filter(value_state=Snapshot.ValueState.OK)

    def corrected(self) -> Any:  # the type checker knows no annotated columns
        """Rows as comparisons read them: `as_candidate` (an id), `as_name` (its name), `as_pair` and `as_split`.

        Each is what a person said of the run, else what was received. Whatever compares or shows reads these.
        """
        said = SnapshotCorrection.objects.filter(
            ticket=models.OuterRef("ticket"),
            source=models.OuterRef("source"),
            external_id=models.OuterRef("external_id"),
            run_pair=models.OuterRef("pair_key"),
            run_split=models.OuterRef("split"),
        )
        key = models.BigIntegerField()
        candidate = models.Subquery(said.values("candidate_id")[:1], output_field=key)
        name = models.Subquery(said.values("candidate__name")[:1])
        return self.annotate(
            as_candidate=Coalesce(candidate, models.F("candidate_id"), output_field=key),
            as_name=Coalesce(name, models.F("candidate__name")),
            as_pair=Coalesce(models.Subquery(said.values("pair_key")[:1]), models.F("pair_key")),
            as_split=Coalesce(models.Subquery(said.values("split")[:1]), models.F("split")),
        )

    def of_candidates(self, ids: Collection[int]) -> Any:
        """Corrected rows of these candidates. A run is never moved to another ticket, so theirs are enough to read."""
        tickets = Candidate.objects.filter(pk__in=ids).values("ticket")
        return self.corrected().filter(ticket__in=tickets, as_candidate__in=ids)


class Snapshot(models.Model):
    """One measured value of one metric, copied at the moment it was read. No row is ever updated."""

    class ValueState(models.TextChoices):
        OK = "ok"
        NAN = "nan"
        POS_INF = "pos_inf"
        NEG_INF = "neg_inf"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="snapshots")
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="snapshots")
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="snapshots")
    source = models.CharField(max_length=40)  # a source's uid, or "push"
    external_id = models.CharField(max_length=500)
    dataset_name = models.CharField(max_length=200, blank=True, default="")
    dataset_digest = models.CharField(max_length=128, blank=True, default="")
    split = models.CharField(max_length=64, blank=True, default="")
    pair_key = models.CharField(max_length=64, blank=True, default="")
    step = models.BigIntegerField(default=NO_STEP)
    nth = models.PositiveIntegerField(default=0)
    value = models.FloatField(null=True)
    value_state = models.CharField(max_length=7, choices=ValueState.choices, default=ValueState.OK)
    observed_at = models.DateTimeField()
    run_id = models.CharField(max_length=200, blank=True, default="")
    run_name = models.CharField(max_length=200, blank=True, default="")
    run_url = models.CharField(max_length=2000, blank=True, default="")
    git_commit = models.CharField(max_length=64, blank=True, default="")
    params = WideField(default=dict)
    discordant = models.JSONField(null=True)
    supersedes = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="superseded_by")
    received_at = models.DateTimeField()
    revision = models.BigIntegerField(default=0)

    as_candidate: int  # these four only on rows that are read as `corrected`
    as_name: str
    as_pair: str
    as_split: str

    objects = SnapshotQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=[
                    "ticket",
                    "source",
                    "external_id",
                    "metric",
                    "dataset_digest",
                    "split",
                    "pair_key",
                    "step",
                    "nth",
                ],
                name="a_snapshot_arrives_once",
            ),
            models.CheckConstraint(
                condition=models.Q(value_state="ok", value__isnull=False)
                | (~models.Q(value_state="ok") & models.Q(value__isnull=True)),
                name="a_value_is_a_number_or_says_why_not",
            ),
        )
        indexes = (
            models.Index(fields=["ticket", "metric", "observed_at"], name="snapshot_by_ticket"),
            models.Index(fields=["metric", "observed_at"], name="snapshot_by_metric"),
        )

    def __str__(self) -> str:
        return f"{self.metric_id} = {self.value if self.value is not None else self.value_state}"


class SnapshotCorrection(models.Model):
    """What a person says of a run's values instead of what they said themselves: candidate, pair, split.

    It lies over the values as they were received and stays when the run is read again. `run_pair` and `run_split` are
    those that were received; None leaves that part as it is.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="corrections")
    source = models.CharField(max_length=40)
    external_id = models.CharField(max_length=500)
    run_pair = models.CharField(max_length=64, blank=True, default="")
    run_split = models.CharField(max_length=64, blank=True, default="")
    candidate = models.ForeignKey(Candidate, null=True, on_delete=models.PROTECT, related_name="+")
    pair_key = models.CharField(max_length=64, null=True)
    split = models.CharField(max_length=64, null=True)
    reason = models.TextField(blank=True, default="")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    revision = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["ticket", "source", "external_id", "run_pair", "run_split"], name="one_correction_a_run"
            ),
        )

    def __str__(self) -> str:
        return f"correction of {self.external_id}"


class Baseline(models.Model):
    """What a metric is worth without the work: a measured candidate, or a constant with a label."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="baselines")
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="baselines")
    dataset_digest = models.CharField(max_length=128, blank=True, default="")
    split = models.CharField(max_length=64, blank=True, default="")
    candidate = models.ForeignKey(Candidate, null=True, on_delete=models.PROTECT, related_name="+")
    constant = models.FloatField(null=True)
    label = models.CharField(max_length=120)
    revision = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["project", "metric", "dataset_digest", "split"], name="one_baseline_a_measurement"
            ),
            models.CheckConstraint(
                condition=models.Q(candidate__isnull=True, constant__isnull=False)
                | models.Q(candidate__isnull=False, constant__isnull=True),
                name="a_baseline_is_measured_or_constant",
            ),
        )

    def __str__(self) -> str:
        return self.label
