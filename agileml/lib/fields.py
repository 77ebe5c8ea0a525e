"""Checks of what somebody sent, field by field, the same for pages, API, imports and jobs.

Pure: references (stories, people, tickets, metrics) stay numbers and ids here and are looked up under the lock.
"""

import math
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with one field; `pointer` is a JSON pointer into what was sent."""

    pointer: str
    code: str
    message: str


class Invalid(Exception):
    """What was sent cannot be stored; holds every error, not just the first."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{error.pointer}: {error.message}" for error in errors))
        self.errors = errors


class _Bad(Exception):
    def __init__(self, message: str, code: str = "invalid", pointer: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.pointer = pointer


def refuse(message: str, code: str = "invalid", pointer: str = "") -> NoReturn:
    """Say in a check that a value cannot be; `pointer` leads from the value to what is wrong inside of it."""
    raise _Bad(message, code, pointer)


Check = Callable[[Any], Any]
SomeCheck = TypeVar("SomeCheck", bound=Check)
SCHEMA = "schema"


def takes(**schema: Any) -> Callable[[SomeCheck], SomeCheck]:
    """Says of a check, in JSON Schema, what it takes: what clients are told is written where it is checked."""

    def told(check: SomeCheck) -> SomeCheck:
        setattr(check, SCHEMA, schema)
        return check

    return told


def schema_of(check: Check) -> dict[str, Any]:
    """What a check takes, as JSON Schema; {}, which is anything, of one that does not say."""
    return dict(getattr(check, SCHEMA, {}))


def or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The same JSON Schema, or null."""
    if not schema:
        return {}
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [dict(schema), {"type": "null"}]}


def object_of(fields: Mapping[str, Check], required: Sequence[str] = ()) -> dict[str, Any]:
    """The JSON Schema of an object with these fields and no others."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: schema_of(check) for name, check in fields.items()},
        "additionalProperties": False,
    }
    return schema | ({"required": list(required)} if required else {})


def text(most: int, *, least: int = 0) -> Check:
    """Text of `least` to `most` characters, surrounding space dropped, that every back end can store."""

    @takes(type="string", **({"minLength": least} if least else {}), maxLength=most)
    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise _Bad("This must be text.")
        words = value.replace("\r\n", "\n").strip()
        try:
            words.encode()  # half of a surrogate pair has no bytes
        except UnicodeEncodeError:
            raise _Bad("This holds characters that are not text.") from None
        if "\0" in words:
            raise _Bad("This holds characters that are not text.")
        if len(words) < least:
            raise _Bad("This must not be empty.", "required")
        if len(words) > most:
            raise _Bad(f"At most {most} characters.", "too_long")
        return words

    return check


def one_of(*choices: str) -> Check:
    """One of the given words."""

    @takes(type="string", enum=list(choices))
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise _Bad(f"One of {', '.join(word or '“”' for word in choices)}.", "unknown_choice")
        return value

    return check


@takes(type="number")
def number(value: Any) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Bad("This must be a number.")
    try:
        double = float(value)
    except OverflowError:
        raise _Bad("This number is too large.") from None
    if not math.isfinite(double):
        raise _Bad("This must be a finite number.")
    return double


@takes(type="number", minimum=0)
def positive(value: Any) -> float:
    """A finite number, zero or more."""
    double = number(value)
    if double < 0:
        raise _Bad("This must not be negative.")
    return double


@takes(type="integer", minimum=1, maximum=2**31 - 1)
def reference(value: Any) -> int:
    """The number of something inside the project."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
        raise _Bad("This must be a number inside the project.")
    return value


@takes(type="integer", minimum=0, maximum=2**31 - 1)
def count(value: Any) -> int:
    """How many, from none on."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise _Bad("This must be a whole number from 0.")
    return value


