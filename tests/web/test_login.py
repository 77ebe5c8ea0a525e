"""Logging in, and being kept out."""

import pytest
from django.test import Client

from tests.factories import PASSWORD, Cast, make_cast
from tests.web.browsing import HTMX, browser_of


def log_in(client: Client, email: str, password: str = PASSWORD, **more: str):
    return client.post("/login/", {"username": email, "password": password} | more)


def test_somebody_logs_in_with_her_address_however_it_is_written(cast: Cast, client: Client):
    answer = log_in(client, "LEAD-tst@example.com")
    assert answer.headers["Location"] == "/"
    assert client.get("/").status_code == 200


def test_she_goes_on_to_where_she_was_going(cast: Cast, client: Client):
    asked = client.get("/p/TST/")
    assert asked.headers["Location"] == "/login/?next=/p/TST/"
    assert log_in(client, "lead-tst@example.com", next="/p/TST/").headers["Location"] == "/p/TST/"


def test_but_never_to_another_site(cast: Cast, client: Client):
    answer = log_in(client, "lead-tst@example.com", next="https://evil.example/")
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("email", ["lead-tst@example.com", "nobody@example.com"])
def test_a_wrong_password_and_an_unknown_address_are_refused_alike(cast: Cast, client: Client, email: str):
    answer = log_in(client, email, "not-the-password")
    assert answer.status_code == 422
    assert "do not belong together" in answer.content.decode()


def test_after_ten_wrong_passwords_even_the_right_one_has_to_wait(db: None, client: Client):
    make_cast("LCK")
    for attempt in range(10):
        address = "member-lck@example.com" if attempt % 2 else "Member-LCK@example.com"
        log_in(client, address, "not-the-password")
    answer = log_in(client, "member-lck@example.com")
    assert answer.status_code == 429
    assert "Too many" in answer.content.decode()
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("address", ["", "unix:", "2001:db8::1", "fe80::1%eth0", "::ffff:203.0.113.9"])
def test_a_log_in_comes_from_whatever_address_there_is(cast: Cast, address: str):
    client = Client(REMOTE_ADDR=address)
    assert log_in(client, "lead-tst@example.com", "not-the-password").status_code == 422
    assert log_in(client, "lead-tst@example.com").status_code == 302


def test_a_session_that_somebody_planted_is_not_the_one_that_is_logged_in(cast: Cast, client: Client):
    client.cookies["sessionid"] = planted = "a" * 32
    client.get("/login/")
    log_in(client, "lead-tst@example.com")
    assert client.get("/").status_code == 200
    assert client.cookies["sessionid"].value != planted
    before = client.cookies["sessionid"].value
    log_out = Client()
    log_out.cookies["sessionid"] = before
    log_out.post("/logout/")
    assert client.get("/").status_code == 302


def test_whoever_is_logged_in_is_not_asked_again(cast: Cast):
    assert browser_of(cast.lead).get("/login/").status_code == 302


def test_a_page_whose_log_in_ran_out_is_told_so_instead_of_being_given_a_form(cast: Cast, client: Client):
    assert client.get("/p/TST/", headers=HTMX).status_code == 401
    assert client.post("/p/TST/tickets/1/move/", headers=HTMX).status_code == 401


def test_the_password_never_comes_back_in_the_page(cast: Cast, client: Client):
    assert "not-the-password" not in log_in(client, "lead-tst@example.com", "not-the-password").content.decode()
