"""Decisions in words: one telling for the history, a plan that has moved on, and taking back."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse

from agileml.lib.figures import measured
from agileml.lib.times import rfc3339
from agileml.planning.models import Decision, Evidence, Move
from agileml.planning.queries.history import Past
from agileml.planning.rules.moves import MoveRequest
from agileml.projects.models import Project
from agileml.work.models import Ticket
from agileml.work.types import TicketType

DONE_WORDS = {
    "skip": "skipped", "defer": "deferred", "remove": "taken out", "restore": "restored", "change": "changed",
    "split": "split", "add": "added",
}  # fmt: skip
COSTS = {"low": "little", "medium": "some", "high": "much"}
FIELDS = {"type": "Type", "story": "Story", "estimate": "Estimate", "criteria": "Criteria"}
SPRINT_FIELDS = {"goal": "Goal", "increment": "Increment", "start": "Start", "end": "End"}


@dataclass(frozen=True)
class Teller:
    """Tells of one project's decisions, in its time zone; `stories` are the titles of stories by number."""

    project: Project
    stories: Mapping[int, str] = field(default_factory=dict)

    def decision(self, past: Past, *, current: bool = False) -> dict[str, Any]:
        """A decision as `shared/_decision.html` shows it, without its links."""
        row = past.row
        return {
            "version": row.version,
            "uid": row.uid,
            "kind": row.kind,
            "title": headline(past),
            "who": row.actor.name,
            "initials": row.actor.initials,
            "when": self.when(row.at),
            "at_iso": rfc3339(row.at),
            "code": Decision.Reason(row.reason_code).label,
            "reason": row.reason,
            "evidence": self.evidence(past.evidence),
            "moves": [self.move(move) for move in past.moves],
            "current": current,
            "taken_back_by": past.reverted_by.version if past.reverted_by else None,
        }

    def when(self, at: datetime) -> str:
        """A time as the project's clock has it: "Tue 24 Nov, 10:32"."""
        local = at.astimezone(ZoneInfo(self.project.time_zone))
        return f"{local:%a} {local.day} {local:%b, %H:%M}"

    def move(self, move: Move) -> dict[str, Any]:
        """One line of a decision: what was moved, and the details in words."""
        if move.ticket is None:
            return {"move": move.move, "title": "The sprint itself", "detail": self.sprint_words(move)}
        return {
            "move": move.move,
            "key": f"{self.project.key}-{move.ticket.number}",
            "url": self.ticket_url(move.ticket.number),
            "type": move.ticket.type,
            "title": move.ticket.title,
            "detail": self.detail(move),
        }

    def asked(self, move: MoveRequest, tickets: Mapping[int, Ticket]) -> dict[str, Any]:
        """One line of what somebody proposes; `tickets` are those it names, by number."""
        if move.move == "sprint":
            said = "; ".join(f"{SPRINT_FIELDS[name]}: {sprint_value(name, value)}" for name, value in move.set.items())
            return {"move": move.move, "title": "The sprint itself", "detail": said}
        if move.new is not None:
            return {"move": move.move, "title": move.new["title"], "detail": TicketType(move.new["type"]).label}
        ticket = tickets.get(move.ticket or 0)
        line = {"move": move.move, "title": ticket.title if ticket else "", "detail": self._asked_detail(move)}
        if ticket is not None:
            line |= {"key": f"{self.project.key}-{ticket.number}", "url": self.ticket_url(ticket.number)}
        return line

    def _asked_detail(self, move: MoveRequest) -> str:
        if move.move == "defer":
            return self._defer({"to": move.to, "note": move.note, "resume_cost": move.resume_cost})
        if move.into:
            return "Into " + ", ".join(f"“{part['title']}”" for part in move.into)
        if move.move == "change":
            return "; ".join(f"{FIELDS[name]}: {self.value(name, value)}" for name, value in move.set.items())
        return f"To be revisited if {move.revisit_if}" if move.revisit_if else ""

    def ticket_url(self, number: int) -> str:
        """Where a ticket is."""
        return reverse("ticket", args=[self.project.key, number])

    def detail(self, move: Move) -> str:
        """What a move says beside its kind; empty where the kind says it all."""
        before, after = move.before or {}, move.after or {}
        if move.move == Move.Kind.SKIP and after.get("revisit_if"):
            return f"To be revisited if {after['revisit_if']}"
        if move.move == Move.Kind.RESTORE:
            return f"Back to “{Ticket.Status(after['status']).label}”"
        if move.move == Move.Kind.REMOVE:
            return "To the backlog"
        if move.move == Move.Kind.DEFER:
            return self._defer(after)
        if move.move == Move.Kind.SPLIT:
            parts = [f"{self.project.key}-{number}" for number in after["into"]]
            return f"Into {', '.join(parts)}"
        if move.move == Move.Kind.CHANGE:
            return "; ".join(self.field(name, before.get(name), value) for name, value in after.items())
        return ""

    def _defer(self, after: Mapping[str, Any]) -> str:
        words = [f"To sprint {after['to']}" if after.get("to") else "To the backlog"]
        words.append(f"resuming costs {COSTS[after.get('resume_cost') or 'low']}")
        text = ", ".join(words)
        return f"{text}. {after['note']}" if after.get("note") else text

    def field(self, name: str, old: Any, new: Any) -> str:
        """A plan field that changed, as "Type: Algorithm → Analysis"."""
        return f"{FIELDS.get(name, name)}: {self.value(name, old)} → {self.value(name, new)}"

    def value(self, name: str, value: Any) -> str:
        """A plan field's value in words."""
        if name == "type":
            return TicketType(value).label
        if name == "story":
            return self.stories.get(value, f"story {value}") if value else "none"
        if name == "criteria":
            return ", ".join(criterion_words(item) for item in value or ()) or "none"
        if name == "estimate":
            return "none" if value is None else f"{value:g}"
        return str(value)

    def sprint_words(self, move: Move) -> str:
        """What a decision changed of the sprint itself; a start says what it is."""
        before, after = move.before, move.after or {}
        said = []
        for name, value in after.items():
            new = sprint_value(name, value)
            if before is None:
                if value and name != "start":
                    said.append(f"{SPRINT_FIELDS[name]}: {new}")
            else:
                said.append(f"{SPRINT_FIELDS[name]}: {sprint_value(name, before.get(name))} → {new}")
        return "; ".join(said)

    def evidence(self, items: Iterable[Evidence]) -> list[dict[str, str]]:
        """What a decision rests on, as chips: a finding each, and the snapshots of one metric on one ticket as one."""
        chips = []
        measured_at: dict[tuple[int, str], list[Evidence]] = {}
        for item in items:
            if item.finding:
                number = item.finding.ticket.number
                text = f"{self.project.key}-{number}: {short(item.finding.text)}"
                url = f"{self.ticket_url(number)}#finding-{item.finding.uid}"
                chips.append({"icon": "finding", "text": text, "url": url})
            elif item.snapshot:
                measured_at.setdefault((item.snapshot.ticket.number, item.snapshot.metric.key), []).append(item)
        for (number, metric), group in measured_at.items():
            snapshots = [item.snapshot for item in group if item.snapshot]
            text = f"{self.project.key}-{number}: {metric} {figures_of(snapshots)}"
            chips.append({"icon": "ana", "text": text, "url": self.ticket_url(number)})
        return chips