@takes(type="boolean")
def yes_or_no(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise _Bad("This must be true or false.")
    return value


@takes(
    anyOf=[
        {"type": "string", "format": "uuid"},
        {
            "type": "object",
            "properties": {"id": {"type": "string", "format": "uuid"}, "name": {"type": "string"}},
            "required": ["id"],
        },
    ]
)
def user_id(value: Any) -> str:
    """A person's id, alone or inside {"id", "name"}."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return uid(value)


@takes(type="string", format="uuid")
def uid(value: Any) -> str:
    """A UUID as text."""
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        raise _Bad("This must be a UUID.") from None


@takes(type="string", format="date")
def a_date(value: Any) -> date:
    """A calendar day like 2026-11-27."""
    try:
        return date.fromisoformat(text(10, least=10)(value))
    except ValueError:
        raise _Bad("A date looks like 2026-11-27.") from None


def maybe(check: Check) -> Check:
    """The same, or null."""
    return takes(**or_null(schema_of(check)))(lambda value: None if value is None else check(value))


def many(check: Check, *, most: int) -> Check:
    """A list of at most `most`, without doubles."""

    @takes(type="array", items=schema_of(check), maxItems=most)
    def checked(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise _Bad("This must be a list.")
        if len(value) > most:
            raise _Bad(f"At most {most} of these.", "too_many")
        result: list[Any] = []
        for position, item in enumerate(value):
            try:
                item = check(item)
            except _Bad as bad:
                raise _Bad(str(bad), bad.code, f"/{position}{bad.pointer}") from None
            if item not in result:
                result.append(item)
        return result

    return checked


@dataclass(frozen=True)
class Changes:
    """What to put into a list and what to take out of it, whatever else is in there."""

    add: list[Any]
    remove: list[Any]

    def on(self, had: Iterable[Any]) -> list[Any]:
        """The list that had these items, changed."""
        kept = [item for item in had if item not in self.remove]
        return kept + [item for item in self.add if item not in kept]


def many_or_changes(check: Check, *, most: int) -> Check:
    """The same as `many`, or {"add": […], "remove": […]}, which becomes Changes."""
    whole = many(check, most=most)
    parts = record({"add": whole, "remove": whole}, defaults={"add": [], "remove": []})

    def checked(value: Any) -> list[Any] | Changes:
        if isinstance(value, Changes):  # which no client can send: it was checked before
            return value
        if not isinstance(value, Mapping):
            items: list[Any] = whole(value)
            return items
        changes = Changes(**parts(value))
        for position, item in enumerate(changes.remove):
            if item in changes.add:
                raise _Bad("This is to come and to go.", "twice", f"/remove/{position}")
        return changes

    return checked


def record(fields: dict[str, Check], *, required: tuple[str, ...] = (), defaults: dict[str, Any]) -> Check:
    """An object with these fields and no others."""

    @takes(**object_of(fields, required))
    def checked(value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise _Bad("This must be an object.")
        for name in value:
            if name not in fields:
                raise _Bad("There is no such field.", "unknown_field", f"/{name}")
        result = dict(defaults)
        for name, check in fields.items():
            if name not in value:
                if name in required:
                    raise _Bad("This is required.", "required", f"/{name}")
                continue
            try:
                result[name] = check(value[name])
            except _Bad as bad:
                raise _Bad(str(bad), bad.code, f"/{name}{bad.pointer}") from None
        return result

    return checked


@takes(type="string", format="uri", minLength=1, maxLength=2000)
def web_address(value: Any) -> str:
    """An http or https address: anything else (javascript:, data:) would run when somebody follows it."""
    value = text(2000, least=1)(value)
    try:
        parts = urlsplit(value)
    except ValueError:
        raise _Bad("This is not a web address.") from None
    if parts.scheme not in {"http", "https"} or not parts.netloc or any(c.isspace() for c in value):
        raise _Bad("This must be an http or https address.")
    return str(value)


def clean(sent: Any, *, fields: dict[str, Check], required: tuple[str, ...] = (), pointer: str = "") -> dict[str, Any]:
    """Check an object field by field and return what is to be stored.

    `required` names fields that must be there; a field that is not in `fields` is an error, never ignored.
    Raises Invalid with every error found.
    """
    if not isinstance(sent, Mapping):
        raise Invalid([FieldError(pointer, "invalid", "This must be an object.")])
    errors = [
        FieldError(f"{pointer}/{name}", "unknown_field", "There is no such field.")
        for name in sent
        if name not in fields
    ]
    errors += [
        FieldError(f"{pointer}/{name}", "required", "This is required.") for name in required if name not in sent
    ]
    result: dict[str, Any] = {}
    for name, check in fields.items():
        if name not in sent:
            continue
        try:
            result[name] = check(sent[name])
        except _Bad as bad:
            errors.append(FieldError(f"{pointer}/{name}{bad.pointer}", bad.code, str(bad)))
    if errors:
        raise Invalid(errors)
    return result
