"""The report of a closed sprint: what was planned, what was decided, and what came of it, as one frozen document.

Everything is replayed from the sprint's decisions, so a ticket that was added and taken out again still has its line.
Nothing is summed up by person.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from agileml.metrics.rules.judging import Reading, aggregate
from agileml.planning.rules.replay import Plan, RecordedDecision, replay
from agileml.planning.rules.report_words import headline, summary
from agileml.planning.rules.taking_back import PastDecision, standing

FORM = 1  # the form of the document; a later one gets the next number
DONE = ("shipped", "learned", "demoed")


@dataclass(frozen=True)
class Ground:
    """One thing that a decision rests on, in words, and the number of its ticket."""

    ticket: int
    text: str


@dataclass(frozen=True)
class Taken:
    """A decision and all that is told of it. `told` has the words of each of its moves, in their order."""

    past: PastDecision
    recorded: RecordedDecision
    kind: str
    title: str
    at: str
    by: str
    code: str
    code_words: str
    reason: str
    evidence: Sequence[Ground]
    told: Sequence[str]


@dataclass(frozen=True)
class Criterion:
    """A criterion as it stood. `value` was measured, `reference` is what its gain is counted from (see `set_out`)."""

    role: str
    words: str
    state: str
    measured: str
    metric: str
    unit: str
    op: str
    against: str
    value: float | None
    reference: float | None
    expected_gain: float | None

    @property
    def gain(self) -> float | None:
        """How much better than its reference the value is, above zero for better; None where nothing was measured."""
        if self.value is None or self.reference is None:
            return None
        gain = self.value - self.reference if self.op == ">=" else self.reference - self.value
        return gain if math.isfinite(gain) else None


def set_out(bound: float | None, better: float, *, op: str) -> float | None:
    """What a gain is counted from: the bound that a value was judged against, without what it had to be better by.

    That is the margin over a baseline or champion; where the bound is a number, reaching it is the expected gain.
    """
    if bound is None:
        return None
    start = bound - better if op == ">=" else bound + better
    return start if math.isfinite(start) else None


@dataclass(frozen=True)
class Found:
    """A finding."""

    kind: str
    text: str


@dataclass(frozen=True)
class Ticket:
    """A ticket that was ever in the sprint, as it was when the sprint closed."""

    number: int
    key: str
    title: str
    type: str
    type_name: str
    question: str
    status: str
    outcome: str
    findings: Sequence[Found] = ()
    criteria: Sequence[Criterion] = ()


@dataclass(frozen=True)
class Facts:
    """All that a report is made of. `sprint`, `scope`, `metrics` and `retro` go into it as they are.

    `sprints` are the names of the sprints that tickets were carried to, by number; `points`: the project estimates
    in points.
    """

    sprint: Mapping[str, Any]
    decisions: Sequence[Taken]
    tickets: Mapping[int, Ticket]
    sprints: Mapping[int, str]
    scope: Mapping[str, Any]
    metrics: Sequence[Mapping[str, Any]]
    retro: Sequence[Mapping[str, Any]]
    points: bool = False


@dataclass(frozen=True)
class Told:
    """One thing that happened to a ticket: the move, the decision that made it, and the move's words."""

    move: str
    decision: Taken
    words: str
    after: Mapping[str, Any]


def report(facts: Facts) -> dict[str, Any]:
    """The report of a sprint that has just closed."""
    recorded = [taken.recorded for taken in facts.decisions]
    starts = [taken.recorded.version for taken in facts.decisions if taken.kind == "start"]
    first, last = replay(recorded, upto=starts[-1]), replay(recorded)
    story = _stories(facts.decisions)
    lines = [
        _line(ticket, first, last, story[ticket.number], facts.sprints) for _, ticket in sorted(facts.tickets.items())
    ]
    in_force = {past.id for past in standing([taken.past for taken in facts.decisions])}
    plan = _plan(first, last, lines, [taken for taken in facts.decisions if taken.past.id in in_force])
    ends = Counter(line["end"] for line in lines)
    return {
        "form": FORM,
        "headline": headline(ends),
        "summary": summary(plan["counts"], facts.sprint),
        "sprint": dict(facts.sprint),
        "plan": plan,
        "outcomes": {
            "shipped": _numbers(lines, "shipped"),
            "learned": _numbers(lines, "learned", "demoed"),
            "skipped": _numbers(lines, "skipped"),
            "carried": _numbers(lines, "carried"),
            "taken_out": _numbers(lines, "taken_out"),
            "open": _numbers(lines, "open"),
        },
        "tickets": lines,
        "gains": gains(facts.tickets.values()),
        "decisions": [_decision(taken, facts, in_force) for taken in facts.decisions],
        "metrics": [dict(metric) for metric in facts.metrics],
        "scope": dict(facts.scope),
        "retro": [dict(line) for line in facts.retro],
        "points": _points(first, last, lines) if facts.points else None,
    }