def headline(past: Past) -> str:
    """A decision in a few words: "Re-plan: 1 skipped, 2 added"."""
    row = past.row
    counts = counted(past.moves)
    if row.kind == Decision.Kind.START:
        return f"Started: {how_many(sum(move.move == 'add' for move in past.moves), 'ticket')}"
    if row.kind == Decision.Kind.RECEIVED:
        source = f" from sprint {past.other_sprints[0]}" if past.other_sprints else " from another sprint"
        return f"Received {how_many(len(past.moves), 'ticket')}{source}"
    if row.kind == Decision.Kind.CLOSE:
        return f"Closed{': ' + counts if counts else ''}"
    if row.kind == Decision.Kind.REVERT:
        what = f"v{row.reverts.version}" if row.reverts and row.reverts.version else "a decision"
        return f"Takes back {what}{' in part' if row.partial else ''}{': ' + counts if counts else ''}"
    if row.reason_code == Decision.Reason.FORGOTTEN:
        return f"Forgotten when planning: {counts}"
    if row.reason_code == Decision.Reason.CORRECTION:
        return f"Correction: {counts}"
    return f"Re-plan: {counts}"


def counted(moves: Sequence[Move]) -> str:
    """How many tickets were moved how: "1 skipped, 2 added"; parts of a split count as added."""
    counts = Counter(move.move for move in moves if move.move != Move.Kind.SPRINT)
    words = [f"{counts[kind]} {word}" for kind, word in DONE_WORDS.items() if counts[kind]]
    if any(move.move == Move.Kind.SPRINT and move.before is not None for move in moves):
        words.append("the sprint itself changed" if not words else "the sprint itself")
    return ", ".join(words)


def how_many(count: int, noun: str) -> str:
    """ "1 ticket", "3 tickets"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def criterion_words(item: Mapping[str, Any]) -> str:
    """What a criterion demands, in short: "error ≤ 0.02", "kill: error ≥ baseline"."""
    sign = {">=": "≥", "<=": "≤"}[item["op"]]
    bound = f"{item['value']:g}" if item.get("against", "number") == "number" else item["against"]
    if item.get("margin"):
        bound += f" by {item['margin']:g}"
    role = "kill: " if item.get("role") == "kill" else ""
    return f"{role}{item['metric']} {sign} {bound}"


def figures_of(snapshots: Sequence[Any]) -> str:
    """The mean of some snapshots of one metric and how many runs it is of: "0.74 %, 5 runs"."""
    unit = snapshots[0].metric.unit
    values = [snapshot.value for snapshot in snapshots if snapshot.value is not None]
    if len(snapshots) == 1:
        return measured(snapshots[0].value, unit, state=snapshots[0].value_state)
    mean = sum(values) / len(values) if values else None
    return f"{measured(mean, unit)}, {len(snapshots)} runs"


def sprint_value(name: str, value: Any) -> str:
    """A sprint's own field in words."""
    if name in {"start", "end"} and value:
        day = date.fromisoformat(str(value))
        return f"{day:%a} {day.day} {day:%b}"
    return f"“{value}”" if value else "none"


def short(text: str, most: int = 70) -> str:
    """The first line of a text, cut at a word."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[:most].rsplit(' ', 1)[0]} …"
