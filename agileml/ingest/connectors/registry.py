"""Finding connectors, our own and those of plug-ins."""

from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import TracebackType

from agileml.ingest.connectors.base import Connector

GROUP = "agileml.metric_sources"


@dataclass(frozen=True)
class Kind:
    """A kind of source: its connector, or why there is none."""

    name: str
    connector: Connector | None
    error: str = ""

    @property
    def label(self) -> str:
        return self.connector.label if self.connector else self.name


class Guard:
    """Notes whatever goes wrong within, instead of letting it out.

    A plug-in is somebody else's code, which may raise anything at all; one that is broken must not take the others down
    with it. Ctrl-C and the like pass, and errors of the kind `let`.
    """

    def __init__(self, *, let: type[Exception] | tuple[type[Exception], ...] = ()) -> None:
        self.let = let
        self.error = ""

    def __enter__(self) -> "Guard":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> bool:
        if kind is None or not issubclass(kind, Exception) or issubclass(kind, self.let):
            return False
        self.error = f"{kind.__name__}: {error}"
        return True


@cache
def kinds() -> dict[str, Kind]:
    """Every kind that is installed, by its name, broken ones included. Read once a process."""
    found: dict[str, Kind] = {}
    for point in sorted(entry_points(group=GROUP), key=_ours_first):
        if point.name not in found:  # no package takes the name of a kind of ours
            found[point.name] = _load(point)
    return found


def _ours_first(point: EntryPoint) -> tuple[bool, str]:
    return point.dist is None or point.dist.name != "agileml", point.value


def _load(point: EntryPoint) -> Kind:
    connector: object = None
    with Guard() as guard:
        connector = point.load()()
    if not guard.error and not isinstance(connector, Connector):
        guard.error = f"{point.value} is not a connector: it lacks a part of the contract."
    return Kind(point.name, None, guard.error) if guard.error else Kind(point.name, connector)  # type: ignore[arg-type]


def connector_for(kind: str) -> Connector | None:
    """The connector of a kind; None when it is not installed or broken."""
    known = kinds().get(kind)
    return known.connector if known else None
