"""Decisions as they were recorded, in the form that the pure rules replay."""

from collections import defaultdict

from agileml.planning.models import Decision, Move, Sprint
from agileml.planning.rules.replay import RecordedDecision, RecordedMove


def recorded_moves(decision: Decision) -> list[RecordedMove]:
    """The moves of one decision, in order."""
    lines = Move.objects.filter(decision=decision).order_by("position")
    return [RecordedMove(*line) for line in lines.values_list("move", "ticket__number", "before", "after")]


def recorded(sprint: Sprint) -> list[RecordedDecision]:
    """All decisions of a sprint in version order, with their moves; two queries."""
    moves: dict[int, list[RecordedMove]] = defaultdict(list)
    for decision, move, ticket, before, after in (
        Move.objects.filter(decision__sprint=sprint)
        .order_by("decision", "position")
        .values_list("decision", "move", "ticket__number", "before", "after")
    ):
        moves[decision].append(RecordedMove(move, ticket, before, after))
    return [
        RecordedDecision(version=version, moves=tuple(moves.get(pk, ())))
        for pk, version in Decision.objects.filter(sprint=sprint).order_by("version").values_list("pk", "version")
        if version is not None
    ]
