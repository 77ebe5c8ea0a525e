"""Proposals: what somebody proposes for a sprint, what it would do now, and the answer to it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from agileml.lib.fields import Invalid
from agileml.lib.numbers import whole
from agileml.planning.actions import proposals as actions
from agileml.planning.actions.decide import StalePlan
from agileml.planning.models import Proposal
from agileml.planning.queries import history, proposals
from agileml.planning.queries.plans import sprint_of
from agileml.planning.rules.moves import MoveRequest, Refused, parse
from agileml.projects.calendar import day_of
from agileml.projects.doors import Access, Hidden
from agileml.projects.rules import Need
from agileml.web.history import difference
from agileml.web.project import enter, frame
from agileml.web.telling import Teller

LEVELS = {"ok": "ok", "note": "info", "warning": "warn"}


@login_required
@require_safe
def index(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """The proposals of a sprint, open ones first."""
    access = enter(request, key)
    sprint = sprint_of(access.project, number)
    teller = Teller(access.project)
    rows = [{"row": row, "when": teller.when(row.at)} for row in proposals.of_sprint(sprint)]
    return render(request, "proposal/index.html", frame(access, "board", sprint=sprint, proposals=rows))


@login_required
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, key: str, uid: UUID) -> HttpResponse:
    """One proposal; a POST answers it: `do` is decide, rest, decline or withdraw."""
    access = enter(request, key)
    row = proposals.named(access.project, uid)
    if request.method == "GET":
        return _page(request, access, row)
    by: dict[str, Any] = {
        "project": access.project,
        "proposal": str(uid),
        "actor": access.user,
        "now": timezone.now(),
    }
    try:
        said = _answer(request.POST, by)
    except StalePlan as stale:
        errors = [f"{stale} Look at what has changed before you decide."]
        return _page(request, access, proposals.named(access.project, uid), errors=errors, status=409)
    except Refused as refused:
        errors = [refusal.message for refusal in refused.refusals]
        return _page(request, access, proposals.named(access.project, uid), errors=errors, status=422)
    except Invalid as invalid:
        return _page(request, access, row, errors=[error.message for error in invalid.errors], status=422)
    messages.success(request, said)
    return redirect("board_sprint", key, row.sprint.number)


def _answer(sent: QueryDict, by: dict[str, Any]) -> str:
    do = sent.get("do", "")
    if do in {"decide", "rest"}:
        made = actions.decide_proposal(partial=do == "rest", seen_version=whole(sent.get("seen")), **by)
        return f"Plan v{made.version} decided, as it was proposed{' in part' if do == 'rest' else ''}."
    if do == "decline":
        actions.decline(answer=sent.get("answer", ""), **by)
        return "The proposal is declined; its author reads why."
    if do != "withdraw":
        raise Hidden(do)
    actions.withdraw(**by)
    return "The proposal is withdrawn."


def _page(
    request: HttpRequest, access: Access, row: Proposal, *, errors: list[str] | None = None, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {"proposal": row, "sprint": row.sprint, "errors": errors or []}
    teller = Teller(access.project)
    context |= {"when": teller.when(row.at), "answered": teller.when(row.answered_at) if row.answered_at else ""}
    context |= _looked(access, row) if row.state == Proposal.State.OPEN else {"moves": _asked(access, row)}
    can_decide = Need.DECIDE in access.can
    context |= {"can_decide": can_decide, "mine": row.author_id == access.user.pk}
    return render(request, "proposal/page.html", frame(access, "board", **context), status=status)


def _looked(access: Access, row: Proposal) -> dict[str, Any]:
    """What the proposal would do now, what of it no longer fits, and what the plan has become since."""
    try:
        found = proposals.look(access, row, today=day_of(timezone.now(), access.project.time_zone))
    except Invalid as invalid:
        return {"against": [error.message for error in invalid.errors], "moves": [], "stay": 0}
    teller = Teller(access.project, history.story_titles(access.project, found.pasts))
    version = row.sprint.plan_version
    return {
        "moves": [
            {**line, "unfit": " ".join(one.message for one in found.fit.unfit.get(at, ()))}
            for at, line in enumerate(_lines(teller, found.moves))
        ],
        "against": [one.message for one in found.fit.against],
        "stay": len(found.fit.stay),
        "whole": found.fit.whole,
        "since": [teller.decision(past) for past in found.pasts if (past.row.version or 0) > row.base_version],
        "difference": difference(found.pasts, row.base_version, version, teller),
        "consequences": [{"level": LEVELS[one.level], "text": one.message} for one in found.seen.consequences],
    }


def _asked(access: Access, row: Proposal) -> list[dict[str, Any]]:
    """What was proposed, as it stands when it was answered."""
    try:
        return _lines(Teller(access.project), parse(row.moves))
    except Invalid:  # kept as they were sent, once; what they may hold has changed since
        return []


def _lines(teller: Teller, moves: Sequence[MoveRequest]) -> list[dict[str, Any]]:
    titles = history.tickets(teller.project, {move.ticket for move in moves if move.ticket})
    return [teller.asked(move, titles) for move in moves]