def _stories(decisions: Iterable[Taken]) -> dict[int, list[Told]]:
    """What happened to each ticket, in order."""
    found: dict[int, list[Told]] = defaultdict(list)
    for taken in decisions:
        for move, words in zip(taken.recorded.moves, taken.told, strict=True):
            if move.ticket is not None:
                found[move.ticket].append(Told(move.move, taken, words, move.after or {}))
    return found


def _line(ticket: Ticket, first: Plan, last: Plan, story: Sequence[Told], sprints: Mapping[int, str]) -> dict[str, Any]:
    end = _end(ticket, last, story)
    return {
        "number": ticket.number,
        "key": ticket.key,
        "title": ticket.title,
        "type": ticket.type,
        "type_name": ticket.type_name,
        "question": ticket.question,
        "planned": ticket.number in first.tickets,
        "end": end,
        "moves": [
            {"version": told.decision.recorded.version, "move": told.move, "words": told.words} for told in story
        ],
        "findings": [asdict(finding) for finding in ticket.findings],
        "criteria": [asdict(criterion) | {"gain": criterion.gain} for criterion in ticket.criteria],
        "skip": _skip(story) if end == "skipped" else None,
        "carry": _carry(story, sprints) if end in {"carried", "taken_out"} else None,
    }


def _end(ticket: Ticket, last: Plan, story: Sequence[Told]) -> str:
    """How a ticket ended in this sprint: what became of it after it had left is another sprint's matter."""
    line = last.tickets.get(ticket.number)
    if line is None:
        left = [told.move for told in story if told.move in {"defer", "remove"}]
        return "carried" if left and left[-1] == "defer" else "taken_out"
    if line["skipped"]:
        return "skipped"
    return ticket.outcome if ticket.status == "done" and ticket.outcome in DONE else "open"


def _skip(story: Sequence[Told]) -> dict[str, Any]:
    """Why a ticket was skipped, and what that rests on; empty where it was skipped before the sprint began."""
    skips = [told for told in story if told.move == "skip"]
    if not skips:
        return {"version": None, "code": "", "reason": "", "evidence": [], "revisit_if": ""}
    told = skips[-1]
    return {
        "version": told.decision.recorded.version,
        "code": told.decision.code_words,
        "reason": told.decision.reason,
        "evidence": [asdict(ground) for ground in told.decision.evidence],
        "revisit_if": told.after.get("revisit_if", ""),
    }


def _carry(story: Sequence[Told], sprints: Mapping[int, str]) -> dict[str, Any]:
    """Where a ticket went, and what there is to know of it for whoever goes on."""
    told = [one for one in story if one.move in {"defer", "remove"}][-1]
    number = told.after.get("to") or 0
    return {
        "version": told.decision.recorded.version,
        "at_close": told.decision.kind == "close",
        "sprint": number or None,
        "to": f"sprint {number}, {sprints[number]}" if number in sprints else "the backlog",
        "note": told.after.get("note", ""),
        "resume_cost": told.after.get("resume_cost") or None,
        "reason": told.decision.reason,
    }


