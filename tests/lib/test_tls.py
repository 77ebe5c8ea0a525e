"""Over TLS only a server is believed that can prove its name, to whoever is trusted."""

import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from agileml.lib import http
from agileml.lib.http import Limits, Unreachable, Web

WEB = Web(Limits(connect=2, read=2, total=5, turn=2))


class Says(BaseHTTPRequestHandler):
    """Answers "here", and remembers whom it answered."""

    asked: list[str] = []

    def do_GET(self) -> None:
        self.asked.append(self.headers["authorization"] or "")
        self.send_response(200)
        self.send_header("content-length", "4")
        self.end_headers()
        self.wfile.write(b"here")

    def log_message(self, *args: object) -> None:
        """Says nothing."""


def certify(folder: Path, names: list[x509.GeneralName], *, past: bool = False) -> Path:
    """A certificate for these names that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A metrics server")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 3 * day)
        .not_valid_after(now - day if past else now + day)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@contextmanager
def serving(certificate: Path) -> Iterator[int]:
    """A TLS server on this machine that shows the certificate; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Says)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    runs = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    runs.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        runs.join()


def trust(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> None:
    """Believe what this certificate signed, as an installation says it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    http._trusted.cache_clear()


@pytest.fixture(autouse=True)
def allowed(settings: Settings) -> Iterator[None]:
    """The installation allows this machine, and trusts afterwards whom it trusted before."""
    settings.ALLOWED_SOURCE_HOSTS = ["127.0.0.1", "localhost"]
    Says.asked = []
    http._trusted.cache_clear()
    yield
    http._trusted.cache_clear()


def on_localhost() -> list[x509.GeneralName]:
    return [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_server_with_a_trusted_certificate_for_its_name_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
):
    trust(monkeypatch, certificate := certify(tmp_path, on_localhost()))
    with serving(certificate) as port:
        assert WEB.ask(f"https://{host}:{port}/").body == b"here"


@pytest.mark.parametrize("name", ["metrics.example", "localhost.example", "*.example"])
def test_a_certificate_for_another_name_is_refused_before_a_word_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    trust(monkeypatch, certificate := certify(tmp_path, [x509.DNSName(name)]))
    with serving(certificate) as port, pytest.raises(Unreachable, match="certificate"):
        WEB.ask(f"https://localhost:{port}/", headers={"authorization": "Bearer secret"})
    assert Says.asked == []


def test_a_certificate_that_nobody_trusted_signed_is_refused_before_a_word_is_said(tmp_path: Path):
    with serving(certify(tmp_path, on_localhost())) as port, pytest.raises(Unreachable, match="certificate"):
        WEB.ask(f"https://localhost:{port}/", headers={"authorization": "Bearer secret"})
    assert Says.asked == []


def test_a_certificate_that_has_ended_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    trust(monkeypatch, certificate := certify(tmp_path, on_localhost(), past=True))
    with serving(certificate) as port, pytest.raises(Unreachable, match="certificate"):
        WEB.ask(f"https://localhost:{port}/")
    assert Says.asked == []


def test_the_name_that_was_asked_for_counts_and_not_the_address_that_was_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings
):
    settings.ALLOWED_SOURCE_HOSTS = ["metrics.example"]
    web = Web(WEB.limits, lambda host, port: ["127.0.0.1"])
    trust(monkeypatch, certificate := certify(tmp_path, [x509.DNSName("metrics.example")]))
    with serving(certificate) as port:
        assert web.ask(f"https://metrics.example:{port}/").body == b"here"


def test_a_server_that_does_not_speak_tls_is_told_apart(tmp_path: Path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Says)
    runs = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    runs.start()
    try:
        with pytest.raises(Unreachable, match="does not speak TLS"):
            WEB.ask(f"https://localhost:{server.server_address[1]}/")
    finally:
        server.shutdown()
        server.server_close()
        runs.join()
