"""One ticket: its question, how it is tested, what was learned, and what people said."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from agileml.journal.rules.edits import Stale
from agileml.lib import markdown
from agileml.lib.fields import FieldError, Invalid
from agileml.lib.htmx import varies, wants_fragment
from agileml.planning.actions.links import add_link, remove_link
from agileml.planning.actions.notes import give_opinion, write_finding
from agileml.planning.actions.tickets import edit_ticket
from agileml.planning.models import Sprint
from agileml.planning.queries import measured
from agileml.planning.queries import ticket as queries
from agileml.planning.queries.activity import activity
from agileml.planning.queries.done import lacking
from agileml.planning.queries.handover import OPEN, counting
from agileml.planning.queries.ticket import Where, where_is
from agileml.planning.queries.timebox import boxed
from agileml.projects.doors import Access
from agileml.projects.rules import Need
from agileml.web.project import enter, frame
from agileml.web.telling import Teller
from agileml.work import links
from agileml.work.actions import add_comment
from agileml.work.models import Comment, Finding, ReviewOpinion, Ticket

STATUSES = [(str(status), str(status.label)) for status in Ticket.Status if status != Ticket.Status.SKIPPED]
ICONS = {"pr": "pr", "paper": "lit", "notebook": "notebook", "run": "ana", "other": "link"}
TEXTS = (
    ("expected_benefit", "What it is good for"), ("riskiest_assumption", "Riskiest assumption"),
    ("stop_when", "Stop when"),
)  # fmt: skip


@login_required
@require_safe
def show(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """The whole page."""
    access = enter(request, key)
    where = where_is(access.project, number)
    return render(request, "ticket/page.html", _whole(request, access, where))


@login_required
@require_POST
def finding(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Write down what was learned, citing the runs that it rests on."""
    access = enter(request, key, need=Need.WORK)
    sent = {
        "kind": request.POST.get("kind", ""),
        "text": request.POST.get("text", ""),
        "cites": queries.cites_of(request.POST.getlist("cites")),
    }
    try:
        made = write_finding(project=access.project, ticket=number, sent=sent, actor=access.user, now=timezone.now())
    except Invalid as invalid:
        return _again(request, access, number, "findings", invalid)
    return _written(request, access, number, "findings", f"finding-{made.uid}")


