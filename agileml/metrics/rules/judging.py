"""How a criterion is judged: pure functions on plain numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """One pair's value of the candidate that is judged; `value` is None where it was not a finite number."""

    pair_key: str
    value: float | None
    snapshot: str


@dataclass(frozen=True)
class Judged:
    """An answer: the state, the value that was compared and the number it was compared with."""

    state: str
    value: float | None
    bound: float | None


def aggregate(readings: Sequence[Reading], *, judge: str, op: str) -> float | None:
    """One number for a candidate: the mean over its pairs, its worst pair, or its first reading ("one").

    None when there is nothing, or when a pair is not finite: a mean that leaves out the seed that diverged
    would be a better number than the candidate has earned.
    """
    values = [reading.value for reading in (readings[:1] if judge == "one" else readings)]
    finite = [value for value in values if value is not None]
    if not finite or len(finite) != len(values):
        return None
    if judge == "worst":
        return min(finite) if op == ">=" else max(finite)
    try:
        return math.fsum(finite) / len(finite)
    except OverflowError:  # the sum is beyond any double, which the mean is not
        return math.fsum(value / len(finite) for value in finite)


def judge(
    readings: Sequence[Reading], *, op: str, against: str, target: float | None, margin: float,
    reference: float | None, how: str = "mean", won: bool = False,
) -> Judged:  # fmt: skip
    """Judge one criterion.

    `op` is ">=" or "<="; `against` is "number" (then `target` is the bound), "baseline" or "champion" (then the bound
    is `reference`, their number, bettered by `margin` in the direction of `op`). Pending until there is a finite value
    and a bound. Being ahead of the champion is not yet being better: it is met once an evaluation `won`.
    """
    bound = target if against == "number" else reference
    if against != "number" and bound is not None:
        bound = bound + margin if op == ">=" else bound - margin
    value = aggregate(readings, judge=how, op=op)
    if value is None or bound is None:
        return Judged("pending", value, bound)
    if not (value >= bound if op == ">=" else value <= bound):
        return Judged("not_met", value, bound)
    return Judged("met" if against != "champion" or won else "ahead_untested", value, bound)
