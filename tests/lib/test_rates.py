"""Counting who asks how often can neither fail nor hold up a request; what cannot be counted is let through."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from django.test import RequestFactory, override_settings

from agileml import settings as product
from agileml.lib.rates import SECONDS, SILENT_SECONDS, Rates, address_of
from tests import servers
from tests.threads import at_once

REDIS_OPTIONS: dict[str, Any] = product.redis_cache("redis://nowhere")["OPTIONS"]


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self, now: float = 6000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def in_memory(name: str) -> BaseCache:
    return LocMemCache(name, {})


def in_redis(url: str) -> BaseCache:
    return RedisCache(url, {"OPTIONS": REDIS_OPTIONS})


@pytest.fixture
def limits() -> Iterator[None]:
    with override_settings(RATES={"read": 3, "write": 2}):
        yield


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BaseCache]:
    if request.param == "memory":
        yield in_memory(str(tmp_path))
        return
    process, url = servers.start_redis(tmp_path)
    yield in_redis(url)
    servers.stop([process])


def test_a_count_ends_with_its_minute_and_begins_again(store: BaseCache, limits: None):
    clock = Clock(SECONDS * 100 + 20.0)
    rates = Rates(clock, clock, store)
    stands = [rates.count("read", "somebody") for _ in range(4)]
    assert [(one.used, one.exceeded, one.reset) for one in stands if one] == [
        (1, False, 40), (2, False, 40), (3, False, 40), (4, True, 40),
    ]  # fmt: skip
    assert stands[-1] is not None
    assert stands[-1].headers == {
        "RateLimit-Limit": "3", "RateLimit-Remaining": "0", "RateLimit-Reset": "40",
    }  # fmt: skip
    clock.now += 40
    again = rates.count("read", "somebody")
    assert again is not None
    assert (again.used, again.reset) == (1, 60)


def test_each_kind_and_each_asker_has_a_count_of_its_own_and_looking_counts_nothing(store: BaseCache, limits: None):
    rates = Rates(Clock(), Clock(), store)
    for kind, who in (("read", "a"), ("write", "a"), ("read", "b")):
        for _ in range(2):
            look = rates.look(kind, who)
            assert look is not None
            assert look.used == 0
        one = rates.count(kind, who)
        assert one is not None
        assert one.used == 1


def test_of_many_at_once_none_is_forgotten(store: BaseCache, limits: None):
    rates = Rates(Clock(), Clock(), store)
    used = at_once(*[lambda: rates.count("read", "a").used] * 8)
    assert sorted(used) == list(range(1, 9))


class Silent:
    """Something that listens where Redis should, counts who connects, and never says a word."""

    def __init__(self, stack: ExitStack) -> None:
        self.connections = 0
        self.socket = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._stack = stack
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:  # the test is over
                return
            self.connections += 1
            self._stack.enter_context(connection)


def test_a_redis_that_hangs_is_tried_once_and_then_left_alone_for_a_while(limits: None):
    with ExitStack() as stack:
        silent, rest = Silent(stack), Clock()
        rates = Rates(Clock(), rest, in_redis(f"redis://127.0.0.1:{silent.socket.getsockname()[1]}/0"))
        assert [rates.count("read", "a"), rates.count("write", "a"), rates.look("read", "a")] == [None, None, None]
        assert silent.connections == 1
        rest.now += SILENT_SECONDS - 0.01
        rates.count("read", "a")
        assert silent.connections == 1
        rest.now += 0.02
        rates.count("read", "a")
        assert silent.connections == 2


def test_a_dead_redis_is_no_error(limits: None):
    with socket.create_server(("127.0.0.1", 0)) as once_taken:
        port = once_taken.getsockname()[1]
    assert Rates(Clock(), Clock(), in_redis(f"redis://127.0.0.1:{port}/0")).count("read", "a") is None


def test_a_redis_that_comes_back_counts_again(tmp_path: Path, limits: None):
    process, url = servers.start_redis(tmp_path)
    rest = Clock()
    rates = Rates(Clock(), rest, in_redis(url))
    assert rates.count("read", "a")
    servers.stop([process])
    assert rates.count("read", "a") is None
    process, _ = servers.start_redis(tmp_path, port=int(url.split(":")[2].split("/")[0]))
    try:
        rest.now += SILENT_SECONDS + 1
        assert rates.count("read", "a")
    finally:
        servers.stop([process])


@pytest.mark.parametrize(
    ("proxies", "connected", "forwarded", "address"),
    [
        (0, "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (1, "10.0.0.1", "198.51.100.1", "198.51.100.1"),
        (1, "10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        (2, "10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        (2, "10.0.0.1", "198.51.100.1", "198.51.100.1"),
        (1, "10.0.0.1", "", "10.0.0.1"),
        (1, "10.0.0.1", "' OR 1=1", "unknown"),
        (0, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        (0, "::ffff:203.0.113.9", "", "203.0.113.9"),
        (0, "fe80::1%eth0", "", "fe80::/64"),
        (0, "", "", "unknown"),
    ],
)
def test_where_a_request_comes_from_is_what_a_trusted_proxy_says(
    proxies: int, connected: str, forwarded: str, address: str
):
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=connected)
    with override_settings(PROXIES=proxies):
        assert address_of(request) == address
