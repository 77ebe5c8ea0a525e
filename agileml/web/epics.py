"""The epics of a project: how far each is, what its skeleton lacks, and whether anybody still asks if it is right."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from agileml.lib.fields import Invalid
from agileml.lib.numbers import whole
from agileml.planning.actions.alignment import begin_epic
from agileml.planning.queries import epics as queries
from agileml.planning.rules.epic_templates import TEMPLATES
from agileml.projects.doors import Access
from agileml.projects.rules import Need
from agileml.web.project import enter, frame
from agileml.work.actions import COMPONENTS, create_epic, rank_epic


@login_required
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, key: str) -> HttpResponse:
    """All epics; a POST begins a new one and leads to it, or moves one up or down."""
    access = enter(request, key, need=Need.WORK if request.method == "POST" else Need.READ)
    if request.method == "GET":
        return _page(request, access)
    verb, _, number = request.POST.get("do", "").partition(":")
    if verb in {"up", "down"}:
        _move(access, whole(number), up=verb == "up")
        return redirect("epics", key)
    sent = {
        "title": request.POST.get("title", ""),
        "goal": request.POST.get("goal", ""),
        "components": components(request.POST.get("components", "")),
    }
    by: dict[str, Any] = {"project": access.project, "actor": access.user, "now": timezone.now()}
    template = request.POST.get("template", "")
    try:
        row = begin_epic(template=template, sent=sent, **by) if template else create_epic(sent=sent, **by)
    except Invalid as invalid:
        wrong = {error.pointer.split("/")[1]: error.message for error in invalid.errors}
        return _page(request, access, sent=request.POST, wrong=wrong)
    messages.success(request, "It is begun. Say next where its metric shall be.")
    return redirect("epic", key, row.number)


def components(text: str) -> list[str]:
    """The components that a form names, with commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _move(access: Access, number: int | None, *, up: bool) -> None:
    order = [row.number for row in queries.others(access.project)]
    if number not in order:
        return
    at = order.index(number) + (-1 if up else 1)
    if 0 <= at < len(order):
        beside = {"before" if up else "after": order[at]}
        rank_epic(
            project=access.project,
            number=number,
            actor=access.user,
            now=timezone.now(),
            before=beside.get("before"),
            after=beside.get("after"),
        )


def _page(
    request: HttpRequest, access: Access, *, sent: QueryDict | None = None, wrong: dict[str, str] | None = None
) -> HttpResponse:
    context = {
        "lines": queries.epic_lines(access.project),
        "templates": TEMPLATES.values(),
        "sent": sent or {"components": ", ".join(COMPONENTS)},
        "wrong": wrong or {},
        "may_work": Need.WORK in access.can,
    }
    return render(request, "epics/page.html", frame(access, "epics", **context), status=422 if wrong else 200)
