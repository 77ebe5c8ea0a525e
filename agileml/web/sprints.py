"""The sprints of a project, and planning the next one."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from agileml.lib.fields import Invalid
from agileml.planning.actions.sprints import create_sprint
from agileml.planning.models import Sprint
from agileml.planning.queries import sprints as queries
from agileml.planning.queries.dates import next_dates
from agileml.planning.queries.sprints import Listed
from agileml.projects.doors import Access
from agileml.projects.rules import Need
from agileml.web.project import enter, frame

FIELDS = ("name", "goal", "increment", "start", "end")


@login_required
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, key: str) -> HttpResponse:
    """All sprints; a POST plans a new one and leads to its draft."""
    access = enter(request, key, need=Need.WORK if request.method == "POST" else Need.READ)
    if request.method == "GET":
        return _page(request, access)
    sent = {name: request.POST[name] for name in FIELDS if request.POST.get(name, "").strip()}
    try:
        row = create_sprint(project=access.project, sent=sent, actor=access.user, now=timezone.now())
    except Invalid as invalid:
        wrong = {error.pointer.strip("/"): error.message for error in invalid.errors}
        return _page(request, access, sent=request.POST.dict(), wrong=wrong)
    messages.success(request, f"{row.name} is planned. Put tickets into it from the backlog.")
    return redirect("sprint_edit", access.project.key, row.number)


def _page(
    request: HttpRequest,
    access: Access,
    *,
    sent: Mapping[str, Any] | None = None,
    wrong: Mapping[str, str] | None = None,
) -> HttpResponse:
    project = access.project
    sprints = queries.listed(project)
    running = next((one.sprint.number for one in sprints if one.sprint.state == Sprint.State.ACTIVE), None)
    start, end = next_dates(project, now=timezone.now())
    context = {
        "tiles": [_tile(one) for one in sprints],
        "nav_sprint": running,
        "may_plan": Need.WORK in access.can,
        "may_lead": Need.LEAD in access.can,
        "sent": sent or {"start": str(start), "end": str(end)},
        "wrong": wrong or {},
    }
    return render(request, "sprints/page.html", frame(access, "sprints", **context), status=422 if wrong else 200)


def _tile(one: Listed) -> dict[str, Any]:
    counts = one.counts
    doing = counts["in_progress"] + counts["in_review"]
    return {
        "sprint": one.sprint,
        "total": one.total,
        "done": counts["done"],
        "doing": doing,
        "todo": counts["todo"],
        "skipped": counts["skipped"],
        "before_skipped": counts["done"] + doing,
    }
