"""A watched folder for the fixed cast."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from agileml.work.models import Ticket
from tests.factories import Cast
from tests.ingest.serving import Served, serve
from tests.ingest.watched import Watched, watch


@pytest.fixture
def watched(cast: Cast, tickets: list[Ticket], tmp_path: Path, settings: Settings) -> Watched:
    """An empty watched folder, and tickets TST-1 to TST-5."""
    settings.METRIC_ROOTS = [tmp_path]
    return watch(cast, tmp_path)


@pytest.fixture
def served(settings: Settings) -> Iterator[Served]:
    """A server on this machine, which the installation allows."""
    with serve() as running:
        settings.ALLOWED_SOURCE_HOSTS = [f"127.0.0.1:{running.port}"]
        yield running
