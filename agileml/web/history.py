"""Every version of a sprint's plan: who, when, why; any version shown, any two compared, the scope over the days."""

from collections.abc import Iterable, Mapping, Sequence
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
from agileml.planning.models import Decision, Move, Sprint
from agileml.planning.queries import history as queries
from agileml.planning.queries.history import Past
from agileml.planning.queries.wording import DONE_WORDS, SPRINT_FIELDS, headline, how_many, short, sprint_value
from agileml.planning.rules.comparing import Comparison, Deed, between
from agileml.planning.rules.replay import Plan, replay
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
    sprint, pasts = queries.with_sprint(access.project, number)
    teller = Teller(access.project, queries.story_titles(access.project, pasts), queries.units(access.project, pasts))
    versions = [past.row.version or 0 for past in pasts]
    asked = {name: _version(request.GET.get(name), versions) for name in ("version", "from", "to")}
    if (asked["from"] is None) != (asked["to"] is None):
        raise Http404
    context = {
        "sprint": sprint,
        **folded(told(access, sprint, pasts, teller)),
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


SHOWN = 20  # decisions that are open, and how many each fold of older ones holds
SHORT = 30  # up to here nothing is folded


def folded(decisions: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of a long history the newest decisions, the others in folds; a link to one of them opens its fold."""
    shown = len(decisions) if len(decisions) <= SHORT else SHOWN
    older = decisions[shown:]
    folds = [older[at : at + SHOWN] for at in range(0, len(older), SHOWN)]
    return {
        "decisions": decisions[:shown],
        "folds": [{"newest": fold[0], "oldest": fold[-1], "decisions": fold} for fold in folds],
    }


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
        Mark(taken.day, taken.decision.version, _marked(past)) for taken, past in zip(scope.taken, pasts, strict=True)
    ]
    return scope_chart(
        scope.days, scope.scopes, marks, title=f"Scope of {sprint.name}, day by day", desc=desc, today=scope.today
    )


def _marked(past: Past) -> str:
    """What a decision was and why, for its mark."""
    why = short(past.row.reason, 160) or str(Decision.Reason(past.row.reason_code).label)
    return f"{headline(past)}. {why}" if why else headline(past)


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


WORDS = {"remove": "removed", "defer": "deferred", "skip": "skipped", "change": "changed", "passed": "removed"}
DEEDS_SHOWN = 3  # of one ticket, the last ones: all of them are in the timeline below


def difference(pasts: Sequence[Past], old: int, new: int, teller: Teller) -> dict[str, Any]:
    """What lies between two plan versions, ticket by ticket and field by field, and what was decided to make it so."""
    found = between([past.recorded() for past in pasts], old, new)
    titles = queries.titles(pasts)
    told = _deeds(pasts, found, teller)

    def row(number: int, move: str, **more: Any) -> dict[str, Any]:
        # What became of a ticket and what was changed of it stand in rows of their own.
        wanted = {"change", "split"} if move == "change" else DONE_WORDS.keys() - {"change"}
        deeds = [deed for deed in told.get(number, []) if deed["move"] in wanted]
        return {
            "move": move,
            "tone": WORDS.get(move, "added"),
            "key": f"{teller.project.key}-{number}",
            "url": teller.ticket_url(number),
            "title": titles.get(number, ""),
            "parts": _links(teller, found.parts.get(number, ())),
            "origin": _links(teller, [found.origins[number]] if number in found.origins else ()),
            "deeds": deeds[-DEEDS_SHOWN:],
            "earlier": max(len(deeds) - DEEDS_SHOWN, 0),
        } | more

    diff = found.diff
    rows = [row(number, "add") for number in diff.added]
    rows += [row(number, "defer" if number in found.deferred else "remove") for number in diff.removed]
    rows += [row(number, "skip") for number in diff.skipped]
    rows += [row(number, "restore") for number in diff.restored]
    others = {*diff.added, *diff.removed, *diff.skipped, *diff.restored, *diff.changed}
    rows += [row(number, "split") for number in sorted(found.parts.keys() - others - {*found.passed})]
    rows += [row(number, "change", changes=_changes(teller, fields)) for number, fields in diff.changed.items()]
    rows += [row(number, "passed") for number in found.passed]
    of_sprint = told.get(None, [])[-DEEDS_SHOWN:]
    _say_once([of_sprint, *(line["deeds"] for line in rows)])
    return {
        "from": old,
        "to": new,
        "back": new < old,
        "rows": rows,
        "sprint": [
            {
                "name": words,
                "was": sprint_value(name, diff.sprint[name][0]),
                "now": sprint_value(name, diff.sprint[name][1]),
            }
            for name, words in SPRINT_FIELDS.items()
            if name in diff.sprint
        ],
        "sprint_deeds": of_sprint,
    }


def _say_once(lists: Iterable[Sequence[dict[str, Any]]]) -> None:
    """A decision that moved many tickets says why at the first of them."""
    said = set()
    for deed in (deed for deeds in lists for deed in deeds):
        deed["again"] = deed["version"] in said
        said.add(deed["version"])


def _links(teller: Teller, numbers: Sequence[int]) -> list[dict[str, str]]:
    return [{"key": f"{teller.project.key}-{number}", "url": teller.ticket_url(number)} for number in numbers]


def _changes(teller: Teller, fields: Mapping[str, Sequence[Any]]) -> list[dict[str, str]]:
    """What was and what is now; of criteria only those that differ."""
    changes = []
    for name, (was, now) in fields.items():
        words = {"was": teller.value(name, was), "now": teller.value(name, now)}
        if name == "criteria":
            old, new = teller.criteria(was), teller.criteria(now)
            gone, come = [one for one in old if one not in new], [one for one in new if one not in old]
            if gone or come:
                words = {"was": ", ".join(gone), "now": ", ".join(come)}
        changes.append({"name": name} | words)
    return changes


def _deeds(pasts: Sequence[Past], found: Comparison, teller: Teller) -> dict[int | None, list[dict[str, Any]]]:
    """What was decided on each ticket between the two versions: in which plan, what, and why."""
    rows = {past.row.version: past for past in pasts}
    told: dict[int | None, list[dict[str, Any]]] = {}
    for number, deeds in found.deeds.items():
        told[number] = [
            {
                "version": deed.version,
                "move": deed.move.move,
                "what": "the sprint itself" if number is None else DONE_WORDS[deed.move.move],
                "detail": "" if deed.move.move in {"split", "change"} else teller.detail(_line(deed)),
                "why": _why(rows[deed.version]),
            }
            for deed in deeds
        ]
    return told


def _line(deed: Deed) -> Move:
    return Move(move=deed.move.move, before=deed.move.before, after=deed.move.after)


def _why(past: Past) -> str:
    row = past.row
    return short(row.reason, 160) or str(Decision.Reason(row.reason_code).label) or headline(past)
