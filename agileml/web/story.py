"""One story: what it asks, and its tickets."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from agileml.journal.rules import Stale
from agileml.lib.numbers import whole
from agileml.planning.queries import epics as queries
from agileml.planning.queries.measured import measured_under
from agileml.projects.doors import Access
from agileml.projects.rules import Need
from agileml.web.merging import conflict, merge
from agileml.web.project import enter, frame
from agileml.work.actions import Referenced, delete_story, edit_story
from agileml.work.fields import Invalid
from agileml.work.models import Story

LABELS = {"title": "Title", "description": "Description", "epic": "Epic"}


@login_required
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """The story; a POST saves or deletes it."""
    access = enter(request, key, need=Need.WORK if request.method == "POST" else Need.READ)
    story = queries.story_of(access.project, number)
    if request.method == "GET":
        return _page(request, access, story)
    by: dict[str, Any] = {"project": access.project, "actor": access.user, "now": timezone.now()}
    now = _texts(story)
    merged = merge(request.POST, now)
    mine = now | dict(merged.written)
    try:
        if request.POST.get("do") == "delete":
            delete_story(number=number, expected_version=story.version, **by)
            messages.success(request, f"“{story.title}” is deleted.")
            return redirect("epic", key, story.epic.number) if story.epic else redirect("epics", key)
        if merged.conflicts:
            labels = {name: LABELS[name] for name in merged.conflicts}
            told = conflict(access.project, queries.last_edit(story), labels, mine, now)
            return _page(request, access, story, sent=mine, conflict=told, status=409)
        sent: dict[str, Any] = dict(merged.written)
        if "epic" in sent:
            sent["epic"] = whole(sent["epic"])
        edit_story(number=number, sent=sent, expected_version=story.version, **by)
    except Invalid as invalid:
        wrong = {error.pointer.strip("/"): error.message for error in invalid.errors}
        return _page(request, access, story, sent=mine, wrong=wrong, status=422)
    except (Referenced, Stale) as refused:
        return _page(request, access, story, sent=mine, errors=[str(refused)], status=409)
    messages.success(request, "Saved.")
    return redirect("story", key, number)


def _texts(story: Story) -> dict[str, str]:
    epic = str(story.epic.number) if story.epic else ""
    return {"title": story.title, "description": story.description, "epic": epic}


def _page(
    request: HttpRequest,
    access: Access,
    story: Story,
    *,
    sent: Mapping[str, str] | None = None,
    wrong: Mapping[str, str] | None = None,
    errors: Sequence[str] = (),
    conflict: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    now = _texts(story)
    context = {
        "story": story,
        "tickets": queries.tickets_under(story=story),
        "runs": measured_under(
            access.project.pk,
            metric=request.GET.get("metric", ""),
            aim=next(iter(queries.goals_of([story.epic])), None) if story.epic else None,
            zone=ZoneInfo(access.project.time_zone),
            ticket__story=story,
        ),
        "epics": [(str(row.number), row.title) for row in queries.others(access.project)],
        "sent": sent or now,
        "was": now,
        "wrong": wrong or {},
        "errors": errors,
        "conflict": conflict,
        "may_work": Need.WORK in access.can,
    }
    return render(request, "story/page.html", frame(access, "epics", **context), status=status)
