"""Decisions as they were recorded, in the form that the pure rules replay."""

from collections import defaultdict

from agileml.planning.models import Decision, Move, Sprint
from agileml.planning.rules.replay import RecordedDecision, RecordedMove


def recorded_moves(decision: Decision) -> list[RecordedMove]:
    """The moves of one decision, in order."""
    lines = Move.objects.filter(decision=decision).order_by("position")
    return [RecordedMove(*line) for line in lines.values_list("move", "ticket__number", "before", "after")]


def recorded(sprint: Sprint) -> list[RecordedDecision]:
    """All decisions of a sprint in version order, with their moves; one query."""
    moves: dict[int, list[RecordedMove]] = defaultdict(list)
    rows = Decision.objects.filter(sprint=sprint, version__isnull=False).order_by("version", "moves__position")
    for version, move, ticket, before, after in rows.values_list(
        "version", "moves__move", "moves__ticket__number", "moves__before", "moves__after"
    ):
        assert version is not None
        moves[version] += [RecordedMove(move, ticket, before, after)] if move else []  # a decision may have no moves
    return [RecordedDecision(version=version, moves=tuple(made)) for version, made in moves.items()]
