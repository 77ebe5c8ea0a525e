"""Re-planning a sprint: what becomes of each ticket that is left, what comes in, why, and what follows from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods

from agileml.lib.fields import Invalid
from agileml.lib.figures import measured
from agileml.lib.htmx import varies, wants_fragment
from agileml.lib.numbers import whole
from agileml.metrics.rules.saying import WORDS
from agileml.planning.actions.decide import StalePlan, Why, decide
from agileml.planning.actions.proposals import decide_changed, propose
from agileml.planning.models import Decision, Sprint
from agileml.planning.queries import backlog, history, proposals, suggestions
from agileml.planning.queries import replan as queries
from agileml.planning.queries.plans import sprint_of
from agileml.planning.queries.preview import preview
from agileml.planning.queries.replan import EvidenceOption, Line
from agileml.planning.queries.wording import COSTS, how_many, short
from agileml.planning.rules.consequences import Consequence
from agileml.planning.rules.moves import MoveRequest, Refused, parse
from agileml.planning.rules.sums import sums
from agileml.projects.calendar import day_of
from agileml.projects.doors import Access, Hidden
from agileml.projects.rules import Need
from agileml.web import replan_form
from agileml.web.project import enter, frame
from agileml.web.replan_begun import Begun, Ground, begin, from_proposal, from_suggestion
from agileml.web.replan_form import FROM_FINDING, Draft, Part, Written
from agileml.web.telling import Teller
from agileml.work.models import Finding, Ticket
from agileml.work.types import TicketType

LEVELS = {"ok": "ok", "note": "info", "warning": "warn"}
CHOICES = ("keep", "skip", "defer", "change", "split")


@dataclass(frozen=True)
class Desk:
    """What a re-plan is made on: the sprint, the tickets left in it, and the finding that led here."""

    access: Access
    sprint: Sprint
    lines: Sequence[Line]
    because: Finding | None


@login_required
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """The page of a re-plan; a POST previews it, adds rows to it, decides it, or proposes it."""
    access = enter(request, key, need=Need.WORK if request.method == "POST" else Need.READ)
    sprint = sprint_of(access.project, number)
    if Need.WORK not in access.can or sprint.state != Sprint.State.ACTIVE:
        return _closed_door(request, access, sprint)
    lines = queries.lines(sprint)
    sent = request.POST or request.GET
    begun = _begun(access, sprint, request.GET) if request.method == "GET" else None
    uid = (begun.finding if begun else "") or sent.get("finding", "")
    desk = Desk(access, sprint, lines, queries.finding(access.project, uid) if queries.is_uid(uid) else None)
    if request.method == "GET":
        return _page(request, desk, _opened(request, desk, begun), begun=begun)
    draft = replan_form.read(request.POST, lines, sprint)
    written = replan_form.write(draft, lines, sprint)
    if "decide" in request.POST:
        access.require(Need.DECIDE)
        return _submit(request, desk, draft, written, _decide)
    if "propose" in request.POST:
        return _submit(request, desk, draft, written, _propose)
    if wants_fragment(request):
        if request.headers.get("HX-Target") == "candidates":
            return varies(render(request, "replan/_candidates.html", _candidates(desk, draft)))
        return varies(render(request, "replan/_follows.html", _follows(desk, draft, written)))
    if "more" in request.POST:
        _one_more_row(draft, request.POST["more"])
    also = whole(request.POST.get("also"))
    if also in draft.choices:
        draft.choices[also].what = "skip"
    return _page(request, desk, draft, written=written if "preview" in request.POST else None)


def _closed_door(request: HttpRequest, access: Access, sprint: Sprint) -> HttpResponse:
    """Nothing to decide here for this person, or not any more: say who may, or where to go."""
    context = {"sprint": sprint, "may_decide": Need.DECIDE in access.can, "leads": queries.leads(access.project)}
    status = (
        409 if request.method == "POST" else 200
    )  # it was closed while somebody was writing; the browser has the draft
    return render(request, "replan/closed.html", frame(access, "board", **context), status=status)


def _begun(access: Access, sprint: Sprint, asked: QueryDict) -> Begun | None:
    """The re-plan that somebody or something else began, if one came for that. Raises Hidden for no such proposal."""
    if uid := asked.get("proposal"):
        if not queries.is_uid(uid):
            raise Hidden(uid)
        row = proposals.named(access.project, UUID(uid))
        if row.sprint_id != sprint.pk:
            raise Hidden(uid)
        return from_proposal(row, since=history.since(sprint, row.base_version))
    if key := asked.get("suggestion"):
        one = next((one for one in suggestions.of_sprint(access.project, sprint) if one.key == key), None)
        return from_suggestion(one, suggestions.evidence([one] if one else []).get(key, []))
    return None


def _opened(request: HttpRequest, desk: Desk, begun: Begun | None) -> Draft:
    """A fresh draft, with what one came for filled in: a finding, one ticket's move, what comes in, what was begun."""
    choices = {line.ticket.number: replan_form.choice_of(line.ticket) for line in desk.lines}
    ticket, move = whole(request.GET.get("ticket")), request.GET.get("move", "")
    if ticket in choices and move in (*CHOICES, "restore"):
        choices[ticket] = replace(choices[ticket], what=move)
    draft = Draft(
        base=desk.sprint.plan_version,
        choices=choices,
        add=[number for text in request.GET.getlist("add") if (number := whole(text))],
        new=[Part()],
        sprint=_as_it_is(desk.sprint),
    )
    if desk.because is not None:
        draft.finding = str(desk.because.uid)
    if begun is not None:
        ground = Ground(
            key=desk.access.project.key,
            lines=desk.lines,
            targets=queries.targets(desk.sprint),
            stories=dict(queries.stories(desk.access.project)),
        )
        options = queries.evidence(desk.sprint, desk.because)
        begin(draft, begun, ground, options, queries.named(desk.access.project, begun.evidence))
    elif desk.because is not None:
        draft.code = FROM_FINDING
        cited = {uid for option in queries.cited(desk.because) for uid in option.snapshots}
        draft.evidence = [
            option.key
            for option in queries.evidence(desk.sprint, desk.because)
            if option.finding == desk.because or cited & set(option.snapshots)
        ]
    return draft


