"""The single fields of a body, each made storable on every back end, or refused by where it stands."""

import json
import math
import unicodedata
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from agileml.lib.fields import FieldError, Invalid

MOST_PARAMS_BYTES = 16 * 1024
HIGHEST_STEP = 2**63 - 1
COUNTS = ("only_this_correct", "only_champion_correct")


def text(value: Any, pointer: str, most: int) -> str:
    """Text of at most `most` characters on one line; raises Invalid at `pointer`."""
    if not isinstance(value, str):
        raise invalid(pointer, "This must be text.")
    if not is_plain(value):
        raise invalid(pointer, "This holds characters that are not text.")
    if len(value) > most:
        raise invalid(pointer, f"At most {most} characters.", "too_long")
    return value.strip()


def is_plain(text: str) -> bool:
    """Whether this is text without control characters and broken halves of characters."""
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in text)


def shown(text: str) -> str:
    """Somebody's text in a message of ours: one line, short, and storable."""
    short = text if len(text) <= 200 else f"{text[:199]}…"
    return "".join(character if is_plain(character) else "\N{REPLACEMENT CHARACTER}" for character in short)


def url(value: Any) -> str:
    """An address that is safe to be shown as a link, or nothing; raises Invalid."""
    address = text(value, "/url", 2000)
    try:
        scheme = urlsplit(address).scheme
    except ValueError:
        scheme = "?"
    if address and scheme not in ("http", "https"):
        raise invalid("/url", "This must be an address that begins with http:// or https://.")
    return address


def time(value: Any) -> datetime:
    """A time with its zone, as UTC; raises Invalid."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        if at is not None and at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        at = None
    raise invalid("/observed_at", "This must be a time with its zone, such as 2026-01-31T09:30:00Z.")


def params(value: Any) -> dict[str, Any]:
    """What a run was made with, as JSON that every back end keeps; raises Invalid."""
    if not isinstance(value, dict):
        raise invalid("/params", "This must be an object.")
    cleaned: dict[str, Any] = _storable(value)
    if len(json.dumps(cleaned)) > MOST_PARAMS_BYTES:
        raise invalid("/params", f"At most {MOST_PARAMS_BYTES // 1024} kB.", "too_large")
    return cleaned


def _storable(value: Any) -> Any:
    """The same without NaN, whole numbers of more than 64 bits, and characters that are not text."""
    if isinstance(value, dict):
        return {shown(key): _storable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    if isinstance(value, str):
        return "".join(c if c in "\n\t" or is_plain(c) else "\N{REPLACEMENT CHARACTER}" for c in value)
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int) and abs(value) > HIGHEST_STEP:
        return str(value)
    return value


def discordant(value: Any) -> dict[str, int] | None:
    """The two counts on which a test of one test set rests, or nothing; raises Invalid."""
    if value is None:
        return None
    fits = isinstance(value, dict) and set(value) == set(COUNTS)
    if not fits or not all(type(count) is int and 0 <= count <= HIGHEST_STEP for count in value.values()):
        raise invalid("/discordant", f"This must be an object with the counts {' and '.join(COUNTS)}.")
    return dict(value)


def invalid(pointer: str, message: str, code: str = "invalid") -> Invalid:
    """The error of one field, to be raised."""
    return Invalid([FieldError(pointer, code, message)])
