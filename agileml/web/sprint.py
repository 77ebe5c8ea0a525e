"""One sprint outside of its board: editing what is planned, starting it, closing it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods

from agileml.journal.rules.edits import Stale
from agileml.lib.fields import Invalid
from agileml.lib.numbers import whole
from agileml.planning.actions.sprints import close_sprint, draft_some, edit_sprint, start_sprint
from agileml.planning.models import Sprint
from agileml.planning.queries import replan as replans
from agileml.planning.queries import sprints as queries
from agileml.planning.queries.plans import sprint_of
from agileml.planning.queries.wording import COSTS, how_many
from agileml.planning.rules import retro
from agileml.planning.rules.moves import Refusal, Refused
from agileml.planning.rules.starting import Destination
from agileml.projects.doors import Access
from agileml.projects.rules import Need
from agileml.web import merging
from agileml.web.merging import Form
from agileml.web.project import enter, frame
from agileml.web.telling import Teller
from agileml.work.models import Ticket

FIELDS = ("name", "goal", "increment", "start", "end")
RETRO = (
    ("keep", "Keep", "What helped"),
    ("change", "Change", "What got in the way"),
    ("try", "Try", "Each line becomes a ticket"),
)
LABELS = {"name": "Name", "goal": "Goal", "increment": "Increment", "start": "First day", "end": "Last day"}


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """A planned sprint: its fields and its draft. Of a running one they are the plan, and change by re-planning."""
    access = enter(request, key, need=Need.WORK if request.method == "POST" else Need.READ)
    sprint = sprint_of(access.project, number)
    if sprint.state != Sprint.State.PLANNED:
        return redirect("board_sprint" if sprint.state == Sprint.State.ACTIVE else "history", key, number)
    if request.method == "GET":
        return _edit_page(request, access, sprint)
    if "drop" in request.POST:
        return _drop(request, access, sprint)
    return _save(request, access, sprint)


def _save(request: HttpRequest, access: Access, sprint: Sprint) -> HttpResponse:
    """Send only what was written, so that what others wrote meanwhile in other fields stays."""
    form = merging.sent(request.POST, _as_it_is(sprint))
    try:
        edit_sprint(
            project=access.project,
            number=sprint.number,
            sent=form.written,
            expected_version=form.version,
            actor=access.user,
            now=timezone.now(),
        )
    except Invalid as invalid:
        wrong = {error.pointer.strip("/"): error.message for error in invalid.errors}
        return _edit_page(request, access, sprint, form=form, wrong=wrong, status=422)
    except Stale as stale:
        sprint = sprint_of(access.project, sprint.number)
        again = form.again(theirs=_as_it_is(sprint), version=sprint.version)
        told = merging.conflict(access.project, stale, labels=LABELS, mine=again.mine, theirs=again.was)
        return _edit_page(request, access, sprint, form=again, conflict=told, status=409)
    except Refused as refused:
        errors = [refusal.message for refusal in refused.refusals]
        return _edit_page(request, access, sprint, form=form, errors=errors, status=422)
    messages.success(request, "Saved.")
    return redirect("sprint_edit", access.project.key, sprint.number)


def _drop(request: HttpRequest, access: Access, sprint: Sprint) -> HttpResponse:
    ticket = whole(request.POST.get("drop"))
    try:
        draft_some(
            project=access.project,
            number=sprint.number,
            drop=[ticket] if ticket else [],
            actor=access.user,
            now=timezone.now(),
        )
    except Refused as refused:
        messages.warning(request, str(refused))
    return redirect("sprint_edit", access.project.key, sprint.number)


def _as_it_is(sprint: Sprint) -> dict[str, str]:
    return {name: str(getattr(sprint, name)) for name in FIELDS}


def _edit_page(
    request: HttpRequest,
    access: Access,
    sprint: Sprint,
    *,
    form: Form | None = None,
    wrong: Mapping[str, str] | None = None,
    errors: Sequence[str] = (),
    conflict: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    form = form or merging.shown(_as_it_is(sprint), sprint.version)
    tickets = queries.drafted(sprint)
    hands = Teller(access.project).hand_overs(tickets)
    context = {
        "sprint": sprint,
        "nav_sprint": None,
        "tickets": [(row, hands.get(row.pk)) for row in tickets],
        "form": form,
        "sent": form.mine,
        "wrong": wrong or {},
        "errors": errors,
        "conflict": conflict,
        "may_plan": Need.WORK in access.can,
        "may_start": Need.LEAD in access.can,
    }
    return render(request, "sprint/edit.html", frame(access, "sprints", **context), status=status)


@login_required
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """What the sprint would start with and what stands in the way; a POST starts it."""
    access = enter(request, key, need=Need.LEAD if request.method == "POST" else Need.READ)
    sprint = sprint_of(access.project, number)
    if request.method == "GET":
        if sprint.state != Sprint.State.PLANNED:
            return redirect("board_sprint", key, number)
        tickets = queries.drafted(sprint)
        return _start_page(request, access, sprint, queries.why_not_start(sprint, tickets))
    try:
        decision = start_sprint(
            project=access.project, number=number, seen=_seen(request), actor=access.user, now=timezone.now()
        )
    except Refused as refused:
        return _start_page(request, access, sprint, refused.refusals, status=422)
    url = reverse("take_back", args=[key, decision.uid])
    messages.success(request, format_html('{} has started. <a href="{}">Take back</a>', sprint.name, url))
    return redirect("board_sprint", key, number)


def _seen(request: HttpRequest) -> list[int] | None:
    """The tickets that the page showed which was pressed; None where no page was."""
    if not request.POST.get("shown"):
        return None
    return [number for said in request.POST.getlist("seen") if (number := whole(said))]


def _start_page(
    request: HttpRequest, access: Access, sprint: Sprint, refusals: Sequence[Refusal], *, status: int = 200
) -> HttpResponse:
    changed = any(refusal.code == "draft_changed" for refusal in refusals)
    stuck: dict[int | None, list[str]] = {}
    for refusal in refusals:
        stuck.setdefault(refusal.ticket, []).append(refusal.message)
    context = {
        "sprint": sprint,
        "nav_sprint": None,
        "tickets": [{"row": row, "errors": stuck.get(row.number, [])} for row in queries.drafted(sprint)],
        "errors": stuck.get(None, []),
        "stuck": bool(refusals) and not changed,
        "changed": changed,
        "may_start": Need.LEAD in access.can,
        "leads": replans.leads(access.project),
        "overlaps": Sprint.objects.filter(project=access.project, state=Sprint.State.ACTIVE).order_by("end"),
    }
    return render(request, "sprint/start.html", frame(access, "sprints", **context), status=status)


@login_required
@require_http_methods(["GET", "POST"])
def close(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Where each ticket that is left goes; a POST sends them there and closes the sprint."""
    access = enter(request, key, need=Need.LEAD if request.method == "POST" else Need.READ)
    sprint = sprint_of(access.project, number)
    if request.method == "GET":
        if sprint.state != Sprint.State.ACTIVE:
            return redirect("history" if sprint.state == Sprint.State.CLOSED else "sprint_edit", key, number)
        return _close_page(request, access, sprint)
    tickets = queries.left(sprint)
    try:
        decision = close_sprint(
            project=access.project,
            number=number,
            destinations={row.number: found for row in tickets if (found := _destination(request.POST, row.number))},
            reason=request.POST.get("reason", ""),
            retro=retro.parse(_retro(request.POST)),
            actor=access.user,
            now=timezone.now(),
        )
    except Refused as refused:
        return _close_page(request, access, sprint, refusals=refused.refusals, status=422)
    except Invalid as invalid:
        return _close_page(request, access, sprint, wrong=[error.message for error in invalid.errors], status=422)
    url = reverse("take_back", args=[key, decision.uid])
    carried = f" {how_many(len(tickets), 'ticket')} went where you said." if tickets else ""
    messages.success(request, format_html('{} is closed.{} <a href="{}">Take back</a>', sprint.name, carried, url))
    return redirect("report", key, number)