def _one_more_row(draft: Draft, where: str) -> None:
    if where == "new":
        draft.new.append(Part())
    elif (ticket := whole(where)) in draft.choices:
        parts = draft.choices[ticket].parts
        parts.append(Part(type=parts[0].type if parts else "engineering"))


Act = Callable[[Desk, Draft, Written, Why], str | SafeString]


def _submit(request: HttpRequest, desk: Desk, draft: Draft, written: Written, act: Act) -> HttpResponse:
    """Decide or propose the draft; what stands in the way comes back with it, beside the lines it is about."""
    why = Why(
        code=replan_form.code_of(draft, written.moves), text=draft.reason, evidence=replan_form.evidence_of(draft)
    )
    if written.errors:  # not yet what anybody could decide, but the other reasons are to be said at once
        return _page(request, desk, draft, written=_tried(desk, written, why), status=422)
    try:
        said = act(desk, draft, written, why)
    except StalePlan as stale:
        since = history.since(desk.sprint, draft.base)
        draft.base = stale.current
        return _page(request, desk, draft, written=written, since=since, status=409)
    except Refused as refused:
        written.refused(refused.refusals)
        if any(refusal.code == "answered" for refusal in refused.refusals):
            draft.proposal = ""  # from here on it is a re-plan like any other
        return _page(request, desk, draft, written=written, status=422)
    except Invalid as invalid:
        written.invalid(invalid.errors)
        return _page(request, desk, draft, written=written, status=422)
    messages.success(request, said)
    return redirect("board_sprint", desk.access.project.key, desk.sprint.number)


def _decide(desk: Desk, draft: Draft, written: Written, why: Why) -> SafeString:
    project = desk.access.project
    act = partial(decide_changed, proposal=draft.proposal) if draft.proposal else decide
    decision = act(
        project=project,
        sprint=desk.sprint.number,
        base_version=draft.base,
        why=why,
        moves=parse(written.moves),
        actor=desk.access.user,
        now=timezone.now(),
    )
    take_back = reverse("take_back", args=[project.key, decision.uid])
    return format_html('Plan v{} decided. <a href="{}">Take back</a>', decision.version, take_back)


