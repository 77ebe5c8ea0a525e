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

from agileml.journal.rules.edits import Stale
from agileml.lib.fields import Invalid
from agileml.lib.numbers import whole
from agileml.planning.queries import epics as queries
from agileml.planning.queries.measured import measured_under
from agileml.projects.doors import Access
from agileml.projects.rules import Need
from agileml.web import merging
from agileml.web.merging import Form
from agileml.web.project import enter, frame
from agileml.work.actions import Referenced, delete_story, edit_story
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
    form = merging.sent(request.POST, _texts(story))
    deletes = request.POST.get("do") == "delete"
    try:
        if deletes:
            delete_story(number=number, expected_version=form.version, **by)
            messages.success(request, f"“{story.title}” is deleted.")
            return redirect("epic", key, story.epic.number) if story.epic else redirect("epics", key)
        values: dict[str, Any] = form.written
        if "epic" in values:
            values["epic"] = whole(values["epic"])
        edit_story(number=number, sent=values, expected_version=form.version, **by)
    except Invalid as invalid:
        wrong = {error.pointer.strip("/"): error.message for error in invalid.errors}
        return _page(request, access, story, form=form, wrong=wrong, status=422)
    except Referenced as referenced:
        return _page(request, access, story, form=form, errors=[str(referenced)], status=409)
    except Stale as stale:
        story = queries.story_of(access.project, number)
        again = form.again(theirs=_texts(story), version=story.version)
        if deletes:
            errors = merging.undeleted(access.project, stale, LABELS)
            return _page(request, access, story, form=again, errors=errors, status=409)
        names = dict(_epics(access))
        told = merging.conflict(
            access.project, stale, labels=LABELS, mine=again.mine, theirs=again.was,
            said=lambda name, text: names.get(text, text) if name == "epic" else text,
        )  # fmt: skip
        return _page(request, access, story, form=again, conflict=told, status=409)
    messages.success(request, "Saved.")
    return redirect("story", key, number)


def _texts(story: Story) -> dict[str, str]:
    epic = str(story.epic.number) if story.epic else ""
    return {"title": story.title, "description": story.description, "epic": epic}


def _epics(access: Access) -> list[tuple[str, str]]:
    return [(str(row.number), row.title) for row in queries.others(access.project)]


def _page(
    request: HttpRequest,
    access: Access,
    story: Story,
    *,
    form: Form | None = None,
    wrong: Mapping[str, str] | None = None,
    errors: Sequence[str] = (),
    conflict: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
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
        "epics": _epics(access),
        "form": form or merging.shown(_texts(story), story.version),
        "wrong": wrong or {},
        "errors": errors,
        "conflict": conflict,
        "may_work": Need.WORK in access.can,
    }
    return render(request, "story/page.html", frame(access, "epics", **context), status=status)
