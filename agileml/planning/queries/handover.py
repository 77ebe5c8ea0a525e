"""What the people who deferred a ticket left for those who take it up again."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from agileml.planning.models import Assignment, Move
from agileml.planning.rules.handover import standing_defer
from agileml.projects.models import Project
from agileml.work.models import Ticket

OPEN = (Ticket.Status.TODO, Ticket.Status.IN_PROGRESS, Ticket.Status.IN_REVIEW)
DEFERS = Q(move=Move.Kind.DEFER)
UNDONE = Q(move=Move.Kind.ADD, after__has_key="undoes")
TELLING = DEFERS | UNDONE


def counting(moves: Iterable[Move]) -> Move | None:
    """The defer that counts among one ticket's moves, oldest first."""
    rows = list(moves)
    place = standing_defer((row.move, row.after) for row in rows)
    return None if place is None else rows[place]


def hand_overs(tickets: Iterable[Ticket]) -> dict[int, Move]:
    """For each of these tickets that is still open and was deferred, by its id, the defer that counts; one query."""
    ids = [ticket.pk for ticket in tickets if ticket.status in OPEN]
    return of_ids(ids) if ids else {}


def of_ids(ids: Sequence[int]) -> dict[int, Move]:
    """The same for tickets that are known to be open."""
    found: dict[int, list[Move]] = defaultdict(list)
    rows = Move.objects.filter(TELLING, ticket__in=ids).select_related("decision__sprint", "decision__actor")
    for move in rows.order_by("pk"):
        assert move.ticket_id is not None
        found[move.ticket_id].append(move)
    return {pk: last for pk, moves in found.items() if (last := counting(moves))}


def parked(project: Project) -> QuerySet[Ticket]:
    """Open tickets that were deferred and are in no sprint and in no draft now.

    Each defer puts one upon a ticket's pile and each that is taken back takes one off: what is left counts.
    """
    held = Assignment.objects.filter(ticket=OuterRef("pk"), ended_by=None)
    return (
        Ticket.objects.alive()
        .filter(project=project, status__in=OPEN)
        .annotate(held=_many(held), deferred=_many(_moves(DEFERS)), undone=_many(_moves(UNDONE)))
        .filter(held=0, deferred__gt=F("undone"))
    )


def lot(project: Project, *, most: int) -> list[tuple[Ticket, Move]]:
    """What is parked, at most so many tickets, each with the defer that counts; two queries."""
    tickets = {
        ticket.pk: ticket for ticket in parked(project).select_related("story").order_by("rank", "number")[:most]
    }
    moves = of_ids(list(tickets)) if tickets else {}
    return [(ticket, moves[pk]) for pk, ticket in tickets.items() if pk in moves]


def to_look_at_again(project: Project, *, most: int) -> list[tuple[Ticket, Move]]:
    """Skipped tickets whose skip says when to look again, the newest first, each with that skip; one query."""
    last = Move.objects.filter(ticket=OuterRef("pk"), move=Move.Kind.SKIP).order_by("-pk").values("pk")[:1]
    skipped = Ticket.objects.alive().filter(project=project, status=Ticket.Status.SKIPPED).annotate(by=Subquery(last))
    rows = Move.objects.filter(pk__in=skipped.values("by"), after__has_key="revisit_if")
    rows = rows.select_related("ticket__story", "decision__sprint", "decision__actor").order_by("-pk")
    return [(move.ticket, move) for move in rows[:most] if move.ticket]


def _moves(which: Q) -> QuerySet[Move]:
    return Move.objects.filter(which, ticket=OuterRef("pk"))


def _many(rows: QuerySet) -> Coalesce:
    count = rows.order_by().values("ticket").annotate(many=Count("pk")).values("many")
    return Coalesce(Subquery(count, output_field=IntegerField()), 0)
