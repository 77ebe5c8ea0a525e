"""What can be done with a card of the board: its menu, moving it, and deciding about just this one ticket."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import trigger_client_event
from django_htmx.middleware import HtmxDetails

from agileml.lib.fields import Invalid
from agileml.lib.htmx import done, own_path, varies, wants_fragment
from agileml.planning.actions.decide import StalePlan, Why, decide
from agileml.planning.actions.progress import Moved, Written, progress
from agileml.planning.actions.take_back import Overtaken, take_back
from agileml.planning.actions.tickets import create_ticket, edit_ticket
from agileml.planning.models import Decision
from agileml.planning.queries.done import lacking
from agileml.planning.queries.ticket import (
    Where,
    citable,
    cites_of,
    findings_to_cite,
    neighbours,
    standing_criteria,
    where_is,
)
from agileml.planning.rules.moves import RESUME_COSTS, MoveRequest, Refused, parse
from agileml.planning.rules.progress import DoneRule, NeedsPlan
from agileml.planning.rules.wip import WipLimit
from agileml.projects.doors import Access
from agileml.projects.rules import Need
from agileml.web.project import enter, frame
from agileml.work.models import Finding, ReviewOpinion, Ticket
from agileml.work.types import TicketType

STATUSES = [(str(status), str(status.label)) for status in Ticket.Status if status != Ticket.Status.SKIPPED]
SHIPS = {TicketType.DEPLOYMENT, TicketType.ENGINEERING}
REFRESH = ("dialog:close", "board:refresh")


@login_required
@require_GET
def menu(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Everything that can be done with a ticket, as a dialog over the board or a page of its own."""
    access = enter(request, key)
    where = where_is(access.project, number)
    return _dialog(request, access, where, "card/_menu.html", **neighbours(where))


