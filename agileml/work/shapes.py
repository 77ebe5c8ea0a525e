"""How epics, stories and what is written on tickets are shown to clients."""

from collections.abc import Mapping, Sequence
from typing import Any

from agileml.lib.times import rfc3339
from agileml.projects.shapes import person
from agileml.work.models import Comment, Epic, Finding, ReviewOpinion, Story


def epic(row: Epic, *, target: dict[str, Any] | None = None) -> dict[str, Any]:
    """An epic as clients see it; `target` says where it wants a metric to be, as `metrics.shapes.target` has it."""
    return {
        "uid": str(row.uid),
        "number": row.number,
        "title": row.title,
        "goal": row.goal,
        "components": row.components,
        "target": target,
        "rank": row.rank,
        "external_refs": row.external_refs,
        "version": row.version,
        "revision": row.revision,
        "created_at": rfc3339(row.created_at),
        "updated_at": rfc3339(row.updated_at),
    }


def story(row: Story) -> dict[str, Any]:
    """A story as clients see it. Needs `epic` loaded."""
    return {
        "uid": str(row.uid),
        "number": row.number,
        "title": row.title,
        "description": row.description,
        "epic": row.epic.number if row.epic else None,
        "rank": row.rank,
        "external_refs": row.external_refs,
        "version": row.version,
        "revision": row.revision,
        "created_at": rfc3339(row.created_at),
        "updated_at": rfc3339(row.updated_at),
    }


def finding(row: Finding, *, ticket: int, cites: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """A finding as clients see it; `cites` is what it rests on: {"snapshot": uid} or {"evaluation": uid}."""
    return {
        "uid": str(row.uid),
        "ticket": ticket,
        "kind": row.kind,
        "text": row.text,
        "cites": [dict(one) for one in cites],
        "author": person(row.author),
        "at": rfc3339(row.at),
        "external_refs": row.external_refs,
        "revision": row.revision,
    }


def opinion(row: ReviewOpinion, *, ticket: int) -> dict[str, Any]:
    """A reviewer's opinion as clients see it."""
    return {
        "uid": str(row.uid),
        "ticket": ticket,
        "opinion": row.opinion,
        "text": row.text,
        "author": person(row.author),
        "at": rfc3339(row.at),
        "revision": row.revision,
    }


def comment(row: Comment, *, ticket: int) -> dict[str, Any]:
    """A comment as clients see it."""
    return {
        "uid": str(row.uid),
        "ticket": ticket,
        "text": row.text,
        "author": person(row.author),
        "at": rfc3339(row.at),
        "external_refs": row.external_refs,
        "revision": row.revision,
    }
