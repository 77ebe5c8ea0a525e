"""Rules about tickets among themselves: pure functions."""

from collections.abc import Iterable, Mapping


def cycle(edges: Mapping[int, Iterable[int]], *, start: int) -> list[int]:
    """A way from `start` back to itself along "needs" edges, as ticket numbers; empty when there is none."""
    path: list[int] = []
    seen: set[int] = set()
    stack: list[tuple[int, int]] = [(needed, 0) for needed in edges.get(start, ())]
    while stack:
        node, depth = stack.pop()
        del path[depth:]
        if node == start:
            return [start, *path, start]
        if node in seen:
            continue
        seen.add(node)
        path.append(node)
        stack += [(needed, depth + 1) for needed in edges.get(node, ())]
    return []
