"""One epic: its goal and target, its stories in rank and their tickets, and the reviews of its alignment."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from agileml.demos.queries.listed import demos, tallies
from agileml.demos.rules.reviewing import note_of
from agileml.journal.rules.edits import Stale
from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.lib.numbers import whole
from agileml.metrics.actions.settings import set_target
from agileml.metrics.models import Criterion, Metric, Target
from agileml.planning.actions.alignment import review_epic
from agileml.planning.models import AlignmentReview
from agileml.planning.queries import epics as queries
from agileml.planning.queries.epics import EpicLine
from agileml.planning.queries.measured import measured_under
from agileml.projects.doors import Access
from agileml.projects.rules import Need
from agileml.web import merging
from agileml.web.epics import components
from agileml.web.merging import Form
from agileml.web.project import enter, frame
from agileml.work.actions import Referenced, create_story, delete_epic, edit_epic, rank_story
from agileml.work.models import Epic

LABELS = {"title": "Title", "goal": "Goal", "components": "Components"}
TARGET: dict[str, fields.Check] = {
    "metric": fields.text(200, least=1),
    "op": fields.one_of(*Criterion.Op.values),
    "value": fields.number,
}


@login_required
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """The epic; a POST does one thing with it and comes back."""
    access = enter(request, key, need=Need.WORK if request.method == "POST" else Need.READ)
    line = queries.epic_lines(access.project, number=number)[0]
    if request.method == "GET":
        return _page(request, access, line)
    doing, _, which = request.POST.get("do", "").partition(":")
    by: dict[str, Any] = {"project": access.project, "actor": access.user, "now": timezone.now()}
    try:
        if doing == "edit":
            return _edit(request, access, line, by)
        if doing == "delete":
            delete_epic(number=number, expected_version=merging.seen(request.POST), **by)
            messages.success(request, f"“{line.epic.title}” is deleted.")
            return redirect("epics", key)
        if doing in {"up", "down"}:
            _move(line, whole(which), up=doing == "up", by=by)
        elif doing in ACTIONS:
            messages.success(request, ACTIONS[doing](request, line.epic, by))
    except Invalid as invalid:
        wrong = {f"{doing}_{error.pointer.strip('/').partition('/')[0]}": error.message for error in invalid.errors}
        return _page(request, access, line, wrong=wrong, status=422)
    except Referenced as referenced:
        return _page(request, access, line, errors=[str(referenced)], status=409)
    except Stale as stale:
        line = queries.epic_lines(access.project, number=number)[0]
        again = merging.sent(request.POST, _texts(line.epic)).again(theirs=_texts(line.epic), version=line.epic.version)
        errors = merging.undeleted(access.project, stale, LABELS)
        return _page(request, access, line, form=again, errors=errors, status=409)
    return redirect("epic", key, number)


def _edit(request: HttpRequest, access: Access, line: EpicLine, by: Mapping[str, Any]) -> HttpResponse:
    form = merging.sent(request.POST, _texts(line.epic))
    values: dict[str, Any] = form.written
    if "components" in values:
        values["components"] = components(values["components"])
    try:
        edit_epic(number=line.epic.number, sent=values, expected_version=form.version, **by)
    except Stale as stale:
        line = queries.epic_lines(access.project, number=line.epic.number)[0]
        again = form.again(theirs=_texts(line.epic), version=line.epic.version)
        told = merging.conflict(access.project, stale, labels=LABELS, mine=again.mine, theirs=again.was)
        return _page(request, access, line, form=again, conflict=told, status=409)
    messages.success(request, "Saved.")
    return redirect("epic", access.project.key, line.epic.number)


def _target(request: HttpRequest, epic: Epic, by: Mapping[str, Any]) -> str:
    sent: dict[str, Any] = {name: request.POST.get(name, "") for name in ("metric", "op", "value")}
    try:
        sent["value"] = float(sent["value"].replace(",", ".").strip().removesuffix("%"))
    except ValueError:
        raise Invalid([FieldError("/value", "invalid", "This must be a number.")]) from None
    values = fields.clean(sent, fields=TARGET)
    if Metric.objects.filter(project=epic.project_id, key=values["metric"], unit="%").exists():
        values["value"] = round(values["value"] / 100, 12)  # people write what they read: 0.4 % is stored as 0.004
    set_target(epic=epic.number, **values, **by)
    return "The target is set."


def _review(request: HttpRequest, epic: Epic, by: Mapping[str, Any]) -> str:
    sent = {name: request.POST.get(name, "") for name in ("verdict", "note")}
    row = review_epic(epic=epic.number, sent=sent | {"sprint": whole(request.POST.get("sprint"))}, **by)
    return f"Reviewed after {row.sprint.name}: {row.get_verdict_display().lower()}."


def _story(request: HttpRequest, epic: Epic, by: Mapping[str, Any]) -> str:
    sent = {"title": request.POST.get("title", ""), "description": request.POST.get("description", "")}
    row = create_story(sent=sent | {"epic": epic.number}, **by)
    return f"“{row.title}” is its last story."


ACTIONS: dict[str, Callable[[HttpRequest, Epic, Mapping[str, Any]], str]] = {
    "target": _target,
    "review": _review,
    "story": _story,
}


def _move(line: EpicLine, number: int | None, *, up: bool, by: Mapping[str, Any]) -> None:
    order = [one.story.number for one in line.stories]
    if number not in order:
        return  # somebody took it away meanwhile
    at = order.index(number) + (-1 if up else 1)
    if 0 <= at < len(order):
        beside: dict[str, Any] = {"before" if up else "after": order[at]}
        rank_story(number=number, **beside, **by)


def _texts(epic: Epic) -> dict[str, str]:
    return {"title": epic.title, "goal": epic.goal, "components": ", ".join(epic.components)}


def _aim(line: EpicLine) -> dict[str, str]:
    """The target's fields as a form shows them."""
    target = Target.objects.filter(epic=line.epic).select_related("metric").first()
    if target is None:
        return {"metric": "", "op": "", "value": ""}
    percent = target.metric.unit == "%"
    value = round(target.value * 100, 10) if percent else target.value
    return {"metric": target.metric.key, "op": target.op, "value": f"{value:g}"}


