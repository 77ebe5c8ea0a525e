"""Trains one reader of handwritten digits over several seeds and writes a metric file for each seed.

The files land in the folder of the ticket, under the folder that the tracker watches.
"""

import argparse
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from catalogue import DEFAULT_C, FEATURES, MODELS, SIZES, Candidate, UnknownCandidate, candidate
from metric_file import watched_folder

try:
    from training import summary, train_seeds
except ModuleNotFoundError as error:
    # --help must work without scikit-learn (or the numpy that comes with it); main says what is missing.
    if error.name not in ("numpy", "sklearn", "threadpoolctl"):
        raise
    MISSING = error.name
else:
    MISSING = None

NEEDS_SKLEARN = (
    "Training needs scikit-learn ({} is not installed): "
    "pip install -r examples/digits/requirements.txt, then run it again."
)


def ticket_key(text: str) -> str:
    """A ticket's key such as DIG-7; it becomes the name of a folder, so nothing else is let through."""
    if not re.fullmatch(r"[A-Z][A-Z0-9]*-[1-9][0-9]*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a ticket's key such as DIG-7")
    return text


def seed_list(text: str) -> list[int]:
    """Seeds such as ``3``, ``0-5`` or ``0,2,7-9``."""
    seeds: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", part)
        if not match or int(match[1]) > int(match[2] or match[1]):
            raise argparse.ArgumentTypeError(f"{text!r} is not a list of seeds such as 0-5 or 0,2,7-9")
        seeds += range(int(match[1]), int(match[2] or match[1]) + 1)
    return sorted(set(seeds))


def moment(text: str) -> datetime:
    """A time with its zone, such as 2026-01-31T09:30:00Z."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 2026-01-31T09:30:00Z") from error
    if parsed.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no time zone")
    return parsed


def parser() -> argparse.ArgumentParser:
    """The options of this script."""
    sizes = ", ".join(f"{counted} of {model} ({default})" for model, (counted, default, _) in SIZES.items())
    models = "; ".join(f"{model}: {what}" for model, what in MODELS.items())
    options = argparse.ArgumentParser(prog="train.py", description=__doc__)
    options.add_argument("--ticket", required=True, type=ticket_key, metavar="KEY", help="the ticket, such as DIG-7")
    options.add_argument("--model", choices=MODELS, default="svm", metavar="NAME", help=f"{models}. Default: svm")
    options.add_argument(
        "--features", metavar="SETS", help=f"{', '.join(FEATURES)}, or several joined by +, such as raw+zoning"
    )
    options.add_argument("--size", type=int, metavar="N", help=sizes)
    options.add_argument("--c", type=float, metavar="C", help=f"inverse penalty of svm ({DEFAULT_C:g})")
    options.add_argument(
        "--percent", type=int, default=100, metavar="P", help="use only this share of the training images (100)"
    )
    options.add_argument("--seeds", type=seed_list, default="0-5", metavar="LIST", help="such as 0-5 or 0,2,7-9 (0-5)")
    options.add_argument(
        "--out", type=Path, metavar="DIR", help="default: metrics in $AGILEML_DATA, else var/metrics beside manage.py"
    )
    options.add_argument("--observed-at", type=moment, metavar="TIME", help="when the runs were made (default: now)")
    return options


def chosen_candidate(given: argparse.Namespace) -> Candidate:
    """The candidate that parsed options name. Raises UnknownCandidate."""
    return candidate(given.model, given.features, given.size, given.c, given.percent)


def main(arguments: list[str]) -> int:
    """Trains and prints; the number is the exit status."""
    options = parser()
    given = options.parse_args(arguments)
    try:
        chosen = chosen_candidate(given)
    except UnknownCandidate as error:
        options.error(str(error))
    if MISSING is not None:
        print(NEEDS_SKLEARN.format(MISSING), file=sys.stderr)
        return 1
    folder = (given.out or watched_folder(os.environ)) / given.ticket
    errors = []
    try:
        for seed, error_rate, path in train_seeds(
            chosen, given.seeds, folder, lambda: given.observed_at or datetime.now(UTC)
        ):
            errors.append(error_rate)
            print(f"{chosen.name} seed={seed} error {error_rate:.4f} -> {path}", flush=True)
    except OSError as error:
        print(f"Cannot write {folder}: {error.strerror}", file=sys.stderr)
        return 1
    print(f"{chosen.name}: {summary(errors)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
