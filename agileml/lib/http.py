"""Requests to addresses that come from users. Nothing else in the product opens one.

An address may be meant to reach what only this machine reaches. So the host is looked up once, every address that it
has is checked, and one of these is connected to: a name that points elsewhere a moment later gains nothing. And what
answers may mean ill: it has little time in all, however diligently it drips, and little room, packed or not.
"""

import ssl
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx
from django.conf import settings

from agileml.lib.addresses import NoAddress, Resolver, is_public, look_up, looked_up_within
from agileml.lib.turns import Busy, turn

PORTS = {"http": 80, "https": 443}
AT_ONCE = 2
MOST_REDIRECTS = 3
MOVED = {301, 302, 303, 307, 308}
LONGEST_ADDRESS = 2000
LONGEST_AFTER = 300.0  # seconds that a server may ask us to stay away
GZIP_OR_ZLIB = zlib.MAX_WBITS | 32


class HttpError(Exception):
    """No answer came; the message is ours alone, and holds nothing of what the server said."""


class NotAllowed(HttpError):
    """The address may not be asked at all."""


class Unreachable(HttpError):
    """It may work later: no such host now, refused, too slow, broken off."""


class TooMuch(HttpError):
    """The answer is too large, or packed in a way that is not read here."""


class Moved(HttpError):
    """The answer sends us to another server."""


@dataclass(frozen=True)
class Limits:
    """Seconds to connect, to wait for each piece of an answer, for the whole of it, and for a turn; and its bytes."""

    connect: float = 3
    read: float = 15
    total: float = 20
    turn: float = 2
    body: int = 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """What a server answered, whatever its status."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def media_type(self) -> str:
        """Such as `application/json`; empty if it is not said."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    def after(self, *, now: float, most: float = LONGEST_AFTER) -> float | None:
        """The seconds that the server asks us to stay away, `most` at most; `now` in seconds since 1970.

        None if it is not said.
        """
        said = self.headers.get("retry-after", "").strip()
        try:
            seconds = (
                float(said) if said.isascii() and said.isdigit() else parsedate_to_datetime(said).timestamp() - now
            )
        except (ValueError, OverflowError):
            return None
        return min(max(seconds, 0.0), most)


@dataclass(frozen=True)
class Web:
    """The way out. `resolve` looks names up; of one server at most `at_once` things are asked together, None: any."""

    limits: Limits = Limits()
    resolve: Resolver = look_up
    at_once: int | None = AT_ONCE

    def ask(
        self,
        url: str,
        *,
        method: str = "GET",
        params: Mapping[str, str] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Answer:
        """Send one request and read its answer, following a redirect only within the same server.

        Raises NotAllowed, Unreachable, TooMuch or Moved.
        """
        address = _address(url)
        if params:
            address = address.copy_merge_params(dict(params))
        ends = time.monotonic() + self.limits.total
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._once(address, method, json, headers, auth, ends)
            target = answer.headers.get("location") if answer.status in MOVED else None
            if target is None:
                return answer
            if method != "GET":
                raise Moved(f"{_named(address)} answers with a redirect, which is followed only for what is read.")
            address = _onward(address, target)
        raise Moved(f"{_named(address)} redirects in a circle.")

    def post(self, url: str, *, content: bytes, headers: Mapping[str, str], keep: int) -> Answer:
        """Send these bytes, and read the answer's status and the first `keep` bytes of its body as they come.

        A redirect is an answer like any other, and so is a body that is too long or never ends: what was sent has
        arrived by then. Raises NotAllowed or Unreachable.
        """
        return self._once(_address(url), "POST", content, headers, None, time.monotonic() + self.limits.total, keep)

    def _once(
        self,
        address: httpx.URL,
        method: str,
        sends: Any,
        headers: Mapping[str, str] | None,
        auth: tuple[str, str] | None,
        ends: float,
        keep: int | None = None,
    ) -> Answer:
        where = _named(address)
        room = self.limits.body
        given: dict[str, Any] = {"content": sends} if isinstance(sends, bytes) else {"json": sends}
        timeout = httpx.Timeout(self.limits.read, connect=self.limits.connect)
        wait = min(self.limits.turn, max(0, ends - time.monotonic()))
        sent = {"accept-encoding": "gzip", "user-agent": f"AgileML/{settings.RELEASE}", **(headers or {})}
        try:
            with (
                self._turn(where, wait),
                httpx.Client(transport=_Checked(self, ends), trust_env=False, timeout=timeout) as client,
                client.stream(method, address, headers=sent, auth=auth, **given) as response,
            ):
                body = b"".join(_within(room, response, where)) if keep is None else _beginning(response, keep)
                return Answer(response.status_code, response.headers, body)
        except Busy:
            raise Unreachable(
                f"{self.at_once} requests to {where} are under way, and no more are made at once."
            ) from None
        except (httpcore.ConnectTimeout, httpcore.ConnectError) as error:
            raise Unreachable(_not_connected(error, where)) from None
        except (httpcore.TimeoutException, httpx.TimeoutException):
            raise Unreachable(f"{where} takes too long to answer.") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, httpx.TransportError, zlib.error):
            raise Unreachable(f"{where} broke off, or does not speak HTTP.") from None
        except (httpx.InvalidURL, UnicodeError, ValueError):
            raise NotAllowed(f"The request to {where} holds characters that no request may hold.") from None

    def _turn(self, where: str, wait: float) -> AbstractContextManager[None]:
        if self.at_once is None:
            return nullcontext()
        return turn(where, folder=settings.DATA / "run" / "turns", of=self.at_once, within=wait)


