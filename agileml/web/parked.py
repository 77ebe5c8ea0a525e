"""The parking lot: work that was deferred and lies in no sprint, and what was skipped until something changes."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from agileml.lib.numbers import whole
from agileml.planning.actions.sprints import draft_some
from agileml.planning.models import Decision, Move
from agileml.planning.queries import backlog, handover
from agileml.planning.queries.wording import how_many
from agileml.planning.rules.handover import Parked, by_cost
from agileml.planning.rules.moves import Refused
from agileml.projects.calendar import day_of
from agileml.projects.doors import Access
from agileml.projects.rules import Need
from agileml.web.project import enter, frame
from agileml.web.telling import Teller
from agileml.work.models import Ticket

MOST = 300
HEADS = {"low": "Cheap to resume", "medium": "Some cost to resume", "high": "Costly to resume"}


@login_required
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, key: str) -> HttpResponse:
    """What is parked, by cost and age; a POST puts one ticket into a planned sprint's draft."""
    access = enter(request, key, need=Need.WORK if request.method == "POST" else Need.READ)
    if request.method == "GET":
        return _page(request, access)
    ticket, sprint = whole(request.POST.get("ticket")) or 0, whole(request.POST.get("sprint")) or 0
    try:
        row = draft_some(
            project=access.project, number=sprint, add=[ticket], actor=access.user, now=timezone.now()
        )  # fmt: skip
    except Refused as refused:
        return _page(request, access, errors=[refusal.message for refusal in refused.refusals])
    messages.success(request, f"{key}-{ticket} is in the draft of {row.name}.")
    return redirect("parked", key)


def _page(request: HttpRequest, access: Access, errors: list[str] | None = None) -> HttpResponse:
    project = access.project
    zone = project.time_zone
    today = day_of(timezone.now(), zone)
    teller = Teller(project)
    lot = handover.lot(project, most=MOST)
    items = [
        Parked(
            _line(teller, ticket, move), (move.after or {}).get("resume_cost") or "low", day_of(move.decision.at, zone)
        )
        for ticket, move in lot
    ]
    groups = [
        {"head": HEADS[cost], "lines": [item.what | {"age": _age(item.age(today))} for item in group]}
        for cost, group in by_cost(items)
    ]
    planned = backlog.planned_sprints(project)
    running = backlog.running(project)
    context = {
        "groups": groups,
        "again": [_line(teller, ticket, move) for ticket, move in handover.to_look_at_again(project, most=MOST)],
        "many": len(lot),
        "full": len(lot) == MOST,
        "next_sprint": planned[0] if planned else None,
        "running": running,
        "nav_sprint": running,
        "may_work": Need.WORK in access.can,
        "may_decide": Need.DECIDE in access.can,
        "errors": errors or [],
    }
    status = 422 if errors else 200
    return render(request, "parked/page.html", frame(access, "backlog", **context), status=status)


def _line(teller: Teller, ticket: Ticket, move: Move) -> dict[str, Any]:
    decision, after = move.decision, move.after or {}
    return {
        "ticket": ticket,
        "url": teller.ticket_url(ticket.number),
        "note": after.get("note", ""),
        "revisit_if": after.get("revisit_if", ""),
        "where": f"{decision.sprint.name}, plan v{decision.version}" if decision.sprint else "the backlog",
        "decided": teller.decided_in(move),
        "closed": decision.kind == Decision.Kind.CLOSE,
        "why": decision.reason or ("" if decision.kind == Decision.Kind.CLOSE else decision.get_reason_code_display()),
        "who": decision.actor.name,
        "when": teller.when(decision.at),
    }


def _age(days: int) -> str:
    return f"for {how_many(days, 'day')}" if days else "since today"
