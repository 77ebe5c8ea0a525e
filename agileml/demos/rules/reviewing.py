"""What was said of a goal at a demo, as the note that a review of its alignment starts from."""

from collections.abc import Mapping, Sequence

NOTE_AT_MOST = 2_000


def note_of(demo: str, counts: Mapping[str, int], notes: Sequence[tuple[str, str]]) -> str:
    """How many said what at a demo (its title), and their reasons as (who, why), as many as fit."""
    many = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    lines = [f"At the demo “{demo}”: {many}."]
    for who, why in notes:
        line = f"{who}: {' '.join(why.split())}"
        if sum(map(len, lines)) + len(lines) + len(line) > NOTE_AT_MOST:
            break
        lines.append(line)
    return "\n".join(lines)
