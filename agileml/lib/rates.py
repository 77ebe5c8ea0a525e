"""How often somebody may ask: counts of a minute, in Django's cache, that can neither fail nor hold up a request.

With REDIS_URL all web processes count together, else each by itself. While the cache does not answer nobody is counted
and everybody is let through; after one short attempt it is left alone for a while, as lib/wake.py leaves a broker.
Settings: RATES names for each kind of asking how often in a minute, PROXIES how many proxies stand in front.
"""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Protocol

from django.conf import settings
from django.core.cache import cache
from django.core.cache.backends.base import BaseCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

SECONDS = 60
SILENT_SECONDS = 5
CACHE_TROUBLE = (OSError, RedisError)


@dataclass(frozen=True)
class Rate:
    """How somebody stands: `limit` a minute, `used` of it, and the seconds until the count begins again."""

    limit: int
    used: int
    reset: int

    @property
    def exceeded(self) -> bool:
        """Whether this is once too often."""
        return self.used > self.limit

    @property
    def headers(self) -> dict[str, str]:
        """What the answer says of it."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(self.limit - self.used, 0)),
            "RateLimit-Reset": str(self.reset),
        }


class Request(Protocol):
    """A request of Django or of its REST framework."""

    META: Any


class Rates:
    """Counts, each for `kind` (of RATES) and for `who` asks.

    clock and rest_clock: seconds since the epoch, and seconds that never go backwards; arguments so that a test need
    not wait.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        rest_clock: Callable[[], float] = time.monotonic,
        store: BaseCache | None = None,
    ) -> None:
        self._clock, self._rest_clock = clock, rest_clock
        self._store: BaseCache = store or cache
        self._silent_until = float("-inf")

    def count(self, kind: str, who: str) -> Rate | None:
        """Count one more time, and say how that stands; None while nothing can be counted."""
        return self._ask(kind, who, self._add_one)

    def look(self, kind: str, who: str) -> Rate | None:
        """How it stands, without counting."""
        return self._ask(kind, who, lambda key: int(self._store.get(key, 0)))

    def _ask(self, kind: str, who: str, used_of: Callable[[str], int]) -> Rate | None:
        if self._rest_clock() < self._silent_until:
            return None
        now = self._clock()
        window = math.floor(now / SECONDS)
        try:
            used = used_of(f"rate:{kind}:{who}:{window}")
        except CACHE_TROUBLE as trouble:
            self._silent_until = self._rest_clock() + SILENT_SECONDS
            logger.warning("Nothing is counted for %s s: %s", SILENT_SECONDS, trouble)
            return None
        return Rate(settings.RATES[kind], used, math.ceil((window + 1) * SECONDS - now))

    def _add_one(self, key: str) -> int:
        try:
            return self._store.incr(key)
        except ValueError:  # the first of this minute; of two at once one begins and the other adds
            return 1 if self._store.add(key, 1, SECONDS + 1) else self._store.incr(key)


_rates = Rates()
count, look = _rates.count, _rates.look


def caller(request: Request) -> str | None:
    """The address that the nearest trusted proxy saw, else the one that is connected; None for what is no address.

    What a client writes into X-Forwarded-For stands to the left of what the proxies add, and is never looked at.
    """
    seen = str(request.META.get("REMOTE_ADDR", ""))
    if settings.PROXIES:
        told = [part.strip() for part in str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
        seen = told[-min(settings.PROXIES, len(told))] or seen
    try:
        address = ip_address(seen)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address).partition("%")[0]  # no database keeps the zone of an address


def address_of(request: Request) -> str:
    """Whom a request is counted for: an address, or the network of an IPv6 one, of which one client has 2^64."""
    address = caller(request)
    if address is None:
        return "unknown"
    return str(ip_network(f"{address}/64", strict=False)) if ":" in address else address
