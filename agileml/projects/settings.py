"""What a project's settings may hold: pure checks, the same for the page and the API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import available_timezones

LIMITED = ("in_progress", "in_review")  # the columns that can have a limit
MOST_UNDER_WAY = 99
MOST_SPRINT_DAYS = 60
MOST_HOLIDAYS = 500


@dataclass(frozen=True)
class Wrong:
    """One setting that cannot be stored."""

    name: str
    message: str


class BadSettings(Exception):
    """What was sent is not what a project can be; `errors` lists everything."""

    def __init__(self, errors: list[Wrong]) -> None:
        super().__init__(" ".join(error.message for error in errors))
        self.errors = errors


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"A whole number from {least} to {most}.")
        return value

    return check


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value.strip()) > 120 or "\0" in value:
        raise ValueError("A name of 1 to 120 characters.")
    try:
        value.encode()  # half of a surrogate pair has no bytes
    except UnicodeEncodeError:
        raise ValueError("This holds characters that are not text.") from None
    return value.strip()


def _zone(value: Any) -> str:
    if not isinstance(value, str) or value not in available_timezones():
        raise ValueError("There is no such time zone; one looks like Europe/Madrid.")
    return value


def _weekdays(value: Any) -> list[int]:
    if not isinstance(value, list) or not value or not all(type(day) is int and 0 <= day <= 6 for day in value):
        raise ValueError("At least one day, Monday is 0 and Sunday 6.")
    return sorted(set(value))


def _holidays(value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > MOST_HOLIDAYS:
        raise ValueError(f"A list of at most {MOST_HOLIDAYS} days.")
    days = set()
    for day in value:
        try:
            days.add(date.fromisoformat(day).isoformat())
        except (TypeError, ValueError):
            raise ValueError(f"“{day}” is no day; one looks like 2026-12-25.") from None
    return sorted(days)


def _one_of(*words: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"One of {', '.join(words)}.")
        return value

    return check


def _limits(value: Any) -> dict[str, int]:
    if not isinstance(value, dict) or not set(value) <= set(LIMITED):
        raise ValueError(f"Limits of {' and '.join(LIMITED)}.")
    check = _whole(1, MOST_UNDER_WAY)
    return {column: check(limit) for column, limit in value.items() if limit is not None}


def _person_limit(value: Any) -> int | None:
    return None if value is None else _whole(1, MOST_UNDER_WAY)(value)


def _yes_or_no(value: Any) -> bool:
    if value not in (True, False) or not isinstance(value, bool):
        raise ValueError("Yes or no.")
    return value


SETTINGS: dict[str, Callable[[Any], Any]] = {
    "name": _name,
    "time_zone": _zone,
    "working_days": _weekdays,
    "holidays": _holidays,
    "sprint_days": _whole(1, MOST_SPRINT_DAYS),
    "estimate_mode": _one_of("none", "timebox", "points"),
    "replanners": _one_of("team", "leads"),
    "wip_limits": _limits,
    "wip_per_person": _person_limit,
    "wip_hard": _yes_or_no,
}


def checked(sent: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as they are stored. Raises BadSettings with everything that is wrong, unknown names included."""
    values, errors = {}, []
    for name, value in sent.items():
        try:
            if name not in SETTINGS:
                raise ValueError("There is no such setting.")
            values[name] = SETTINGS[name](value)
        except ValueError as error:
            errors.append(Wrong(name, str(error)))
    if errors:
        raise BadSettings(errors)
    return values
