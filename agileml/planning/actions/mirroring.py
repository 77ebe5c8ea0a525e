"""Tickets that another system keeps in step: whatever it sends is taken over, but never a plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agileml.accounts.models import User
from agileml.planning.actions import decide
from agileml.planning.actions.sprints import NeedsDecision
from agileml.planning.actions.tickets import edit_ticket
from agileml.projects.models import Project
from agileml.work.models import Ticket


@dataclass(frozen=True)
class Mirrored:
    """A ticket as it was edited: `held` names the fields that were left alone, `notes` is what was said of the rest."""

    ticket: Ticket
    held: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def edit_but_plan(
    *,
    project: Project,
    number: int,
    sent: Mapping[str, Any],
    expected_version: int,
    actor: User,
    now: datetime,
    why: decide.Why | None = None,
    override: str = "",
    origin: str = "",
) -> Mirrored:
    """Edit a ticket as `edit_ticket` does, leaving out what is part of an active sprint's plan.

    With `why` that is changed too, by a decision. Raises what `edit_ticket` raises, but NeedsDecision.
    """
    told: dict[str, Any] = {
        "project": project, "number": number, "expected_version": expected_version, "override": override,
        "actor": actor, "now": now, "origin": origin,
    }  # fmt: skip
    notes: list[str] = []
    try:
        return Mirrored(edit_ticket(sent=sent, why=why, told=notes, **told), notes=notes)
    except NeedsDecision as needs:  # which wrote nothing
        free = {name: value for name, value in sent.items() if name not in needs.names}
        notes = []
        return Mirrored(edit_ticket(sent=free, told=notes, **told), held=needs.names, notes=notes)
