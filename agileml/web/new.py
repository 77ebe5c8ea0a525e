"""A new ticket, with all that may be said of it from the start: where it goes, what it asks, how it is tested."""

from collections.abc import Mapping

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from agileml.lib.fields import Invalid
from agileml.lib.htmx import done, own_path, varies, wants_fragment
from agileml.lib.numbers import whole
from agileml.planning.actions.tickets import create_ticket
from agileml.planning.models import Sprint
from agileml.planning.queries.backlog import open_sprints
from agileml.planning.queries.replan import stories
from agileml.planning.rules.moves import Refused
from agileml.projects.doors import Access
from agileml.projects.rules import Need
from agileml.web import new_form
from agileml.web.project import enter, frame


@login_required
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, key: str) -> HttpResponse:
    """The form, begun with what the address says (title, type, in_story, into); a POST makes the ticket."""
    access = enter(request, key, need=Need.WORK)
    if request.method == "GET":
        return _form(request, access)
    try:
        row = create_ticket(
            project=access.project, sprint=whole(request.POST.get("into")), sent=new_form.sent_of(request.POST),
            actor=access.user, now=timezone.now(),
        )  # fmt: skip
    except Invalid as invalid:
        return _form(request, access, wrong=new_form.wrong_of(invalid))
    except Refused as refused:
        return _form(request, access, wrong={"into": " ".join(refusal.message for refusal in refused.refusals)})
    to = own_path(request.POST.get("next", ""), reverse("ticket", args=[key, row.number]))
    return done(request, to=to, text=f"{key}-{row.number} added", events=("dialog:close", "board:refresh", "added"))


def _form(request: HttpRequest, access: Access, *, wrong: Mapping[str, str] | None = None) -> HttpResponse:
    said = request.POST if wrong else request.GET
    shown = frame(
        access, "backlog", wrong=wrong or {}, next=own_path(said.get("next", ""), ""),
        sprints=[row for row in open_sprints(access.project) if _may_go_into(access, row)],
        **new_form.offered(access.project, said, stories=stories(access.project)),
    )  # fmt: skip
    template = "new/_form.html" if wants_fragment(request) else "new/page.html"
    return varies(render(request, template, shown, status=422 if wrong else 200))


def _may_go_into(access: Access, row: Sprint) -> bool:
    """Into a running sprint only whoever may decide about its plan."""
    need = Need.DECIDE if row.state == Sprint.State.ACTIVE else Need.WORK
    return need in access.can
