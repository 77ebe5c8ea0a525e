"""How an endpoint is told of a change: what is sent, how it is signed, and when it is tried again. Pure."""

import base64
import hmac
import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

PREFIX = "whsec_"
SECRET_BYTES = 32
OLD_STAYS = timedelta(hours=24)
MOST_OLD = 3  # secrets that one request is signed with besides the new one
FIRST_PAUSE = 5.0  # seconds
LONGEST_PAUSE = 1800.0
GIVE_UP = timedelta(hours=24)
PING = "ping"

# What a change can be about, as an endpoint may choose it.
KINDS = (
    "baseline", "binding", "comment", "correction", "decision", "demo", "demo_item", "dismissal", "epic", "evaluation",
    "feedback", "finding", "goal_answer", "member", "metric", "model", "opinion", "project", "promotion", "proposal",
    "report", "review", "snapshots", "source", "sprint", "story", "ticket",
)  # fmt: skip


def event_of(change: Mapping[str, Any], *, epoch: str) -> dict[str, Any]:
    """What is sent of a change, which stands in it as the feed shows it."""
    return {
        "type": f"{change['kind']}.{change['action']}",
        "timestamp": change["at"],
        "epoch": epoch,
        "data": dict(change),
    }


def event_id(epoch: str, revision: int) -> str:
    """The id of the event of a revision: the same whenever and to whomever it is sent."""
    return f"{epoch}-{revision}"


def secret_of(random: bytes) -> str:
    """A secret as people copy it."""
    return PREFIX + base64.b64encode(random).decode()


def signatures(secrets: Iterable[str], *, event: str, at: int, body: bytes) -> str:
    """The header: a signature for each secret, by any of which a receiver may know us. `at` in seconds since 1970."""
    signed = f"{event}.{at}.".encode() + body
    return " ".join(
        "v1," + base64.b64encode(hmac.digest(base64.b64decode(secret.removeprefix(PREFIX)), signed, "sha256")).decode()
        for secret in secrets
    )


def in_force(kept: Mapping[str, Any], *, now: datetime) -> list[str]:
    """Of an endpoint's secrets those that requests are signed with: the new one first, then old ones for a day."""
    old = [line["secret"] for line in kept.get("old", ()) if datetime.fromisoformat(line["until"]) > now]
    return [kept["secret"], *old]


def rotated(kept: Mapping[str, Any], new: str, *, now: datetime, keep_old: bool) -> dict[str, Any]:
    """The secrets with a new one in front; the old ones stay for a day, or not at all."""
    old = [line for line in kept.get("old", ()) if datetime.fromisoformat(line["until"]) > now]
    if "secret" in kept:
        old.insert(0, {"secret": kept["secret"], "until": (now + OLD_STAYS).isoformat()})
    return {"secret": new, "old": old[:MOST_OLD] if keep_old else []}


def next_try(name: str, failures: int, *, now: datetime, since: datetime, asked: float | None) -> datetime | None:
    """When to try again after so many failures in a row, the first of them at `since`; None: not any more.

    Ever later, and not before the receiver asked for (`asked`, in seconds). Endpoints that failed together come back
    apart. The last try is made when a day is over, whatever was asked for.
    """
    ends = since + GIVE_UP
    if now >= ends:
        return None
    pause = min(FIRST_PAUSE * 2 ** min(failures - 1, 20), LONGEST_PAUSE)
    spread = zlib.crc32(f"{name} {failures}".encode()) / 2**32
    return min(now + timedelta(seconds=max(pause * (0.75 + spread / 2), asked or 0)), ends)
