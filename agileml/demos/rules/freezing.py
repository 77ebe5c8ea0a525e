"""The body of an edition: everything that a viewer sees, put in its order. Nothing in it is looked up later."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agileml.demos.rules.beginning import SECTIONS
from agileml.lib.times import rfc3339


def body(
    head: Mapping[str, Any], items: Sequence[tuple[str, Mapping[str, Any]]], *, at: datetime, zone: str
) -> dict[str, Any]:
    """The body of an edition that is published at a time; `zone` is the name of the project's.

    `head` holds title, intro, sprint and goals; `items` are (section, item) in their order. Sections without an item
    are left out.
    """
    by_section = {code: [dict(item) for section, item in items if section == code] for code in SECTIONS}
    return {
        **head,
        "as_of": rfc3339(at),
        "as_of_words": as_of(at, zone),
        "time_zone": zone,
        "sections": [
            {"code": code, "title": title, "items": by_section[code]}
            for code, title in SECTIONS.items()
            if by_section[code]
        ],
    }


def as_of(at: datetime, zone: str) -> str:
    """Of when the numbers are, in the project's zone: "Numbers as of 30 October 2026, 16:45"."""
    here = at.astimezone(ZoneInfo(zone))
    return f"Numbers as of {here.day} {here:%B %Y, %H:%M}"
