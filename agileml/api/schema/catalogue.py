"""Everything that is described: each part of the API with its shapes and its calls."""

from typing import Any

from agileml.api.schema import (
    changes,
    decisions,
    demos,
    errors,
    itself,
    members,
    metrics,
    mirrored,
    models,
    notes,
    projects,
    sources,
    sprints,
    stories,
    tickets,
    webhooks,
)
from agileml.api.schema.kit import Call, Schema

PARTS: dict[str, Any] = {
    "Projects": projects,
    "People, service accounts, tokens": members,
    "Epics and stories": stories,
    "Tickets": tickets,
    "Tickets kept in step": mirrored,
    "Findings, opinions, comments": notes,
    "Sprints": sprints,
    "Decisions": decisions,
    "Metrics": metrics,
    "Champions": models,
    "Sources": sources,
    "Demos": demos,
    "Sync": changes,
    "Webhooks": webhooks,
    "Description": itself,
}

SHAPES: dict[str, Schema] = errors.SHAPES | {
    name: shape for part in PARTS.values() for name, shape in part.SHAPES.items()
}
CALLS: dict[tuple[type, str], Call] = {at: call for part in PARTS.values() for at, call in part.CALLS.items()}
TAGS: dict[type, str] = {view: tag for tag, part in PARTS.items() for view, _ in part.CALLS}
