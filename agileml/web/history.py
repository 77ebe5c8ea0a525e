"""Every version of a sprint's plan: who, when, why; any version shown, any two compared, the scope over the days."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from agileml.lib.charts import Chart, Mark, Scope, scope_chart
from agileml.lib.numbers import whole
from agileml.planning.models import Sprint
from agileml.planning.queries import history as queries
from agileml.planning.queries.history import Past
from agileml.planning.queries.plans import sprint_of
from agileml.planning.queries.wording import headline, how_many, sprint_value
from agileml.planning.rules.replay import Plan, compare, replay
from agileml.planning.rules.taking_back import PastDecision, effect, standing, still_count
from agileml.projects.calendar import day_of
from agileml.projects.doors import Access
from agileml.projects.rules import Need
from agileml.web.project import enter, frame
from agileml.web.telling import Teller


@login_required
@require_GET
def show(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """The timeline of a sprint's decisions; `?version=3` shows that plan, `?from=1&to=3` compares two."""
    access = enter(request, key)
    sprint = sprint_of(access.project, number)
    pasts = queries.of_sprint(sprint)
    teller = Teller(access.project, queries.story_titles(access.project, pasts))
    versions = [past.row.version or 0 for past in pasts]
    asked = {name: _version(request.GET.get(name), versions) for name in ("version", "from", "to")}
    context = {
        "sprint": sprint,
        "decisions": told(access, sprint, pasts, teller),
        "chart": chart(access, sprint, pasts, timezone.now()) if pasts else None,
        "versions": list(reversed(versions)),
        "asked": asked,
        "active": sprint.state == Sprint.State.ACTIVE,
        "may_replan": Need.DECIDE in access.can and sprint.state == Sprint.State.ACTIVE,
    }
    if asked["version"]:
        context["plan"] = plan_table(pasts, asked["version"], teller)
    elif asked["from"] and asked["to"]:
        context["difference"] = difference(pasts, asked["from"], asked["to"], teller)
    return render(request, "history/page.html", frame(access, "history", **context))


def _version(text: str | None, versions: Sequence[int]) -> int | None:
    if not text:
        return None
    version = whole(text)
    if version not in versions:
        raise Http404
    return version


def told(access: Access, sprint: Sprint, pasts: Sequence[Past], teller: Teller) -> list[dict[str, Any]]:
    """The decisions as the timeline shows them, newest first, with the links that this person can follow."""
    recorded = [_past_decision(past) for past in pasts]
    in_force = {past.id for past in standing(recorded)}
    rows = {past.row.pk: past for past in pasts}
    key = access.project.key
    lines = []
    for past in reversed(pasts):
        line = teller.decision(past, current=past.row.version == sprint.plan_version)
        if past.row.pk in in_force:
            line["taken_back_by"] = None
            later = still_count([one for one in recorded if one.id > past.row.pk])
            if _may_take_back(access, sprint, past, rows, followed=bool(later)):
                line["take_back_url"] = reverse("take_back", args=[key, past.row.uid])
        if past.row.version and past.row.version > 1:
            line["compare_url"] = f"?from={past.row.version - 1}&to={past.row.version}#plan"
        lines.append(line)
    return lines


def _past_decision(past: Past) -> PastDecision:
    return PastDecision(
        id=past.row.pk,
        version=past.row.version,
        sprint=None,
        reverts=past.row.reverts_id,
        partial=past.row.partial,
        tickets=frozenset(),
    )


def _may_take_back(access: Access, sprint: Sprint, past: Past, rows: Mapping[int, Past], *, followed: bool) -> bool:
    """Whether it is worth offering: a start or a close to leads, if nothing followed it; others while it runs."""
    kinds, at = [past.row.kind], past
    while at.row.reverts_id is not None and at.row.reverts_id in rows:
        at = rows[at.row.reverts_id]
        kinds.append(at.row.kind)
    changes = effect(kinds)
    if changes is None:
        return Need.DECIDE in access.can and sprint.state == Sprint.State.ACTIVE
    return Need.LEAD in access.can and sprint.state == changes.after and not followed


