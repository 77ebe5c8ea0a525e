"""Where a project's metrics come from: its sources, how each does, and setting one up."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agileml.ingest import secrets
from agileml.ingest.actions import edit_source, make_source, pause, refresh, remove, resume
from agileml.ingest.checks import check_source
from agileml.ingest.connectors.base import Advice
from agileml.ingest.connectors.registry import Kind, kinds
from agileml.ingest.models import Poll, Source
from agileml.lib.fields import Invalid
from agileml.projects.doors import Access, Hidden
from agileml.projects.rules import Need
from agileml.tasks.ingest import look_at
from agileml.web.project import enter, frame

POLLS = 20


@login_required
@require_GET
def show(request: HttpRequest, key: str) -> HttpResponse:
    """Every source with its last looks, and the kinds that there are."""
    access = enter(request, key)
    return render(request, "sources/page.html", _context(access))


@login_required
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, key: str, kind: str) -> HttpResponse:
    """Set up a source of a kind."""
    access = enter(request, key, need=Need.LEAD)
    known = _kind(kind)
    if request.method == "GET":
        return _form(request, access, known, None, {}, {})
    assert known.connector is not None
    sent = _config(request.POST, known.connector.config_schema)
    try:
        make_source(
            project=access.project, kind=kind, name=request.POST.get("name", ""), config=sent, actor=access.user,
            now=timezone.now(),
        )  # fmt: skip
    except Invalid as invalid:
        return _form(request, access, known, None, request.POST, _wrong(invalid), status=422)
    messages.success(request, "The source is set up, and looked at now.")
    return redirect("sources", key)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, key: str, uid: UUID) -> HttpResponse:
    """Set up a source anew."""
    access = enter(request, key, need=Need.LEAD)
    row = _row(access, uid)
    known = _kind(row.kind)
    if request.method == "GET":
        return _form(request, access, known, row, {"name": row.name, **row.config}, {})
    assert known.connector is not None
    sent = _config(request.POST, known.connector.config_schema)
    try:
        edit_source(
            project=access.project, source=uid, config=sent, name=request.POST.get("name", ""), actor=access.user,
            now=timezone.now(),
        )  # fmt: skip
    except Invalid as invalid:
        return _form(request, access, known, row, request.POST, _wrong(invalid), status=422)
    messages.success(request, "The source is set up anew.")
    return redirect("sources", key)


@login_required
@require_POST
def act(request: HttpRequest, key: str, uid: UUID) -> HttpResponse:
    """Test a source's connection, look at it now, pause, resume or remove it."""
    do = request.POST.get("do", "")
    access = enter(request, key, need=Need.WORK if do == "refresh" else Need.LEAD)
    row = _row(access, uid)
    who: dict[str, Any] = {"project": access.project, "actor": access.user, "now": timezone.now()}
    match do:
        case "check":
            return render(request, "sources/page.html", _context(access, checked=(row.pk, check_source(row))))
        case "refresh":
            look_at(refresh(**who))
            messages.success(request, "All sources are being looked at.")
        case "pause":
            pause(source=uid, **who)
        case "resume":
            resume(source=uid, **who)
            look_at([row.pk])
        case "remove":
            remove(source=uid, **who)
            messages.success(request, f"{row.name} is removed. What it brought stays.")
        case _:
            raise Hidden(do)
    return redirect("sources", key)


def _context(access: Access, *, checked: tuple[int, Advice] | None = None) -> dict[str, Any]:
    rows = list(Source.objects.filter(project=access.project).exclude(state=Source.State.REMOVED).order_by("pk"))
    polls: dict[int, list[Poll]] = {row.pk: [] for row in rows}
    newest = Poll.objects.filter(source__in=rows).select_related("binding__ticket").order_by("-at", "-pk")
    for look in newest[: POLLS * max(len(rows), 1)]:
        polls[look.source_id].append(look)
    shown = [
        {
            "row": row,
            "kind": kinds()[row.kind].label if row.kind in kinds() else row.kind,
            "polls": polls[row.pk][:POLLS],
            "advice": checked[1] if checked and checked[0] == row.pk else None,
        }
        for row in rows
    ]
    return frame(
        access, "sources", sources=shown, kinds=[kind for kind in kinds().values() if kind.connector],
        broken=[kind for kind in kinds().values() if not kind.connector], leads=Need.LEAD in access.can,
        works=Need.WORK in access.can,
    )  # fmt: skip


def _row(access: Access, uid: UUID) -> Source:
    row = Source.objects.filter(project=access.project, uid=uid).exclude(state=Source.State.REMOVED).first()
    if row is None:
        raise Hidden(uid)
    return row


def _kind(name: str) -> Kind:
    known = kinds().get(name)
    if known is None or known.connector is None:
        raise Hidden(name)
    return known


def _form(
    request: HttpRequest,
    access: Access,
    known: Kind,
    row: Source | None,
    given: Any,
    wrong: dict[str, str],
    *,
    status: int = 200,
) -> HttpResponse:
    assert known.connector is not None
    schema = known.connector.config_schema
    required = set(schema.get("required", ()))
    fields = []
    for name, spec in schema.get("properties", {}).items():
        secret = spec.get("secret") is True
        value = given.get(name, spec.get("default", ""))
        fields.append(
            {
                "name": name,
                "label": spec.get("title", name.replace("_", " ").capitalize()),
                "hint": spec.get("description", ""),
                "kind": _widget(spec, secret=secret),
                "choices": spec.get("enum", ()),
                "value": "" if secret else "\n".join(map(str, value)) if isinstance(value, list) else value,
                "kept": secret and row is not None and row.config.get(name) == secrets.SET,
                "required": name in required and not (secret and row is not None),
                "wrong": wrong.get(name, ""),
            }
        )
    context = frame(
        access, "sources", kind=known, row=row, fields=fields, name=given.get("name", ""), wrong=wrong,
    )  # fmt: skip
    return render(request, "sources/form.html", context, status=status)


def _widget(spec: dict[str, Any], *, secret: bool) -> str:
    if secret:
        return "password"
    if "enum" in spec:
        return "select"
    return {"boolean": "check", "array": "lines", "integer": "number", "number": "number"}.get(
        spec.get("type", "string"), "text"
    )


def _config(post: QueryDict, schema: dict[str, Any]) -> dict[str, Any]:
    """The form as the connector's schema has it; what was left empty is left out."""
    config: dict[str, Any] = {}
    for name, spec in schema.get("properties", {}).items():
        said = post.get(name, "").strip()
        if spec.get("type") == "boolean":
            config[name] = bool(said)
        elif said and spec.get("type") == "array":
            config[name] = [line.strip() for line in said.splitlines() if line.strip()]
        elif said and spec.get("type") in ("integer", "number"):
            config[name] = _number(said)
        elif said:
            config[name] = said
    return config


def _number(said: str) -> int | float | str:
    """What somebody typed as a number; what is none stays text, which the schema refuses by its name."""
    for kind in (int, float):
        try:
            return kind(said)
        except ValueError:
            continue
    return said


def _wrong(invalid: Invalid) -> dict[str, str]:
    return {error.pointer.rpartition("/config/")[2].strip("/").split("/")[0]: error.message for error in invalid.errors}
