"""What happened to a ticket, in sentences: the journal's changes of it and the decisions about it, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from agileml.journal.models import Change
from agileml.metrics.rules.received import said_instead
from agileml.planning.models import Decision, Move
from agileml.work.models import Finding, ReviewOpinion, Ticket

READ_AT_MOST = 300  # a hundred runs that came one by one are one line
NOT_TOLD = {"version", "sprint", "planned_sprint", "outcome", "unverified"}
FIELDS = {
    "expected_benefit": "expected benefit", "riskiest_assumption": "riskiest assumption", "depends_on": "dependencies",
    "stop_when": "when to stop", "external_refs": "references elsewhere",
}  # fmt: skip
DECIDED = {
    "add": "put it into the plan", "remove": "took it out of the plan", "skip": "skipped it",
    "restore": "restored it", "defer": "deferred it", "change": "changed its plan",
}  # fmt: skip


@dataclass(frozen=True)
class Event:
    """One thing that happened; `who` is empty for what arrives by itself, `url` leads to the decision if it was one."""

    at: datetime
    icon: str
    who: str
    what: str
    url: str = ""
    link: str = ""
    runs: int = 0
    metrics: tuple[str, ...] = ()


def activity(ticket: Ticket, moves: Sequence[Move], *, key: str, most: int = 40) -> list[Event]:
    """The newest events of a ticket; `moves` are those about it, with their decisions. One query."""
    rows = list(
        Change.objects.filter(Q(object_uid=ticket.uid) | Q(parent_uid=ticket.uid), stream=ticket.project.stream_id)
        .select_related("actor")
        .order_by("-revision")[:READ_AT_MOST]
    )
    known: dict[UUID, dict[str, Any]] = {}
    events = [event for row in reversed(rows) if (event := _of_change(row, known)) is not None][::-1]
    events += [_of_move(move, key) for move in moves]
    return _together(sorted(events, key=lambda event: event.at, reverse=True))[:most]


def _together(events: Sequence[Event]) -> list[Event]:
    """Runs that arrived one after the other, told as one."""
    told: list[Event] = []
    for event in events:
        last = told[-1] if told else None
        if last and last.runs and event.runs and (last.who, last.metrics) == (event.who, event.metrics):
            told[-1] = replace(last, runs=last.runs + event.runs, what=_arrived(last.runs + event.runs, last.metrics))
        else:
            told.append(event)
    return told


def _of_move(move: Move, key: str) -> Event:
    decision = move.decision
    what = DECIDED.get(move.move, "decided about it")
    if decision.kind == Decision.Kind.REVERT:
        what += ", taking a decision back"
    elif decision.kind == Decision.Kind.START:
        what = "started the sprint with it"
    elif decision.kind == Decision.Kind.CLOSE:
        what += " when the sprint closed"
    url = link = ""
    if decision.sprint and decision.version:
        url = f"/p/{key}/sprints/{decision.sprint.number}/history/#v{decision.version}"
        link = f"{decision.sprint.name}, plan v{decision.version}"
    icon = {"add": "plus", "remove": "minus"}.get(move.move, move.move)
    return Event(decision.at, icon, decision.actor.name, what, url, link)


def _of_change(row: Change, known: dict[UUID, dict[str, Any]]) -> Event | None:
    """What a change says; `known` is what corrections said before it, which it adds to."""
    who = row.actor.name if row.actor else ""
    resource = row.resource or {}
    if row.kind == "ticket":
        what = "wrote this ticket" if row.action == Change.Action.CREATED else _edited(row.diff)
        return Event(row.at, "change", who, what) if what else None
    if row.kind == "correction":
        known[row.object_uid] = (
            known.get(row.object_uid, {}) | resource | {name: new for name, (_, new) in row.diff.items()}
        )
        return Event(row.at, "change", who, _corrected(known[row.object_uid]))
    if row.action != Change.Action.CREATED:
        return None  # what is said on a ticket changes only in what other systems call it
    if row.kind == "finding":
        return Event(row.at, "finding", who, f"wrote a finding that {_finding(resource)}")
    if row.kind == "opinion":
        opinion = ReviewOpinion.Opinion(resource["opinion"]).label.lower() if resource else ""
        return Event(row.at, "rev", who, f"gave an opinion: {opinion}")
    if row.kind == "comment":
        return Event(row.at, "info", who, "commented")
    if row.kind == "snapshots":
        who = ""  # they arrive by themselves, whoever's token brings them
        rows = resource.get("snapshots", [])
        metrics = tuple(sorted({one["metric"] for one in rows}))
        runs = len({(one["candidate"], one["pair_key"], one["external_id"]) for one in rows})
        return Event(row.at, "ana", who, _arrived(runs, metrics), runs=runs, metrics=metrics)
    return None


def _finding(resource: dict[str, Any]) -> str:
    kind = resource.get("kind", "")
    return {
        Finding.Kind.CONFIRMS: "confirms", Finding.Kind.REFUTES: "refutes", Finding.Kind.SURPRISE: "surprises",
        Finding.Kind.BLOCKER: "blocks",
    }.get(kind, "says something")  # fmt: skip


def _corrected(said: dict[str, Any]) -> str:
    """What somebody said of a run; which and how only where the first time is not too long ago to be read."""
    what = "corrected a run"
    if "external_id" in said:
        run, words = _short(said["external_id"], 40), said_instead(said)
        what = f"corrected the run {run} ({words})" if words else f"took the correction of the run {run} back"
    return f"{what}: {_short(said['reason'], 200)}" if said.get("reason") else what


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _arrived(runs: int, metrics: Sequence[str]) -> str:
    many = "1 run" if runs == 1 else f"{runs} runs"
    named = ", ".join(metrics[:3]) + (f" and {len(metrics) - 3} more" if len(metrics) > 3 else "")
    return f"{many} arrived ({named})"


def _edited(diff: dict[str, list[Any]]) -> str:
    said = []
    rest = []
    for name, (old, new) in diff.items():
        if name == "status":
            said.append(f"moved it from {_status(old)} to {_status(new)}")
        elif name == "assignee":
            said.append(f"gave it to {new['name']}" if new else f"took it from {old['name']}")
        elif name == "blocked":
            said.append(f"said it is blocked: {new['why']}" if new else "said it is blocked no longer")
        elif name == "waiting_on_run":
            said.append("said it waits on a run" if new else "said it waits on no run")
        elif name == "links":
            said += _linked(old or [], new or [])
        elif name == "rank":
            continue
        elif name not in NOT_TOLD:
            rest.append(FIELDS.get(name, name))
    if "outcome" in diff and diff["outcome"][1]:
        taken = " as another system says, unverified" if diff.get("unverified", [False, False])[1] else ""
        said.append(f"called it {diff['outcome'][1]}{taken}")
    if rest:
        said.append(f"changed {_listed(rest)}")
    return _listed(said)


def _linked(old: Sequence[dict[str, str]], new: Sequence[dict[str, str]]) -> list[str]:
    had, has = ({link["url"]: link["title"] or link["url"] for link in links} for links in (old, new))
    came = [f"linked {name}" for url, name in has.items() if url not in had]
    went = [f"took the link to {name} away" for url, name in had.items() if url not in has]
    return came + went or ["renamed a link"]


def _status(status: str) -> str:
    return str(Ticket.Status(status).label)


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
