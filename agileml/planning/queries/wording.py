"""Decisions in words, wherever they are told: on pages, and in the report that is frozen when a sprint closes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from agileml.lib.figures import measured, scale_of
from agileml.planning.models import Decision, Evidence, Move
from agileml.planning.queries.history import Past
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
class Ground:
    """One thing that a decision rests on, in words, and the ticket's number; `finding` is a uid, empty for figures."""

    ticket: int
    text: str
    finding: str = ""


@dataclass(frozen=True)
class Wording:
    """The words of one project, in its time zone.

    `stories` are the titles of stories by number, `units` those of metrics by key: without them stories are told by
    their numbers, and figures as they are stored.
    """

    project: Project
    stories: Mapping[int, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    def when(self, at: datetime) -> str:
        """A time as the project's clock has it: "Tue 24 Nov, 10:32"."""
        local = at.astimezone(ZoneInfo(self.project.time_zone))
        return f"{local:%a} {local.day} {local:%b, %H:%M}"

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
            return self.deferral(after)
        if move.move == Move.Kind.SPLIT:
            parts = [f"{self.project.key}-{number}" for number in after["into"]]
            return f"Into {', '.join(parts)}"
        if move.move == Move.Kind.CHANGE:
            return "; ".join(self.field(name, before.get(name), value) for name, value in after.items())
        return ""

    def deferral(self, after: Mapping[str, Any]) -> str:
        """Where something was deferred to, what resuming costs, and the hand-over note."""
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
            return ", ".join(self.criteria(value)) or "none"
        if name == "estimate":
            return "none" if value is None else f"{value:g}"
        return str(value)

    def criteria(self, items: Iterable[Mapping[str, Any]] | None) -> list[str]:
        """Each of some criteria in words."""
        return [criterion_words(item, self.units.get(item["metric"], "")) for item in items or ()]

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

    def rests_on(self, items: Iterable[Evidence]) -> list[Ground]:
        """What a decision rests on: a finding each, and the snapshots of one metric on one ticket as one."""
        grounds = []
        measured_at: dict[tuple[int, str], list[Evidence]] = {}
        for item in items:
            if item.finding:
                number = item.finding.ticket.number
                text = f"{self.project.key}-{number}: {short(item.finding.text)}"
                grounds.append(Ground(number, text, str(item.finding.uid)))
            elif item.evaluation:
                number = item.evaluation.challenger.ticket.number
                what = f"evaluation {item.evaluation.number} of {item.evaluation.model.name}"
                grounds.append(Ground(number, f"{self.project.key}-{number}: {what}"))
            elif item.snapshot:
                measured_at.setdefault((item.snapshot.ticket.number, item.snapshot.metric.key), []).append(item)
        for (number, metric), group in measured_at.items():
            snapshots = [item.snapshot for item in group if item.snapshot]
            grounds.append(Ground(number, f"{self.project.key}-{number}: {metric} {figures_of(snapshots)}"))
        return grounds


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


def criterion_words(item: Mapping[str, Any], unit: str = "") -> str:
    """What a criterion demands, in short: "error ≤ 2 %", "kill: error ≥ baseline"; `unit` is its metric's."""
    sign = {">=": "≥", "<=": "≤"}[item["op"]]
    bound = _demanded(item["value"], unit) if item.get("against", "number") == "number" else item["against"]
    if item.get("margin"):
        bound += f" by {_demanded(item['margin'], unit)}"
    role = "kill: " if item.get("role") == "kill" else ""
    return f"{role}{item['metric']} {sign} {bound}"


def _demanded(value: float, unit: str) -> str:
    """A figure that somebody asked for: all its digits, where a measured one is rounded."""
    text = f"{value * scale_of(unit):g}"
    return f"{text} {unit}" if unit else text


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
