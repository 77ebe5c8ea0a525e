"""The journal: one stream of changes a project, from which everything that follows a project is read."""

import uuid

from django.conf import settings
from django.db import models

from agileml.lib.doubles import WideField


def new_epoch() -> str:
    """A name for one unbroken history; a restore or an import begins another."""
    return uuid.uuid4().hex


class Stream(models.Model):
    """The narrow row that every write of a project locks first: its revision and its counters, nothing else."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    epoch = models.CharField(max_length=32, default=new_epoch)
    revision = models.BigIntegerField(default=0)
    last_at = models.DateTimeField()
    tickets = models.PositiveIntegerField(default=0)
    stories = models.PositiveIntegerField(default=0)
    epics = models.PositiveIntegerField(default=0)
    sprints = models.PositiveIntegerField(default=0)
    demos = models.PositiveIntegerField(default=0)
    # Whether anybody is to be told of its changes. It stands here, where every write reads it with the lock, so that a
    # project without webhooks pays nothing for those of others.
    hooked = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"stream {self.uid} at {self.revision}"


class Change(models.Model):
    """One thing that happened, in commit order. Never updated and never deleted."""

    class Action(models.TextChoices):
        CREATED = "created"
        UPDATED = "updated"
        DELETED = "deleted"

    stream = models.ForeignKey(Stream, on_delete=models.PROTECT, related_name="changes")
    revision = models.BigIntegerField()
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    origin = models.CharField(max_length=255, default="", blank=True)  # the writer's token, and its request's key
    kind = models.CharField(max_length=32)
    action = models.CharField(max_length=8, choices=Action.choices)
    object_uid = models.UUIDField()
    number = models.PositiveIntegerField(null=True)
    parent_kind = models.CharField(max_length=32, default="", blank=True)
    parent_uid = models.UUIDField(null=True)
    version = models.PositiveIntegerField(null=True)
    diff = WideField(default=dict)
    resource = WideField(null=True)
    tickets = WideField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["stream", "revision"], name="one_change_a_revision"),)
        indexes = (models.Index(fields=["stream", "object_uid", "revision"], name="change_by_object"),)

    def __str__(self) -> str:
        return f"{self.revision}: {self.kind} {self.action}"


class Audit(models.Model):
    """What is not project data yet must be on record: log-ins, tokens, roles, overrides. The stream may be none."""

    stream = models.ForeignKey(Stream, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=64)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = (models.Index(fields=["stream", "at"], name="audit_by_stream"),)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action}"


class Answer(models.Model):
    """What a request with a key of its own was answered, for when it is sent again; written with what it did."""

    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)  # of the request: under its key nothing else may be sent
    at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)  # encrypted by whoever keeps it

    class Meta:
        constraints = (models.UniqueConstraint(fields=["stream", "user", "key"], name="one_answer_a_key"),)

    def __str__(self) -> str:
        return f"{self.status} for {self.key}"


class Endpoint(models.Model):
    """An address that is told of a stream's changes, one by one, as far as `cursor`.

    `secrets` is sealed: what requests are signed with, and what they were signed with until lately. Of `kinds`, none
    means all. A worker has it until `leased_until`; after a failure it is left alone until `due_at`.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        REMOVED = "removed"

    stream = models.ForeignKey(Stream, on_delete=models.PROTECT, related_name="endpoints")
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    url = models.CharField(max_length=2000)
    description = models.CharField(max_length=200, default="", blank=True)
    kinds = models.JSONField(default=list)
    secrets = models.TextField(default="")
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    trouble = models.CharField(max_length=500, default="", blank=True)
    cursor = models.BigIntegerField()
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"webhook {self.uid} ({self.state})"


class Delivery(models.Model):
    """One attempt to tell an endpoint of an event, by the way that the attempts go (`cause`) or by hand."""

    class Cause(models.TextChoices):
        CHANGE = "change"
        AGAIN = "again"
        PING = "ping"

    # Its index is the one below, which also gives the order in which they are listed.
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    event = models.CharField(max_length=80)
    type = models.CharField(max_length=48)
    revision = models.BigIntegerField(null=True)
    happened_at = models.DateTimeField()
    cause = models.CharField(max_length=8, choices=Cause.choices)
    attempt = models.PositiveIntegerField()
    at = models.DateTimeField()
    took_ms = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=500, default="", blank=True)
    answer = models.TextField(default="", blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["at"], name="delivery_by_age"),
            models.Index(fields=["event"], name="delivery_by_event"),
            models.Index(fields=["endpoint", "id"], name="delivery_by_endpoint"),
        )

    def __str__(self) -> str:
        return f"{self.type} at {self.at:%Y-%m-%d %H:%M:%S}: {self.status or self.error}"
