"""Demos: a sprint's show-and-tell, what was shown of it, and what those who saw it said."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models

from agileml.lib.doubles import DoublesField
from agileml.planning.models import Sprint
from agileml.projects.models import Project
from agileml.work.models import Epic, RankField, Ticket


class Demo(models.Model):
    """The draft of a sprint's show-and-tell. What others see are its editions; `edition` is the newest, 0 for none."""

    class State(models.TextChoices):
        DRAFT = "draft", "draft"
        PUBLISHED = "published", "published"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="demos")
    sprint = models.OneToOneField(Sprint, on_delete=models.PROTECT, related_name="demo")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    intro = models.TextField(blank=True, default="")
    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    edition = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    revision = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["project", "number"], name="one_demo_a_number"),
            models.CheckConstraint(
                condition=models.Q(state="draft", edition=0) | models.Q(state="published", edition__gt=0),
                name="a_published_demo_has_an_edition",
            ),
        )

    def __str__(self) -> str:
        return self.title


class DemoItem(models.Model):
    """One thing that is shown, in the draft. Of its ticket it shows the findings, charts (metrics) and verdicts named.

    None there is all that the ticket has when the demo is published.
    """

    class Section(models.TextChoices):
        LEARNED = "learned", "What we learned"
        BETTER = "better", "What got better"
        SHIPPED = "shipped", "What we shipped"
        NOT_DONE = "not_done", "What we decided not to do, and why"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    demo = models.ForeignKey(Demo, on_delete=models.PROTECT, related_name="items")
    ticket = models.ForeignKey(Ticket, null=True, on_delete=models.PROTECT, related_name="demo_items")
    section = models.CharField(max_length=8, choices=Section.choices)
    headline = models.CharField(max_length=200)
    story = models.TextField(blank=True, default="")
    findings = models.JSONField(null=True)  # uids
    charts = models.JSONField(null=True)  # keys of metrics
    evaluations = models.JSONField(null=True)  # uids
    presenter = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    rank = RankField(max_length=255)
    left_out = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    revision = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["demo", "ticket"], condition=models.Q(ticket__isnull=False), name="a_demo_has_a_ticket_once"
            ),
        )
        indexes = (models.Index(fields=["demo", "rank"], name="demo_item_by_rank"),)

    def __str__(self) -> str:
        return self.headline


class DemoImage(models.Model):
    """A picture of an item. One that was taken away stays, since an edition may show it."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    item = models.ForeignKey(DemoItem, on_delete=models.PROTECT, related_name="images")
    name = models.CharField(max_length=120)
    alt = models.CharField(max_length=300, blank=True, default="")
    media_type = models.CharField(max_length=20)
    size = models.PositiveIntegerField()
    content = models.BinaryField()
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Edition(models.Model):
    """What a viewer sees, frozen when it was published. Never updated."""

    demo = models.ForeignKey(Demo, on_delete=models.PROTECT, related_name="editions")
    number = models.PositiveIntegerField()
    body = DoublesField(default=dict)
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    revision = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["demo", "number"], name="one_edition_a_number"),)

    def __str__(self) -> str:
        return f"edition {self.number} of demo {self.demo_id}"


class ShareLinkQuerySet(models.QuerySet["ShareLink"]):
    def working(self, now: datetime) -> "ShareLinkQuerySet":
        """Those that were not revoked and have not expired."""
        return self.filter(expires_at__gt=now, revoked_at=None)


class ShareLink(models.Model):
    """A link by which anybody sees one demo, or with no demo the project's newest. Only a hash of its token is kept."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="share_links")
    demo = models.ForeignKey(Demo, null=True, on_delete=models.CASCADE, related_name="share_links")
    digest = models.CharField(max_length=64, unique=True)
    passphrase = models.CharField(max_length=200, blank=True, default="")  # its slow hash
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    views = models.PositiveBigIntegerField(default=0)

    objects = ShareLinkQuerySet.as_manager()

    def __str__(self) -> str:
        return f"share link {self.uid}"


class Said(models.Model):
    """What somebody said of a demo: a participant, or a guest by the name that she gave. `key` keeps it from doubling.

    A form or a client sends the key along, so that what is sent twice is kept once; empty where nobody did.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    guest_name = models.CharField(max_length=60, blank=True, default="")
    link = models.ForeignKey(ShareLink, null=True, on_delete=models.PROTECT, related_name="+")
    edition = models.PositiveIntegerField()
    key = models.CharField(max_length=64, blank=True, default="")
    at = models.DateTimeField()
    revision = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class Feedback(Said):
    """What was said of an item, or of the demo as a whole."""

    class Kind(models.TextChoices):
        AGREE = "agree", "Agree"
        QUESTION = "question", "Question"
        CONCERN = "concern", "Concern"
        COMMENT = "comment", "Comment"

    demo = models.ForeignKey(Demo, on_delete=models.PROTECT, related_name="feedback")
    item = models.ForeignKey(DemoItem, null=True, on_delete=models.PROTECT, related_name="feedback")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    text = models.TextField(blank=True, default="")
    answer = models.TextField(blank=True, default="")
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True)
    became = models.JSONField(null=True)  # {"ticket": number} or {"finding": uid}

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["demo", "key"], condition=~models.Q(key=""), name="feedback_is_kept_once"),
        )
        indexes = (models.Index(fields=["demo", "at"], name="feedback_by_demo"),)

    def __str__(self) -> str:
        return f"{self.kind}: {self.text[:40]}"


class GoalAnswer(Said):
    """Whether an epic is still the right goal, said by somebody who saw the demo; of one person the newest holds."""

    class Verdict(models.TextChoices):
        KEEP = "keep", "Keep"
        ADJUST = "adjust", "Adjust"
        STOP = "stop", "Stop"

    demo = models.ForeignKey(Demo, on_delete=models.PROTECT, related_name="goal_answers")
    epic = models.ForeignKey(Epic, on_delete=models.PROTECT, related_name="goal_answers")
    verdict = models.CharField(max_length=6, choices=Verdict.choices)
    note = models.TextField(blank=True, default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["demo", "key"], condition=~models.Q(key=""), name="a_goal_answer_is_kept_once"
            ),
        )
        indexes = (models.Index(fields=["demo", "at"], name="goal_answer_by_demo"),)

    def __str__(self) -> str:
        return f"{self.verdict} for epic {self.epic_id}"
