"""Sources as people set them up."""

from datetime import datetime
from typing import Any
from uuid import UUID

from jsonschema import Draft202012Validator

from agileml.accounts.models import User
from agileml.ingest import shapes
from agileml.ingest.connectors.registry import kinds
from agileml.ingest.models import Poll, Source
from agileml.projects.doors import Hidden, ProjectWriting, enter, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work.fields import FieldError, Invalid


def make_source(
    *,
    project: Project,
    kind: str,
    name: str,
    config: dict[str, Any],
    actor: User,
    now: datetime,
    every_seconds: int | None = None,
    origin: str = "",
) -> Source:
    """Set up a source, due at once. `every_seconds` is the pause between two looks; None is what suits the kind.

    Raises Invalid for a kind that is not installed, a name of nothing, or a config that its schema refuses.
    """
    known = kinds().get(kind)
    if known is None or known.connector is None:
        why = f"It is broken here: {known.error}" if known else f"Installed are {', '.join(sorted(kinds()))}."
        raise Invalid([FieldError("/kind", "unknown_choice", f"There is no such kind of source. {why}")])
    errors = [
        FieldError("/config" + "".join(f"/{step}" for step in error.absolute_path), "invalid", error.message)
        for error in Draft202012Validator(known.connector.config_schema).iter_errors(config)
    ]
    name = name.strip()
    if not 1 <= len(name) <= 120:
        errors.append(FieldError("/name", "required" if not name else "too_long", "A name of 1 to 120 characters."))
    pause_seconds = known.connector.every_seconds if every_seconds is None else every_seconds
    if not 1 <= pause_seconds <= 86_400:
        errors.append(FieldError("/every_seconds", "invalid", "From 1 second to a day."))
    if errors:
        raise Invalid(errors)
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        row = Source(
            project=w.project,
            kind=kind,
            name=name,
            config=config,
            every_seconds=pause_seconds,
            due_at=now,
            created_at=w.now,
            revision=w.revision,
        )
        row.save(force_insert=True)
        w.journal.record("source", "created", row, resource=shapes.source(row, None))
    return row


def pause(*, project: Project, source: UUID, actor: User, now: datetime, origin: str = "") -> Source:
    """Look at a source no more until somebody resumes it. Raises Hidden for no such source."""
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        row = _source(w, source)
        set_state(w, row, Source.State.PAUSED, trouble=f"Paused by {actor.name}.")
    return row


def resume(*, project: Project, source: UUID, actor: User, now: datetime, origin: str = "") -> Source:
    """Look at a source again, at once and as if for the first time. Raises Hidden for no such source."""
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        row = _source(w, source)
        row.due_at, row.cursor, row.waiting, row.failures, row.leased_until = now, {}, [], 0, None
        row.save(update_fields=["due_at", "cursor", "waiting", "failures", "leased_until"])
        set_state(w, row, Source.State.ACTIVE, trouble="")
    return row


def refresh(*, project: Project, actor: User, now: datetime) -> list[int]:
    """Make all of a project's active sources due now; their keys, for the caller to wake a worker for.

    Raises Hidden and Forbidden as every door does. Nothing of the project changes by this, so nothing is journalled.
    """
    enter(actor, project.key, need=Need.WORK)
    rows = Source.objects.filter(project=project, state=Source.State.ACTIVE)
    rows.filter(due_at__gt=now).update(due_at=now)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def set_state(w: ProjectWriting, row: Source, state: str, *, trouble: str) -> None:
    """Pause or resume a source inside an open write, and say why. The same state again is no change."""
    if row.state == state:
        return
    last = Poll.objects.filter(source=row).order_by("-at", "-pk").first()
    was = shapes.source(row, last)
    row.state, row.trouble, row.version, row.revision = state, trouble, row.version + 1, w.revision
    row.save(update_fields=["state", "trouble", "version", "revision"])
    shape = shapes.source(row, last)
    changed = {key: [was[key], shape[key]] for key in ("state", "trouble") if was[key] != shape[key]}
    w.journal.record("source", "updated", row, diff=changed)


def _source(w: ProjectWriting, uid: UUID) -> Source:
    row = Source.objects.filter(project=w.project, uid=uid).first()
    if row is None:
        raise Hidden(uid)
    return row
