"""Trains a candidate over its seeds and writes a metric file for each."""

import statistics
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from catalogue import Candidate
from metric_file import push_body, write_json
from reading import DATASET_NAME, digits, measure


def train_seeds(
    chosen: Candidate, seeds: Iterable[int], folder: Path, clock: Callable[[], datetime]
) -> Iterator[tuple[int, float, Path]]:
    """Yields seed, error (a fraction) and the file written, one seed after another.

    ``clock`` says when a run was made. Raises OSError when ``folder`` cannot be written.
    """
    dataset = {"name": DATASET_NAME, "digest": digits().digest}
    for seed in seeds:
        measured = measure(chosen, seed)
        path = folder / f"{chosen.name}-seed={seed}.json"
        body = push_body(
            candidate=chosen.name,
            pair_key=f"seed={seed}",
            dataset=dataset,
            params=measured.params,
            values=measured.values,
            curves=measured.curves,
            observed_at=clock(),
        )
        write_json(path, body)
        yield seed, measured.values["error"], path


def summary(errors: list[float]) -> str:
    """The mean of the errors and their standard deviation over seeds, as a line to read."""
    spread = f" ± {statistics.stdev(errors):.4f}" if len(errors) > 1 else ""
    return f"mean error {statistics.fmean(errors):.4f}{spread} over {len(errors)} seed{'s' * (len(errors) > 1)}"
