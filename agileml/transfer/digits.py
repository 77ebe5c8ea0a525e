"""The measured runs that the sample project is made of: read from the metric files in `examples/digits/runs`.

Every number in the sample project comes from those files, also the ones inside sentences.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agileml.lib.times import rfc3339

RUNS = Path(__file__).resolve().parent.parent.parent / "examples" / "digits" / "runs"
BETWEEN_SEEDS = timedelta(minutes=3)


@dataclass(frozen=True)
class Run:
    """One metric file: a candidate trained with one seed."""

    name: str
    body: dict[str, Any]

    def observed(self, at: datetime) -> dict[str, Any]:
        """The file as a push, told as measured `at`: the sample's days follow the day it is made, its values do not."""
        return {**self.body, "observed_at": rfc3339(at), "external_id": self.name}


class Runs:
    """The committed runs by topic and candidate."""

    def __init__(self, folder: Path = RUNS) -> None:
        self.folder = folder

    def of(self, topic: str, candidate: str) -> list[Run]:
        """A candidate's runs in seed order; raises FileNotFoundError when there are none."""
        found = sorted((self.folder / topic).glob(f"{candidate}-seed=*.json"))
        if not found:
            raise FileNotFoundError(f"There are no runs of {candidate} in {self.folder / topic}.")
        return [Run(path.stem, json.loads(path.read_text())) for path in found]

    def pushes(self, topic: str, candidate: str, *, at: datetime) -> Iterator[dict[str, Any]]:
        """A candidate's runs as pushes, the last of them measured `at`."""
        runs = self.of(topic, candidate)
        for position, run in enumerate(runs):
            yield run.observed(at - (len(runs) - 1 - position) * BETWEEN_SEEDS)

    def mean(self, topic: str, candidate: str, metric: str = "error") -> float:
        """The mean of a metric over a candidate's seeds."""
        values = [
            point["value"]
            for run in self.of(topic, candidate)
            for point in run.body["points"]
            if point["metric"] == metric
        ]
        return math.fsum(values) / len(values)

    def percent(self, topic: str, candidate: str) -> str:
        """A candidate's mean error as people write it, like "0.74 %"."""
        return f"{100 * self.mean(topic, candidate):.2f} %"

    def dataset(self) -> dict[str, str]:
        """Name and digest of the hold-out that all runs were measured on."""
        return dict(self.of("svm-raw", "svm-raw")[0].body["dataset"])
