"""Times as they go out: UTC, RFC 3339, always six digits of microseconds, so that text order is time order."""

from datetime import UTC, datetime


def rfc3339(at: datetime) -> str:
    """`2026-11-24T09:30:00.000000Z` for an aware datetime."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def maybe_rfc3339(at: datetime | None) -> str | None:
    """The same, or None for None."""
    return rfc3339(at) if at else None
