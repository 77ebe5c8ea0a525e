"""The plan is what the decisions say: replay them from nothing and you have it, at any version."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PLAN_FIELDS = ("type", "story", "estimate", "criteria", "skipped")


@dataclass(frozen=True)
class RecordedMove:
    """One move as it was recorded; `ticket` is a number, None for the sprint's own fields."""

    move: str
    ticket: int | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True)
class RecordedDecision:
    """A decision as it was recorded, as far as the plan depends on it."""

    version: int
    moves: tuple[RecordedMove, ...]


@dataclass(frozen=True)
class Plan:
    """A sprint's plan at one version: its own fields, and for each ticket number the plan fields and `added_in`."""

    version: int = 0
    sprint: Mapping[str, Any] = field(default_factory=dict)
    tickets: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)


def replay(decisions: Iterable[RecordedDecision], *, upto: int | None = None) -> Plan:
    """The plan after these decisions, taken in version order, up to and including version `upto`."""
    plan = Plan()
    for decision in sorted(decisions, key=lambda decision: decision.version):
        if upto is not None and decision.version > upto:
            break
        plan = apply(plan, decision)
    return plan


def apply(plan: Plan, decision: RecordedDecision) -> Plan:
    """The plan after one more decision."""
    sprint = dict(plan.sprint)
    tickets = dict(plan.tickets)
    for move in decision.moves:
        if move.move == "sprint":
            sprint.update(move.after or {})
        elif move.ticket is None or move.move == "split":
            continue  # a split only names its parts; each part has an add of its own
        elif move.move == "add":
            after = dict(move.after or {})
            line = {name: after[name] for name in PLAN_FIELDS}
            tickets[move.ticket] = line | {"added_in": after.get("added_in") or decision.version}
        elif move.move in {"remove", "defer"}:
            del tickets[move.ticket]
        elif move.move == "skip":
            tickets[move.ticket] = {**tickets[move.ticket], "skipped": True}
        elif move.move == "restore":
            tickets[move.ticket] = {**tickets[move.ticket], "skipped": False}
        elif move.move == "change":
            changed = {name: value for name, value in (move.after or {}).items() if name in PLAN_FIELDS}
            tickets[move.ticket] = {**tickets[move.ticket], **changed}
    return Plan(version=decision.version, sprint=sprint, tickets=tickets)


@dataclass(frozen=True)
class PlanDiff:
    """What lies between two plans: ticket numbers, and for what changed {field: [from, to]}."""

    added: Sequence[int]
    removed: Sequence[int]
    skipped: Sequence[int]
    restored: Sequence[int]
    changed: Mapping[int, Mapping[str, list[Any]]]
    sprint: Mapping[str, list[Any]]


def compare(old: Plan, new: Plan) -> PlanDiff:
    """What changed from one plan to another, ticket by ticket and field by field."""
    both = sorted(old.tickets.keys() & new.tickets.keys())
    changed = {}
    for number in both:
        was, now = old.tickets[number], new.tickets[number]
        fields = {name: [was[name], now[name]] for name in PLAN_FIELDS if name != "skipped" and was[name] != now[name]}
        if fields:
            changed[number] = fields
    return PlanDiff(
        added=sorted(new.tickets.keys() - old.tickets.keys()),
        removed=sorted(old.tickets.keys() - new.tickets.keys()),
        skipped=[n for n in both if new.tickets[n]["skipped"] and not old.tickets[n]["skipped"]],
        restored=[n for n in both if old.tickets[n]["skipped"] and not new.tickets[n]["skipped"]],
        changed=changed,
        sprint={
            name: [old.sprint.get(name), value] for name, value in new.sprint.items() if old.sprint.get(name) != value
        },
    )
