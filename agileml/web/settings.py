"""A project's settings: its days, how it estimates, who re-plans, and its limits of work in progress."""

import json
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from agileml.journal.queries import endpoints_of
from agileml.journal.rules.edits import Stale
from agileml.projects import shapes
from agileml.projects.actions import edit_project
from agileml.projects.doors import Access
from agileml.projects.rules import Need
from agileml.projects.settings import LIMITED, BadSettings
from agileml.web import merging
from agileml.web.merging import Form
from agileml.web.project import enter, frame
from agileml.work.models import Ticket

DAYS = tuple(enumerate(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")))
ESTIMATES = (("none", "Not at all"), ("timebox", "A time-box in working days"), ("points", "Points"))
REPLANNERS = (("team", "The team"), ("leads", "Leads alone; members propose"))

BEYOND = (("soft", "Say so"), ("hard", "Refuse"))
LABELS = {
    "name": "Name", "time_zone": "Time zone", "working_days": "Working days", "holidays": "Holidays",
    "sprint_days": "Length of a sprint", "estimate_mode": "Estimates", "replanners": "Who decides a re-plan",
    "wip_limits": "Limits of columns", "wip_per_person": "Limit of a person", "wip_hard": "Beyond a limit",
}  # fmt: skip


@login_required
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, key: str) -> HttpResponse:
    """The settings, which leads see and change."""
    access = enter(request, key, need=Need.LEAD)
    if request.method == "GET":
        return _page(request, access, merging.shown(_texts(shapes.project(access.project)), access.project.version))
    form = merging.sent(request.POST, _texts(shapes.project(access.project)), _posted(request.POST))
    try:
        row = edit_project(
            project=access.project,
            sent=_sent(form.written),
            expected_version=form.version,
            actor=access.user,
            now=timezone.now(),
        )
    except BadSettings as bad:
        return _page(request, access, form, {error.name: error.message for error in bad.errors}, status=422)
    except Stale as stale:
        again = form.again(theirs=_texts(stale.current), version=stale.current["version"])
        told = merging.conflict(access.project, stale, labels=LABELS, mine=again.mine, theirs=again.was, said=_said)
        return _page(request, access, again, conflict=told, status=409)
    messages.success(request, "The settings are saved.")
    return redirect("settings", row.key)


def _page(
    request: HttpRequest,
    access: Access,
    form: Form,
    wrong: Mapping[str, str] | None = None,
    *,
    conflict: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    limits = json.loads(form.mine["wip_limits"])
    columns = [(name, str(Ticket.Status(name).label), limits.get(name, "")) for name in LIMITED]
    context = frame(
        access, "settings", form=form, draft=form.mine, wrong=wrong or {}, conflict=conflict, days=DAYS,
        estimates=ESTIMATES, replanner_choices=REPLANNERS, columns=columns,
        failing_webhooks=endpoints_of(access.project.stream_id).exclude(failing_since=None),
    )  # fmt: skip
    return render(request, "settings/page.html", context, status=status)


def _texts(shape: Mapping[str, Any]) -> dict[str, str]:
    """The settings as the form shows them, each one text."""
    return {
        "name": shape["name"],
        "time_zone": shape["time_zone"],
        "working_days": " ".join(map(str, shape["working_days"])),
        "holidays": "\n".join(shape["holidays"]),
        "sprint_days": str(shape["sprint_days"]),
        "estimate_mode": shape["estimate_mode"],
        "replanners": shape["replanners"],
        "wip_limits": _limits({name: str(limit) for name, limit in shape["wip_limits"].items()}),
        "wip_per_person": str(shape["wip_per_person"] or ""),
        "wip_hard": "hard" if shape["wip_hard"] else "soft",
    }


def _posted(post: QueryDict) -> dict[str, str]:
    """What was sent, each setting one text, as far as it was sent at all."""
    texts = {name: post.get(name, "") for name in LABELS if name in post}
    texts["working_days"] = " ".join(post.getlist("working_days"))
    texts["wip_limits"] = _limits({name: post.get(f"limit_{name}", "") for name in LIMITED})
    return texts


def _limits(said: Mapping[str, str]) -> str:
    return json.dumps({name: said[name].strip() for name in LIMITED if said.get(name, "").strip()})


def _sent(written: Mapping[str, str]) -> dict[str, Any]:
    """What was written as the action takes it; what is no number stays text, which the action refuses by its name."""
    values: dict[str, Any] = dict(written)
    for name in written.keys() & {"sprint_days", "wip_per_person"}:
        values[name] = _number(written[name])
    if "working_days" in written:
        values["working_days"] = [_number(day) for day in written["working_days"].split()]
    if "holidays" in written:
        values["holidays"] = written["holidays"].replace(",", " ").split()
    if "wip_limits" in written:
        values["wip_limits"] = {name: _number(limit) for name, limit in json.loads(written["wip_limits"]).items()}
    if "wip_hard" in written:
        values["wip_hard"] = written["wip_hard"] == "hard"
    return values


def _said(name: str, text: str) -> str:
    """A setting's text as people read it."""
    if name == "working_days":
        return ", ".join(label for value, label in DAYS if str(value) in text.split())
    if name == "wip_limits":
        return ", ".join(f"{Ticket.Status(column).label} {limit}" for column, limit in json.loads(text).items())
    return dict((*ESTIMATES, *REPLANNERS, *BEYOND)).get(text, text)


def _number(text: str) -> int | str | None:
    said = text.strip()
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else said or None
