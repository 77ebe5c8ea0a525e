"""Which network addresses somebody else may make this installation talk to."""

import socket
import threading
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

Resolver = Callable[[str, int], list[str]]

NAT64 = IPv6Network("64:ff9b::/96")
COMPATIBLE = IPv6Network("::/96")


class NoAddress(Exception):
    """The name has no address, or none that was found in time."""


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a host by the system's resolver, without those that are there twice. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def looked_up_within(seconds: float, host: str, port: int, resolve: Resolver) -> list[str]:
    """What `resolve` answers within so many seconds: the system's resolver knows no limit. Raises NoAddress."""
    answer: list[str] = []

    def ask() -> None:
        try:
            answer.extend(resolve(host, port))
        except (OSError, UnicodeError):
            answer.clear()

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    if asking.is_alive() or not answer:
        raise NoAddress
    return list(answer)


def is_literal(host: str) -> bool:
    """Whether a host is an address itself, and no name that has one."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_public(text: str) -> bool:
    """Whether this address belongs to the public network: not to this machine, a private network, a cloud's metadata.

    An IPv6 address that stands for an IPv4 one (mapped, compatible, 6to4, NAT64) is judged by that one.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        address = _embedded(address) or address
    closed = (
        not address.is_global
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or (isinstance(address, IPv6Address) and (address.is_site_local or address.teredo is not None))
    )
    return not closed


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in NAT64 or (address in COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
