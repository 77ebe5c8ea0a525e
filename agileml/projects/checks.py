"""What a token, a participant and a service account may hold: pure checks, the same for the pages and the API."""

import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from agileml.projects.settings import Wrong

ROLES = ("lead", "member", "stakeholder")
SCOPES = ("read", "write", "metrics")
LONGEST_NAME = 120
LONGEST_ADDRESS = 254
NO_PROJECT = "You take part in no such project."


class Unfit(Exception):
    """What was sent cannot be so; `errors` lists everything."""

    def __init__(self, errors: list[Wrong]) -> None:
        super().__init__(" ".join(error.message for error in errors))
        self.errors = errors

    @classmethod
    def at(cls, name: str, message: str) -> "Unfit":
        """One thing that is wrong, with the field `name`."""
        return cls([Wrong(name, message)])


Check = Callable[[Any], Any]


def name(value: Any) -> str:
    """A name of one line. Raises ValueError."""
    said = value.strip() if isinstance(value, str) else ""
    # Control and format characters, halves of surrogate pairs: a name must not turn the line around that it stands in.
    strange = any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in said)
    if not said or len(said) > LONGEST_NAME or strange:
        raise ValueError(f"A name of 1 to {LONGEST_NAME} characters.")
    return said


def one_of(*words: str) -> Check:
    """One of the words. Raises ValueError."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"One of {', '.join(words)}.")
        return value

    return check


def address(value: Any) -> str:
    """An e-mail address as it is kept, in small letters. Raises ValueError."""
    said = value.strip().lower() if isinstance(value, str) else ""
    try:
        validate_email(said if said.isprintable() and len(said) <= LONGEST_ADDRESS else "")
    except ValidationError:
        raise ValueError("An e-mail address, like ada@example.org.") from None
    return said


def yes_or_no(value: Any) -> bool:
    """True or false. Raises ValueError."""
    if value is True or value is False:
        return bool(value)
    raise ValueError("True or false.")


def moment(value: Any) -> datetime | None:
    """A time with its zone, or None for never. Raises ValueError."""
    if value is None:
        return None
    wrong = ValueError("A time with its zone, like 2026-12-24T18:00:00Z, or null.")
    if not isinstance(value, str):
        raise wrong
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise wrong
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise wrong from None


def key(value: Any) -> str | None:
    """A project's key, or None for all of them. Raises ValueError."""
    if value is None:
        return None
    if not isinstance(value, str) or not value.isascii() or not value.isalnum():
        raise ValueError(NO_PROJECT)
    return value


TOKEN: dict[str, Check] = {"name": name, "scope": one_of(*SCOPES), "project": key, "expires_at": moment}
SERVICE_TOKEN: dict[str, Check] = {field: TOKEN[field] for field in ("name", "scope", "expires_at")}
NEWCOMER: dict[str, Check] = {"email": address, "role": one_of(*ROLES)}
INVITATION: dict[str, Check] = {"role": one_of(*ROLES)}
PERSON: dict[str, Check] = {"name": name, "email": address}
SERVICE: dict[str, Check] = {"name": name, "role": one_of(*ROLES)}
EDIT_PERSON: dict[str, Check] = {"role": one_of(*ROLES)}
EDIT_SERVICE: dict[str, Check] = {"role": one_of(*ROLES), "name": name, "active": yes_or_no}


def checked(sent: Mapping[str, Any], fields: Mapping[str, Check], *, needs: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields as they are stored. Raises Unfit with everything that is wrong, unknown and missing ones included."""
    values: dict[str, Any] = {}
    errors = [Wrong(field, "This must be given.") for field in needs if field not in sent]
    for field, value in sent.items():
        try:
            if field not in fields:
                raise ValueError("There is no such field here.")
            values[field] = fields[field](value)
        except ValueError as error:
            errors.append(Wrong(field, str(error)))
    if errors:
        raise Unfit(errors)
    return values
