"""Lists: keyset-paged, so that nothing that was there throughout is skipped or repeated while rows come and go."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api.problems import Wrong, one
from agileml.lib import fields
from agileml.lib.fields import Invalid

LIMIT, MOST = 100, 500
PAGE = ("limit", "cursor", "fields")  # the parameters of every list


def bad(name: str, message: str) -> Wrong:
    """A query parameter that cannot be understood."""
    return Wrong(400, "bad_parameter", "The query cannot be understood.", [one(f"?{name}", "bad_parameter", message)])


def whole(request: Request, name: str, *, default: int, least: int, most: int) -> int:
    """A whole number from the query. Raises Wrong (400)."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 19 and least <= int(text) <= most):
        raise bad(name, f"A whole number from {least} to {most}.")
    return int(text)


def number(request: Request, name: str) -> int | None:
    """The number of something inside the project, from the query; None when it is not asked for."""
    if name not in request.query_params:
        return None
    return whole(request, name, default=0, least=0, most=2**31 - 1)


def words(request: Request, name: str, choices: Sequence[str]) -> list[str] | None:
    """One or more of some words, with commas between; None when it is not asked for. Raises Wrong (400)."""
    text = request.query_params.get(name)
    if text is None:
        return None
    found = text.split(",")
    if not set(found) <= set(choices):
        raise bad(name, f"One or more of {', '.join(choices)}.")
    return found


def text(request: Request, name: str, *, most: int = 200) -> str | None:
    """Text that every back end can compare; None when it is not asked for. Raises Wrong (400)."""
    if name not in request.query_params:
        return None
    return str(_checked(request, name, fields.text(most)))


def uid(request: Request, name: str) -> str | None:
    """A UUID; None when it is not asked for. Raises Wrong (400)."""
    if name not in request.query_params:
        return None
    return str(_checked(request, name, fields.uid))


def time(request: Request, name: str) -> datetime | None:
    """A moment with its offset from UTC; None when it is not asked for. Raises Wrong (400)."""
    if name not in request.query_params:
        return None
    try:
        found = parse_datetime(request.query_params[name])
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise bad(name, "A time looks like 2026-11-27T09:30:00Z.")
    return found


def flag(request: Request, name: str) -> bool:
    """True or false, false when it is not given. Raises Wrong (400)."""
    value = request.query_params.get(name, "false")
    if value not in {"true", "false"}:
        raise bad(name, "true or false.")
    return value == "true"


def page(
    request: Request,
    rows: "QuerySet[Any]",
    shape: Callable[[list[Any]], list[dict[str, Any]]],
    columns: Sequence[str],
    *,
    by: str = "number",
) -> Response:
    """One page of `rows` in the order of the column `by`, which is unique among them and never changes.

    `columns` are those that `?fields=` may pick. Raises Wrong (400).
    """
    limit = whole(request, "limit", default=LIMIT, least=1, most=MOST)
    wanted = words(request, "fields", columns)
    after = _after(request)
    if after is not None:
        rows = rows.filter(**{f"{by}__gt": after})
    found = list(rows.order_by(by)[: limit + 1])
    more = len(found) > limit
    shapes = shape(found[:limit])
    if wanted is not None:
        shapes = [{name: line[name] for name in wanted} for line in shapes]
    following = _following(request, getattr(found[limit - 1], by)) if more else None
    return Response({"results": shapes, "next": following})


def _checked(request: Request, name: str, check: fields.Check) -> Any:
    try:
        return fields.clean({name: request.query_params[name]}, fields={name: check})[name]
    except Invalid as invalid:
        raise bad(name, invalid.errors[0].message) from None


def _after(request: Request) -> int | None:
    cursor = request.query_params.get("cursor")
    if cursor is None:
        return None
    try:
        digits = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, UnicodeError):
        digits = ""
    if not (digits.isdigit() and len(digits) < 19):
        raise bad("cursor", "This is not a cursor of ours: follow `next` as it is.")
    return int(digits)


def _following(request: Request, last: int) -> str:
    query = request.query_params.copy()
    query["cursor"] = base64.urlsafe_b64encode(str(last).encode()).decode()
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
