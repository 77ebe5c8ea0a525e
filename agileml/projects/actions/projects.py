"""Writing projects and their settings."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agileml.accounts.models import User
from agileml.journal.actions import audit
from agileml.journal.actions import writing as journal_writing
from agileml.journal.models import Stream
from agileml.journal.queries import refuse_stale
from agileml.journal.rules.edits import Wanted
from agileml.projects import shapes
from agileml.projects.doors import writing
from agileml.projects.models import Membership, Project
from agileml.projects.rules import Need
from agileml.projects.settings import SETTINGS, checked

WEEKDAYS = [0, 1, 2, 3, 4]


def create_project(
    *, key: str, name: str, lead: User, now: datetime, time_zone: str = "UTC", **settings: Any
) -> Project:
    """Make a project with its stream and first lead.

    `settings` are further columns of Project. Raises ValidationError for a bad key or a taken one.
    """
    stream = Stream.objects.create(last_at=now)
    project = Project(
        stream=stream, key=key, name=name, time_zone=time_zone, working_days=WEEKDAYS, created_at=now, **settings
    )
    project.full_clean(exclude=["stream", "holidays", "wip_limits"])
    with journal_writing(stream.pk, actor=lead, now=now) as w:
        project.revision = w.revision
        project.save(force_insert=True)
        w.record("project", "created", project, resource=shapes.project(project))
        membership = Membership(
            project=project, user=lead, role=Membership.Role.LEAD, joined_at=w.now, revision=w.revision
        )
        membership.save(force_insert=True)
        w.record("member", "created", membership, resource=shapes.member(membership))
    return project


def edit_project(
    *,
    project: Project,
    sent: Mapping[str, Any],
    expected_version: int | None,
    actor: User,
    now: datetime,
    origin: str = "",
) -> Project:
    """Change a project's settings, which leads may; what is sent as it is already is no change.

    Changes of other settings since `expected_version` merge with it (None: whatever there is). Raises BadSettings with
    all that is wrong, Stale when somebody changed the same ones since.
    """
    values = checked(sent)
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        row = w.project
        refuse_stale(row.stream_id, row, expected_version, Wanted(shapes.project(row), SETTINGS, values))
        diff = {name: [getattr(row, name), value] for name, value in values.items() if getattr(row, name) != value}
        if not diff:
            return row
        for name in diff:
            setattr(row, name, values[name])
        row.version += 1
        row.revision = w.revision
        row.save(update_fields=[*diff, "version", "revision"])
        w.journal.record("project", "updated", row, diff=diff)
        audit(action="settings changed", actor=actor, now=w.now, stream=w.journal.stream, detail={"settings": diff})
    return row