def _propose(desk: Desk, draft: Draft, written: Written, why: Why) -> SafeString:
    project = desk.access.project
    made = propose(
        project=project,
        sprint=desk.sprint.number,
        base_version=draft.base,
        why=why,
        moves=written.moves,
        actor=desk.access.user,
        now=timezone.now(),
    )
    where = reverse("proposal", args=[project.key, made.uid])
    return format_html('Proposed: whoever decides sees it on the board. <a href="{}">Look at it</a>', where)


def _tried(desk: Desk, written: Written, why: Why) -> Written:
    """The same with every other reason why it could not be decided."""
    try:
        seen = preview(desk.access, desk.sprint.number, parse(written.moves), why)
    except Invalid as invalid:
        written.invalid(invalid.errors)
        return written
    written.refused([refusal for refusal in seen.refusals if refusal.code != "no_moves"])
    return written


def _page(
    request: HttpRequest,
    desk: Desk,
    draft: Draft,
    *,
    written: Written | None = None,
    since: Sequence[history.Past] = (),
    begun: Begun | None = None,
    status: int = 200,
) -> HttpResponse:
    project, sprint = desk.access.project, desk.sprint
    errors = written.errors if written else {}
    teller = Teller(project, history.story_titles(project, [*since, *(begun.since if begun else ())]))
    places = {str(line.ticket.number) for line in desk.lines} | {"sprint", "add", "code", "reason", "evidence"}
    places |= {f"new-{at}" for at in range(len(draft.new))}
    context = {
        "sprint": sprint,
        "draft": draft,
        "kept": request.method == "POST",
        "next_version": sprint.plan_version + 1,
        "because": desk.because,
        "because_short": short(desk.because.text) if desk.because else "",
        "lines": [_line(desk, line, draft, errors) for line in desk.lines],
        "new": [{"part": part, "errors": errors.get(f"new-{at}", [])} for at, part in enumerate(draft.new)],
        "errors": [
            text for place, said in errors.items() if place not in places for text in said if place[:4] != "new-"
        ],
        "code_errors": errors.get("code", []),
        "reason_errors": errors.get("reason", []),
        "evidence_errors": errors.get("evidence", []),
        "add_errors": errors.get("add", []),
        "sprint_errors": errors.get("sprint", []),
        "codes": _codes(desk),
        "evidence": [
            _evidence(desk, option, draft) for option in queries.evidence(sprint, desk.because, ticked=draft.evidence)
        ],
        "targets": [_target(row) for row in queries.targets(sprint)],
        "stories": queries.stories(project),
        "types": TicketType.choices,
        "costs": list(COSTS.items()),
        "since": [teller.decision(past) for past in since],
        "begun": begun,
        "begun_since": [teller.decision(past) for past in begun.since] if begun else [],
        "sprint_changed": bool(errors.get("sprint")) or draft.sprint != _as_it_is(sprint),
    }
    context |= _candidates(desk, draft)
    context |= _follows(desk, draft, replan_form.write(draft, desk.lines, sprint))
    return varies(render(request, "replan/page.html", frame(desk.access, "board", **context), status=status))


def _as_it_is(sprint: Sprint) -> dict[str, str]:
    return {"goal": sprint.goal, "increment": sprint.increment, "end": sprint.end.isoformat()}


def _line(desk: Desk, line: Line, draft: Draft, errors: dict[str, list[str]]) -> dict[str, Any]:
    ticket = line.ticket
    skipped = ticket.status == Ticket.Status.SKIPPED
    choice = draft.choices[ticket.number]
    return {
        "ticket": ticket,
        "key": f"{desk.access.project.key}-{ticket.number}",
        "needs": [f"{desk.access.project.key}-{number}" for number in line.needs],
        "light": _light(line),
        "skipped": skipped,
        "choice": choice,
        "to": choice.to.partition("@")[0],
        "choices": [("keep", "Stay skipped"), ("restore", "Restore")]
        if skipped
        else [(name, name.capitalize()) for name in CHOICES],
        "errors": errors.get(str(ticket.number), []),
    }


