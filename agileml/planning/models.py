"""Sprints, what is in them, and the decisions that made it so."""

import uuid

from django.conf import settings
from django.db import models

from agileml.lib.doubles import DoublesField
from agileml.metrics.models import Evaluation, Snapshot
from agileml.projects.models import KnownElsewhere, Project
from agileml.work.models import Epic, Finding, Ticket


class Sprint(KnownElsewhere):
    """Dates are the plan; state is what happened. `plan_version` and `replans` repeat what the decisions say."""

    known_as = "sprint"

    class State(models.TextChoices):
        PLANNED = "planned", "planned"
        ACTIVE = "active", "active"
        CLOSED = "closed", "closed"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="sprints")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    goal = models.TextField(blank=True, default="")
    increment = models.TextField(blank=True, default="")
    start = models.DateField()
    end = models.DateField()
    state = models.CharField(max_length=7, choices=State.choices, default=State.PLANNED)
    plan_version = models.PositiveIntegerField(default=0)
    replans = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)
    revision = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["project", "number"], name="one_sprint_a_number"),
            models.CheckConstraint(
                condition=models.Q(end__gte=models.F("start")), name="a_sprint_ends_after_it_starts"
            ),
        )
        indexes = (models.Index(fields=["project", "state"], name="sprint_by_state"),)

    def __str__(self) -> str:
        return self.name


class Decision(models.Model):
    """One atomic change of one sprint's plan (or, without a sprint, of the backlog). Never edited."""

    class Kind(models.TextChoices):
        START = "start", "Start"
        REPLAN = "replan", "Re-plan"
        RECEIVED = "received", "Received"
        REVERT = "revert", "Taken back"
        CLOSE = "close", "Close"

    class Reason(models.TextChoices):
        NONE = "", ""
        FINDING_INVALIDATES = "finding_invalidates", "A finding made work pointless"
        FINDING_OPENS = "finding_opens", "A finding opened something new"
        BLOCKED = "blocked", "Blocked"
        CAPACITY = "capacity", "Too much for the time left"
        PRIORITY = "priority", "Something matters more"
        DATA_PROBLEM = "data_problem", "A problem with the data"
        FORGOTTEN = "forgotten", "Forgotten when planning"
        CORRECTION = "correction", "A correction"
        OTHER = "other", "Other"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="decisions")
    sprint = models.ForeignKey(Sprint, null=True, on_delete=models.PROTECT, related_name="decisions")
    version = models.PositiveIntegerField(null=True)
    group = models.UUIDField(default=uuid.uuid4)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    reason_code = models.CharField(max_length=20, choices=Reason.choices, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reverts = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="reverts_of_it")
    partial = models.BooleanField(default=False)  # a revert that left some of the moves standing
    revision = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["sprint", "version"], name="one_decision_a_version"),
            models.CheckConstraint(
                condition=models.Q(sprint__isnull=True, version__isnull=True)
                | models.Q(sprint__isnull=False, version__isnull=False),
                name="only_a_sprint_has_plan_versions",
            ),
        )
        indexes = (
            models.Index(fields=["group"], name="decision_by_group"),
            models.Index(fields=["project", "at"], name="decision_by_time"),
        )

    def __str__(self) -> str:
        return f"v{self.version} {self.kind}"


class Move(models.Model):
    """One line of a decision. `before` and `after` hold what it changed, enough to replay it and to take it back."""

    class Kind(models.TextChoices):
        ADD = "add"
        REMOVE = "remove"
        SKIP = "skip"
        RESTORE = "restore"
        DEFER = "defer"
        CHANGE = "change"
        SPLIT = "split"
        SPRINT = "sprint"

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="moves")
    position = models.PositiveIntegerField()
    move = models.CharField(max_length=7, choices=Kind.choices)
    ticket = models.ForeignKey(Ticket, null=True, on_delete=models.PROTECT, related_name="moves")
    before = DoublesField(null=True)
    after = DoublesField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["decision", "position"], name="one_move_a_position"),)

    def __str__(self) -> str:
        return f"{self.move} {self.ticket_id or ''}"


