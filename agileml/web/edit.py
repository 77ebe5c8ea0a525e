"""Editing a ticket: edits of different fields merge, edits of the same one are shown side by side."""

import json
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from agileml.journal.rules.edits import Stale
from agileml.lib.fields import Invalid
from agileml.lib.htmx import done
from agileml.planning import shapes
from agileml.planning.actions.decide import Why
from agileml.planning.actions.tickets import edit_ticket
from agileml.planning.queries.ticket import Editing, Where, editing, where_is
from agileml.planning.rules.moves import Refused
from agileml.planning.rules.wip import WipLimit
from agileml.projects.doors import Access
from agileml.projects.rules import Need
from agileml.web import edit_form, merging
from agileml.web.edit_form import Texts, Unreadable
from agileml.web.merging import Form
from agileml.web.project import enter, frame
from agileml.work.types import KINDS, TicketType


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """The form, and what becomes of it."""
    access = enter(request, key, need=Need.WORK)
    where = where_is(access.project, number)
    shape = shapes.tickets([where.ticket], key=key)[0]
    if request.method == "GET":
        return _form(request, access, where, merging.shown(edit_form.texts_of(shape), shape["version"]))
    return _save(request, access, where, shape)


def _save(request: HttpRequest, access: Access, where: Where, shape: dict[str, Any]) -> HttpResponse:
    """Send only what was written, so that what others wrote meanwhile in other fields stays."""
    current = edit_form.texts_of(shape)
    base = _base(request, current)
    form = Form(merging.seen(request.POST), base, edit_form.posted(request.POST, base))
    form = merging.keeping(request.POST, form, current)
    names = list(form.written)
    notes: list[str] = []
    try:
        edit_ticket(
            project=access.project,
            number=where.ticket.number,
            sent=edit_form.sent(dict(form.mine), names, shape),
            expected_version=form.version,
            why=Why(code="correction"),
            override=request.POST.get("override", ""),
            told=notes,
            actor=access.user,
            now=timezone.now(),
        )
    except Stale as stale:
        return _conflict(request, access, where, stale, form)
    except Unreadable as unreadable:
        return _form(request, access, where, form, status=422, errors=unreadable.errors)
    except Invalid as invalid:
        told = {error.pointer.split("/")[1]: error.message for error in invalid.errors}
        return _form(request, access, where, form, status=422, errors=told)
    except Refused as refused:
        told = {"": " ".join(refusal.message for refusal in refused.refusals)}
        return _form(request, access, where, form, status=422, errors=told)
    except WipLimit as limit:
        told = {"assignee": str(limit)}
        return _form(request, access, where, form, status=409, errors=told, beyond=Need.LEAD in access.can)
    return _saved(request, where, edit_form.planned(names), notes)


def _saved(request: HttpRequest, where: Where, planned: list[str], notes: list[str]) -> HttpResponse:
    text = f"{where.key} saved"
    if where.sprint and planned:
        text += f": plan v{where.sprint.plan_version + 1} of {where.sprint.name}, a correction"
    if notes:
        text = " ".join([f"{text}.", *notes])
    to = reverse("ticket", args=[where.project.key, where.ticket.number])
    return done(request, to=to, text=text, tone="warning" if notes else "success")


def _conflict(request: HttpRequest, access: Access, where: Where, stale: Stale, form: Form) -> HttpResponse:
    about = editing(access.project)
    names = dict(about.people) | {str(number): title for number, title in about.stories}
    again = form.again(theirs=edit_form.texts_of(stale.current), version=stale.current["version"])
    conflict = merging.conflict(
        access.project, stale, labels=edit_form.LABELS, mine=again.mine, theirs=again.was,
        said=lambda name, text: edit_form.said(name, text, names),
    )  # fmt: skip
    return _form(request, access, where, again, status=409, conflict=conflict, about=about)


def _form(
    request: HttpRequest, access: Access, where: Where, form: Form, *, status: int = 200,
    about: Editing | None = None, **context: Any,
) -> HttpResponse:  # fmt: skip
    sprint = where.sprint
    shown = frame(
        access, "", where=where, ticket=where.ticket, sprint=sprint, base=json.dumps(form.was), draft=form.mine,
        version=form.version, about=about or editing(access.project), types=TicketType.choices,
        criteria=edit_form.criteria_lines(dict(form.mine)), kind=KINDS.get(form.mine["type"]),
        plan_open=sprint is None or Need.DECIDE in access.can, **context,
    )  # fmt: skip
    return render(request, "edit/page.html", shown, status=status)


def _base(request: HttpRequest, current: Texts) -> Texts:
    """What the form had shown: it came along, so that what was written can be told from what was there."""
    try:
        told = json.loads(request.POST.get("base", ""))
    except ValueError:
        return dict(current)
    if not isinstance(told, dict):
        return dict(current)
    return {name: told[name] if edit_form.readable(name, told.get(name)) else text for name, text in current.items()}
