"""The report of a closed sprint: a page to read and to print, and the same as CSV and JSON."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from agileml.lib.charts import Chart, Day, Mark, Scope, scope_chart
from agileml.lib.figures import gap
from agileml.lib.tables import Cell, as_csv
from agileml.lib.times import rfc3339
from agileml.planning.models import Sprint
from agileml.planning.queries import report as queries
from agileml.planning.queries.late import Late, late_in
from agileml.planning.queries.plans import sprint_of
from agileml.planning.queries.wording import COSTS
from agileml.projects.doors import Access, Hidden
from agileml.web.project import enter, frame

ENDS = {
    "shipped": "shipped", "learned": "learned", "demoed": "learned, and shown", "skipped": "skipped",
    "carried": "carried on", "taken_out": "taken out", "open": "open",
}  # fmt: skip
STATES = {"met": "met", "not_met": "not met", "pending": "not measured", "ahead_untested": "ahead, untested"}
AGAINST = {"number": "where it set out", "baseline": "the baseline", "champion": "the champion"}
COLUMNS = (
    "Ticket", "Title", "Type", "Question", "Planned", "End", "What happened", "Why skipped", "Evidence", "Revisit if",
    "Carried to", "Note", "Resuming costs", "Criteria", "Metric", "Expected gain", "Measured gain", "Findings",
)  # fmt: skip


@login_required
@require_GET
def show(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """The report as it was frozen at the close; `?format=csv` and `?format=json` are the same to keep."""
    access = enter(request, key)
    sprint = sprint_of(access.project, number)
    wanted = request.GET.get("format", "")
    if wanted not in {"", "csv", "json"}:
        raise Http404
    try:
        body = queries.of_sprint(sprint).body
    except Hidden:
        return render(request, "report/none.html", frame(access, "sprints", sprint=sprint), status=404)
    if wanted:
        answer = _csv(body) if wanted == "csv" else JsonResponse(body)
        answer["Content-Disposition"] = f'attachment; filename="{key}-sprint-{number}.{wanted}"'
        return answer
    return render(request, "report/page.html", frame(access, "sprints", **_page(access, sprint, body)))


def _csv(body: Mapping[str, Any]) -> HttpResponse:
    rows: list[Sequence[Cell]] = [COLUMNS, *(_row(ticket) for ticket in body["tickets"])]
    return HttpResponse(as_csv(rows), content_type="text/csv; charset=utf-8")


def _row(ticket: Mapping[str, Any]) -> list[Cell]:
    """A ticket and its way through the sprint, on one line."""
    skip, carry = ticket["skip"] or {}, ticket["carry"] or {}
    awaited = [one for one in ticket["criteria"] if one["expected_gain"] is not None and one["role"] == "success"]
    first = awaited[0] if awaited else {}
    return [
        ticket["key"],
        ticket["title"],
        ticket["type_name"],
        ticket["question"],
        "yes" if ticket["planned"] else "no",
        ENDS[ticket["end"]],
        "; ".join(_happened(move) for move in ticket["moves"]),
        skip.get("reason", ""),
        "; ".join(ground["text"] for ground in skip.get("evidence", ())),
        skip.get("revisit_if", ""),
        carry.get("to", ""),
        carry.get("note", ""),
        COSTS.get(carry.get("resume_cost") or "", ""),
        "; ".join(f"{one['words']}: {_result(one)}" for one in ticket["criteria"]),
        first.get("metric", ""),
        first.get("expected_gain"),
        first.get("gain"),
        "; ".join(f"{finding['kind']}: {finding['text']}" for finding in ticket["findings"]),
    ]


def _happened(move: Mapping[str, Any]) -> str:
    told = f"v{move['version']} {move['move']}"
    return f"{told}: {move['words']}" if move["words"] else told


def _result(criterion: Mapping[str, Any]) -> str:
    state = STATES[criterion["state"]]
    return f"{state}, {criterion['measured']}" if criterion["measured"] else state


def _page(access: Access, sprint: Sprint, body: Mapping[str, Any]) -> dict[str, Any]:
    head = body["sprint"]
    zone = ZoneInfo(head["time_zone"])
    tickets = {ticket["number"]: _ticket(access, ticket) for ticket in body["tickets"]}
    ends = {name: [tickets[number] for number in numbers] for name, numbers in body["outcomes"].items()}
    return {
        "sprint": sprint,
        "late": [_late(access, one, zone) for one in late_in(sprint)],
        "report": body,
        "head": head,
        "start": date.fromisoformat(head["start"]),
        "end": date.fromisoformat(head["end"]),
        "closed": _when(head["closed_at"], zone),
        "figures": _figures(body["plan"]["counts"], ends),
        "ends": ends,
        "gains": [_gain(one) for one in body["gains"]],
        "plan": _plan(tickets, body["plan"]),
        "chart": _chart(body),
        "decisions": [_decision(access, one, zone) for one in body["decisions"]],
        "retro": _retro(access, body["retro"]),
    }


def _when(text: str, zone: ZoneInfo) -> str:
    """A time on the clock that the project had: "Tue 24 Nov, 10:32"."""
    at = datetime.fromisoformat(text).astimezone(zone)
    return f"{at:%a} {at.day} {at:%b, %H:%M}"


def _url(access: Access, number: int) -> str:
    return reverse("ticket", args=[access.project.key, number])


def _ticket(access: Access, ticket: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **ticket,
        "url": _url(access, ticket["number"]),
        "end_words": ENDS[ticket["end"]],
        "criteria": [{**one, "result": STATES[one["state"]]} for one in ticket["criteria"]],
        "cost": COSTS.get((ticket["carry"] or {}).get("resume_cost") or "", ""),
    }


def _late(access: Access, one: Late, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "key": f"{access.project.key}-{one.ticket}",
        "url": f"{reverse('ticket', args=[access.project.key, one.ticket])}?{urlencode({'metric': one.metric})}#runs",
        "title": one.title,
        "metric": one.metric,
        "values": one.values,
        "at": _when(rfc3339(one.at), zone),
    }


def _figures(counts: Mapping[str, int], ends: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """The numbers of the sprint in a row; what there was none of is left out, but for the first and what was done."""
    cells = [
        (counts["planned"], "planned", True),
        (counts["added"], "added", False),
        (len(ends["shipped"]), "shipped", True),
        (len(ends["learned"]), "learned", True),
        (counts["skipped"], "skipped", False),
        (counts["deferred"] + counts["taken_out"], "went elsewhere", False),
    ]
    return [{"count": count, "words": words} for count, words, always in cells if always or count]


def _gain(one: Mapping[str, Any]) -> dict[str, Any]:
    unit = one["unit"]
    return {
        **one,
        "against": AGAINST[one["against"]],
        "expected": gap(one["expected"], unit) if one["expected"] is not None else "–",
        "measured": gap(one["measured"], unit) if one["measured"] is not None else "",
        "tone": "" if one["measured"] is None else "good" if one["measured"] >= (one["expected"] or 0) else "wait",
    }


def _plan(tickets: Mapping[int, Mapping[str, Any]], plan: Mapping[str, Any]) -> dict[str, Any]:
    """The first plan against the last: each ticket that differs, by how."""
    parts = {number for one in plan["split"] for number in one["into"]}
    words = (("added", "Added"), ("skipped", "Skipped"), ("deferred", "Carried on"), ("taken_out", "Taken out"))
    lists = [
        {"words": said, "tickets": [tickets[number] for number in plan[name] if name != "added" or number not in parts]}
        for name, said in words
    ]
    return {
        "first": plan["first"],
        "last": plan["last"],
        "lists": [one for one in lists if one["tickets"]],
        "split": [
            {"ticket": tickets[one["ticket"]], "into": [tickets[number] for number in one["into"] if number in tickets]}
            for one in plan["split"]
        ],
        "changed": [{"ticket": tickets[one["ticket"]], "words": one["words"]} for one in plan["changed"]],
    }


def _chart(body: Mapping[str, Any]) -> Chart:
    scope = body["scope"]
    last = Scope(**scope["bands"][-1]) if scope["bands"] else Scope()
    return scope_chart(
        [Day(date.fromisoformat(day["day"]), day["working"]) for day in scope["days"]],
        [Scope(**band) for band in scope["bands"]],
        [Mark(date.fromisoformat(mark["day"]), mark["version"], mark["text"]) for mark in scope["marks"]],
        title=f"Scope of {body['sprint']['name']}, day by day",
        desc=(
            f"{last.total} tickets were ever in the sprint: {last.done} done, {last.skipped} skipped, "
            f"{last.deferred} deferred or taken out at its close."
        ),
    )


def _decision(access: Access, one: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    return {
        **one,
        "when": _when(one["at"], zone),
        "evidence": [{**ground, "url": _url(access, ground["ticket"])} for ground in one["evidence"]],
        "moves": [{**move, "url": _url(access, move["ticket"]) if move["ticket"] else ""} for move in one["moves"]],
    }


def _retro(access: Access, lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The three lists of a retro, those that nobody wrote in left out."""
    told = [{**line, "url": _url(access, line["ticket"]["number"]) if line["ticket"] else ""} for line in lines]
    lists = [
        {"words": words, "lines": [line for line in told if line["kind"] == kind]}
        for kind, words in (("keep", "Keep"), ("change", "Change"), ("try", "Try"))
    ]
    return [one for one in lists if one["lines"]]
