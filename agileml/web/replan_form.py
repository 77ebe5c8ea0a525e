"""A re-plan as a form holds it: read from what was sent, turned into moves, and shown again with what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from agileml.lib.fields import FieldError
from agileml.lib.numbers import whole
from agileml.planning.models import Sprint
from agileml.planning.queries.replan import Line, items_of
from agileml.planning.rules.moves import Refusal
from agileml.work.models import Ticket

FROM_FINDING = "finding"  # the finding one came from fills the code: what it invalidates, or what it opens
COMING = ("add", "restore", "split")


@dataclass
class Part:
    """A ticket that does not exist yet: of a split, or new in the sprint."""

    title: str = ""
    type: str = "engineering"
    story: str = ""

    def fields(self) -> dict[str, Any]:
        """As a decision takes it."""
        fields: dict[str, Any] = {"title": self.title, "type": self.type}
        return fields | ({"story": story} if (story := whole(self.story)) else {})


@dataclass
class Choice:
    """What is to become of one ticket, with the details of each choice, also of those not taken."""

    what: str = "keep"
    revisit_if: str = ""
    to: str = ""  # a sprint's number, with "@" and its plan version if it is active; empty is the backlog
    note: str = ""
    cost: str = "low"
    type: str = ""
    story: str = ""
    estimate: str = ""
    parts: list[Part] = field(default_factory=list)


@dataclass
class Draft:
    """A re-plan that is being written."""

    base: int
    choices: dict[int, Choice] = field(default_factory=dict)
    add: list[int] = field(default_factory=list)
    new: list[Part] = field(default_factory=list)
    sprint: dict[str, str] = field(default_factory=dict)
    code: str = ""
    reason: str = ""
    evidence: list[str] = field(default_factory=list)
    finding: str = ""
    proposal: str = ""  # the uid of the open proposal that it changes
    search: str = ""


def choice_of(ticket: Ticket) -> Choice:
    """A ticket that is kept as it is."""
    return Choice(
        type=ticket.type,
        story=str(ticket.story.number) if ticket.story else "",
        estimate=f"{ticket.estimate:g}" if ticket.estimate is not None else "",
        parts=[Part(type=ticket.type), Part(type=ticket.type)],
    )


def read(data: QueryDict, lines: Sequence[Line], sprint: Sprint) -> Draft:
    """The draft that was sent; what was sent of tickets that are no longer in the plan is dropped."""
    return Draft(
        base=whole(data.get("base")) or sprint.plan_version,
        choices={line.ticket.number: _choice(data, line.ticket) for line in lines},
        add=list(dict.fromkeys(number for text in data.getlist("add") if (number := whole(text)))),
        new=_parts(data, "new"),
        sprint={name: data.get(name, str(getattr(sprint, name))).strip() for name in ("goal", "increment", "end")},
        code=data.get("code", ""),
        reason=data.get("reason", ""),
        evidence=data.getlist("evidence"),
        finding=data.get("finding", ""),
        proposal=data.get("proposal", ""),
        search=data.get("search", "").strip(),
    )


def _choice(data: QueryDict, ticket: Ticket) -> Choice:
    kept, number = choice_of(ticket), ticket.number
    parts = _parts(data, f"part-{number}")
    return Choice(
        what=data.get(f"do-{number}", "keep"),
        revisit_if=data.get(f"revisit-{number}", ""),
        to=data.get(f"to-{number}", ""),
        note=data.get(f"note-{number}", ""),
        cost=data.get(f"cost-{number}", "low"),
        type=data.get(f"type-{number}", kept.type),
        story=data.get(f"story-{number}", kept.story),
        estimate=data.get(f"estimate-{number}", kept.estimate).strip(),
        parts=parts or kept.parts,
    )


def _parts(data: QueryDict, name: str) -> list[Part]:
    titles, types, stories = (data.getlist(f"{name}-{what}") for what in ("title", "type", "story"))
    return [
        Part(
            title=title.strip(),
            type=types[at] if at < len(types) else "engineering",
            story=stories[at] if at < len(stories) else "",
        )
        for at, title in enumerate(titles[:50])
    ]


@dataclass
class Written:
    """The moves that a draft asks for, each with the place in the form that it comes from, and what is wrong there.

    A place is a ticket's number, "new-2", "add", "sprint", "code", "reason", "evidence", or "" for the whole.
    """

    moves: list[dict[str, Any]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    errors: dict[str, list[str]] = field(default_factory=dict)

    def move(self, place: str, **move: Any) -> None:
        """Ask for one more move."""
        self.moves.append(move)
        self.places.append(place)

    def wrong(self, place: str, message: str) -> None:
        """Something is wrong there."""
        said = self.errors.setdefault(place, [])
        if message not in said:
            said.append(message)

    def refused(self, refusals: Sequence[Refusal]) -> None:
        """Put each refusal beside what it is about."""
        for refusal in refusals:
            self.wrong(self._place(refusal.pointer), refusal.message)

    def invalid(self, errors: Sequence[FieldError]) -> None:
        """Put each error beside what it is about."""
        for error in errors:
            name = error.pointer.rpartition("/")[2]
            words = {"title": "The title", "story": "The story", "end": "The end", "estimate": "The estimate"}
            message = f"{words[name]}: {error.message}" if name in words else error.message
            self.wrong(self._place(error.pointer), message)

    def _place(self, pointer: str) -> str:
        parts = pointer.strip("/").split("/")
        if parts[0] == "moves" and len(parts) > 1 and parts[1].isdecimal() and int(parts[1]) < len(self.places):
            return self.places[int(parts[1])]
        return {"reason": "reason", "reason_code": "code", "evidence": "evidence"}.get(parts[0], "")


def write(draft: Draft, lines: Sequence[Line], sprint: Sprint) -> Written:
    """The moves that a draft asks for."""
    written = Written()
    for line in lines:
        _write_line(written, line.ticket, draft.choices[line.ticket.number])
    for number in draft.add:
        written.move("add", move="add", ticket=number)
    for at, part in enumerate(draft.new):
        if part.title:
            written.move(f"new-{at}", move="add", new=part.fields())
    was = {"goal": sprint.goal, "increment": sprint.increment, "end": sprint.end.isoformat()}
    changed = {name: value for name, value in draft.sprint.items() if _plain(value) != _plain(was[name])}
    if changed:
        written.move("sprint", move="sprint", set=changed)
    return written


def _plain(text: str) -> str:
    """A browser sends line ends its own way; that alone is no change."""
    return text.replace("\r\n", "\n").strip()


def _write_line(written: Written, ticket: Ticket, choice: Choice) -> None:
    place, number = str(ticket.number), ticket.number
    if choice.what == "skip":
        written.move(place, move="skip", ticket=number, revisit_if=choice.revisit_if)
    elif choice.what == "restore":
        written.move(place, move="restore", ticket=number)
    elif choice.what == "defer":
        to, _, base = choice.to.partition("@")
        written.move(
            place, move="defer", ticket=number, note=choice.note, resume_cost=choice.cost,
            to=whole(to), to_base_version=whole(base),
        )  # fmt: skip
    elif choice.what == "change":
        _write_change(written, ticket, choice)
    elif choice.what == "split":
        parts = [part.fields() for part in choice.parts if part.title]
        if parts:
            written.move(place, move="split", ticket=number, into=parts)
        else:
            written.wrong(place, "Name the tickets that it is split into.")


def _write_change(written: Written, ticket: Ticket, choice: Choice) -> None:
    place, kept = str(ticket.number), choice_of(ticket)
    changed: dict[str, Any] = {}
    if choice.type != kept.type:
        changed["type"] = choice.type
    if choice.story != kept.story:
        changed["story"] = whole(choice.story)
    if choice.estimate != kept.estimate:
        try:
            changed["estimate"] = float(choice.estimate.replace(",", ".")) if choice.estimate else None
        except ValueError:
            written.wrong(place, "The estimate must be a number.")
            return
    if changed:
        written.move(place, move="change", ticket=ticket.number, set=changed)
    else:
        written.wrong(place, "Say what changes, or keep it as it is.")


def code_of(draft: Draft, moves: Sequence[Mapping[str, Any]]) -> str:
    """The reason code: a finding invalidates something, or opens something if the re-plan only adds."""
    if draft.code != FROM_FINDING:
        return draft.code
    only_adds = bool(moves) and all(move["move"] in COMING for move in moves)
    return "finding_opens" if only_adds else "finding_invalidates"


def evidence_of(draft: Draft) -> list[dict[str, str]]:
    """The findings and snapshots that were ticked; a box of several snapshots stands for all of them."""
    return [item for key in draft.evidence for item in items_of(key)]
