"""What a server, or whoever enters its address, may do to us over HTTP."""

import gzip
import socket
import time

import pytest
from pytest_django import Settings

from agileml.lib.addresses import is_public
from agileml.lib.http import Limits, Moved, NotAllowed, TooMuch, Unreachable, Web
from tests.ingest.serving import Asked, Reply, Served

QUICK = Web(Limits(connect=0.5, read=0.3, total=0.6, turn=0.3))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "no address",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_known_as_such(address: str):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_a_public_address_is_known_too(address: str):
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://example.org/", "http://", "//example.org", "http://me:word@example.org/", "x" * 3000,
     "http://exa mple/", "http://[::1/"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_without_a_word_of_it(url: str):
    with pytest.raises(NotAllowed) as refused:
        QUICK.ask(url)
    assert "word" not in str(refused.value).replace("password", "")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1"])
def test_this_machine_is_not_asked_unless_it_is_allowed(served: Served, settings: Settings, host: str):
    settings.ALLOWED_SOURCE_HOSTS = [f"127.0.0.1:{served.port + 1}"]
    with pytest.raises(NotAllowed, match="AGILEML_ALLOWED_SOURCE_HOSTS"):
        QUICK.ask(f"http://{host}:{served.port}/")
    assert served.asked == []


def test_a_name_that_points_elsewhere_after_the_check_gains_nothing(served: Served, settings: Settings):
    served.answers["/"] = Reply(b"1")
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    settings.ALLOWED_SOURCE_HOSTS = ["rebinding.example"]
    web = Web(QUICK.limits, lambda host, port: next(answers))
    assert web.ask(f"http://rebinding.example:{served.port}/").body == b"1"
    assert served.asked[0].headers["host"] == f"rebinding.example:{served.port}"
    assert list(answers) == [["169.254.169.254"]], "the name is looked up once a request"


def test_one_private_address_among_public_ones_is_enough_to_refuse():
    with pytest.raises(NotAllowed):
        Web(QUICK.limits, lambda host, port: ["8.8.8.8", "10.0.0.1"]).ask("http://mixed.example/")


def test_a_server_that_drips_is_left_after_the_whole_time(served: Served):
    def drip(asked: Asked) -> None:
        try:
            asked.out.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n")
            for _ in range(30):
                asked.out.write(b"x")
                asked.out.flush()
                time.sleep(0.1)
        except OSError:
            return

    served.answers["/"] = drip
    with pytest.raises(Unreachable, match="too long"):
        QUICK.ask(served.url + "/")


def test_headers_that_drip_are_left_too(served: Served):
    def drip(asked: Asked) -> None:
        try:
            asked.out.write(b"HTTP/1.1 200 OK\r\n")
            for number in range(30):
                asked.out.write(b"x-%d: y\r\n" % number)
                asked.out.flush()
                time.sleep(0.1)
        except OSError:
            return

    served.answers["/"] = drip
    with pytest.raises(Unreachable, match="too long"):
        QUICK.ask(served.url + "/")


def test_an_endless_body_is_cut(served: Served):
    def endless(asked: Asked) -> None:
        try:
            asked.out.write(b"HTTP/1.1 200 OK\r\n\r\n")
            for _ in range(100):
                asked.out.write(b"x" * 65536)
        except OSError:
            return

    served.answers["/"] = endless
    with pytest.raises(TooMuch):
        Web().ask(served.url + "/")


def test_a_body_packed_small_that_unpacks_large_is_cut(served: Served):
    served.answers["/"] = Reply(gzip.compress(b"0" * 50_000_000), headers={"content-encoding": "gzip"})
    with pytest.raises(TooMuch):
        Web().ask(served.url + "/")


def test_a_packed_body_is_read(served: Served):
    served.answers["/"] = Reply(gzip.compress(b'{"a": 1}'), headers={"content-encoding": "gzip"})
    assert QUICK.ask(served.url + "/").body == b'{"a": 1}'


@pytest.mark.parametrize("target", ["http://169.254.169.254/", "https://example.org/", "//10.0.0.1/", "file:///etc"])
def test_a_redirect_to_another_server_is_not_followed(served: Served, target: str):
    served.answers["/"] = Reply(status=302, headers={"location": target})
    with pytest.raises(Moved):
        QUICK.ask(served.url + "/")


def test_a_redirect_within_the_server_is_followed_but_not_in_circles(served: Served):
    served.answers["/"] = Reply(status=302, headers={"location": "/there"})
    served.answers["/there"] = Reply(b"here")
    assert QUICK.ask(served.url + "/").body == b"here"
    served.answers["/there"] = Reply(status=302, headers={"location": "/"})
    with pytest.raises(Moved, match="circle"):
        QUICK.ask(served.url + "/")


def test_a_server_that_dies_in_its_answer_is_tried_later(served: Served):
    def die(asked: Asked) -> None:
        asked.out.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")

    served.answers["/"] = die
    with pytest.raises(Unreachable, match="broke off"):
        QUICK.ask(served.url + "/")


def test_nobody_listening_and_no_such_name_are_said():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(NotAllowed):
        QUICK.ask(f"http://127.0.0.1:{port}/")
    with pytest.raises(Unreachable, match="name"):
        Web(QUICK.limits, lambda host, port: []).ask("http://nowhere.example/")


def test_proxies_of_the_environment_are_not_used(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    served.answers["/"] = Reply(b"direct")
    assert QUICK.ask(served.url + "/").body == b"direct"
