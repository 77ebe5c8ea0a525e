"""Sources of metrics, what of them is bound to a ticket by hand, and the polls that read them."""

import uuid

from django.db import models

from agileml.accounts.models import User
from agileml.projects.models import Project
from agileml.work.models import Ticket


class SourceQuerySet(models.QuerySet["Source"]):
    def visible_to(self, user: User) -> "SourceQuerySet":
        """Sources of the user's projects."""
        return self.filter(project__memberships__user=user, project__memberships__user__is_active=True)


class Source(models.Model):
    """Where a project's metrics come from.

    `cursor` is the connector's own note of how far it has read, `waiting` what could not be taken yet and is tried
    again: [{"where", "ticket", "code", "message", "mark", "tries", "due_at"}].
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        REMOVED = "removed"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="sources")
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    config = models.JSONField(default=dict)
    secrets = models.TextField(blank=True, default="")  # encrypted; never goes out again
    state = models.CharField(max_length=7, choices=State.choices, default=State.ACTIVE)
    trouble = models.TextField(blank=True, default="")  # why the last look failed, or why it is paused
    cursor = models.JSONField(default=dict)
    waiting = models.JSONField(default=list)
    every_seconds = models.PositiveIntegerField(default=60)
    due_at = models.DateTimeField()
    # Set while a worker looks; one that is set and over belongs to a worker that died.
    leased_until = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)  # looks in a row that failed
    running = models.JSONField(default=list)  # keys of tickets with a run that was unfinished at the last look
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)
    revision = models.BigIntegerField(default=0)

    objects = SourceQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["state", "due_at"], name="source_by_due"),)

    def __str__(self) -> str:
        return self.name


class Binding(models.Model):
    """A part of a source that somebody bound to a ticket: a run, a filter, a file, an expression.

    `ref` is what the source's connector made of what was pasted. `step` belongs to `at_step`. `cursor` and `waiting`
    are as a source's. It is looked at while it is active; `trouble` says why the last look brought nothing.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        ENDED = "ended"  # nothing more is to come: the run is finished and its ticket's sprint long over
        GONE = "gone"  # the source has deleted it; what was copied stays
        REMOVED = "removed"

    class Reduce(models.TextChoices):
        LATEST = "latest", "the latest step"
        MAX = "max", "the highest value"
        MIN = "min", "the lowest value"
        AT_STEP = "at_step", "one step"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="bindings")
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="bindings")
    ref = models.CharField(max_length=1000)
    reduce = models.CharField(max_length=7, choices=Reduce.choices, default=Reduce.LATEST)
    step = models.BigIntegerField(null=True)
    state = models.CharField(max_length=7, choices=State.choices, default=State.ACTIVE)
    trouble = models.TextField(blank=True, default="")
    cursor = models.JSONField(default=dict)
    running = models.BooleanField(default=False)  # a bound run was unfinished at the last look
    due_at = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)
    # When there was last a reason to look: its ticket in an active sprint, or its run unfinished.
    wanted_at = models.DateTimeField()
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    revision = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["source", "ticket", "ref"],
                condition=~models.Q(state="removed"),
                name="one_binding_a_reference",
            ),
            models.CheckConstraint(
                condition=~models.Q(reduce="at_step") | models.Q(step__isnull=False), name="a_step_is_named"
            ),
        )
        indexes = (
            models.Index(fields=["source", "state", "due_at"], name="binding_by_source_and_due"),
            models.Index(fields=["ticket", "state"], name="binding_by_ticket"),
        )

    def __str__(self) -> str:
        return self.ref


class Poll(models.Model):
    """One look at a source. Looks in a row that found nothing new share a row, counted by `times`."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="polls")
    binding = models.ForeignKey(Binding, null=True, on_delete=models.CASCADE, related_name="polls")
    first_at = models.DateTimeField()
    at = models.DateTimeField()
    took_ms = models.PositiveIntegerField(default=0)
    times = models.PositiveIntegerField(default=1)
    seen = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    superseded = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list)  # [{"where", "code", "message"}]

    class Meta:
        indexes = (models.Index(fields=["source", "-at"], name="poll_by_source"),)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}: {self.created} new"
