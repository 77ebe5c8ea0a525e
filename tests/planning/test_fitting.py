"""What still fits of some moves: the refused ones are left out, then what relied on them, until nothing is refused."""

from collections.abc import Sequence

from agileml.planning.rules.fitting import fitting
from agileml.planning.rules.moves import MoveRequest, Refusal

GENERAL = Refusal("sprint_closed", "This sprint is closed.")


def moves(*tickets: int) -> list[MoveRequest]:
    return [MoveRequest("skip", ticket) for ticket in tickets]


class Needing:
    """Refuses each ticket whose needed one is not among the moves, and counts how often it was asked."""

    def __init__(self, needs: dict[int, int]) -> None:
        self.needs, self.asked = needs, 0

    def __call__(self, some: Sequence[MoveRequest]) -> list[Refusal]:
        self.asked += 1
        there = {move.ticket for move in some}
        return [
            Refusal("needs", f"{move.ticket} needs {self.needs[move.ticket]}.", move.ticket, f"/moves/{at}")
            for at, move in enumerate(some)
            if move.ticket in self.needs and self.needs[move.ticket] not in there
        ]


def test_what_relied_on_what_is_left_out_is_left_out_too_with_its_own_reason():
    refuse = Needing({1: 9, 2: 1, 3: 2})
    fit = fitting(moves(1, 2, 3, 4), refuse)
    assert fit.stay == [3]
    assert {at: [one.message for one in found] for at, found in fit.unfit.items()} == {
        0: ["1 needs 9."], 1: ["2 needs 1."], 2: ["3 needs 2."],
    }  # fmt: skip
    assert [one.pointer for one in fit.refusals] == ["/moves/0", "/moves/1", "/moves/2"]
    assert not fit.whole


def test_it_ends_however_long_the_chain_is():
    refuse = Needing({ticket: ticket + 1 for ticket in range(1, 201)})
    fit = fitting(moves(*range(1, 201)), refuse)
    assert (fit.stay, len(fit.unfit), refuse.asked) == ([], 200, 200)


def test_what_is_refused_for_all_is_what_is_refused_of_those_that_stay():
    def refuse(some: Sequence[MoveRequest]) -> list[Refusal]:
        found = [Refusal("gone", "Gone.", 1, "/moves/0/new/story")] if some[0].ticket == 1 else []
        return [*found, Refusal("many", f"{len(some)} are asked.")]

    fit = fitting(moves(1, 2, 3), refuse)
    assert (fit.stay, list(fit.unfit)) == ([1, 2], [0])
    assert [one.message for one in fit.against] == ["2 are asked."]


def test_where_nothing_stays_what_stands_against_all_is_still_said():
    fit = fitting(moves(1), lambda some: [GENERAL], lost=[Refusal("unknown", "No such story.", None, "/moves/0/set")])
    assert (fit.stay, fit.against) == ([], [GENERAL])
    assert [one.code for one in fit.unfit[0]] == ["unknown"]


def test_what_nobody_refuses_is_whole():
    assert fitting(moves(1, 2), lambda some: []).whole
    assert fitting([], lambda some: [GENERAL]).against == [GENERAL]
