"""Projects, the people in them, and the tokens that machines act with."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils.functional import cached_property

from agileml.accounts.models import User
from agileml.journal.models import Stream


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, user: User) -> "ProjectQuerySet":
        """Projects that the user takes part in. To anyone else a project does not exist."""
        return self.filter(memberships__user=user, memberships__user__is_active=True)


class Project(models.Model):
    """A team's product. Its key never changes: it is in every ticket's name, in links, run tags and branch names."""

    class EstimateMode(models.TextChoices):
        NONE = "none"
        TIMEBOX = "timebox"
        POINTS = "points"

    class Replanners(models.TextChoices):
        TEAM = "team"
        LEADS = "leads"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    stream = models.OneToOneField(Stream, on_delete=models.PROTECT, related_name="project")
    key = models.CharField(
        max_length=10, unique=True, validators=[RegexValidator(r"\A[A-Z][A-Z0-9]{1,9}\Z", "Two to ten capitals.")]
    )
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC")
    working_days = models.JSONField(default=list)  # weekdays, Monday = 0
    holidays = models.JSONField(default=list)  # "2026-12-25"
    sprint_days = models.PositiveSmallIntegerField(default=14)
    estimate_mode = models.CharField(max_length=8, choices=EstimateMode.choices, default=EstimateMode.NONE)
    replanners = models.CharField(max_length=8, choices=Replanners.choices, default=Replanners.TEAM)
    wip_limits = models.JSONField(default=dict)  # {"in_progress": 3}
    wip_per_person = models.PositiveSmallIntegerField(
        null=True, blank=True
    )  # tickets in progress and in review; none is no limit
    wip_hard = models.BooleanField(default=False)  # refuse what goes beyond, where a soft limit only notes it
    created_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)
    revision = models.BigIntegerField(default=0)

    objects = ProjectQuerySet.as_manager()

    def __str__(self) -> str:
        return self.key


class Membership(models.Model):
    """One participant's role in one project."""

    class Role(models.TextChoices):
        LEAD = "lead"
        MEMBER = "member"
        STAKEHOLDER = "stakeholder"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices)
    joined_at = models.DateTimeField()
    revision = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["project", "user"], name="one_role_a_person_a_project"),)

    def __str__(self) -> str:
        return f"{self.user} is {self.role}"


class TokenQuerySet(models.QuerySet["Token"]):
    def working(self, now: datetime) -> "TokenQuerySet":
        """Those that were not revoked and have not expired."""
        return self.filter(models.Q(expires_at=None) | models.Q(expires_at__gt=now), revoked_at=None)


class Token(models.Model):
    """A bearer token. Only its hash is kept: whoever reads the database cannot act with it."""

    BEGINS = "aml_"
    RANDOM_BYTES = 32

    class Scope(models.TextChoices):
        READ = "read"
        WRITE = "write"
        METRICS = "metrics"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    project = models.ForeignKey(Project, null=True, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scope = models.CharField(max_length=8, choices=Scope.choices)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    objects = TokenQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.scope})"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, now: datetime) -> "InvitationQuerySet":
        """Those that still work: not used, not revoked, not too old, and made by somebody who leads to this day."""
        leads = Membership.objects.filter(
            project=models.OuterRef("project"), user=models.OuterRef("made_by"), role=Membership.Role.LEAD,
            user__is_active=True,
        )  # fmt: skip
        return self.filter(models.Exists(leads), used_at=None, revoked_at=None, expires_at__gt=now)


class Invitation(models.Model):
    """A link by which one person, whoever she is, comes into a project in a role. Only a hash of its secret is kept."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=12, choices=Membership.Role.choices)
    digest = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    def __str__(self) -> str:
        return f"invitation of a {self.role}"


class ExternalRef(models.Model):
    """What an object of ours is called in another system. Names its object by kind and uid: it may live above us."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="external_refs")
    kind = models.CharField(max_length=32)
    object_uid = models.UUIDField()
    system = models.CharField(max_length=64)
    external_id = models.CharField(max_length=255)
    url = models.URLField(max_length=2000, blank=True, default="")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["project", "kind", "system", "external_id"], name="one_object_an_external_id"
            ),
        )
        indexes = (models.Index(fields=["project", "object_uid"], name="external_ref_by_object"),)

    def __str__(self) -> str:
        return f"{self.system}:{self.external_id}"


class KnownElsewhere(models.Model):
    """Something that other systems may know, each under names of its own."""

    known_as: ClassVar[str]  # the kind that its references bear

    uid: Any
    project_id: Any
    number: Any

    class Meta:
        abstract = True

    @property
    def in_project(self) -> int:
        """The key of the project that it belongs to."""
        return int(self.project_id)

    def called(self, key: str) -> str:
        """What people call it; `key` is the project's."""
        return f"{self.known_as} {self.number}"

    @cached_property
    def external_refs(self) -> list[dict[str, str]]:
        """`{"system", "id", "url"}` of each, in the order in which they came; `read_refs` reads them for many rows."""
        read_refs([self])
        found: list[dict[str, str]] = self.__dict__["external_refs"]
        return found


def refs_of(project: int, kind: str, uids: Iterable[Any]) -> dict[Any, list[dict[str, str]]]:
    """What things of one kind of a project (its id) are called elsewhere, by their uids; one query."""
    found: dict[Any, list[dict[str, str]]] = {uid: [] for uid in uids}
    refs = ExternalRef.objects.filter(project=project, kind=kind, object_uid__in=found)
    for uid, system, external_id, url in refs.order_by("pk").values_list("object_uid", "system", "external_id", "url"):
        found[uid].append({"system": system, "id": external_id, "url": url})
    return found


def read_refs(rows: Sequence[KnownElsewhere]) -> None:
    """Read what some things of one kind and one project are called elsewhere; one query, however many there are."""
    if not rows:
        return
    found = refs_of(rows[0].in_project, rows[0].known_as, [row.uid for row in rows])
    for row in rows:
        row.__dict__["external_refs"] = found[row.uid]