def _retro(data: QueryDict) -> list[dict[str, Any]]:
    """What was written of the sprint: each line of the three fields is one."""
    sprint = whole(data.get("tries"))
    lines = [(kind, line.strip()) for kind in retro.KINDS for line in data.get(kind, "").splitlines()]
    return [
        {"kind": kind, "text": text} | ({"sprint": sprint} if sprint and kind == "try" else {})
        for kind, text in lines
        if text
    ]


def _destination(data: QueryDict, ticket: int) -> Destination | None:
    """Where this ticket goes; None when nothing was said of it."""
    to = data.get(f"do-{ticket}", "")
    number, _, base = data.get(f"to-{ticket}", "").partition("@")
    if to not in {"sprint", "backlog", "skip"} or (to == "sprint" and whole(number) is None):
        return None
    return Destination(
        to=to,
        sprint=whole(number) if to == "sprint" else None,
        to_base_version=whole(base) if to == "sprint" else None,
        note=data.get(f"note-{ticket}", "").strip()[:2000],
        resume_cost=cost if (cost := data.get(f"cost-{ticket}", "low")) in COSTS else "low",
        revisit_if=data.get(f"revisit-{ticket}", "").strip()[:500],
    )


def _close_page(
    request: HttpRequest,
    access: Access,
    sprint: Sprint,
    *,
    refusals: Sequence[Refusal] = (),
    wrong: Sequence[str] = (),
    status: int = 200,
) -> HttpResponse:
    stuck: dict[int | None, list[str]] = {}
    for refusal in refusals:
        stuck.setdefault(refusal.ticket, []).append(refusal.message)
    targets = replans.targets(sprint)
    rows = queries.left(sprint)
    known = {row.number for row in rows}
    context = {
        "sprint": sprint,
        "lines": [_close_line(request.POST, row, stuck, bool(targets)) for row in rows],
        "errors": [text for number, said in stuck.items() if number not in known for text in said],
        "wrong": wrong,
        "retro": [
            {"kind": kind, "label": label, "hint": hint, "text": request.POST.get(kind, "")}
            for kind, label, hint in RETRO
        ],
        "drafts": [row for row in targets if row.state == Sprint.State.PLANNED],
        "tries": request.POST.get("tries", ""),
        "targets": [_target(row) for row in targets],
        "costs": list(COSTS.items()),
        "reason": request.POST.get("reason", ""),
        "may_close": Need.LEAD in access.can,
        "leads": replans.leads(access.project),
        "counts": next(one for one in queries.listed(access.project) if one.sprint.pk == sprint.pk).counts,
    }
    return render(request, "sprint/close.html", frame(access, "sprints", **context), status=status)


def _target(row: Sprint) -> dict[str, str]:
    base = f"@{row.plan_version}" if row.state == Sprint.State.ACTIVE else ""
    return {"number": str(row.number), "value": f"{row.number}{base}", "label": f"{row.name} ({row.state})"}


def _close_line(
    data: QueryDict, ticket: Ticket, stuck: Mapping[int | None, Sequence[str]], can_carry: bool
) -> dict[str, Any]:
    number = ticket.number
    proposed = "sprint" if can_carry and ticket.status != Ticket.Status.TODO else "backlog"
    return {
        "ticket": ticket,
        "what": data.get(f"do-{number}", proposed),
        "to": data.get(f"to-{number}", "").partition("@")[0],
        "note": data.get(f"note-{number}", ""),
        "cost": data.get(f"cost-{number}", "low"),
        "revisit_if": data.get(f"revisit-{number}", ""),
        "errors": stuck.get(number, ()),
    }
