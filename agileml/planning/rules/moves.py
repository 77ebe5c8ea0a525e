"""What a decision may ask for, and every reason to refuse it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.work.fields import PLAN_FIELDS, TICKET_FIELDS, ticket_fields

RESUME_COSTS = ("low", "medium", "high")
REASON_CODES = (
    "finding_invalidates", "finding_opens", "blocked", "capacity", "priority", "data_problem", "forgotten",
    "correction", "other",
)  # fmt: skip
NOT_COUNTED = ("forgotten", "correction")  # decisions too, but not re-plans
SPRINT_PLAN_FIELDS = ("goal", "increment", "end")


@dataclass(frozen=True)
class MoveRequest:
    """One line that somebody wants to decide.

    `ticket` is a number inside the project; None for a new ticket or for the sprint's own fields.
    `new` holds a new ticket's fields, `into` those of the parts of a split, `set` the plan fields to change.
    """

    move: str
    ticket: int | None = None
    new: Mapping[str, Any] | None = None
    set: Mapping[str, Any] = field(default_factory=dict)
    into: tuple[Mapping[str, Any], ...] = ()
    to: int | None = None
    to_base_version: int | None = None
    note: str = ""
    resume_cost: str = "low"
    revisit_if: str = ""


@dataclass(frozen=True)
class Refusal:
    """One reason why a decision cannot be taken; `ticket` is the number it is about, if it is about one."""

    code: str
    message: str
    ticket: int | None = None
    pointer: str = ""


class Refused(Exception):
    """A decision cannot be taken; holds every reason, not just the first."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(" ".join(refusal.message for refusal in refusals))
        self.refusals = list(refusals)


@dataclass(frozen=True)
class TicketFacts:
    """What is known of a ticket when a decision about it is checked. Sprints are numbers."""

    number: int
    key: str
    status: str
    sprint: int | None
    planned_sprint: int | None


@dataclass(frozen=True)
class SprintFacts:
    """What is known of a sprint when a decision about it is checked."""

    number: int
    state: str
    plan_version: int


ALLOWED: dict[str, dict[str, fields.Check]] = {
    "add": {"ticket": fields.reference, "new": lambda value: value},
    "remove": {"ticket": fields.reference},
    "skip": {"ticket": fields.reference, "revisit_if": fields.text(500)},
    "restore": {"ticket": fields.reference},
    "defer": {
        "ticket": fields.reference,
        "to": fields.maybe(fields.reference),
        "to_base_version": fields.maybe(fields.reference),
        "note": fields.text(2_000),
        "resume_cost": fields.one_of(*RESUME_COSTS),
    },
    "change": {"ticket": fields.reference, "set": lambda value: value},
    "split": {"ticket": fields.reference, "into": lambda value: value},
    "sprint": {"set": lambda value: value},
}
SPRINT_FIELDS: dict[str, fields.Check] = {
    "goal": fields.text(2_000),
    "increment": fields.text(2_000),
    "end": lambda value: fields.a_date(value).isoformat(),
}


def parse(sent: Any, *, pointer: str = "/moves") -> list[MoveRequest]:
    """Read moves as clients and pages send them. Raises Invalid with every error, each with its pointer."""
    if not isinstance(sent, Sequence) or isinstance(sent, str):
        raise Invalid([FieldError(pointer, "invalid", "This must be a list of moves.")])
    if len(sent) > 200:
        raise Invalid([FieldError(pointer, "too_many", "At most 200 moves in one decision.")])
    moves: list[MoveRequest] = []
    errors: list[FieldError] = []
    for position, item in enumerate(sent):
        try:
            moves.append(_parse_one(item, f"{pointer}/{position}"))
        except Invalid as invalid:
            errors += invalid.errors
    if errors:
        raise Invalid(errors)
    return moves


def _parse_one(item: Any, pointer: str) -> MoveRequest:
    move = item.get("move") if isinstance(item, Mapping) else None
    if not isinstance(move, str) or move not in ALLOWED:
        raise Invalid([FieldError(f"{pointer}/move", "unknown_choice", f"One of {', '.join(ALLOWED)}.")])
    sent = {name: value for name, value in item.items() if name != "move"}
    required = () if move in {"add", "sprint"} else ("ticket",)
    values = fields.clean(sent, fields=ALLOWED[move], required=required, pointer=pointer)
    if move == "add":
        if ("ticket" in values) == ("new" in values):
            raise Invalid([FieldError(pointer, "invalid", "An add names a ticket, or holds a new one.")])
        if "new" in values:
            values["new"] = ticket_fields(values["new"], new=True, pointer=f"{pointer}/new")
    elif move == "change":
        plan = {name: TICKET_FIELDS[name] for name in PLAN_FIELDS}
        values["set"] = fields.clean(values.get("set", {}), fields=plan, pointer=f"{pointer}/set")
        if not values["set"]:
            raise Invalid([FieldError(f"{pointer}/set", "required", "A change names what to change.")])
    elif move == "split":
        parts = values.get("into")
        if not isinstance(parts, Sequence) or isinstance(parts, str) or not 1 <= len(parts) <= 20:
            raise Invalid([FieldError(f"{pointer}/into", "required", "A split names one to twenty parts.")])
        values["into"] = tuple(
            ticket_fields(part, new=True, pointer=f"{pointer}/into/{at}") for at, part in enumerate(parts)
        )
    elif move == "sprint":
        values["set"] = fields.clean(values.get("set", {}), fields=SPRINT_FIELDS, pointer=f"{pointer}/set")
        if not values["set"]:
            raise Invalid([FieldError(f"{pointer}/set", "required", "Name what to change of the sprint.")])
    return MoveRequest(move=move, **values)


