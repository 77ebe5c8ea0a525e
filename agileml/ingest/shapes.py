"""How sources are shown to clients: one function, used everywhere."""

from typing import Any

from agileml.ingest.models import Binding, Poll, Source
from agileml.lib.times import rfc3339


def source(row: Source, last_poll: Poll | None) -> dict[str, Any]:
    """A source as clients see it; `last_poll` is None before the first look."""
    return {
        "uid": str(row.uid),
        "kind": row.kind,
        "name": row.name,
        "config": row.config,
        "every_seconds": row.every_seconds,
        "state": row.state,
        "trouble": row.trouble,
        "last_poll": poll(last_poll) if last_poll else None,
        "version": row.version,
        "revision": row.revision,
    }


def binding(row: Binding) -> dict[str, Any]:
    """A binding as clients see it. Needs `ticket` and `source` loaded."""
    return {
        "uid": str(row.uid),
        "ticket": row.ticket.number,
        "source": str(row.source.uid),
        "ref": row.ref,
        "reduce": row.reduce,
        "step": row.step,
        "state": row.state,
        "trouble": row.trouble,
        "created_at": rfc3339(row.created_at),
        "revision": row.revision,
    }


def poll(row: Poll) -> dict[str, Any]:
    """A look as clients see it."""
    return {
        "first_at": rfc3339(row.first_at),
        "at": rfc3339(row.at),
        "took_ms": row.took_ms,
        "times": row.times,
        "seen": row.seen,
        "created": row.created,
        "unchanged": row.unchanged,
        "superseded": row.superseded,
        "refused": row.refused,
        "problems": row.problems,
    }
