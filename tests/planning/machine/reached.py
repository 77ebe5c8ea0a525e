"""What a run of the machine must have come to, or it says little: each is a thing done, or a way of being refused."""

from collections.abc import Iterator

from agileml.planning.models import Decision, Move, Sprint

MOVES = tuple(f"move: {kind}" for kind in Move.Kind.values)
CLOSES = ("to the backlog", "to a planned sprint", "to an active sprint", "skipped", "of all done")
EVERYTHING = frozenset(
    {
        *MOVES,
        "start",
        "replan",
        "received",
        "close",
        *(f"close: {outcome}" for outcome in CLOSES if outcome != "of all done"),
        "defer to a planned sprint",
        "defer to an active sprint",
        "taken back: start",
        "taken back: close",
        "taken back: close that carried to an active sprint",
        "taken back: replan",
        "taken back: group",
        "taken back in part",
        "a taking back taken back",
        "evidence",
        "proposed",
        "proposal decided",
        "proposal decided on a later plan",
        "proposal decided in part",
        "proposal decided otherwise",
        "proposal declined",
        "proposal withdrawn",
        "suggestion put aside",
        "a try in a retro",
        "many edited",
        "ticket deleted",
        "epic begun",
        "epic reviewed",
        "who decides changed",
        # the ways of being refused
        "Refused",
        "Invalid",
        "Hidden",
        "Forbidden",
        "Overtaken",
        "StalePlan",
        "Stale",
        "NeedsDecision",
        "NeedsPlan",
        "DoneRule",
        "Referenced",
    }
)


def reached_by(made: Decision) -> Iterator[str]:
    """All that a decision, just made, is an example of."""
    group = list(Decision.objects.filter(group=made.group).select_related("reverts", "sprint"))
    yield from {row.kind for row in group} - {"revert"}
    lines = list(Move.objects.filter(decision=made))
    yield from {f"move: {line.move}" for line in lines}
    if made.evidence.exists():
        yield "evidence"
    if made.reverts:
        yield from _taken_back(made, made.reverts, len(group))
        return
    states = dict(Sprint.objects.filter(project=made.project_id).values_list("number", "state"))
    for line in lines:
        to = (line.after or {}).get("to")
        if made.kind == "close":
            outcome = "skipped" if line.move == "skip" else f"to a{_n(states[to])} sprint" if to else "to the backlog"
            yield f"close: {outcome}"
        elif to:
            yield f"defer to a{_n(states[to])} sprint"


def _n(state: str) -> str:
    return f"{'n' if state == 'active' else ''} {state}"


def _taken_back(made: Decision, target: Decision, together: int) -> Iterator[str]:
    if target.reverts:
        yield "a taking back taken back"
        return
    yield f"taken back: {target.kind}"
    if made.partial:
        yield "taken back in part"
    if together > 1:
        yield "taken back: group"
        kinds = set(Decision.objects.filter(group=target.group).values_list("kind", flat=True))
        if kinds == {"close", "received"}:
            yield "taken back: close that carried to an active sprint"
