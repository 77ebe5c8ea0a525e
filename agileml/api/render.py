"""JSON in and out: what comes in must be storable on every back end, whatever field it ends in."""

import json
import math
from collections.abc import Mapping
from typing import Any, BinaryIO, cast

import orjson
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

LARGEST = 1_000_000  # bytes of a body; a view may set its own `largest`
DEEPEST = 32  # levels of nesting
WHOLE_NUMBERS = range(-(2**63), 2**63)


class TooLarge(APIException):
    """The body is larger than this address takes."""

    status_code = 413
    default_code = "too_large"


def dumps(data: Any) -> bytes:
    """Data as JSON."""
    return orjson.dumps(data)


class OrjsonRenderer(BaseRenderer):
    """JSON as bytes."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Data as JSON; nothing at all for an answer without a body."""
        return b"" if data is None else dumps(data)


class StrictJsonParser(BaseParser):
    """JSON as the standard has it: UTF-8, no NaN, no number beyond a double, no name twice, nothing that is not text.

    Raises ParseError (400), or TooLarge (413).
    """

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """What a body says."""
        largest = getattr((parser_context or {}).get("view"), "largest", LARGEST)
        raw = cast("BinaryIO", stream).read(largest + 1)
        if len(raw) > largest:
            raise TooLarge(f"At most {largest:,} bytes.")
        return loads(raw)


def loads(raw: bytes) -> Any:
    """Read JSON strictly. Raises ParseError."""
    try:
        value = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_double
        )
    except UnicodeDecodeError:
        raise ParseError("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise ParseError(f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    except ValueError:  # a whole number of more digits than Python reads
        raise ParseError("A number in the body is too large.") from None
    except RecursionError:
        raise ParseError(f"The body is nested more than {DEEPEST} levels deep.") from None
    _look(value, 0)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ParseError(f"The body names {twice[:80]!r} twice in one object.")
    return found


def _no_constant(word: str) -> Any:
    raise ParseError(f"{word} is not JSON.")


def _double(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ParseError("A number in the body is too large.")
    return value


def _look(value: Any, depth: int) -> None:
    if depth > DEEPEST:
        raise ParseError(f"The body is nested more than {DEEPEST} levels deep.")
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise ParseError("The body holds characters that are not text.")
    elif isinstance(value, dict):
        for name, item in value.items():
            _look(name, depth)
            _look(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _look(item, depth + 1)
    elif isinstance(value, int) and value not in WHOLE_NUMBERS:
        raise ParseError("A number in the body is too large.")
