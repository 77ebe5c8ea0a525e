"""How a project, its participants and people are shown to clients: one function a resource, used everywhere."""

from typing import Any

from agileml.accounts.models import User
from agileml.lib.times import rfc3339
from agileml.projects.models import Membership, Project


def person(user: User | None) -> dict[str, Any] | None:
    """`{"id", "name"}`, or None for nobody."""
    return {"id": str(user.uid), "name": user.name} if user else None


def project(row: Project) -> dict[str, Any]:
    """A project as clients see it."""
    return {
        "uid": str(row.uid),
        "key": row.key,
        "name": row.name,
        "time_zone": row.time_zone,
        "working_days": row.working_days,
        "holidays": row.holidays,
        "sprint_days": row.sprint_days,
        "estimate_mode": row.estimate_mode,
        "replanners": row.replanners,
        "wip_limits": row.wip_limits,
        "wip_per_person": row.wip_per_person,
        "wip_hard": row.wip_hard,
        "created_at": rfc3339(row.created_at),
        "version": row.version,
        "revision": row.revision,
    }


def member(row: Membership) -> dict[str, Any]:
    """A participant as clients see it."""
    return {
        "uid": str(row.uid),
        "user": person(row.user),
        "role": row.role,
        "joined_at": rfc3339(row.joined_at),
        "revision": row.revision,
    }
