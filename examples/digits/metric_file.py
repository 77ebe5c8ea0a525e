"""Metric files: where they go, what is in them, and how they are written so that no reader sees half a file."""

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def watched_folder(environment: Mapping[str, str]) -> Path:
    """The folder that the tracker watches: ``metrics`` in its data folder, which ``AGILEML_DATA`` may name."""
    data = environment.get("AGILEML_DATA")
    return (Path(data) if data else ROOT / "var") / "metrics"


def rfc3339(moment: datetime) -> str:
    """UTC with microseconds. ``moment`` must carry its time zone."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def versions() -> dict[str, str]:
    """What the values depend on besides the options and the seed."""
    return {"scikit-learn": version("scikit-learn"), "numpy": version("numpy"), "python": platform.python_version()}


def push_body(
    *,
    candidate: str,
    pair_key: str,
    dataset: dict[str, str],
    params: dict[str, Any],
    values: dict[str, float],
    curves: dict[str, list[tuple[int, float]]],
    observed_at: datetime,
) -> dict[str, Any]:
    """The body that the tracker's push takes: ``values`` as points of this pair, ``curves`` as points with a step."""
    points: list[dict[str, Any]] = [
        {"metric": metric, "value": value, "pair_key": pair_key} for metric, value in values.items()
    ]
    for metric, curve in curves.items():
        points += [{"metric": metric, "value": value, "step": step, "pair_key": pair_key} for step, value in curve]
    return {
        "candidate": candidate,
        "observed_at": rfc3339(observed_at),
        "dataset": dataset,
        "split": "test",
        "params": params | versions(),
        "points": points,
    }


def write(path: Path, text: str) -> None:
    """Writes ``text`` at ``path`` in one move; makes the folder if there is none.

    The unfinished file has a leading dot and another ending, so that a watcher of ``*.json`` never opens it.
    Raises OSError when the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Writes ``content`` as JSON, see ``write``."""
    write(path, json.dumps(content, indent=1, allow_nan=False) + "\n")
