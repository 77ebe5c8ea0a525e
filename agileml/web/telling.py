"""Decisions as pages tell them: the words with the links that lead on from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from agileml.lib.times import rfc3339
from agileml.planning.models import Decision, Evidence, Move
from agileml.planning.queries.handover import hand_overs
from agileml.planning.queries.history import Past
from agileml.planning.queries.wording import FIELDS, SPRINT_FIELDS, Wording, headline, sprint_value
from agileml.planning.rules.moves import MoveRequest
from agileml.work.models import Ticket
from agileml.work.types import TicketType


@dataclass(frozen=True)
class Teller(Wording):
    """Tells of one project's decisions with their links."""

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
            return self.deferral({"to": move.to, "note": move.note, "resume_cost": move.resume_cost})
        if move.into:
            return "Into " + ", ".join(f"“{part['title']}”" for part in move.into)
        if move.move == "change":
            return "; ".join(f"{FIELDS[name]}: {self.value(name, value)}" for name, value in move.set.items())
        return f"To be revisited if {move.revisit_if}" if move.revisit_if else ""

    def hand_over(self, move: Move) -> dict[str, Any]:
        """What a deferred ticket brings with it: from where, the note and the cost."""
        after, sprint = move.after or {}, move.decision.sprint
        return {
            "from": f"sprint {sprint.number}" if sprint else "",
            "note": after.get("note", ""),
            "cost": after.get("resume_cost") or "low",
            "url": self.decided_in(move),
        }

    def decided_in(self, move: Move) -> str:
        """Where the decision of a move stands in its sprint's history; empty for one about the backlog."""
        decision = move.decision
        if decision.sprint is None:
            return ""
        return f"{reverse('history', args=[self.project.key, decision.sprint.number])}#v{decision.version}"

    def hand_overs(self, tickets: Iterable[Ticket]) -> dict[int, dict[str, Any]]:
        """The same for those of these tickets that are open and were deferred, by their ids; one query."""
        return {pk: self.hand_over(move) for pk, move in hand_overs(tickets).items()}

    def ticket_url(self, number: int) -> str:
        """Where a ticket is."""
        return reverse("ticket", args=[self.project.key, number])

    def evidence(self, items: Iterable[Evidence]) -> list[dict[str, str]]:
        """What a decision rests on, as chips."""
        return [
            {
                "icon": "finding" if ground.finding else "ana",
                "text": ground.text,
                "url": self.ticket_url(ground.ticket) + (f"#finding-{ground.finding}" if ground.finding else ""),
            }
            for ground in self.rests_on(items)
        ]
