"""What is sent slowly holds up nobody else, and what was sent by half, or without end, is not taken."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlencode

import httpx
import pytest
from django.utils import timezone

from agileml.demos.actions.sharing import share
from agileml.demos.models import Feedback
from tests.demos.showing import make_shown
from tests.factories import Cast
from tests.web_server import SECONDS, WebServer

FORM = urlencode({"do": "say", "kind": "comment", "name": "Ada", "text": "I do not think so"}).encode()
MANY = 20  # more than a server has threads


@pytest.fixture
def path(cast: Cast, site: WebServer) -> str:
    """What a link shows."""
    make_shown(cast).published()
    return f"/d/{share(project=cast.project, demo=1, sent={}, actor=cast.lead, now=timezone.now())[1]}/"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Closes what a test opened."""
    with ExitStack() as stack:
        yield stack


def begin(stack: ExitStack, site: WebServer, path: str, length: int = len(FORM)) -> socket.socket:
    """A form that is sent up to its last word, and says that it is so long."""
    sent = stack.enter_context(socket.create_connection(("127.0.0.1", site.port), timeout=SECONDS))
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
    )
    sent.sendall(head.encode() + FORM[:-2])
    return sent


def test_many_who_send_slowly_hold_up_nobody_and_are_heard_when_they_are_done(
    site: WebServer, path: str, stack: ExitStack
):
    slow = [begin(stack, site, path) for _ in range(MANY)]
    assert httpx.get(site.url + path, timeout=SECONDS).status_code == 200
    assert Feedback.objects.count() == 0
    slow[0].sendall(FORM[-2:])
    assert slow[0].recv(12) == b"HTTP/1.1 303"
    assert Feedback.objects.get().text == "I do not think so"


def test_a_form_of_which_half_arrived_is_not_taken(site: WebServer, path: str, stack: ExitStack):
    begin(stack, site, path).close()
    begin(stack, site, path).shutdown(socket.SHUT_WR)
    for _ in range(20):  # what was taken would be there by now
        httpx.get(site.url + path)
        time.sleep(0.05)
    assert Feedback.objects.count() == 0


def test_what_is_far_too_large_is_refused_before_it_is_read(site: WebServer, path: str, stack: ExitStack):
    assert begin(stack, site, path, length=17 * 1024 * 1024).recv(12) == b"HTTP/1.1 413"