class _Checked(httpx.BaseTransport):
    """Sends over connections to checked addresses."""

    def __init__(self, web: Web, ends: float) -> None:
        self._pool = httpcore.ConnectionPool(ssl_context=_trusted(), network_backend=_Network(web, ends))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        response = self._pool.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            response.status, headers=response.headers, stream=_Pieces(response), extensions=response.extensions
        )

    def close(self) -> None:
        self._pool.close()


class _Pieces(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class _Network(httpcore.NetworkBackend):
    """Looks a host up, checks it and connects to what was checked, all before `ends`."""

    def __init__(self, web: Web, ends: float) -> None:
        self._web = web
        self._ends = ends
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to `host`, whose every address must be public unless the installation allows that host."""
        try:
            found = looked_up_within(_left(self._ends, timeout), host, port, self._web.resolve)
        except NoAddress:
            raise Unreachable(f"No address is known for {host}: is the name right?") from None
        if not is_allowed(host, port) and not all(is_public(address) for address in found):
            raise NotAllowed(
                f"{host} is inside of a private network or on this machine, and addresses there are not followed. "
                f"AGILEML_ALLOWED_SOURCE_HOSTS has to name {_bracketed(host)}."
            )
        for address in found[:-1]:
            try:
                return self._connect(address, port, timeout, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connect(found[-1], port, timeout, socket_options)

    def _connect(
        self, address: str, port: int, timeout: float | None, socket_options: Iterable[Any] | None
    ) -> httpcore.NetworkStream:
        left = _left(self._ends, timeout)
        return _Hurried(
            self._sockets.connect_tcp(address, port, timeout=left, socket_options=socket_options), self._ends
        )


class _Hurried(httpcore.NetworkStream):
    """A stream whose every wait ends at one moment: a byte now and then must not hold a worker."""

    def __init__(self, stream: httpcore.NetworkStream, ends: float) -> None:
        self._stream = stream
        self._ends = ends

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._ends, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._ends, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, _left(self._ends, timeout))
        return _Hurried(stream, self._ends)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def is_allowed(host: str, port: int) -> bool:
    """Whether AGILEML_ALLOWED_SOURCE_HOSTS names this host, alone or with this port."""
    plain = host.lower().rstrip(".")
    names = {plain, _bracketed(plain), f"{_bracketed(plain)}:{port}"}
    return any(allowed.lower() in names for allowed in settings.ALLOWED_SOURCE_HOSTS)


def origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an address; None if it is none that can be asked."""
    try:
        address = _address(url)
    except NotAllowed:
        return None
    return address.scheme, address.host, _port(address)


def _address(url: str) -> httpx.URL:
    """The address, if it may be one. Raises NotAllowed."""
    try:
        if len(url) > LONGEST_ADDRESS:
            raise NotAllowed(f"An address has at most {LONGEST_ADDRESS:,} characters.")
        address = httpx.URL(url.strip())
        split = urlsplit(url.strip())
    except (httpx.InvalidURL, ValueError):
        raise NotAllowed("This is no address that can be asked.") from None
    if address.scheme not in PORTS or not address.host or "%" in address.host or " " in address.host:
        raise NotAllowed("An address begins with http:// or https:// and a host.")
    if address.userinfo or split.username is not None:
        raise NotAllowed("A name or password does not belong into the address: there are fields for it.")
    return address.copy_with(fragment=None)


def _onward(address: httpx.URL, target: str) -> httpx.URL:
    """Where a redirect leads, if that is the same server. Raises Moved."""
    try:
        new = _address(str(address.join(target)))
    except (NotAllowed, httpx.InvalidURL, ValueError):
        raise Moved(f"{_named(address)} redirects to what is no address.") from None
    was, now = (address.scheme, _port(address)), (new.scheme, _port(new))
    if new.host != address.host or (was != now and (was, now) != (("http", 80), ("https", 443))):
        raise Moved(f"{_named(address)} redirects to another server: if that is right, enter its address instead.")
    return new


def _within(room: int, response: httpx.Response, where: str) -> Iterator[bytes]:
    """The body unpacked, as far as there is room. Raises TooMuch."""
    packing = response.headers.get("content-encoding", "identity").strip().lower()
    if packing not in ("identity", "", "gzip", "deflate"):
        raise TooMuch(f"{where} answers packed in a way that is not read here.")
    unpacker = zlib.decompressobj(GZIP_OR_ZLIB) if packing in ("gzip", "deflate") else None
    packed = 0
    for piece in response.iter_raw():
        packed += len(piece)
        # Not a byte more is unpacked than is needed to see that it is too much.
        plain = unpacker.decompress(piece, room + 1) if unpacker else piece
        room -= len(plain)
        if room < 0 or packed > Limits.body * 2:
            raise TooMuch(f"{where} answers with more than is read at once.")
        yield plain
    if unpacker and not unpacker.eof:
        raise zlib.error("It ended early.")


def _not_connected(error: Exception, where: str) -> str:
    """Why there is no connection: nobody answers, or who answers cannot prove who it is."""
    match error.__context__:  # httpcore drops the cause
        case ssl.SSLCertVerificationError():
            return (
                f"The certificate of {where} is not believed: it is for another name, has ended, or was signed by "
                "nobody who is trusted here. SSL_CERT_FILE names who is."
            )
        case ssl.SSLError():
            return f"{where} does not speak TLS: is it http:// rather than https://?"
    return f"Nothing answers at {where}: is the server running, and the port right?"


def _beginning(response: httpx.Response, most: int) -> bytes:
    """As much of a body as is wanted, or as comes."""
    found = b""
    with suppress(httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpx.TransportError):
        for piece in response.iter_raw():
            found += piece
            if len(found) >= most:
                break
    return found[:most]


def _left(ends: float, timeout: float | None) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left if timeout is None else min(left, timeout)


def _port(address: httpx.URL) -> int:
    return address.port or PORTS[address.scheme]


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _named(address: httpx.URL) -> str:
    """A server in a message of ours: never its path or query, which may hold what is secret."""
    return f"{_bracketed(address.host)}:{_port(address)}"


@cache
def _trusted() -> ssl.SSLContext:
    """Whose certificates are believed: the usual ones, or those that SSL_CERT_FILE names."""
    return httpx.create_ssl_context()
