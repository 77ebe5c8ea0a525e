"""Epics, stories, tickets, and what people write on them."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models

from agileml.accounts.models import User
from agileml.projects.models import KnownElsewhere, Project
from agileml.work.types import TicketType


class RankField(models.CharField):
    """Text compared byte by byte on every back end; a language's collation would order the keys differently."""

    def db_parameters(self, connection: Any) -> Any:
        parameters = super().db_parameters(connection)
        parameters["collation"] = "C" if connection.vendor == "postgresql" else "BINARY"
        return parameters


class Epic(KnownElsewhere):
    """A business goal."""

    known_as = "epic"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="epics")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    goal = models.TextField(blank=True, default="")
    components = models.JSONField(default=list)
    rank = RankField(max_length=255)
    version = models.PositiveIntegerField(default=1)
    revision = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["project", "number"], name="one_epic_a_number"),)

    def __str__(self) -> str:
        return self.title


class Story(KnownElsewhere):
    """A question or capability under an epic."""

    known_as = "story"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="stories")
    epic = models.ForeignKey(Epic, null=True, on_delete=models.PROTECT, related_name="stories")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    rank = RankField(max_length=255)
    version = models.PositiveIntegerField(default=1)
    revision = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["project", "number"], name="one_story_a_number"),)

    def __str__(self) -> str:
        return self.title


class TicketQuerySet(models.QuerySet["Ticket"]):
    def visible_to(self, user: User) -> "TicketQuerySet":
        """Tickets of the user's projects that have not been deleted."""
        return self.filter(project__memberships__user=user, project__memberships__user__is_active=True, deleted_at=None)

    def alive(self) -> "TicketQuerySet":
        """Tickets that have not been deleted."""
        return self.filter(deleted_at=None)


class Ticket(KnownElsewhere):
    """The unit of work. It does not know its sprint: assignments do, and remember."""

    known_as = "ticket"

    class Status(models.TextChoices):
        TODO = "todo", "To do"
        IN_PROGRESS = "in_progress", "In progress"
        IN_REVIEW = "in_review", "In review"
        DONE = "done", "Done"
        SKIPPED = "skipped", "Skipped"

    class Outcome(models.TextChoices):
        NONE = "", ""
        SHIPPED = "shipped", "Shipped"
        LEARNED = "learned", "Learned"
        DEMOED = "demoed", "Demoed"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="tickets")
    number = models.PositiveIntegerField()
    type = models.CharField(max_length=24, choices=TicketType.choices)
    title = models.CharField(max_length=200)
    question = models.TextField(blank=True, default="")
    description = models.TextField(blank=True, default="")
    expected_benefit = models.TextField(blank=True, default="")
    riskiest_assumption = models.TextField(blank=True, default="")
    stop_when = models.TextField(blank=True, default="")
    component = models.CharField(max_length=40, blank=True, default="")
    story = models.ForeignKey(Story, null=True, on_delete=models.PROTECT, related_name="tickets")
    labels = models.JSONField(default=list)
    estimate = models.FloatField(null=True)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.TODO)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, blank=True, default="")
    unverified = models.BooleanField(default=False)  # another system says that it is done; nobody here looked
    blocked_since = models.DateTimeField(null=True)
    blocked_why = models.TextField(blank=True, default="")
    waiting_on_run = models.BooleanField(default=False)
    links = models.JSONField(default=list)  # [{"url", "title", "kind"}]
    checklist = models.JSONField(default=list)  # [{"text", "done"}]
    split_from = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="split_into")
    needs: models.ManyToManyField = models.ManyToManyField(
        "self", through="Dependency", symmetrical=False, related_name="needed_by"
    )
    rank = RankField(max_length=255)
    version = models.PositiveIntegerField(default=1)
    revision = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)  # when it first went in progress: a time-box runs from here
    done_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    objects = TicketQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["project", "number"], name="one_ticket_a_number"),
            models.CheckConstraint(
                condition=models.Q(outcome="") | models.Q(status="done"), name="only_a_done_ticket_has_an_outcome"
            ),
            models.CheckConstraint(
                condition=models.Q(unverified=False) | models.Q(status="done"), name="only_a_done_ticket_is_unverified"
            ),
        )
        indexes = (
            models.Index(fields=["project", "rank", "number"], name="ticket_by_rank"),
            models.Index(fields=["project", "story"], name="ticket_by_story"),
        )

    def __str__(self) -> str:
        return f"#{self.number} {self.title}"

    def called(self, key: str) -> str:
        """What people call it."""
        return f"{key}-{self.number}"


class Dependency(models.Model):
    """`ticket` needs `needs` first."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="dependencies")
    needs = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="dependants")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["ticket", "needs"], name="one_dependency_a_pair"),
            models.CheckConstraint(condition=~models.Q(ticket=models.F("needs")), name="no_ticket_needs_itself"),
        )

    def __str__(self) -> str:
        return f"{self.ticket_id} needs {self.needs_id}"


class OnTicket(KnownElsewhere):
    """What people write on a ticket and other systems may know, too."""

    ticket: Any

    class Meta:
        abstract = True

    @property
    def in_project(self) -> int:
        """The key of its ticket's project."""
        return int(self.ticket.project_id)

    def called(self, key: str) -> str:
        """What people call it."""
        return f"a {self.known_as} on {key}-{self.ticket.number}"


class Finding(OnTicket):
    """What was learned on a ticket."""

    known_as = "finding"

    class Kind(models.TextChoices):
        CONFIRMS = "confirms", "Confirms"
        REFUTES = "refutes", "Refutes"
        SURPRISE = "surprise", "Surprise"
        BLOCKER = "blocker", "Blocker"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="findings")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    text = models.TextField()
    at = models.DateTimeField()
    revision = models.BigIntegerField(default=0)

    class Meta:
        indexes = (models.Index(fields=["ticket", "at"], name="finding_by_ticket"),)

    def __str__(self) -> str:
        return self.text[:80]


class ReviewOpinion(models.Model):
    """What a human reviewer says of the work; the machine's word on a model is a verdict."""

    class Opinion(models.TextChoices):
        ACCEPT = "accept", "Accept"
        REWORK = "rework", "Rework"
        STOP = "stop", "Stop"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="opinions")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opinion = models.CharField(max_length=8, choices=Opinion.choices)
    text = models.TextField(blank=True, default="")
    at = models.DateTimeField()
    revision = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.opinion


class Comment(OnTicket):
    """A remark on a ticket."""

    known_as = "comment"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    at = models.DateTimeField()
    revision = models.BigIntegerField(default=0)

    class Meta:
        indexes = (models.Index(fields=["ticket", "at"], name="comment_by_ticket"),)

    def __str__(self) -> str:
        return self.text[:80]