def _answered(request: HttpRequest, access: Access, epic: Epic) -> dict[str, str]:
    """The form of a review as those filled it in who answered for the goal at a demo (`?demo=` its number)."""
    number = whole(request.GET.get("demo"))
    row = demos(access).filter(number=number).first() if number else None
    tally = next((one for one in tallies(row) if one.epic == epic), None) if row else None
    if row is None or tally is None:
        return {}
    notes = [(one.user.name if one.user else one.guest_name, one.note) for one in tally.notes]
    note = note_of(row.title, tally.counts, notes)
    return {"do": "review", "sprint": str(row.sprint.number), "verdict": tally.verdict, "note": note}


def _page(
    request: HttpRequest,
    access: Access,
    line: EpicLine,
    *,
    form: Form | None = None,
    wrong: Mapping[str, str] | None = None,
    errors: Sequence[str] = (),
    conflict: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    now = _texts(line.epic)
    if request.POST.get("do") in {"edit", "delete"} and form is None:
        form = merging.sent(request.POST, now)  # whatever was wrong, what was written is kept
    context = {
        "line": line,
        "epic": line.epic,
        "tickets": queries.tickets_under(story__epic=line.epic),
        "runs": measured_under(
            access.project.pk,
            metric=request.GET.get("metric", ""),
            aim=line.goal,
            zone=ZoneInfo(access.project.time_zone),
            ticket__story__epic=line.epic,
        ),
        "sprints": queries.reviewable(access.project),
        "verdicts": AlignmentReview.Verdict.choices,
        "metrics": Metric.objects.filter(project=access.project).order_by("key"),
        "ops": Criterion.Op.choices,
        "aim": _aim(line),
        "form": form or merging.shown(now, line.epic.version),
        "sent": request.POST or _answered(request, access, line.epic),
        "wrong": wrong or {},
        "errors": errors,
        "conflict": conflict,
        "may_work": Need.WORK in access.can,
    }
    return render(request, "epic/page.html", frame(access, "epics", **context), status=status)
