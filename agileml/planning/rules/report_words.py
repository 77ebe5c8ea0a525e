"""The sentences that a report begins with: how its sprint went, told in counts."""

from collections.abc import Mapping, Sequence
from typing import Any

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def headline(ends: Mapping[str, int]) -> str:
    """A sprint in one sentence; `ends` counts its tickets by how they ended."""
    if not sum(ends.values()):
        return "An empty sprint: nothing was planned, and nothing was done."
    shipped, learned = ends.get("shipped", 0), ends.get("learned", 0) + ends.get("demoed", 0)
    elsewhere = ends.get("carried", 0) + ends.get("taken_out", 0) + ends.get("open", 0)
    said = [f"{_count(shipped)} shipped" if shipped else "nothing shipped"]
    if learned:
        said.append(f"{_count(learned, bare=bool(shipped))} taught the team something")
    if ends.get("skipped"):
        said.append(f"{_count(ends['skipped'], bare=True)} {_were(ends['skipped'])} skipped")
    if elsewhere:
        said.append(f"{_count(elsewhere, bare=True)} {'goes' if elsewhere == 1 else 'go'} on elsewhere")
    text = _joined(said)
    return f"{text[0].upper()}{text[1:]}."


def summary(counts: Mapping[str, int], sprint: Mapping[str, Any]) -> str:
    """How the plan went, in a sentence or two."""
    started = f"The plan began with {_count(counts['planned'])}"
    words = (
        ("added", "added"), ("skipped", "skipped"), ("deferred", "deferred"), ("taken_out", "taken out"),
        ("split", "split"), ("changed", "changed"),
    )  # fmt: skip
    moves = [
        f"{_count(counts[name], bare=at > 0)} {_were(counts[name])} {said}"
        for at, (name, said) in enumerate((name, said) for name, said in words if counts[name])
    ]
    replans = int(sprint.get("replans", 0))
    times = "It was not re-planned" if not replans else f"It was re-planned {_times(replans)}"
    if not moves:
        return f"{started}. {times}, and nothing in it changed."
    return f"{started}. {times}; by the close {_joined(moves)}."


def _joined(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{_number(count)} times")


def _number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def _count(count: int, *, bare: bool = False) -> str:
    return _number(count) if bare else f"{_number(count)} ticket{'' if count == 1 else 's'}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
