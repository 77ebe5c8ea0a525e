"""How values are compared: pure functions on plain numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

NO_STEP = -1


@dataclass(frozen=True)
class Point:
    """One measured value on its way to becoming a snapshot.

    `value` is None exactly when `value_state` is not "ok". `source` is a source's uid or "push";
    `step` is -1 for a value without steps.
    """

    metric: str
    value: float | None
    observed_at: datetime
    source: str
    external_id: str
    value_state: str = "ok"
    step: int = NO_STEP
    pair_key: str = ""
    candidate: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""
    split: str = ""
    run_id: str = ""
    run_name: str = ""
    run_url: str = ""
    git_commit: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    discordant: dict[str, int] | None = None


def state_of(value: float) -> tuple[float | None, str]:
    """Split a double into what the column holds and what it says: NaN and infinities have no number."""
    if math.isnan(value):
        return None, "nan"
    if math.isinf(value):
        return None, "pos_inf" if value > 0 else "neg_inf"
    return value, "ok"


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
    readings: Sequence[Reading], *, op: str, against: str, target: float | None, margin: float, baseline: float | None,
    how: str = "mean",
) -> Judged:  # fmt: skip
    """Judge one criterion.

    `op` is ">=" or "<="; `against` is "number" (then `target` is the bound) or "baseline" (then the bound is
    `baseline` bettered by `margin` in the direction of `op`). Pending until there is a finite value and a bound.
    """
    bound = target if against == "number" else baseline
    if against == "baseline" and bound is not None:
        bound = bound + margin if op == ">=" else bound - margin
    value = aggregate(readings, judge=how, op=op)
    if value is None or bound is None:
        return Judged("pending", value, bound)
    met = value >= bound if op == ">=" else value <= bound
    return Judged("met" if met else "not_met", value, bound)
