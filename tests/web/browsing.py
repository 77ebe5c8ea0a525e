"""How tests look at pages: as a person with a browser, with a script in it or without."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agileml.accounts.models import User

HTMX = {"HX-Request": "true"}  # the headers by which a request of a page's script is told


def browser_of(user: User) -> Client:
    """A browser in which this person is logged in."""
    client = Client()
    client.force_login(user)
    return client


def queries(client: Client, path: str, **headers: str) -> tuple[Any, int]:
    """The answer to a GET, and how many SQL statements it took."""
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path, headers=headers)
    return answer, len(captured)


def set_clock(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    """Let it be `now` for whoever asks; only the outermost layer does."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
