"""Two versions of one plan compared: what lies between them, and which decisions made it so."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agileml.planning.rules.replay import PlanDiff, RecordedDecision, RecordedMove, compare, replay


@dataclass(frozen=True)
class Deed:
    """A move, and the plan version that its decision made."""

    version: int
    move: RecordedMove


@dataclass(frozen=True)
class Comparison:
    """What changes on the way from plan version `old` to `new`, which may be the earlier one.

    `deeds` are the moves made between the two, oldest first, of every ticket and of the sprint's own fields (None).
    `parts` are the tickets that splits made between the two, by the ticket that was split. `passed` are tickets of
    neither version that were in the plan in between.
    """

    old: int
    new: int
    diff: PlanDiff
    deeds: Mapping[int | None, Sequence[Deed]]
    parts: Mapping[int, Sequence[int]]
    passed: Sequence[int]

    @property
    def deferred(self) -> list[int]:
        """Those of the removed that left for later, not for good; none on the way back: there, what came is removed."""
        return [number for number in self.diff.removed if self.deeds[number][-1].move.move == "defer"]

    @property
    def origins(self) -> dict[int, int]:
        """The ticket that each part of a split came from."""
        return {part: origin for origin, parts in self.parts.items() for part in parts}


def between(decisions: Sequence[RecordedDecision], old: int, new: int) -> Comparison:
    """Compare two versions of the plan that these decisions, all of one sprint, make; 0 is before the start."""
    first, last = sorted((old, new))
    before, after = replay(decisions, upto=old), replay(decisions, upto=new)
    deeds: dict[int | None, list[Deed]] = defaultdict(list)
    parts: dict[int, list[int]] = defaultdict(list)
    for decision in sorted(decisions, key=lambda decision: decision.version):
        if not first < decision.version <= last:
            continue
        for move in decision.moves:
            deeds[move.ticket].append(Deed(decision.version, move))
            if move.move == "split" and move.ticket is not None:
                parts[move.ticket] += (move.after or {})["into"]
    ends = before.tickets.keys() | after.tickets.keys()
    return Comparison(
        old=old,
        new=new,
        diff=compare(before, after),
        deeds=dict(deeds),
        parts=dict(parts),
        passed=sorted(number for number in deeds if number is not None and number not in ends),
    )
