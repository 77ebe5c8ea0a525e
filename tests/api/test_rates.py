"""Who asks too often is told to wait and how long; who syncs as told never meets a limit."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django.fixtures import Settings

from agileml import settings as product
from tests.api.client import Api
from tests.factories import PASSWORD, Cast
from tests.web.browsing import browser_of

ME = "/api/v1/me/"
EPIC = {"title": "Read faster"}


@pytest.fixture(autouse=True)
def _limits(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Three reads, two writes and two failures in a minute that does not end while the test runs."""
    settings.RATES = {"read": 3, "write": 2, "failed": 2}
    monkeypatch.setattr("agileml.lib.rates._rates._clock", lambda: 6000.0 + 15)
    cache.clear()
    yield
    cache.clear()


def bad(address: str = "203.0.113.9", secret: str = "aml_wrong"):
    return Client(REMOTE_ADDR=address).get(ME, headers={"Authorization": f"Bearer {secret}"})


def test_every_answer_says_how_much_is_left(cast: Cast):
    api = Api(cast.member)
    for left in "210":
        answer = api("GET", ME)
        told = [answer[f"RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset")]
        assert (answer.status_code, told) == (200, ["3", left, "45"])
    assert api("GET", "tickets/99/")["RateLimit-Remaining"] == "0"


def test_one_too_many_is_a_problem_that_says_when_to_come_back(cast: Cast):
    api = Api(cast.member)
    for _ in range(3):
        api.get(ME)
    answer = api("GET", ME)
    assert (answer.status_code, answer["Retry-After"], answer["RateLimit-Remaining"]) == (429, "45", "0")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "too_many"


def test_the_next_minute_begins_anew(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    api = Api(cast.member)
    for _ in range(4):
        api("GET", ME)
    monkeypatch.setattr("agileml.lib.rates._rates._clock", lambda: 6060.0)
    assert api("GET", ME).status_code == 200


def test_writes_have_a_stricter_limit_of_their_own_and_write_nothing_beyond_it(cast: Cast):
    api = Api(cast.member)
    answers = [api("POST", "epics/", EPIC).status_code for _ in range(3)]
    assert answers == [201, 201, 429]
    assert len(api.get("epics/")["results"]) == 2


def test_each_token_has_its_own_and_a_browser_one_a_person(cast: Cast):
    first, second = Api(cast.member), Api(cast.member)
    for _ in range(4):
        first("GET", ME)
    assert second("GET", ME).status_code == 200
    browsers = browser_of(cast.member), browser_of(cast.member)
    assert [browsers[turn % 2].get(ME).status_code for turn in range(4)] == [200, 200, 200, 429]
    assert browser_of(cast.lead).get(ME).status_code == 200


def test_pages_are_not_counted(cast: Cast):
    browser = browser_of(cast.member)
    assert {browser.get("/tokens/").status_code for _ in range(6)} == {200}


def test_an_address_that_guesses_tokens_is_told_to_wait_and_good_ones_from_there_go_on(cast: Cast):
    assert [bad().status_code for _ in range(3)] == [401, 401, 429]
    answer = bad()
    assert (answer["Retry-After"], answer.json()["code"], answer["RateLimit-Limit"]) == ("45", "too_many", "2")
    assert bad("198.51.100.1").status_code == 401
    api = Api(cast.member)
    api.client = Client(REMOTE_ADDR="203.0.113.9")
    assert api("GET", ME).status_code == 200


def test_asking_without_any_token_is_no_guess(cast: Cast):
    assert {Client().get(ME).status_code for _ in range(6)} == {401}


def test_an_address_that_guesses_passwords_waits_whoever_it_guesses_for(cast: Cast):
    client = Client(REMOTE_ADDR="203.0.113.9")
    told = [
        client.post("/login/", {"username": f"{name}-tst@example.com", "password": "wrong"}).status_code
        for name in ("lead", "member", "stakeholder")
    ]
    assert told == [422, 422, 429]
    good = {"username": "lead-tst@example.com", "password": PASSWORD}
    answer = client.post("/login/", good)
    assert (answer.status_code, answer["Retry-After"]) == (429, "45")
    assert "Too many failed attempts" in answer.content.decode()
    assert Client(REMOTE_ADDR="198.51.100.1").post("/login/", good).status_code == 302


def test_an_invitation_is_no_way_to_try_addresses(cast: Cast):
    made = browser_of(cast.lead).post("/p/TST/members/invitation/", {"role": "member"})
    key = made.context["link"].rpartition("=")[2]
    guest = Client(REMOTE_ADDR="203.0.113.9")
    sent = {"key": key, "name": "New", "email": "lead-tst@example.com", "password": PASSWORD}
    assert [guest.post("/join/", sent).status_code for _ in range(3)] == [422, 422, 429]


def test_a_client_that_reads_all_of_a_hundred_thousand_tickets_as_fast_as_it_gets_them_meets_no_limit():
    pages, fastest = 100_000 / 500, 20_000 / 500  # pages a second
    assert product.RATES["read"] > fastest * 60
    assert product.RATES["read"] > pages
    assert product.RATES["read"] > product.RATES["write"] > product.RATES["failed"]
