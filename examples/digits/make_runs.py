"""Trains every candidate of the catalogue and rewrites the committed runs and their index.

Run again with the same versions it writes the same values; only the times differ. Name topics to rewrite only these.
"""

import argparse
import json
import shlex
import statistics
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalogue import TOPICS, Candidate, Topic
from metric_file import versions, write_json
from reading import DATASET_NAME, digits
from train import moment
from training import summary, train_seeds

RUNS = Path(__file__).parent / "runs"
SEEDS = range(10)


def candidate_entry(folder: Path, chosen: Candidate) -> dict[str, Any]:
    """What the index says of a candidate, read back from the files that stand in ``folder``."""
    errors = []
    for seed in SEEDS:
        body = json.loads((folder / f"{chosen.name}-seed={seed}.json").read_text(encoding="utf-8"))
        errors += [point["value"] for point in body["points"] if point["metric"] == "error"]
    return {
        "candidate": chosen.name,
        "train": f"train.py --ticket KEY {shlex.join(chosen.options)} --seeds {SEEDS[0]}-{SEEDS[-1]}",
        "seeds": len(errors),
        "mean_error": statistics.fmean(errors),
        "sd_error": statistics.stdev(errors),
        "min_error": min(errors),
        "max_error": max(errors),
    }


def topic_entry(topic: Topic) -> dict[str, Any]:
    """What the index says of a topic."""
    return {
        "question": topic.question,
        "command": f"python examples/digits/make_runs.py {topic.name}",
        "candidates": [candidate_entry(RUNS / topic.name, chosen) for chosen in topic.candidates],
    }


def main(arguments: list[str]) -> int:
    """Trains, writes and prints; the number is the exit status."""
    options = argparse.ArgumentParser(prog="make_runs.py", description=__doc__)
    options.add_argument("topics", nargs="*", metavar="TOPIC", help=", ".join(topic.name for topic in TOPICS))
    options.add_argument("--observed-at", type=moment, metavar="TIME", help="when the runs were made (default: now)")
    given = options.parse_args(arguments)
    unknown = set(given.topics) - {topic.name for topic in TOPICS}
    if unknown:
        options.error(f"no topic is called {', '.join(sorted(unknown))}")
    for topic in TOPICS:
        if given.topics and topic.name not in given.topics:
            continue
        written = set()
        for chosen in topic.candidates:
            results = list(
                train_seeds(chosen, SEEDS, RUNS / topic.name, lambda: given.observed_at or datetime.now(UTC))
            )
            written |= {path for _, _, path in results}
            print(f"{topic.name:14} {chosen.name:26} {summary([error for _, error, _ in results])}", flush=True)
        for path in set((RUNS / topic.name).glob("*.json")) - written:
            path.unlink()
    index = {
        "command": "python examples/digits/make_runs.py",
        "versions": versions(),
        "dataset": {"name": DATASET_NAME, "digest": digits().digest},
        "hold_out_images": len(digits().held_labels),
        "topics": {topic.name: topic_entry(topic) for topic in TOPICS},
    }
    write_json(RUNS / "index.json", index)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
