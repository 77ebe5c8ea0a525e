"""Sources as people set them up."""

from datetime import datetime
from typing import Any
from uuid import UUID

from jsonschema import Draft202012Validator

from agileml.accounts.models import User
from agileml.ingest import secrets, shapes
from agileml.ingest.actions.bound import set_binding
from agileml.ingest.connectors.registry import connector_for, kinds
from agileml.ingest.models import Binding, Poll, Source
from agileml.lib.fields import FieldError, Invalid
from agileml.lib.http import origin as server
from agileml.projects.doors import Hidden, ProjectWriting, enter, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need


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
    public, secret = secrets.split(config, known.connector.config_schema)
    errors = _errors(secrets.merge(public, secret), known.connector.config_schema)
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
            config=public,
            secrets=secrets.seal(secret),
            every_seconds=pause_seconds,
            due_at=now,
            created_at=w.now,
            revision=w.revision,
        )
        row.save(force_insert=True)
        w.journal.record("source", "created", row, resource=shapes.source(row, None))
    return row


def edit_source(
    *,
    project: Project,
    source: UUID,
    config: dict[str, Any],
    actor: User,
    now: datetime,
    name: str | None = None,
    origin: str = "",
) -> Source:
    """Set a source up anew; it is then read as if for the first time. A secret that is left blank stays as it is.

    Unless the address leads to another server: a kept secret goes to nobody that it was not entered for.
    Raises Hidden for no such source, and Invalid as `make_source` does.
    """
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        row = _source(w, source)
        connector = connector_for(row.kind)
        if connector is None:
            raise Invalid([FieldError("/kind", "unknown_choice", "The connector of this source is not installed.")])
        public, secret = secrets.split(config, connector.config_schema)
        kept = _kept(row, public, secret)
        public, secret = secrets.split(secrets.merge(public, kept | secret), connector.config_schema)
        errors = _errors(secrets.merge(public, secret), connector.config_schema)
        title = row.name if name is None else name.strip()
        if not 1 <= len(title) <= 120:
            errors.append(FieldError("/name", "invalid", "A name of 1 to 120 characters."))
        if errors:
            raise Invalid(errors)
        last = Poll.objects.filter(source=row).order_by("-at", "-pk").first()
        was = shapes.source(row, last)
        row.name, row.config, row.secrets = title, public, secrets.seal(secret)
        row.cursor, row.waiting, row.failures, row.leased_until, row.due_at = {}, [], 0, None, now
        row.version, row.revision = row.version + 1, w.revision
        row.save()
        shape = shapes.source(row, last)
        changed = {key: [was[key], shape[key]] for key in ("name", "config") if was[key] != shape[key]}
        w.journal.record("source", "updated", row, diff=changed)
    return row


def _kept(row: Source, public: dict[str, Any], secret: dict[str, Any]) -> dict[str, Any]:
    """The secrets that stay; none of one that cannot be read. Raises Invalid when they would go to another server."""
    try:
        kept = secrets.open_(row.secrets)
    except secrets.Unopened:
        return {}
    left = kept.keys() - secret.keys()
    if left and server(str(row.config.get("url", ""))) != server(str(public.get("url", ""))):
        raise Invalid(
            [
                FieldError(f"/config/{name}", "required", "Enter it again: the server is another.")
                for name in sorted(left)
            ]
        )
    return kept


def _errors(config: dict[str, Any], schema: dict[str, Any]) -> list[FieldError]:
    """What a schema refuses; of a secret never with its text."""
    return [
        FieldError(
            "/config" + "".join(f"/{step}" for step in error.absolute_path),
            "invalid",
            "This cannot be taken as it is." if secrets.names(schema) & set(error.absolute_path) else error.message,
        )
        for error in Draft202012Validator(schema).iter_errors(config)
    ]


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


def remove(*, project: Project, source: UUID, actor: User, now: datetime, origin: str = "") -> None:
    """Take a source away, with what of it is bound; what it brought stays. Raises Hidden for no such source."""
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        row = _source(w, source)
        for binding in row.bindings.exclude(state=Binding.State.REMOVED).select_related("ticket", "source"):
            set_binding(w, binding, state=Binding.State.REMOVED, trouble="")
        row.secrets = ""
        row.save(update_fields=["secrets"])
        row.version, row.revision = row.version + 1, w.revision
        row.state = Source.State.REMOVED
        row.save(update_fields=["state", "version", "revision"])
        w.journal.record("source", "deleted", row)


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
    row = Source.objects.filter(project=w.project, uid=uid).exclude(state=Source.State.REMOVED).first()
    if row is None:
        raise Hidden(uid)
    return row
