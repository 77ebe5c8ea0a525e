"""How webhooks are shown to those who lead a project. None of this is project data: the feed knows nothing of it."""

from typing import Any

from agileml.journal.models import Delivery, Endpoint
from agileml.lib.times import maybe_rfc3339, rfc3339


def endpoint(row: Endpoint, *, head: int) -> dict[str, Any]:
    """An endpoint as leads see it, without its secret. `head` is the revision of its project."""
    active = row.state == Endpoint.State.ACTIVE
    return {
        "uid": str(row.uid),
        "url": row.url,
        "description": row.description,
        "kinds": row.kinds,
        "state": row.state,
        "trouble": row.trouble,
        "cursor": row.cursor,
        "behind": max(head - row.cursor, 0),
        "failures": row.failures,
        "failing_since": maybe_rfc3339(row.failing_since),
        "next_attempt": rfc3339(row.due_at) if active and row.failures else None,
        "made_by": {"id": str(row.made_by.uid), "name": row.made_by.name},
        "created_at": rfc3339(row.created_at),
    }


def delivery(row: Delivery) -> dict[str, Any]:
    """One attempt."""
    return {
        "uid": str(row.uid),
        "event": row.event,
        "type": row.type,
        "revision": row.revision,
        "cause": row.cause,
        "attempt": row.attempt,
        "at": rfc3339(row.at),
        "took_ms": row.took_ms,
        "status": row.status,
        "error": row.error,
        "answer": row.answer,
    }
