"""People and service accounts."""

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

from agileml.accounts.rules import initials


class Users(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        """Log-in does not depend on how the e-mail address is capitalised."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """Anyone who acts: a person who logs in, or a service account that only holds tokens.

    Never deleted, since the journal names its actors for good; an anonymised user keeps the row without the address.
    """

    class Kind(models.TextChoices):
        PERSON = "person"
        SERVICE = "service"

    class Theme(models.TextChoices):
        SYSTEM = "system"
        LIGHT = "light"
        DARK = "dark"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.PERSON)
    email = models.EmailField(unique=True, null=True, blank=True)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC")
    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects = Users()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(email__isnull=True) | models.Q(email=Lower("email")),
                name="user_email_is_lower_case",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="person") | models.Q(email__isnull=True), name="a_service_account_has_no_email"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        """Two letters for the round mark that stands for a person on a card."""
        return initials(self.name)