def chart(access: Access, sprint: Sprint, pasts: Sequence[Past], now: datetime) -> Chart:
    """The scope chart of a sprint, and in its description what it comes to."""
    today = day_of(now, access.project.time_zone)
    scope = queries.scope(sprint, pasts, project=access.project, today=today)
    last = scope.scopes[-1] if scope.scopes else Scope()
    desc = (
        f"{how_many(last.total, 'ticket')} were ever in the sprint: {last.done} done, "
        f"{last.initial + last.added} to go, of them {last.added} added after the start, {last.skipped} skipped and "
        f"{last.deferred} deferred or taken out."
    )
    marks = [
        Mark(taken.day, taken.decision.version, headline(past)) for taken, past in zip(scope.taken, pasts, strict=True)
    ]
    return scope_chart(
        scope.days, scope.scopes, marks, title=f"Scope of {sprint.name}, day by day", desc=desc, today=scope.today
    )


def plan_table(pasts: Sequence[Past], version: int, teller: Teller) -> dict[str, Any]:
    """A plan as it was at one version, with its tickets called what they are called now."""
    plan = replay([past.recorded() for past in pasts], upto=version)
    titles = queries.titles(pasts)
    return {
        "version": version,
        "when": next(teller.when(past.row.at) for past in pasts if past.row.version == version),
        "sprint": _sprint_lines(plan),
        "rows": [
            {
                "key": f"{teller.project.key}-{number}",
                "url": teller.ticket_url(number),
                "title": titles.get(number, ""),
                "type": line["type"],
                "story": teller.value("story", line["story"]) if line["story"] else "",
                "estimate": line["estimate"],
                "criteria": teller.value("criteria", line["criteria"]) if line["criteria"] else "",
                "skipped": line["skipped"],
                "added_in": line["added_in"],
            }
            for number, line in sorted(plan.tickets.items(), key=lambda item: (item[1]["skipped"], item[0]))
        ],
    }


def _sprint_lines(plan: Plan) -> list[tuple[str, str]]:
    names = {"goal": "Goal", "increment": "Increment", "end": "Until"}
    return [
        (words, sprint_value(name, plan.sprint.get(name))) for name, words in names.items() if plan.sprint.get(name)
    ]


def difference(pasts: Sequence[Past], old: int, new: int, teller: Teller) -> dict[str, Any]:
    """What lies between two plan versions, ticket by ticket and field by field."""
    recorded = [past.recorded() for past in pasts]
    diff = compare(replay(recorded, upto=old), replay(recorded, upto=new))
    titles = queries.titles(pasts)
    left = _how_they_left(pasts, upto=max(old, new))

    def row(number: int, move: str, **more: Any) -> dict[str, Any]:
        words = {"remove": "removed", "defer": "deferred", "skip": "skipped", "change": "changed"}
        return {
            "move": move,
            "tone": words.get(move, "added"),
            "key": f"{teller.project.key}-{number}",
            "url": teller.ticket_url(number),
            "title": titles.get(number, ""),
        } | more

    rows = [row(number, "add") for number in diff.added]
    rows += [row(number, left.get(number, "remove")) for number in diff.removed]
    rows += [row(number, "skip") for number in diff.skipped]
    rows += [row(number, "restore") for number in diff.restored]
    for number, fields in diff.changed.items():
        changes = [
            {"name": name, "was": teller.value(name, was), "now": teller.value(name, now)}
            for name, (was, now) in fields.items()
        ]
        rows.append(row(number, "change", changes=changes))
    return {
        "from": old,
        "to": new,
        "rows": rows,
        "sprint": [
            {"name": name.capitalize(), "was": sprint_value(name, was), "now": sprint_value(name, now)}
            for name, (was, now) in diff.sprint.items()
        ],
    }


def _how_they_left(pasts: Sequence[Past], *, upto: int) -> dict[int, str]:
    return {
        move.ticket.number: move.move
        for past in pasts
        if (past.row.version or 0) <= upto
        for move in past.moves
        if move.ticket and move.move in {"remove", "defer"}
    }
