"""A receiver of webhooks, and an endpoint that leads to it."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.factories import NOW, Cast
from tests.journal.receiving import Hook, Receiver, hook, receive


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """A receiver on this machine, which the installation allows."""
    with receive() as running:
        settings.ALLOWED_SOURCE_HOSTS = [f"127.0.0.1:{running.port}"]
        yield running


@pytest.fixture
def hooked(cast: Cast, receiver: Receiver) -> Hook:
    """An endpoint for all changes of the project."""
    return hook(cast, receiver.url, now=NOW)
