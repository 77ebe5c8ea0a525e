"""What work of each kind was expected to gain and what it gained, over all reports."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

GROUP = ("type", "type_name", "metric", "unit", "against")


def over_all(reports: Iterable[Iterable[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """The gains of many reports as one: in each line's means a report counts by how many criteria it measured.

    Each line is as a report has it, with `sprints`, in how many of them there were such criteria. `expected` is of what
    was measured; where nothing was, of all, and `measured` is None.
    """
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for lines in reports:
        for line in lines:
            groups[tuple(line[name] for name in GROUP)].append(line)
    found = []
    for group, lines in sorted(groups.items()):
        measured = [line for line in lines if line["measured"] is not None]
        weight = "measured_criteria" if measured else "criteria"
        found.append(
            dict(zip(GROUP, group, strict=True))
            | {
                "criteria": sum(line["criteria"] for line in lines),
                "measured_criteria": sum(line["measured_criteria"] for line in lines),
                "expected": _mean(measured or lines, "expected", weight),
                "measured": _mean(measured, "measured", weight),
                "sprints": len(lines),
            }
        )
    return found


def _mean(lines: Iterable[Mapping[str, Any]], name: str, weight: str) -> float | None:
    """The mean of a number, weighted; shares are taken first, so that no sum leaves the doubles."""
    given = [(line[name], line[weight]) for line in lines if line[name] is not None]
    total = sum(weight for _, weight in given)
    return sum(value * (weight / total) for value, weight in given) if total else None
