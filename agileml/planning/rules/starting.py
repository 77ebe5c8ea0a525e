"""Starting and closing a sprint: what stands in the way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agileml.planning.rules.moves import MoveRequest, Refusal, SprintFacts, TicketFacts, text_refusals


def start_refusals(sprint: SprintFacts, drafted: Iterable[TicketFacts]) -> list[Refusal]:
    """Every reason why a sprint cannot start with these tickets."""
    if sprint.state != "planned":
        return [Refusal("not_planned", f"Sprint {sprint.number} is {sprint.state}; only a planned one can start.")]
    found = []
    for ticket in drafted:
        if ticket.sprint is not None:
            found.append(
                Refusal("in_another_sprint", f"{ticket.key} is still in sprint {ticket.sprint}.", ticket.number)
            )
        if ticket.status == "done":
            found.append(Refusal("done", f"{ticket.key} is done already.", ticket.number))
    return found


@dataclass(frozen=True)
class Destination:
    """Where a ticket goes when its sprint closes: "backlog", "sprint" (then `sprint` is its number) or "skip"."""

    to: str
    sprint: int | None = None
    to_base_version: int | None = None
    note: str = ""
    resume_cost: str = "low"
    revisit_if: str = ""

    def move(self, ticket: int) -> MoveRequest:
        """The move that takes a ticket there."""
        if self.to == "skip":
            return MoveRequest(move="skip", ticket=ticket, revisit_if=self.revisit_if)
        return MoveRequest(
            move="defer",
            ticket=ticket,
            to=self.sprint if self.to == "sprint" else None,
            to_base_version=self.to_base_version,
            note=self.note,
            resume_cost=self.resume_cost,
        )


def close_refusals(
    sprint: SprintFacts, inside: Iterable[TicketFacts], destinations: Mapping[int, Destination]
) -> list[Refusal]:
    """Every reason why a sprint cannot close with these destinations; each ticket left needs one."""
    if sprint.state != "active":
        return [Refusal("not_active", f"Sprint {sprint.number} is {sprint.state}; only an active one can close.")]
    left = {ticket.number: ticket for ticket in inside if ticket.status not in {"done", "skipped"}}
    found = [
        Refusal("destination_missing", f"Say where {ticket.key} goes.", number, f"/destinations/{number}")
        for number, ticket in left.items()
        if number not in destinations
    ]
    found += [
        Refusal("not_left", f"Ticket {number} is not left over in this sprint.", number, f"/destinations/{number}")
        for number in destinations
        if number not in left
    ]
    for number, destination in destinations.items():
        for name in ("note", "revisit_if"):
            pointer = f"/destinations/{number}/{name}"
            found += text_refusals(getattr(destination, name), pointer=pointer, ticket=number)
    return found
