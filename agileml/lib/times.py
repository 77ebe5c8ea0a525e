"""Times as they go out: UTC, RFC 3339, always six digits of microseconds, so that text order is time order.

People are told how long ago something was.
"""

from datetime import UTC, datetime


def rfc3339(at: datetime) -> str:
    """`2026-11-24T09:30:00.000000Z` for an aware datetime."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def maybe_rfc3339(at: datetime | None) -> str | None:
    """The same, or None for None."""
    return rfc3339(at) if at else None


def ago(days: int) -> str:
    """How long ago something was that is so many days back, as people say it."""
    if days < 2:
        return "yesterday" if days == 1 else "today"
    if days < 14:
        return f"{days} days ago"
    return f"{days // 7} weeks ago" if days < 63 else f"{days // 30} months ago"