@login_required
@require_POST
def opinion(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Say whether to accept the work, rework it, or stop."""
    access = enter(request, key, need=Need.WORK)
    sent = {"opinion": request.POST.get("opinion", ""), "text": request.POST.get("text", "")}
    try:
        give_opinion(project=access.project, ticket=number, sent=sent, actor=access.user, now=timezone.now())
    except Invalid as invalid:
        return _again(request, access, number, "opinions", invalid)
    return _written(request, access, number, "opinions", "opinions")


@login_required
@require_POST
def comment(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Remark on a ticket, which stakeholders may too."""
    access = enter(request, key, need=Need.COMMENT)
    try:
        add_comment(
            project=access.project, ticket=number, text=request.POST.get("text", ""), actor=access.user,
            now=timezone.now(),
        )  # fmt: skip
    except Invalid as invalid:
        return _again(request, access, number, "comments", invalid)
    return _written(request, access, number, "comments", "comments")


TRIES = 3  # somebody else may save between reading and writing


@login_required
@require_POST
def check(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Tick one item of the checklist, or clear it; one that was rewritten meanwhile is left as it is."""
    access = enter(request, key, need=Need.WORK)
    at, text, ticked = request.POST.get("at", ""), request.POST.get("text", ""), request.POST.get("done") == "yes"
    for _ in range(TRIES):
        where = where_is(access.project, number)
        items = [
            item | {"done": ticked} if (str(place), item["text"]) == (at, text) else item
            for place, item in enumerate(where.ticket.checklist)
        ]
        try:
            edit_ticket(
                project=access.project, number=number, sent={"checklist": items},
                expected_version=where.ticket.version, actor=access.user, now=timezone.now(),
            )  # fmt: skip
        except Stale:
            continue
        break
    if not wants_fragment(request):
        return HttpResponseRedirect(f"{reverse('ticket', args=[access.project.key, number])}#checklist")
    context = frame(access, "", ticket=where_is(access.project, number).ticket)
    return varies(render(request, "ticket/_checklist.html", context))


@login_required
@require_POST
def link(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Attach a link, or take the one to `remove` away."""
    access = enter(request, key, need=Need.WORK)
    by: dict[str, Any] = {"project": access.project, "ticket": number, "actor": access.user, "now": timezone.now()}
    sent = {"url": request.POST.get("url", ""), "title": request.POST.get("title", "")}
    try:
        if gone := request.POST.get("remove"):
            remove_link(url=gone, **by)
        else:
            add_link(sent=sent | {"kind": request.POST.get("kind") or None}, **by)
    except Invalid as invalid:
        return _again(request, access, number, "links", invalid)
    return _written(request, access, number, "links", "links")


@login_required
@require_POST
def hold(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Say that a ticket is blocked and by what, or no longer; that it waits on a run, or no longer."""
    access = enter(request, key, need=Need.WORK)
    doing, why = request.POST.get("do", ""), request.POST.get("why", "")
    for _ in range(TRIES):
        ticket = where_is(access.project, number).ticket
        if doing in {"block", "go"} and request.POST.get("was", "").replace("\r\n", "\n") != ticket.blocked_why:
            said = f"it is blocked: {ticket.blocked_why}" if ticket.blocked_why else "it is blocked no longer"
            told = Invalid([FieldError("/blocked", "stale", f"Somebody said meanwhile that {said}.")])
            return _again(request, access, number, "held", told)
        sent: dict[str, Any] = {"blocked": {"why": why} if doing == "block" else None}
        if doing in {"wait", "arrived"}:
            sent = {"waiting_on_run": doing == "wait"}
        try:
            edit_ticket(
                project=access.project, number=number, sent=sent, expected_version=ticket.version,
                actor=access.user, now=timezone.now(),
            )  # fmt: skip
        except Stale:
            continue
        except Invalid as invalid:
            return _again(request, access, number, "held", invalid)
        break
    return trigger_client_event(_written(request, access, number, "held", "held"), "board:refresh", {})


SECTIONS = {
    "links": "ticket/_links.html",
    "held": "ticket/_held.html",
    "findings": "ticket/_findings.html",
    "opinions": "ticket/_opinions.html",
    "comments": "ticket/_comments.html",
}


def _written(request: HttpRequest, access: Access, number: int, section: str, anchor: str) -> HttpResponse:
    if not wants_fragment(request):
        return HttpResponseRedirect(f"{reverse('ticket', args=[access.project.key, number])}#{anchor}")
    return _section(request, access, number, section, status=200)


def _again(request: HttpRequest, access: Access, number: int, section: str, invalid: Invalid) -> HttpResponse:
    """The form again with what was written and what is wrong with it."""
    errors = {f"{section}_errors": [error.message for error in invalid.errors], f"{section}_draft": request.POST}
    return _section(request, access, number, section, status=422, **errors)


def _section(
    request: HttpRequest, access: Access, number: int, section: str, *, status: int, **context: Any
) -> HttpResponse:
    where = where_is(access.project, number)
    whole = _whole(request, access, where) | context
    template = SECTIONS[section] if wants_fragment(request) else "ticket/page.html"
    return varies(render(request, template, whole, status=status))


def _whole(request: HttpRequest, access: Access, where: Where) -> dict[str, Any]:
    ticket, project = where.ticket, access.project
    criteria = queries.standings(ticket)
    zone = ZoneInfo(project.time_zone)
    moves = queries.decided(ticket)
    deferred = counting(reversed(moves))
    asked = {name: request.GET.get(name, "") for name in ("metric", "run")}
    runs = measured.runs(ticket, [one.row for one in criteria], zone=zone, **asked)
    return frame(
        access,
        "",
        where=where,
        ticket=ticket,
        sprint=where.sprint,
        replan_sprint=_replannable(access, where),
        statuses=STATUSES,
        box=boxed(project, ticket, now=timezone.now()),
        texts=[(label, markdown.html(text)) for name, label in TEXTS if (text := getattr(ticket, name))],
        description=markdown.html(ticket.description) if ticket.description else "",
        criteria=criteria,
        links=[(one, links.KINDS[one["kind"]], ICONS[one["kind"]]) for one in links.told(ticket.links)],
        link_kinds=links.KINDS.items(),
        runs=runs,
        findings=_findings(ticket),
        kinds=Finding.Kind.choices,
        citable=queries.citable(ticket, [one.row for one in criteria]),
        opinions=list(ReviewOpinion.objects.filter(ticket=ticket).select_related("author").order_by("at", "pk")),
        opinion_choices=ReviewOpinion.Opinion.choices,
        comments=[
            (row, markdown.html(row.text))
            for row in Comment.objects.filter(ticket=ticket).select_related("author").order_by("at", "pk")
        ],
        lacks=lacking(ticket) if ticket.status in {"in_progress", "in_review"} else [],
        activity=activity(ticket, moves, key=project.key),
        hand=Teller(project).hand_over(deferred) if deferred and ticket.status in OPEN else None,
        skipped=next((move for move in moves if move.move == "skip"), None) if ticket.status == "skipped" else None,
        **queries.related(ticket),
    )


def _findings(ticket: Ticket) -> Sequence[dict[str, Any]]:
    return [
        {"row": row, "html": markdown.html(row.text), "cites": queries.cited(row)}
        for row in queries.findings_of(ticket)
    ]


def _replannable(access: Access, where: Where) -> Sprint | None:
    """The active sprint whose plan a finding on this ticket would change, for whoever may decide that."""
    if Need.DECIDE not in access.can:
        return None
    if where.sprint:
        return where.sprint
    running = [row for row in where.targets if row.state == Sprint.State.ACTIVE]
    return running[0] if len(running) == 1 else None
