"""Making users. A user belongs to no project, so nothing here is journalled."""

from datetime import datetime

from django.contrib.auth.password_validation import validate_password

from agileml.accounts.models import User


def create_person(*, email: str, name: str, password: str, now: datetime, time_zone: str = "UTC") -> User:
    """Make a person who can log in; raises ValidationError for a weak password, IntegrityError for a taken address."""
    user = prepare_person(email=email, name=name, password=password, now=now, time_zone=time_zone)
    save_person(user)
    return user


def prepare_person(*, email: str, name: str, password: str, now: datetime, time_zone: str = "UTC") -> User:
    """A person who is not kept yet: what takes long happens here. Raises ValidationError for a weak password."""
    user = User(email=email.strip().lower(), name=name, time_zone=time_zone, created_at=now)
    validate_password(password, user)
    user.set_password(password)
    return user


def save_person(user: User) -> None:
    """Keep a person who was prepared; raises IntegrityError for a taken address."""
    user.save(force_insert=True)


def create_service(*, name: str, now: datetime) -> User:
    """Make a service account: it cannot log in, only hold tokens."""
    user = User(kind=User.Kind.SERVICE, email=None, name=name, created_at=now)
    user.set_unusable_password()
    user.save(force_insert=True)
    return user


def set_theme(*, user: User, theme: str) -> None:
    """Keep a person's choice of light, dark or system; raises ValueError for any other word."""
    User.objects.filter(pk=user.pk).update(theme=User.Theme(theme))


def rename(*, user: User, name: str) -> None:
    """Call a user by another name from now on, wherever she is shown."""
    user.name = name
    user.save(update_fields=["name"])


def set_active(*, user: User, active: bool) -> None:
    """Stop a user, or let her act again; what she did stays hers."""
    user.is_active = active
    user.save(update_fields=["is_active"])
