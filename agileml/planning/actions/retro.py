"""What is said at a sprint's close, and the tickets that it becomes."""

from collections import defaultdict
from collections.abc import Sequence

from agileml.lib.fields import FieldError, Invalid
from agileml.planning import shapes
from agileml.planning.actions import rows
from agileml.planning.models import Assignment, Decision, RetroLine, Sprint
from agileml.planning.rules.retro import Said
from agileml.projects.doors import ProjectWriting
from agileml.work.fields import ticket_fields
from agileml.work.models import Ticket


def keep_retro(w: ProjectWriting, close: Decision, said: Sequence[Said]) -> list[RetroLine]:
    """Keep the retro of a close, inside its write; each try becomes a ticket. Raises Invalid for a lost sprint.

    A try that was said in the same words at a close that was taken back has its ticket already.
    """
    before = _tried_before(close)
    tickets: dict[int, Ticket] = {}
    fresh: list[int] = []
    for position, line in enumerate(said):
        if line.kind == RetroLine.Kind.TRY and before[line.text]:
            tickets[position] = before[line.text].pop(0)
        elif line.kind == RetroLine.Kind.TRY:
            fresh.append(position)
    tickets.update(zip(fresh, _tickets(w, [said[position] for position in fresh]), strict=True))
    return RetroLine.objects.bulk_create(
        RetroLine(decision=close, position=position, kind=line.kind, text=line.text, ticket=tickets.get(position))
        for position, line in enumerate(said)
    )


def _tried_before(close: Decision) -> dict[str, list[Ticket]]:
    """The tickets that the last earlier close of the sprint made, by what was said; those deleted since left out."""
    found: dict[str, list[Ticket]] = defaultdict(list)
    earlier = RetroLine.objects.filter(decision__sprint=close.sprint, kind=RetroLine.Kind.TRY).exclude(decision=close)
    last = earlier.order_by("-decision").values("decision")[:1]
    for line in (
        earlier.filter(decision__in=last, ticket__deleted_at=None).select_related("ticket").order_by("position")
    ):
        if line.ticket is not None:
            found[line.text].append(line.ticket)
    return found


def _tickets(w: ProjectWriting, tries: Sequence[Said]) -> list[Ticket]:
    """The tickets of these tries, each with a change of its own, at the end of the backlog or of a draft."""
    if not tries:
        return []
    sprints = _planned(w, tries)
    wanted = [ticket_fields(line.ticket, new=True) for line in tries]
    first = w.revision
    made = rows.insert(w, wanted, rows.references(w, []), revision=first)
    for at, row in enumerate(made):
        row.revision = first + at
    Ticket.objects.bulk_update(made[1:], ["revision"])
    Assignment.objects.bulk_create(
        Assignment(ticket=row, sprint=sprints[line.sprint])
        for row, line in zip(made, tries, strict=True)
        if line.sprint is not None
    )
    after = shapes.images([row.pk for row in made], key=w.project.key)
    for row in made:
        w.journal.record("ticket", "created", row, resource=after[row.pk])
    return made


def _planned(w: ProjectWriting, tries: Sequence[Said]) -> dict[int, Sprint]:
    """The planned sprints that these are drafted in, by number. Raises Invalid for those that there are not."""
    numbers = {line.sprint for line in tries if line.sprint is not None}
    if not numbers:
        return {}
    planned = Sprint.objects.filter(project=w.project, number__in=numbers, state=Sprint.State.PLANNED)
    found = {row.number: row for row in planned}
    lost = [line for line in tries if line.sprint is not None and line.sprint not in found]
    if lost:
        raise Invalid(
            [FieldError(f"{line.pointer}/sprint", "unknown", "There is no such planned sprint.") for line in lost]
        )
    return found