class Assignment(models.Model):
    """A ticket is in a sprint from one decision to another. `opened_by` is null while it is only a draft."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="assignments")
    sprint = models.ForeignKey(Sprint, on_delete=models.PROTECT, related_name="assignments")
    opened_by = models.ForeignKey(Decision, null=True, on_delete=models.PROTECT, related_name="opened")
    ended_by = models.ForeignKey(Decision, null=True, on_delete=models.PROTECT, related_name="ended")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["ticket"], condition=models.Q(opened_by__isnull=True), name="one_draft_a_ticket"
            ),
            models.UniqueConstraint(
                fields=["ticket"],
                condition=models.Q(opened_by__isnull=False, ended_by__isnull=True),
                name="one_active_sprint_a_ticket",
            ),
        )
        indexes = (models.Index(fields=["sprint", "ended_by"], name="assignment_by_sprint"),)

    def __str__(self) -> str:
        return f"{self.ticket_id} in {self.sprint_id}"


class Evidence(models.Model):
    """What a decision rests on: a finding, a snapshot or an evaluation."""

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="evidence")
    finding = models.ForeignKey(Finding, null=True, on_delete=models.PROTECT, related_name="+")
    snapshot = models.ForeignKey(Snapshot, null=True, on_delete=models.PROTECT, related_name="+")
    evaluation = models.ForeignKey(Evaluation, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(finding__isnull=False, snapshot__isnull=True, evaluation__isnull=True)
                | models.Q(finding__isnull=True, snapshot__isnull=False, evaluation__isnull=True)
                | models.Q(finding__isnull=True, snapshot__isnull=True, evaluation__isnull=False),
                name="evidence_names_one_thing",
            ),
        )

    def __str__(self) -> str:
        return f"evidence {self.finding_id or self.snapshot_id or self.evaluation_id}"


class Proposal(models.Model):
    """A re-plan that is not decided yet, kept as it was sent: it is checked anew on the plan that it meets."""

    class State(models.TextChoices):
        OPEN = "open", "open"
        DECIDED = "decided", "decided"
        DECLINED = "declined", "declined"
        WITHDRAWN = "withdrawn", "withdrawn"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sprint = models.ForeignKey(Sprint, on_delete=models.PROTECT, related_name="proposals")
    base_version = models.PositiveIntegerField()
    moves = DoublesField(default=list)
    reason_code = models.CharField(max_length=20, choices=Decision.Reason.choices, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    evidence = models.JSONField(default=list)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True, default="")
    decision = models.OneToOneField(Decision, null=True, on_delete=models.PROTECT, related_name="proposal")
    revision = models.BigIntegerField(default=0)

    class Meta:
        indexes = (models.Index(fields=["sprint", "state"], name="proposal_by_state"),)

    def __str__(self) -> str:
        return f"proposal on v{self.base_version}"


class AlignmentReview(models.Model):
    """Is an epic still the right goal? Asked at each sprint's end; the newest review of a sprint holds."""

    class Verdict(models.TextChoices):
        KEEP = "keep", "Keep"
        ADJUST = "adjust", "Adjust"
        STOP = "stop", "Stop"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    epic = models.ForeignKey(Epic, on_delete=models.PROTECT, related_name="reviews")
    sprint = models.ForeignKey(Sprint, on_delete=models.PROTECT, related_name="reviews")
    verdict = models.CharField(max_length=6, choices=Verdict.choices)
    note = models.TextField(blank=True, default="")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    revision = models.BigIntegerField(default=0)

    class Meta:
        indexes = (models.Index(fields=["epic", "at"], name="review_by_epic"),)

    def __str__(self) -> str:
        return f"{self.verdict} after sprint {self.sprint_id}"


class Dismissal(models.Model):
    """ "Not now", said to a suggested re-plan: the team has seen it, and it does not come back for the same cause."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sprint = models.ForeignKey(Sprint, on_delete=models.PROTECT, related_name="dismissals")
    key = models.CharField(max_length=120)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    revision = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["sprint", "key"], name="a_suggestion_is_dismissed_once"),)

    def __str__(self) -> str:
        return f"dismissed {self.key}"


class RetroLine(models.Model):
    """What the team says when it closes a sprint. It belongs to that close: taken back, the next close asks again."""

    class Kind(models.TextChoices):
        KEEP = "keep", "Keep"
        CHANGE = "change", "Change"
        TRY = "try", "Try"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="retro")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=6, choices=Kind.choices)
    text = models.TextField()
    ticket = models.ForeignKey(Ticket, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["decision", "position"], name="one_retro_line_a_position"),)

    def __str__(self) -> str:
        return f"{self.kind}: {self.text[:40]}"


class Report(models.Model):
    """What a closed sprint came to, frozen when it was closed: later edits of its tickets change nothing in it."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    sprint = models.ForeignKey(Sprint, on_delete=models.PROTECT, related_name="reports")
    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="report")
    at = models.DateTimeField()
    body = DoublesField(default=dict)

    def __str__(self) -> str:
        return f"report of sprint {self.sprint_id}"