def _plan(first: Plan, last: Plan, lines: Sequence[Mapping[str, Any]], in_force: Sequence[Taken]) -> dict[str, Any]:
    """The first plan against the last one, and what decisions that were not taken back did to it on the way."""
    moves = [(move, words) for taken in in_force for move, words in zip(taken.recorded.moves, taken.told, strict=True)]
    changed: dict[int, list[str]] = defaultdict(list)
    for move, words in moves:
        if move.move == "change" and move.ticket is not None:
            changed[move.ticket].append(words)
    found: dict[str, Any] = {
        "first": {"version": first.version, "tickets": sorted(first.tickets)},
        "last": {"version": last.version, "tickets": sorted(last.tickets)},
        "added": [line["number"] for line in lines if not line["planned"]],
        "skipped": _numbers(lines, "skipped"),
        "deferred": _numbers(lines, "carried"),
        "taken_out": _numbers(lines, "taken_out"),
        "split": [
            {"ticket": move.ticket, "into": list((move.after or {})["into"])}
            for move, _ in moves
            if move.move == "split"
        ],
        "changed": [{"ticket": number, "words": words} for number, words in sorted(changed.items())],
    }
    names = ("added", "skipped", "deferred", "taken_out", "split", "changed")
    found["counts"] = {
        "planned": len(first.tickets),
        "ever": len(lines),
        "done": len(_numbers(lines, *DONE)),
        **{name: len(found[name]) for name in names},
    }
    return found


def _numbers(lines: Iterable[Mapping[str, Any]], *ends: str) -> list[int]:
    return [line["number"] for line in lines if line["end"] in ends]


def gains(tickets: Iterable[Ticket]) -> list[dict[str, Any]]:
    """Expected against measured gain by type of ticket, metric, and what the criteria were judged against.

    `expected` is the mean over what was measured, so that the two are of the same tickets; where nothing was, it is
    the mean of all, and `measured` is None.
    """
    groups: dict[tuple[str, str, str, str, str], list[Criterion]] = defaultdict(list)
    for ticket in tickets:
        for one in ticket.criteria:
            if one.expected_gain is not None and one.role == "success":
                groups[ticket.type, ticket.type_name, one.metric, one.unit, one.against].append(one)
    found = []
    for (kind, name, metric, unit, against), criteria in sorted(groups.items()):
        measured = [one for one in criteria if one.gain is not None]
        found.append(
            {
                "type": kind,
                "type_name": name,
                "metric": metric,
                "unit": unit,
                "against": against,
                "criteria": len(criteria),
                "measured_criteria": len(measured),
                "expected": _mean([one.expected_gain for one in measured or criteria]),
                "measured": _mean([one.gain for one in measured]),
            }
        )
    return found


def _mean(values: Iterable[float | None]) -> float | None:
    return aggregate([Reading("", value, "") for value in values], judge="mean", op=">=")


def _points(first: Plan, last: Plan, lines: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """The estimates of what was planned, and of what was done: two sums, and nothing per day or person."""
    done = set(_numbers(lines, *DONE))
    return {
        "planned": _sum(line["estimate"] for line in first.tickets.values()),
        "done": _sum(line["estimate"] for number, line in last.tickets.items() if number in done),
    }


def _sum(estimates: Iterable[float | None]) -> float | None:
    """None where the sum is beyond any number that can be written down."""
    total = sum(estimate or 0.0 for estimate in estimates)
    return total if math.isfinite(total) else None


def _decision(taken: Taken, facts: Facts, in_force: Collection[int]) -> dict[str, Any]:
    undone_by = [
        one.recorded.version
        for one in facts.decisions
        if one.past.reverts == taken.past.id and one.past.id in in_force and not one.past.partial
    ]
    return {
        "version": taken.recorded.version,
        "kind": taken.kind,
        "title": taken.title,
        "at": taken.at,
        "by": taken.by,
        "code": taken.code or None,
        "code_words": taken.code_words,
        "reason": taken.reason,
        "evidence": [asdict(ground) for ground in taken.evidence],
        "taken_back_in": undone_by[-1] if undone_by else None,
        "moves": [
            {
                "move": move.move,
                "ticket": move.ticket,
                "key": facts.tickets[move.ticket].key if move.ticket is not None else None,
                "title": facts.tickets[move.ticket].title if move.ticket is not None else "The sprint itself",
                "words": words,
            }
            for move, words in zip(taken.recorded.moves, taken.told, strict=True)
        ],
    }
