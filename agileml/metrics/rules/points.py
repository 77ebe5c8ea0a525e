"""Measured values on their way in."""

import math
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
