"""Registered models: their policies, evaluations, and the champions that came of them."""

import uuid

from django.conf import settings
from django.db import models

from agileml.lib.doubles import DoublesField
from agileml.metrics.models.measured import Candidate, Metric
from agileml.projects.models import Project
from agileml.work.models import Ticket


class RegisteredModel(models.Model):
    """A line of models that serve one purpose. Its champion is its newest promotion.

    `registry_source` (a source's uid) and `registry_name` say where an outside registry keeps it, if one does.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="registered_models")
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    purpose = models.TextField(blank=True, default="")
    registry_source = models.CharField(max_length=40, blank=True, default="")
    registry_name = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)
    revision = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["project", "slug"], name="one_model_a_slug"),)

    def __str__(self) -> str:
        return self.name


class Policy(models.Model):
    """How a challenger is compared with the champion. Never edited: a change is the next version.

    `margin` is the least gain that counts, absolute, in the metric's own unit; `guardrails` are
    [{"metric", "largest_regression"}], likewise absolute.
    """

    class Design(models.TextChoices):
        SEEDS = "seeds", "repeats with different seeds"
        KFOLD = "kfold", "folds of one cross-validation"
        SINGLE = "single_test_set", "one test set, example by example"
        AB_TEST = "ab_test", "an A/B test in use"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="policies")
    version = models.PositiveIntegerField()
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="policies")
    margin = models.FloatField()
    dataset_name = models.CharField(max_length=200, blank=True, default="")
    dataset_digest = models.CharField(max_length=128, blank=True, default="")
    split = models.CharField(max_length=64, blank=True, default="")
    design = models.CharField(max_length=15, choices=Design.choices, default=Design.SEEDS)
    folds = models.PositiveIntegerField(null=True)
    planned_n = models.PositiveIntegerField()
    alpha = models.FloatField(default=0.05)
    looks = models.PositiveIntegerField(default=1)
    guardrails = DoublesField(default=list)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    revision = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["model", "version"], name="one_policy_a_version"),
            models.CheckConstraint(condition=models.Q(margin__gte=0), name="a_margin_is_not_negative"),
        )

    def __str__(self) -> str:
        return f"policy {self.version} of {self.model_id}"


class Promotion(models.Model):
    """A candidate becomes the champion; what was champion before is the promotion before.

    `provisional` stays for good where the evaluation said no more than that. The champion is *live* once
    `deployment`, the ticket that brings it into use, has shipped.
    """

    class Kind(models.TextChoices):
        FIRST = "first", "the first champion"
        EVALUATION = "evaluation", "by an evaluation"
        OVERRIDE = "override", "by a lead's word"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="promotions")
    number = models.PositiveIntegerField()
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="promotions")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    evaluation = models.ForeignKey("metrics.Evaluation", null=True, on_delete=models.PROTECT, related_name="promotions")
    provisional = models.BooleanField(default=False)
    reason = models.TextField(blank=True, default="")
    deployment = models.ForeignKey(Ticket, null=True, on_delete=models.PROTECT, related_name="deploys")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    revision = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["model", "number"], name="one_promotion_a_number"),
            models.CheckConstraint(
                condition=~models.Q(kind="evaluation") | models.Q(evaluation__isnull=False),
                name="a_promotion_by_evaluation_names_it",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="override") | ~models.Q(reason=""), name="a_word_has_a_why"
            ),
        )

    def __str__(self) -> str:
        return f"champion {self.number} of {self.model_id}"


class Evaluation(models.Model):
    """Champion against challenger, registered before it is looked at.

    `terms` are frozen when it opens (see metrics.rules.terms): an edit, possible before the first look, is the next
    `version`. `place` is the challenger's in the family: evaluations opened against this champion on this dataset.
    """

    class State(models.TextChoices):
        OPEN = "open", "open"
        CLOSED = "closed", "closed"
        WITHDRAWN = "withdrawn", "withdrawn"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="evaluations")
    number = models.PositiveIntegerField()
    champion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="challenged_by")
    challenger = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="evaluations")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="evaluations")
    terms = DoublesField()
    place = models.PositiveIntegerField()
    expects = models.TextField(blank=True, default="")  # what its author expects, in words, before seeing it
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    revision = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["model", "number"], name="one_evaluation_a_number"),
            models.UniqueConstraint(
                fields=["champion", "challenger"],
                condition=models.Q(state="open"),
                name="one_open_evaluation_a_challenger",
            ),
        )

    def __str__(self) -> str:
        return f"evaluation {self.number} of {self.model_id}"


class Look(models.Model):
    """One judging of an evaluation, kept with all that it saw, so that it can be judged again to the same answer."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="looked")
    number = models.PositiveIntegerField()
    terms = DoublesField()
    inputs = DoublesField()
    verdict = models.CharField(max_length=20)
    answer = DoublesField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    revision = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["evaluation", "number"], name="one_look_a_number"),)

    def __str__(self) -> str:
        return f"look {self.number}: {self.verdict}"
