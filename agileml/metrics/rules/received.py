"""What a run said of itself and what a person says of it instead, in words."""

from collections.abc import Mapping
from typing import Any

PARTS = (
    ("candidate__name", "as_name", "no candidate"),
    ("pair_key", "as_pair", "no pair"),
    ("split", "as_split", "no split"),
)
SAID = (("candidate", "candidate"), ("pair_key", "pair"), ("split", "split"))


def as_received(row: Mapping[str, Any]) -> str:
    """In words, what was received of a corrected row (with both `candidate__name` and `as_name`, and so on).

    Only the parts that are read otherwise now; empty where nothing is.
    """
    was = [row[received] or none for received, now, none in PARTS if row[received] != row[now]]
    return f"as received: {', '.join(was)}" if was else ""


def said_instead(correction: Mapping[str, Any]) -> str:
    """In words, what a correction (as clients see it) says; empty for one that was taken back."""
    said = [(word, correction[name]) for name, word in SAID if correction[name] is not None]
    return ", ".join(f"{word} “{text}”" if text else f"no {word}" for word, text in said)
