"""Webhooks as leads set them up.

An endpoint is no project data: what it is sent with is secret, and who listens is nobody's business but the leads'. So
nothing of this is in the feed; it is audited instead.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from agileml.accounts.models import User
from agileml.journal.actions import audit
from agileml.journal.models import Endpoint, Stream
from agileml.journal.rules import webhooks as rules
from agileml.lib.addresses import is_literal, is_public
from agileml.lib.http import is_allowed
from agileml.lib.http import origin as server
from agileml.lib.sealing import Unopened, open_, seal
from agileml.projects.doors import Hidden, ProjectWriting, writing
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.projects.settings import BadSettings, Wrong

MOST = 20  # endpoints of a project
LONGEST_URL = 2000
LONGEST_DESCRIPTION = 200
EDITABLE = {"url", "description", "kinds", "state", "cursor"}


def make_webhook(
    *, project: Project, sent: Mapping[str, Any], actor: User, now: datetime, origin: str = ""
) -> tuple[Endpoint, str]:
    """Let an address be told of what changes from now on; its secret comes back this once.

    `sent` holds `url`, and perhaps `description` and `kinds`. Raises BadSettings with all that is wrong.
    """
    values = _checked({"url": ""} | dict(sent))
    secret = rules.secret_of(secrets.token_bytes(rules.SECRET_BYTES))
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        if _rows(w).count() >= MOST:
            raise BadSettings([Wrong("url", f"A project has at most {MOST} webhooks.")])
        row = Endpoint.objects.create(
            stream=w.journal.stream, cursor=w.journal.stream.revision, due_at=now, made_by=actor, created_at=w.now,
            secrets=seal({"secret": secret}), **values,
        )  # fmt: skip
        _note_whether_hooked(w)
        _audit(w, row, "webhook made")
    return row, secret


def edit_webhook(
    *, project: Project, webhook: UUID, sent: Mapping[str, Any], actor: User, now: datetime, origin: str = ""
) -> Endpoint:
    """Change `url`, `description` or `kinds`, pause or resume it (`state`), or let it go on after a `cursor`.

    Resumed, or at another address, it is tried at once. Raises Hidden for no such webhook, BadSettings with all that
    is wrong.
    """
    values = _checked({name: value for name, value in sent.items() if name not in ("state", "cursor")})
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        row = _row(w, webhook)
        values |= _stands(w, row, sent, actor)
        moved = {name: value for name, value in values.items() if getattr(row, name) != value}
        if not moved:
            return row
        for name, value in moved.items():
            setattr(row, name, value)
        if moved.keys() & {"url", "state", "cursor"}:
            row.due_at, row.failures, row.failing_since = now, 0, None
            if row.state == Endpoint.State.ACTIVE:
                row.trouble = ""
            moved |= {"due_at": now, "failures": 0, "failing_since": None, "trouble": row.trouble}
        if "cursor" in moved:
            row.leased_until = None  # or whoever sends now would set it on from where it was
            moved["leased_until"] = None
        row.save(update_fields=list(moved))
        _audit(
            w, row, "webhook changed", changed=sorted(moved.keys() & {"url", "description", "kinds", "state", "cursor"})
        )
    return row


def rotate_secret(
    *, project: Project, webhook: UUID, actor: User, now: datetime, keep_old: bool = True, origin: str = ""
) -> tuple[Endpoint, str]:
    """Give a webhook a new secret, which comes back this once. Requests are signed with the old one too for a day.

    Without `keep_old` the old one ends at once, as after a leak. Raises Hidden for no such webhook.
    """
    secret = rules.secret_of(secrets.token_bytes(rules.SECRET_BYTES))
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        row = _row(w, webhook)
        try:
            kept = open_(row.secrets)
        except Unopened:
            kept = {}
        row.secrets = seal(rules.rotated(kept, secret, now=now, keep_old=keep_old))
        row.save(update_fields=["secrets"])
        _audit(w, row, "webhook secret rotated", old_stays=keep_old)
    return row, secret


def remove_webhook(*, project: Project, webhook: UUID, actor: User, now: datetime, origin: str = "") -> None:
    """Tell an address no more, and forget its secret; its attempts are forgotten by and by. Raises Hidden."""
    with writing(project, actor=actor, now=now, need=Need.LEAD, origin=origin) as w:
        row = _row(w, webhook)
        row.state, row.secrets, row.leased_until = Endpoint.State.REMOVED, "", None
        row.save(update_fields=["state", "secrets", "leased_until"])
        _note_whether_hooked(w)
        _audit(w, row, "webhook removed")


def _rows(w: ProjectWriting) -> Any:
    return Endpoint.objects.filter(stream=w.journal.stream).exclude(state=Endpoint.State.REMOVED)


def _row(w: ProjectWriting, uid: UUID) -> Endpoint:
    row: Endpoint | None = _rows(w).select_related("made_by").filter(uid=uid).first()
    if row is None:
        raise Hidden(uid)
    return row


def _note_whether_hooked(w: ProjectWriting) -> None:
    Stream.objects.filter(pk=w.journal.stream.pk).update(hooked=_rows(w).exists())


def _audit(w: ProjectWriting, row: Endpoint, action: str, **more: Any) -> None:
    # The server alone: the rest of an address may be as secret as a password.
    detail = {"webhook": str(row.uid), "server": urlsplit(row.url).netloc, **more}
    audit(action=action, actor=w.actor, now=w.now, stream=w.journal.stream, detail=detail)


def _stands(w: ProjectWriting, row: Endpoint, sent: Mapping[str, Any], actor: User) -> dict[str, Any]:
    """What is sent of whether and from where the webhook goes on. Raises BadSettings."""
    values: dict[str, Any] = {}
    wrong: list[Wrong] = []
    if "state" in sent:
        if sent["state"] not in (Endpoint.State.ACTIVE, Endpoint.State.PAUSED):
            wrong.append(Wrong("state", "active or paused."))
        elif sent["state"] != row.state:
            values["state"] = sent["state"]
            values["trouble"] = f"Paused by {actor.name}." if sent["state"] == Endpoint.State.PAUSED else ""
    if "cursor" in sent:
        head = w.journal.stream.revision
        cursor = sent["cursor"]
        if not isinstance(cursor, int) or isinstance(cursor, bool) or not 0 <= cursor <= head:
            wrong.append(Wrong("cursor", f"A revision from 0 to {head}, that of the project."))
        values["cursor"] = cursor
    if wrong:
        raise BadSettings(wrong)
    return values


def _checked(sent: Mapping[str, Any]) -> dict[str, Any]:
    checks = {"url": _url, "description": _description, "kinds": _kinds}
    values: dict[str, Any] = {}
    wrong: list[Wrong] = []
    for name, value in sent.items():
        if name not in checks:
            wrong.append(Wrong(name, "There is no such field."))
            continue
        try:
            values[name] = checks[name](value)
        except ValueError as error:
            wrong.append(Wrong(name, str(error)))
    if wrong:
        raise BadSettings(wrong)
    return values


def _url(value: Any) -> str:
    text = _text(value, LONGEST_URL)
    reached = server(text)
    if reached is None:
        raise ValueError("An address begins with http:// or https:// and a host, and holds no name or password.")
    _, host, port = reached
    # A name is looked up when it is asked, each time; what is no name cannot become public later.
    if is_literal(host) and not is_public(host) and not is_allowed(host, port):
        raise ValueError(
            f"{host} is inside of a private network or on this machine, and addresses there are not followed. "
            "AGILEML_ALLOWED_SOURCE_HOSTS has to name it."
        )
    return text


def _description(value: Any) -> str:
    return _text(value, LONGEST_DESCRIPTION)


def _kinds(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(kind, str) and kind in rules.KINDS for kind in value):
        raise ValueError(f"Any of {', '.join(rules.KINDS)}; none for all of them.")
    return sorted(set(value))


def _text(value: Any, most: int) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("This must be text.")
    text = value.strip()
    try:
        text.encode()  # half of a surrogate pair has no bytes
    except UnicodeEncodeError:
        raise ValueError("This holds characters that are not text.") from None
    if len(text) > most:
        raise ValueError(f"At most {most:,} characters.")
    return text
