"""Taking a decision back: first what would happen and what stands in the way, then doing it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from agileml.lib.htmx import go, varies, wants_fragment
from agileml.planning.actions.take_back import Overtaken, look, take_back
from agileml.planning.models import Decision, Move
from agileml.planning.queries import history
from agileml.planning.rules.moves import Refused
from agileml.planning.rules.taking_back import Blocker
from agileml.projects.doors import Access, Hidden
from agileml.projects.rules import Need
from agileml.web.project import enter, frame
from agileml.web.telling import Teller


@login_required
@require_http_methods(["GET", "POST"])
def back(request: HttpRequest, key: str, uid: UUID) -> HttpResponse:
    """A dialog over the history or a page of its own: what taking this decision back would do; a POST does it."""
    access = enter(request, key, need=Need.DECIDE)
    row = Decision.objects.filter(project=access.project, uid=uid).select_related("actor", "reverts", "sprint").first()
    if row is None:
        raise Hidden(uid)
    if request.method == "GET":
        return _ask(request, access, row)
    try:
        made = take_back(
            project=access.project,
            decision=str(uid),
            actor=access.user,
            now=timezone.now(),
            reason=request.POST.get("reason", ""),
            partial="partial" in request.POST,
        )
    except Overtaken:
        return _ask(request, access, row, status=409)
    except Refused:
        return _ask(request, access, row, status=422)
    messages.success(request, _said(made, row))
    return go(request, _where(access, made))


def _said(made: Decision, row: Decision) -> str:
    if made.version is None:
        return "Taken back."
    part = ", as far as nothing stood in the way" if made.partial else ""
    return f"Plan v{row.version} is taken back{part}: this is plan v{made.version}."


def _where(access: Access, row: Decision) -> str:
    if row.sprint is None:
        return reverse("backlog", args=[access.project.key])
    return reverse("history", args=[access.project.key, row.sprint.number]) + f"#v{row.version}"


def _ask(request: HttpRequest, access: Access, row: Decision, *, status: int = 200) -> HttpResponse:
    past = history.pasts([row])[0]
    teller = Teller(access.project, history.story_titles(access.project, [past]))
    context: dict[str, Any] = {
        "decision": teller.decision(past),
        "sprint": row.sprint,
        "back_url": _where(access, row),
        "reason": request.POST.get("reason", ""),
    }
    try:
        undoing = look(access.project, str(row.uid))
    except Refused as refused:
        context["errors"] = [refusal.message for refusal in refused.refusals]
    else:
        context |= {
            "would": _would(teller, undoing.drafts[0].moves, access),
            "also": [draft.sprint.name for draft in undoing.drafts[1:] if draft.sprint],
            "blockers": [_blocker(teller, one) for one in undoing.blockers],
            "rest": undoing.rest,
            "only_leads": undoing.changes_state and Need.LEAD not in access.can,
        }
    template = "take/_back.html" if wants_fragment(request) else "take/page.html"
    return varies(render(request, template, frame(access, "history", **context), status=status))


def _would(teller: Teller, moves: Sequence[Any], access: Access) -> list[dict[str, Any]]:
    """The moves that would be recorded, in words."""
    numbers = {move.ticket for move in moves if move.ticket is not None}
    tickets = history.tickets(access.project, numbers)
    lines = [
        Move(move=move.move, ticket=tickets.get(move.ticket), before=move.before, after=move.after)
        for move in moves
        if move.ticket is None or move.ticket in tickets
    ]
    return [teller.move(line) for line in lines]


def _blocker(teller: Teller, blocker: Blocker) -> dict[str, Any]:
    return {
        "message": blocker.message,
        "url": teller.ticket_url(blocker.ticket) if blocker.ticket is not None else "",
        "key": f"{teller.project.key}-{blocker.ticket}" if blocker.ticket is not None else "",
    }
