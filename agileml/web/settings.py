"""A project's settings: its days, how it estimates, who re-plans, and its limits of work in progress."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from agileml.journal.rules import Stale
from agileml.projects.actions import edit_project
from agileml.projects.doors import Access
from agileml.projects.rules import Need
from agileml.projects.settings import LIMITED, BadSettings
from agileml.web.project import enter, frame
from agileml.work.models import Ticket

DAYS = tuple(enumerate(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")))
ESTIMATES = (("none", "Not at all"), ("timebox", "A time-box in working days"), ("points", "Points"))
REPLANNERS = (("team", "The team"), ("leads", "Leads alone; members propose"))


@login_required
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, key: str) -> HttpResponse:
    """The settings, which leads see and change."""
    access = enter(request, key, need=Need.LEAD)
    if request.method == "GET":
        return _page(request, access, _texts(access), {})
    version = request.POST.get("version", "")
    try:
        row = edit_project(
            project=access.project,
            sent=_sent(request.POST),
            expected_version=int(version) if version.isascii() and version.isdecimal() and len(version) < 10 else 0,
            actor=access.user,
            now=timezone.now(),
        )
    except BadSettings as bad:
        return _page(request, access, _written(request.POST), {error.name: error.message for error in bad.errors})
    except Stale as stale:
        # The form comes again with what was written and the version that there is now: saving once more holds.
        written = _written(request.POST) | {"version": str(stale.current["version"])}
        return _page(request, access, written, {"": f"{stale} Look at it, then save once more."}, status=409)
    messages.success(request, "The settings are saved.")
    return redirect("settings", row.key)


def _page(
    request: HttpRequest, access: Access, draft: Mapping[str, Any], wrong: Mapping[str, str], *, status: int = 422
) -> HttpResponse:
    columns = [(name, str(Ticket.Status(name).label), draft["limits"].get(name, "")) for name in LIMITED]
    context = frame(
        access, "settings", draft=draft, wrong=wrong, days=DAYS, estimates=ESTIMATES, replanner_choices=REPLANNERS,
        columns=columns,
    )  # fmt: skip
    return render(request, "settings/page.html", context, status=status if wrong else 200)


def _texts(access: Access) -> dict[str, Any]:
    """The settings as the form shows them."""
    row = access.project
    return {
        "version": str(row.version), "name": row.name, "time_zone": row.time_zone,
        "working_days": [str(day) for day in row.working_days], "holidays": "\n".join(row.holidays),
        "sprint_days": str(row.sprint_days), "estimate_mode": row.estimate_mode, "replanners": row.replanners,
        "limits": row.wip_limits, "wip_per_person": row.wip_per_person or "", "wip_hard": row.wip_hard,
    }  # fmt: skip


def _written(post: QueryDict) -> dict[str, Any]:
    names = ("version", "name", "time_zone", "holidays", "sprint_days", "estimate_mode", "replanners", "wip_per_person")
    return {name: post.get(name, "") for name in names} | {
        "working_days": post.getlist("working_days"),
        "limits": {name: post.get(f"limit_{name}", "") for name in LIMITED},
        "wip_hard": post.get("wip_hard") == "hard",
    }


def _sent(post: QueryDict) -> dict[str, Any]:
    """The form as the action takes it; what is no number stays text, which the action refuses by its name."""
    limits = {name: _number(post.get(f"limit_{name}", "")) for name in LIMITED}
    return {
        "name": post.get("name", ""),
        "time_zone": post.get("time_zone", ""),
        "working_days": [_number(day) for day in post.getlist("working_days")],
        "holidays": post.get("holidays", "").replace(",", " ").split(),
        "sprint_days": _number(post.get("sprint_days", "")),
        "estimate_mode": post.get("estimate_mode", ""),
        "replanners": post.get("replanners", ""),
        "wip_limits": {name: limit for name, limit in limits.items() if limit is not None},
        "wip_per_person": _number(post.get("wip_per_person", "")),
        "wip_hard": post.get("wip_hard") == "hard",
    }


def _number(text: str) -> int | str | None:
    said = text.strip()
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else said or None