@login_required
@require_http_methods(["GET", "POST"])
def move(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Move a card; done asks how it ended, in the shortest dialog that can say so."""
    access = enter(request, key, need=Need.WORK)
    where = where_is(access.project, number)
    if request.method == "GET":
        return _done_dialog(request, access, where)
    to, ticket = request.POST.get("to", ""), where.ticket
    notes: list[str] = []
    try:
        progress(
            project=access.project,
            number=number,
            to=to,
            from_status=request.POST.get("from_status") or None,
            outcome=request.POST.get("outcome", ""),
            override=request.POST.get("override", ""),
            before=_number(request.POST.get("before")),
            after=_number(request.POST.get("after")),
            told=notes,
            written=_written(request.POST),
            actor=access.user,
            now=timezone.now(),
        )
    except Moved as moved:
        return _refused(request, access, where, [str(moved)], status=409)
    except WipLimit as limit:
        errors = [crossing.message for crossing in limit.crossed]
        return _refused(request, access, where, errors, status=409, beyond=Need.LEAD in access.can, to=to)
    except DoneRule as rule:
        missing = [lack.message for lack in rule.missing] if "outcome" in request.POST else []
        return _done_dialog(request, access, where, missing=missing, status=422)
    except NeedsPlan as needs:
        return _refused(request, access, where, [str(needs)])
    except Invalid as invalid:
        if to == Ticket.Status.DONE:
            return _done_dialog(request, access, where, errors=_texts(invalid), status=422)
        return _refused(request, access, where, _texts(invalid))
    said = f"{where.key} moved to {Ticket.Status(to).label}" if to != ticket.status else f"{where.key} has a new place"
    if notes:
        said = " ".join([f"{said}.", *notes])
    return done(
        request, to=_back(request, where), text=said, events=REFRESH, shown=bool(notes),
        tone="warning" if notes else "success",
    )  # fmt: skip


def _written(post: QueryDict) -> Written:
    """What is written in the done dialog: it may be just what the ticket lacks."""
    text, opinion, url = (post.get(name, "").strip() for name in ("finding", "opinion", "link"))
    cites = cites_of(post.getlist("cites"))
    return Written(
        finding={"kind": post.get("kind", ""), "text": text, "cites": cites} if text else None,
        opinion={"opinion": opinion, "text": post.get("opinion_text", "")} if opinion else None,
        link={"url": url} if url else None,
    )


def _done_dialog(
    request: HttpRequest, access: Access, where: Where, *, missing: Sequence[str] = (), errors: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    ticket, post = where.ticket, request.POST
    lacks = lacking(ticket)
    needs = {lack.code: lack.message for lack in lacks}
    finds = next((needs[code] for code in ("finding", "snapshot", "citation") if code in needs), "")
    context = {
        "lacks": lacks,
        "finds": finds,  # why a finding is needed, if one is
        "needs": needs,
        "citable": citable(ticket, standing_criteria(ticket)) if "citation" in needs else [],
        "cited": post.getlist("cites"),
        "own": ticket.assignee_id == access.user.pk,  # whose own opinion would not count
        "opinions": ReviewOpinion.Opinion.choices,
        "draft": post,
        "missing": missing,
        "errors": errors,
        "outcome": post.get("outcome") or ("shipped" if ticket.type in SHIPS else "learned"),
        "kinds": Finding.Kind.choices,
        "kind": post.get("kind", Finding.Kind.CONFIRMS),
    }
    return _dialog(request, access, where, "card/_done.html", status=status, **context)


@login_required
@require_http_methods(["GET", "POST"])
def skip(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Skip just this ticket, with the reason in one small dialog."""
    return _decide_one(request, key, number, "skip")


@login_required
@require_http_methods(["GET", "POST"])
def defer(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Defer just this ticket, with a note for whoever picks it up again."""
    return _decide_one(request, key, number, "defer")


@login_required
@require_POST
def restore(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Put a skipped ticket back into the plan: a correction, and a decision like any other."""
    return _decide_one(request, key, number, "restore")


def _decide_one(request: HttpRequest, key: str, number: int, kind: str) -> HttpResponse:
    access = enter(request, key, need=Need.DECIDE)
    where = where_is(access.project, number)
    if request.method == "GET":
        return _decision_dialog(request, access, where, kind)
    try:
        made = decide(
            project=access.project,
            sprint=where.sprint.number if where.sprint else None,
            base_version=_number(request.POST.get("base_version")),
            why=Why(
                code=request.POST.get("code", "correction" if kind == "restore" else ""),
                text=request.POST.get("reason", ""),
                evidence=[{"finding": uid} for uid in request.POST.getlist("finding")],
            ),
            moves=[_asked(request, where, number, kind)],
            actor=access.user,
            now=timezone.now(),
        )
    except StalePlan as stale:
        where = where_is(access.project, number)
        return _decision_dialog(request, access, where, kind, status=409, since=stale.since)
    except Refused as refused:
        return _decision_dialog(
            request, access, where, kind, status=422, errors=[refusal.message for refusal in refused.refusals]
        )
    except Invalid as invalid:
        return _decision_dialog(request, access, where, kind, status=422, errors=_texts(invalid))
    return _decided(request, access, where, made, kind)


def _asked(request: HttpRequest, where: Where, number: int, kind: str) -> MoveRequest:
    line: dict[str, Any] = {"move": kind, "ticket": number}
    if kind == "skip" and request.POST.get("revisit_if", "").strip():
        line["revisit_if"] = request.POST["revisit_if"]
    if kind == "defer":
        to = _number(request.POST.get("to"))
        line |= {"to": to, "note": request.POST.get("note", ""), "resume_cost": request.POST.get("resume_cost", "low")}
        target = next((row for row in where.targets if row.number == to), None)
        if target is not None and target.state == "active":
            line["to_base_version"] = _number(request.POST.get(f"base_of_{to}")) or target.plan_version
    return parse([line])[0]


def _decision_dialog(
    request: HttpRequest, access: Access, where: Where, kind: str, *, status: int = 200,
    errors: Sequence[str] = (), since: Sequence[dict[str, Any]] = (),
) -> HttpResponse:  # fmt: skip
    findings = findings_to_cite(access.project, where)
    codes = [
        choice
        for choice in Decision.Reason.choices
        if choice[0] and choice[0] not in {"finding_opens", "forgotten"} and (findings or "finding" not in choice[0])
    ]
    context = {
        "kind": kind, "verb": {"skip": "Skip", "defer": "Defer", "restore": "Restore"}[kind], "errors": errors,
        "since": since, "codes": codes, "findings": findings, "cited": request.POST.getlist("finding"),
        "code": request.POST.get("code") or ("capacity" if kind == "defer" else "priority"),
        "costs": RESUME_COSTS, "draft": request.POST,
    }  # fmt: skip
    return _dialog(request, access, where, "card/_decide.html", status=status, **context)


def _decided(request: HttpRequest, access: Access, where: Where, made: Decision, kind: str) -> HttpResponse:
    past = {"skip": "skipped", "defer": "deferred", "restore": "restored"}[kind]
    said = f"{where.key} {past}" + (f": plan v{made.version}" if made.version else "")
    if not wants_fragment(request):
        return done(request, to=_back(request, where), text=f"{said}. It can be taken back in the history.")
    # Nothing for the dialog, which so closes; the toast goes to its place by itself and offers the way back.
    toast = render_to_string("card/_undo.html", {"said": said, "decision": made, "project": access.project}, request)
    response = HttpResponse(toast)
    trigger_client_event(response, "announce", {"value": said})
    trigger_client_event(response, "board:refresh", {})
    return varies(response)


@login_required
@require_POST
def undo(request: HttpRequest, key: str, decision: UUID) -> HttpResponse:
    """Take back the decision that a toast offers to take back."""
    access = enter(request, key, need=Need.DECIDE)
    to = reverse("board", args=[key])
    try:
        take_back(project=access.project, decision=str(decision), actor=access.user, now=timezone.now())
    except (Overtaken, Refused) as refused:
        return done(request, to=to, text=str(refused), tone="warning", events=("board:refresh",))
    return done(request, to=to, text="Taken back: the plan is as it was before.", events=("board:refresh",))


@login_required
@require_POST
def add(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Quick add to a sprint: by decision (`forgotten`) while it is active, to the draft while it is planned."""
    access = enter(request, key, need=Need.WORK)
    to = own_path(request.POST.get("next", ""), reverse("board_sprint", args=[key, number]))
    try:
        row = create_ticket(
            project=access.project,
            sprint=number,
            sent={"type": request.POST.get("type", ""), "title": request.POST.get("title", "")},
            actor=access.user,
            now=timezone.now(),
        )
    except Invalid as invalid:
        return _not_added(request, access, _texts(invalid))
    except Refused as refused:
        return _not_added(request, access, [refusal.message for refusal in refused.refusals])
    return done(request, to=to, text=f"{key}-{row.number} added", events=("board:refresh", "added"))


def _not_added(request: HttpRequest, access: Access, errors: Sequence[str]) -> HttpResponse:
    if wants_fragment(request):
        response = varies(HttpResponse(status=422))
        response.headers["HX-Reswap"] = "none"
        return trigger_client_event(response, "toast", {"text": " ".join(errors), "tone": "error"})
    return render(request, "card/refused.html", frame(access, "board", errors=errors), status=422)


@login_required
@require_POST
def take(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Make a ticket one's own."""
    access = enter(request, key, need=Need.WORK)
    where = where_is(access.project, number)
    notes: list[str] = []
    try:
        edit_ticket(
            project=access.project,
            number=number,
            sent={"assignee": str(access.user.uid)},
            expected_version=None,
            override=request.POST.get("override", ""),
            told=notes,
            actor=access.user,
            now=timezone.now(),
        )
    except WipLimit as limit:
        beyond = Need.LEAD in access.can
        return _refused(request, access, where, [str(limit)], status=409, beyond=beyond, taking=True)
    except Invalid as invalid:
        return _refused(request, access, where, _texts(invalid), taking=True)
    said = " ".join([f"{where.key} is yours.", *notes]) if notes else f"{where.key} is yours"
    tone = "warning" if notes else "success"
    return done(request, to=_back(request, where), text=said, events=REFRESH, tone=tone)


def _dialog(
    request: HttpRequest, access: Access, where: Where, fragment: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    """A fragment for the dialog of the page that stands, or the same fragment as a page."""
    shown = frame(
        access, "board", ticket=where.ticket, where=where, sprint=where.sprint, statuses=STATUSES,
        next=_back(request, where), fragment=fragment, **context,
    )  # fmt: skip
    template = fragment if wants_fragment(request) else "card/page.html"
    return varies(render(request, template, shown, status=status))


def _refused(
    request: HttpRequest, access: Access, where: Where, errors: Sequence[str], *, status: int = 422, **context: Any
) -> HttpResponse:
    response = _dialog(request, access, where, "card/_refused.html", status=status, errors=errors, **context)
    return trigger_client_event(response, "board:refresh", {})


def _back(request: HttpRequest, where: Where) -> str:
    """Where somebody without a script goes on: where she came from, else the ticket."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    return own_path(
        request.POST.get("next") or request.GET.get("next") or (htmx and htmx.current_url_abs_path) or "",
        reverse("ticket", args=[where.project.key, where.ticket.number]),
    )


def _number(said: str | None) -> int | None:
    return int(said) if said and said.isascii() and said.isdecimal() and len(said) < 10 else None


def _texts(invalid: Invalid) -> list[str]:
    return [f"{error.pointer.strip('/').replace('/', ' ').capitalize()}: {error.message}" for error in invalid.errors]
