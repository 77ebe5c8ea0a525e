"""What of a curve a binding takes."""

import math
from collections.abc import Callable, Sequence

from agileml.metrics.rules.points import Point


def reduced(points: Sequence[Point], reduce: str, step: int | None) -> tuple[Point, ...]:
    """One point of each curve: that of the `latest` step, the `max` or `min` value, or the step `at_step`.

    Points of one metric, run, pair, dataset and split are a curve. A value that is no number is taken only where there
    is no other; of equal values the first one counts.
    """
    if reduce == "at_step":
        return tuple(point for point in points if point.step == step)
    better: dict[str, Callable[[Point], float]] = {
        "latest": lambda point: point.step,
        "max": lambda point: -math.inf if point.value is None else point.value,
        "min": lambda point: -math.inf if point.value is None else -point.value,
    }
    kept: dict[tuple[str, ...], Point] = {}
    for point in points:
        curve = (point.metric, point.external_id, point.pair_key, point.dataset_digest, point.split, point.candidate)
        if curve not in kept or better[reduce](point) > better[reduce](kept[curve]):
            kept[curve] = point
    return tuple(kept.values())