def _light(line: Line) -> dict[str, str] | None:
    if line.criterion is None:
        return None
    one, unit = line.criterion, line.criterion.metric.unit
    return {
        "state": one.state,
        "role": one.role,
        "value": measured(one.value, unit) if one.value is not None else "",
        "op": one.get_op_display(),
        "target": measured(one.target, unit) if one.target is not None else one.against,
    }


def _target(row: Sprint) -> dict[str, str]:
    """A sprint to defer to; a running one is named with its plan version, since its plan changes by it."""
    if row.state == Sprint.State.ACTIVE:
        return {
            "number": str(row.number),
            "value": f"{row.number}@{row.plan_version}",
            "label": f"{row.name} (running)",
        }
    return {"number": str(row.number), "value": str(row.number), "label": f"{row.name} (planned)"}


def _codes(desk: Desk) -> list[tuple[str, str]]:
    codes = [(value, label) for value, label in Decision.Reason.choices if value]
    return [(FROM_FINDING, "Because of the finding"), *codes] if desk.because else codes


def _evidence(desk: Desk, option: EvidenceOption, draft: Draft) -> dict[str, Any]:
    key = f"{desk.access.project.key}-{option.ticket}"
    line: dict[str, Any] = {"key": option.key, "checked": option.key in draft.evidence, "ticket": key}
    if option.finding is not None:
        return line | {"kind": option.finding.get_kind_display().lower(), "text": short(option.finding.text)}
    if option.verdict is not None:
        name = option.verdict.evaluation.challenger.name
        return line | {"kind": "verdict", "text": f"{WORDS[option.verdict.verdict]}: {name} against the champion"}
    runs = len(option.snapshots)
    value = measured(option.value, option.unit)
    text = f"{option.metric} {value}" + (f", {how_many(runs, 'run')}" if runs > 1 else "")
    return line | {"state": option.state, "role": option.role, "text": text}


def _candidates(desk: Desk, draft: Draft) -> dict[str, Any]:
    key = desk.access.project.key
    return {
        "draft": draft,
        "candidates": [
            {"ticket": ticket, "key": f"{key}-{ticket.number}", "chosen": ticket.number in draft.add}
            for ticket in backlog.candidates(desk.access.project, text=draft.search, chosen=draft.add)
        ],
    }


def _follows(desk: Desk, draft: Draft, written: Written) -> dict[str, Any]:
    """What the draft adds up to and what follows from it, as far as it can be understood."""
    moves: list[MoveRequest] = []
    told: list[dict[str, Any]] = []
    if draft.base != desk.sprint.plan_version:
        told.append({"level": "warn", "text": f"The plan is at v{desk.sprint.plan_version} by now."})
    try:
        moves = parse(written.moves)
        seen = preview(desk.access, desk.sprint.number, moves, today=_today(desk)) if moves else None
    except Invalid as invalid:
        seen = None
        told += [{"level": "bad", "text": error.message} for error in invalid.errors]
    if seen is not None:
        told += [{"level": "bad", "text": refusal.message} for refusal in seen.refusals]
        told += [_told(desk, one) for one in seen.consequences]
    to_go = {line.ticket.number for line in desk.lines if line.ticket.status != Ticket.Status.SKIPPED}
    return {
        "sums": sums(moves, to_go=to_go),
        "consequences": told,
        "moves": len(moves),
        "perhaps": [one.ticket for one in seen.consequences if one.ticket and one.level != "ok"] if seen else [],
    }


def _told(desk: Desk, one: Consequence) -> dict[str, Any]:
    """A consequence in words; who waits for what leaves can be skipped too, or pointed elsewhere on its own page."""
    said: dict[str, Any] = {"level": LEVELS[one.level], "text": one.message}
    if one.code == "dependant" and one.ticket is not None:
        in_sprint = any(line.ticket.number == one.ticket for line in desk.lines)
        key = desk.access.project.key
        said |= {"ticket": one.ticket, "key": f"{key}-{one.ticket}", "skippable": in_sprint}
        said["edit_url"] = reverse("edit", args=[key, one.ticket])
    return said


def _today(desk: Desk) -> date:
    return day_of(timezone.now(), desk.access.project.time_zone)
