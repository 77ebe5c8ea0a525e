"""A source of runs that says what a test tells it to."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from agileml.ingest.actions import make_source
from agileml.ingest.connectors import registry
from agileml.ingest.connectors.base import Advice, Look, Since
from agileml.ingest.models import Source
from tests.factories import NOW, Cast


class Runs:
    """A server of runs: of each reference it says what the test put there."""

    kind, label, every_seconds = "runs", "Runs", 60
    config_schema: Mapping[str, Any] = {"type": "object", "properties": {"url": {"type": "string"}}}

    def __init__(self) -> None:
        self.says: dict[str, Callable[[], Look]] = {}
        self.asked: list[str] = []

    def check(self, config: Mapping[str, Any]) -> Advice:
        return Advice(good=True, message="Fine.")

    def parse_ref(self, config: Mapping[str, Any], text: str) -> str | None:
        return text.removeprefix("run:") if text.startswith("run:") else None

    def url(self, config: Mapping[str, Any], ref: str) -> str:
        return ""

    def fetch(self, config: Mapping[str, Any], ref: str, since: Since) -> Look:
        self.asked.append(ref)
        return self.says.get(ref, lambda: Look((), (), {}, 0))()


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    """The connector, known to the product for this test."""
    connector = Runs()
    known = registry.kinds() | {"runs": registry.Kind("runs", connector)}  # type: ignore[arg-type]
    for module in ("agileml.ingest.actions.sources", "agileml.ingest.actions.polling"):
        monkeypatch.setattr(f"{module}.kinds", lambda: known)
    for module in ("agileml.ingest.actions.sources", "agileml.ingest.actions.bindings"):
        monkeypatch.setattr(f"{module}.connector_for", lambda kind: known[kind].connector if kind in known else None)
    return connector


@pytest.fixture
def runs_source(cast: Cast, runs: Runs) -> Source:
    """The source, set up for the fixed cast."""
    return make_source(project=cast.project, kind="runs", name="Server", config={}, actor=cast.lead, now=NOW)