def refusals(
    moves: Sequence[MoveRequest],
    *,
    sprint: SprintFacts | None,
    tickets: Mapping[int, TicketFacts],
    sprints: Mapping[int, SprintFacts],
) -> list[Refusal]:
    """Every reason why these moves cannot all be made in `sprint` (None: they are about the backlog alone).

    `tickets` and `sprints` hold what exists in this project, by number.
    """
    found: list[Refusal] = []
    seen: set[int] = set()
    sprint_fields: set[str] = set()
    if not moves:
        found.append(Refusal("no_moves", "A decision needs at least one move."))
    for position, move in enumerate(moves):
        pointer = f"/moves/{position}"
        if sprint is None and move.move not in {"skip", "restore"}:
            found.append(
                Refusal("needs_sprint", "In the backlog tickets can only be skipped and restored.", None, pointer)
            )
            continue
        if move.move == "sprint":
            twice = sorted(sprint_fields & move.set.keys())
            sprint_fields |= move.set.keys()
            if twice:
                found.append(Refusal("twice", f"The sprint's {', '.join(twice)} is set twice.", None, pointer))
        if move.ticket is None:
            continue
        ticket = tickets.get(move.ticket)
        if ticket is None:
            found.append(
                Refusal("unknown_ticket", f"There is no ticket {move.ticket} in this project.", move.ticket, pointer)
            )
            continue
        if move.ticket in seen:
            found.append(Refusal("twice", f"{ticket.key} is in this decision twice.", move.ticket, pointer))
            continue
        seen.add(move.ticket)
        found += [Refusal(code, message, move.ticket, pointer) for code, message in _one(move, ticket, sprint, sprints)]
    return found


def _one(
    move: MoveRequest, ticket: TicketFacts, sprint: SprintFacts | None, sprints: Mapping[int, SprintFacts]
) -> list[tuple[str, str]]:
    here = sprint.number if sprint else None
    key = ticket.key
    if move.move == "add":
        if ticket.sprint == here:
            return [("already_in_sprint", f"{key} is in this sprint already.")]
        if ticket.sprint is not None:
            return [("in_another_sprint", f"{key} is in sprint {ticket.sprint}: defer it from there.")]
        if ticket.status == "done":
            return [("done", f"{key} is done: re-open it first.")]
        return []
    found: list[tuple[str, str]] = []
    if ticket.sprint != here:
        where = f"sprint {ticket.sprint}" if ticket.sprint else "the backlog"
        found.append(("not_in_sprint", f"{key} is in {where}, not in {f'sprint {here}' if here else 'the backlog'}."))
    if move.move == "restore":
        if ticket.status != "skipped":
            found.append(("not_skipped", f"{key} is not skipped."))
        return found
    if ticket.status == "done":
        found.append(("done", f"{key} is done: what is done is not planned away."))
    elif ticket.status == "skipped" and move.move in {"skip", "change", "split"}:
        found.append(("already_skipped", f"{key} is skipped already."))
    if move.move == "defer":
        found += _defer(move, ticket, here, sprints)
    return found


def _defer(
    move: MoveRequest, ticket: TicketFacts, here: int | None, sprints: Mapping[int, SprintFacts]
) -> list[tuple[str, str]]:
    if move.to is None:
        return []
    target = sprints.get(move.to)
    if target is None:
        return [("unknown_sprint", f"There is no sprint {move.to} in this project.")]
    if target.number == here:
        return [("same_sprint", f"{ticket.key} is in sprint {here} already.")]
    if target.state == "closed":
        return [("sprint_closed", f"Sprint {move.to} is closed.")]
    if target.state == "planned" and ticket.planned_sprint not in {None, target.number}:
        return [("already_drafted", f"{ticket.key} is drafted in sprint {ticket.planned_sprint} already.")]
    if target.state == "active" and ticket.status == "skipped":
        return [("already_skipped", f"{ticket.key} is skipped: restore it before another sprint receives it.")]
    if target.state == "active" and move.to_base_version != target.plan_version:
        return [
            ("stale_target", f"Sprint {move.to} is at plan v{target.plan_version}: look at it before adding to it.")
        ]
    return []


def reason_refusals(moves: Sequence[MoveRequest], *, reason_code: str, reason: str, evidence: int) -> list[Refusal]:
    """What is asked for when deciding: a code; text only for a skip, a defer or "other"; evidence only for findings.

    `evidence` counts the findings and snapshots named.
    """
    found = text_refusals(reason)
    if reason_code not in REASON_CODES:
        found.append(Refusal("reason_code_required", "Say which kind of reason this is.", None, "/reason_code"))
    explained = reason_code == "other" or any(move.move in {"skip", "defer"} for move in moves)
    if explained and not reason.strip():
        found.append(Refusal("reason_required", "Say why, in a sentence.", None, "/reason"))
    if reason_code.startswith("finding_") and not evidence:
        found.append(
            Refusal("evidence_required", "Name the finding or snapshot that this rests on.", None, "/evidence")
        )
    return found


def text_refusals(words: str, *, pointer: str = "/reason", ticket: int | None = None) -> list[Refusal]:
    """Why these words cannot be kept: they are too long, or hold what a database cannot store."""
    try:
        fields.clean({"words": words}, fields={"words": fields.text(10_000)})
    except Invalid as invalid:
        return [Refusal("invalid", error.message, ticket, pointer) for error in invalid.errors]
    return []


def counts_as_replan(kind: str, reason_code: str) -> bool:
    """Whether a decision counts as a re-plan: forgotten tickets and corrections do not."""
    return kind == "replan" and reason_code not in NOT_COUNTED
