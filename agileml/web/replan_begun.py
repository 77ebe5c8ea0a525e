"""Re-plans that somebody else began: a suggestion's or a proposal's moves as a draft that can be changed.

A form holds less than a decision can say. What it cannot hold, and what no longer fits, is said and not dropped in
silence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from agileml.planning.models import Proposal, Sprint
from agileml.planning.queries.history import Past
from agileml.planning.queries.replan import EvidenceOption, Line
from agileml.planning.queries.wording import DONE_WORDS
from agileml.planning.rules.moves import MoveRequest, parse
from agileml.planning.rules.suggesting import Suggestion
from agileml.web.replan_form import Choice, Draft, Part
from agileml.work.models import Ticket

PART_FIELDS = {"title", "type", "story"}
CHANGE_FIELDS = {"type", "story", "estimate"}


@dataclass
class Begun:
    """What somebody else began: said in `title` and `text`, with the moves, the reason and the evidence that it gives.

    `proposal` is the uid of a proposal that is still open, which the draft's decision will answer; `finding` that of
    the finding it all began with. `since` was decided after it was made; `lost` is what the draft cannot hold of it.
    """

    title: str
    text: str = ""
    moves: Sequence[MoveRequest] = ()
    code: str = ""
    reason: str = ""
    evidence: Sequence[Mapping[str, str]] = ()
    finding: str = ""
    proposal: str = ""
    since: Sequence[Past] = ()
    lost: list[str] = field(default_factory=list)


def from_suggestion(one: Suggestion | None, evidence: Sequence[Mapping[str, str]]) -> Begun:
    """A suggestion as a draft to be; None is one that is no longer due."""
    if one is None:
        text = "Somebody decided on it, put it aside, or its tickets are done. The draft below is empty."
        return Begun("What was suggested is no longer due.", text)
    return Begun(
        title=one.title,
        text=one.text,
        moves=parse([dict(move) for move in one.moves]),
        code=one.reason_code,
        reason=one.reason,
        evidence=evidence,
        finding=_first_finding(evidence),
    )


def from_proposal(row: Proposal, *, since: Sequence[Past]) -> Begun:
    """A proposal as a draft to be; decided, it answers the proposal if that is still open. Needs author loaded."""
    is_open = row.state == Proposal.State.OPEN
    words = "Whoever decides this draft answers it." if is_open else f"It was {row.state}; this is a draft of its own."
    return Begun(
        title=f"{row.author.name} proposed this on plan v{row.base_version}.",
        text=words,
        moves=parse(row.moves),
        code=row.reason_code,
        reason=row.reason,
        evidence=row.evidence,
        finding=_first_finding(row.evidence),
        proposal=str(row.uid) if is_open else "",
        since=since,
    )


def _first_finding(evidence: Sequence[Mapping[str, str]]) -> str:
    return next((item["finding"] for item in evidence if "finding" in item), "")


def begin(
    draft: Draft,
    begun: Begun,
    ground: "Ground",
    options: Sequence[EvidenceOption],
    others: Sequence[EvidenceOption],
) -> None:
    """Make a draft of what was begun; `options` is what can be ticked anyway, `others` what it names itself."""
    fill(draft, begun.moves, ground)
    draft.code, draft.reason, draft.proposal = begun.code, begun.reason, begun.proposal
    draft.evidence = tick(begun.evidence, options, others)
    begun.lost += ground.lost


@dataclass
class Ground:
    """What a draft is filled in on: the project's key, what is left, where it can go, and which stories there are."""

    key: str
    lines: Sequence[Line]
    targets: Sequence[Sprint]
    stories: Mapping[int, str]
    lost: list[str] = field(default_factory=list)

    def say(self, ticket: int | None, words: str) -> None:
        """Something of a ticket (None is one that is new) cannot be in the draft."""
        self.lost.append(f"{self.key}-{ticket} {words}" if ticket else words)


