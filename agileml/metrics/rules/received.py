"""What a run said of itself, where a person has said otherwise since."""

from collections.abc import Mapping
from typing import Any

PARTS = (("candidate__name", "as_name", "runs"), ("pair_key", "as_pair", "no pair"), ("split", "as_split", "no split"))


def as_received(row: Mapping[str, Any]) -> str:
    """In words, what was received of a corrected row (with both `candidate__name` and `as_name`, and so on).

    Only the parts that are read otherwise now; empty where nothing is.
    """
    was = [row[received] or none for received, now, none in PARTS if row[received] != row[now]]
    return f"as received: {', '.join(was)}" if was else ""
