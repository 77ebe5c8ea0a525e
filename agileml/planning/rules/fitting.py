"""What of some moves still fits: those that are refused are left out, and so is what relied on them."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from agileml.planning.rules.moves import MoveRequest, Refusal

ABOUT_A_MOVE = re.compile(r"/moves/(\d+)(/.*)?", re.DOTALL)


@dataclass(frozen=True)
class Fit:
    """Which of some moves can be made together: the positions of those that `stay`, in order.

    `unfit` says by position why a move cannot be; `against` is what stands in the way of all of them.
    """

    stay: Sequence[int]
    unfit: Mapping[int, Sequence[Refusal]]
    against: Sequence[Refusal]

    @property
    def whole(self) -> bool:
        """Whether everything fits."""
        return not self.unfit and not self.against

    @property
    def refusals(self) -> list[Refusal]:
        """Every reason, those about all moves last."""
        return [refusal for _, found in sorted(self.unfit.items()) for refusal in found] + list(self.against)


def fitting(
    moves: Sequence[MoveRequest],
    refused: Callable[[Sequence[MoveRequest]], Sequence[Refusal]],
    *,
    lost: Sequence[Refusal] = (),
) -> Fit:
    """Leave out what is refused, ask again without it, and so on until what is left is refused nothing.

    `refused` answers for a list of moves, with pointers into that list, and gives the same answer to the same
    question. `lost` is refused whatever else is made, with pointers into `moves`. At least one move goes in each
    round, so that it is asked as often as there are moves at most.
    """
    unfit: dict[int, list[Refusal]] = {}
    stay = list(range(len(moves)))
    said = [*lost, *refused(moves)]
    while True:
        for refusal in said:
            position = _position(refusal)
            if position is not None:
                unfit.setdefault(position, []).append(refusal)
        left = [at for at in stay if at not in unfit]
        if left == stay or not left:
            return Fit(left, unfit, [refusal for refusal in said if _position(refusal) is None])
        stay = left
        said = [_with_pointer(refusal, stay) for refusal in refused([moves[at] for at in stay])]


def _position(refusal: Refusal) -> int | None:
    """Which move a refusal is about; None when it is about all of them."""
    found = ABOUT_A_MOVE.fullmatch(refusal.pointer)
    return int(found[1]) if found else None


def _with_pointer(refusal: Refusal, stay: Sequence[int]) -> Refusal:
    """The same with its pointer into all the moves, instead of into those that were asked about."""
    found = ABOUT_A_MOVE.fullmatch(refusal.pointer)
    if found is None:
        return refusal
    return replace(refusal, pointer=f"/moves/{stay[int(found[1])]}{found[2] or ''}")