def fill(draft: Draft, moves: Sequence[MoveRequest], ground: Ground) -> None:
    """Make these moves the draft's; `ground.lost` tells what of them it cannot hold."""
    skipped = {line.ticket.number: line.ticket.status == Ticket.Status.SKIPPED for line in ground.lines}
    fresh = []
    for move in moves:
        if move.move == "sprint":
            draft.sprint |= {name: str(value) for name, value in move.set.items()}
        elif move.new is not None:
            fresh.append(_part(move.new, ground))
        elif move.move == "add":
            draft.add.append(move.ticket or 0)
        elif move.ticket not in skipped:
            ground.say(move.ticket, f"is no longer left in the sprint; it was to be {DONE_WORDS[move.move]}.")
        elif skipped[move.ticket] != (move.move == "restore"):
            is_now = "is skipped by now" if skipped[move.ticket] else "is not skipped any more"
            ground.say(move.ticket, f"{is_now}; it was to be {DONE_WORDS[move.move]}.")
        else:
            _choose(draft.choices[move.ticket], move, ground)
    draft.new = [*fresh, *draft.new]


def _choose(choice: Choice, move: MoveRequest, ground: Ground) -> None:
    if move.move == "remove":
        ground.say(move.ticket, "was to be taken out for good; here it can be deferred to the backlog.")
        return
    choice.what = move.move
    if move.move == "skip":
        choice.revisit_if = move.revisit_if
    elif move.move == "defer":
        choice.note, choice.cost = move.note, move.resume_cost
        choice.to = _target(move, ground)
    elif move.move == "split":
        choice.parts = [_part(part, ground) for part in move.into]
    elif move.move == "change":
        _change(choice, move, ground)


def _change(choice: Choice, move: MoveRequest, ground: Ground) -> None:
    if "type" in move.set:
        choice.type = move.set["type"]
    if "story" in move.set:
        choice.story = _story(move.set["story"], ground, f"{ground.key}-{move.ticket}")
    if "estimate" in move.set:
        estimate = move.set["estimate"]
        choice.estimate = f"{estimate:g}" if estimate is not None else ""
    beyond = sorted(set(move.set) - CHANGE_FIELDS)
    if beyond:
        ground.say(move.ticket, f"was to get other {', '.join(beyond)} too; here that cannot be set.")
    if set(move.set) <= set(beyond):
        choice.what = "keep"


def _target(move: MoveRequest, ground: Ground) -> str:
    """Where it is deferred to, as the form names it: an active sprint with the plan version that it has now."""
    for row in ground.targets:
        if row.number == move.to:
            return f"{row.number}@{row.plan_version}" if row.state == Sprint.State.ACTIVE else str(row.number)
    if move.to is not None:
        ground.say(move.ticket, f"cannot go to sprint {move.to} any more; here it goes to the backlog.")
    return ""


def _part(sent: Mapping[str, Any], ground: Ground) -> Part:
    title = str(sent["title"])
    beyond = sorted(name.replace("_", " ") for name in set(sent) - PART_FIELDS)
    if beyond:
        ground.say(None, f"“{title}” was to have {', '.join(beyond)} too; here that cannot be set.")
    return Part(title=title, type=str(sent["type"]), story=_story(sent.get("story"), ground, f"“{title}”"))


def _story(number: int | None, ground: Ground, whose: str) -> str:
    if number is not None and number not in ground.stories:
        ground.say(None, f"The story of {whose} is gone.")
        return ""
    return str(number) if number is not None else ""


def tick(
    evidence: Sequence[Mapping[str, str]], options: Sequence[EvidenceOption], others: Sequence[EvidenceOption]
) -> list[str]:
    """The boxes that stand for this evidence: those of `options` that lie in it whole, and for the rest of `others`."""
    named = {str(UUID(uid)) for item in evidence for uid in item.values()}
    ticked: list[str] = []
    covered: set[str] = set()
    for option in [*options, *others]:
        uids = set(option.uids)
        if uids <= named - covered:
            ticked.append(option.key)
            covered |= uids
    return ticked
