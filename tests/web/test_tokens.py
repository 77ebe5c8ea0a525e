"""A person's own tokens: made, shown once, limited, and ended on a page that no token can reach."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.serializers import serialize
from django.test import Client
from django.utils import timezone

from agileml.journal.models import Audit
from agileml.projects.actions import digest
from agileml.projects.models import Token
from tests.factories import Cast, make_cast
from tests.web.browsing import browser_of, queries

PATH = "/tokens/"
FORM = {"name": "Nightly", "scope": "write", "life": "90", "project": ""}
ME = "/api/v1/me/"


def secret_in(answer: Any) -> str:
    assert answer.status_code == 200
    return answer.context["secret"]


def asked(secret: str, path: str = ME, **more: Any) -> Any:
    return Client().get(path, headers={"Authorization": f"Bearer {secret}"} | more)


def test_somebody_makes_a_token_from_her_menu_and_it_works(cast: Cast):
    browser = browser_of(cast.member)
    assert f'href="{PATH}"' in browser.get("/").content.decode()
    secret = secret_in(browser.post(PATH, FORM))
    assert asked(secret).json()["token"]["name"] == "Nightly"
    token = Token.objects.get()
    assert token.expires_at is not None
    assert timedelta(days=89) < token.expires_at - timezone.now() < timedelta(days=91)
    assert Audit.objects.get(action="token issued").actor == cast.member


def test_the_secret_is_in_one_answer_and_nowhere_else(cast: Cast, caplog: pytest.LogCaptureFixture):
    browser = browser_of(cast.member)
    with caplog.at_level(logging.DEBUG):
        answer = browser.post(PATH, FORM)
        secret = secret_in(answer)
        again = browser.get(PATH)
        asked(secret)
        Client().get(f"{ME}?token={secret}")
    assert secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert secret not in again.content.decode()
    kept = serialize("json", [*Token.objects.all(), *Audit.objects.all()])
    kept += str([session.get_decoded() for session in Session.objects.all()]) + str(browser.cookies)
    assert secret not in kept
    assert secret not in caplog.text


def test_a_form_that_is_sent_twice_makes_one_token(cast: Cast):
    browser = browser_of(cast.member)
    browser.post(PATH, FORM)
    answer = browser.post(PATH, FORM)
    assert answer.status_code == 422
    assert "There is a token of this name already." in answer.content.decode()
    assert Token.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("name", "  ", "A name of 1 to 120 characters."),
        ("name", "a" * 1_000_000, "A name of 1 to 120 characters."),
        ("name", "a\0b", "A name of 1 to 120 characters."),
        ("name", "left\u202eright", "A name of 1 to 120 characters."),
        ("scope", "admin", "One of read, write, metrics."),
        ("life", "9999999999", "A time with its zone"),
        ("life", "-1", "A time with its zone"),
        ("project", "NONE", "You take part in no such project."),
        ("project", "OTH", "You take part in no such project."),
        ("project", "\0", "You take part in no such project."),
    ],
)
def test_what_cannot_be_is_said_and_what_was_written_is_kept(cast: Cast, name: str, value: str, said: str):
    make_cast("OTH")
    answer = browser_of(cast.member).post(PATH, FORM | {name: value})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert said in html
    assert ('value="Nightly"' in html) is (name != "name")
    assert Token.objects.count() == 0


def test_a_name_is_shown_as_text(cast: Cast):
    answer = browser_of(cast.member).post(PATH, FORM | {"name": "<script>alert(1)</script>"})
    assert "<script>alert" not in answer.content.decode()


def test_a_token_for_one_project_reaches_no_other(cast: Cast):
    secret = secret_in(browser_of(cast.member).post(PATH, FORM | {"project": "TST", "life": ""}))
    assert asked(secret).json()["token"] | {"id": ""} == {
        "id": "", "name": "Nightly", "scope": "write", "project": "TST", "expires_at": None,
    }  # fmt: skip


def test_last_use_is_shown_and_a_revoked_token_is_unknown_at_once(cast: Cast):
    browser = browser_of(cast.member)
    secret = secret_in(browser.post(PATH, FORM))
    assert "never used" in browser.get(PATH).content.decode()
    asked(secret)
    assert "last used" in browser.get(PATH).content.decode()
    answer = browser.post(f"{PATH}{Token.objects.get().uid}/revoke/", follow=True)
    assert "Nightly is revoked." in answer.content.decode()
    assert asked(secret).json()["code"] == "token_revoked"
    assert Audit.objects.filter(action="token revoked", actor=cast.member).count() == 1


def test_somebody_elses_token_is_not_there(cast: Cast):
    browser_of(cast.lead).post(PATH, FORM)
    token = Token.objects.get()
    assert browser_of(cast.member).post(f"{PATH}{token.uid}/revoke/").status_code == 404
    assert str(token.uid) not in browser_of(cast.member).get(PATH).content.decode()
    token.refresh_from_db()
    assert token.revoked_at is None


def test_a_token_opens_no_page_and_cannot_make_or_end_a_token(cast: Cast):
    secret = secret_in(browser_of(cast.lead).post(PATH, FORM))
    bearer = {"Authorization": f"Bearer {secret}"}
    client = Client()
    assert client.get(PATH, headers=bearer).status_code == 302
    assert client.post(PATH, FORM, headers=bearer).status_code == 302
    for method, path in (
        ("GET", "/api/v1/me/tokens/"),
        ("POST", "/api/v1/me/tokens/"),
        ("DELETE", f"/api/v1/me/tokens/{Token.objects.get().uid}/"),
    ):
        answer = client.generic(method, path, "{}", content_type="application/json", headers=bearer)
        assert (answer.status_code, answer.json()["code"]) == (403, "session_only")
    assert Token.objects.count() == 1


def test_a_form_from_another_site_makes_and_ends_nothing(cast: Cast):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.member)
    assert browser.post(PATH, FORM).status_code == 403
    sent = {"name": "Nightly", "scope": "write"}
    answer = browser.post("/api/v1/me/tokens/", sent, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    assert Token.objects.count() == 0


def test_the_browsers_session_makes_lists_and_ends_them_through_the_api(cast: Cast):
    browser = browser_of(cast.member)
    until = "2099-01-01T00:00:00+01:00"
    sent = {"name": "Sync", "scope": "read", "project": "TST", "expires_at": until}
    made = browser.post("/api/v1/me/tokens/", sent, content_type="application/json")
    assert made.status_code == 201
    assert made["Cache-Control"] == "no-store"
    row = made.json()
    assert asked(row.pop("secret")).status_code == 200
    assert (row["expires_at"], row["last_used_at"]) == ("2098-12-31T23:00:00.000000Z", None)
    (listed,) = browser.get("/api/v1/me/tokens/").json()["results"]
    assert listed.pop("last_used_at") is not None
    assert listed == {name: row[name] for name in listed}
    assert browser.delete(f"/api/v1/me/tokens/{row['id']}/").status_code == 204
    assert browser.get("/api/v1/me/tokens/").json()["results"][0]["revoked_at"] is not None


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({"scope": "read"}, "/name"),
        ({"name": "n"}, "/scope"),
        ({"name": "n", "scope": "read", "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
        ({"name": "n", "scope": "read", "expires_at": "2099-01-01T00:00:00"}, "/expires_at"),
        ({"name": "n", "scope": "read", "expires_at": "9999-12-31T23:59:59-23:00"}, "/expires_at"),
        ({"name": "n", "scope": "read", "expires_at": 5}, "/expires_at"),
        ({"name": "n", "scope": "read", "project": ["TST"]}, "/project"),
        ({"name": "n", "scope": ["read"]}, "/scope"),
        ({"name": "n", "scope": "read", "user": 1}, "/user"),
    ],
)
def test_the_api_refuses_by_pointer(cast: Cast, sent: dict[str, Any], pointer: str):
    answer = browser_of(cast.member).post("/api/v1/me/tokens/", sent, content_type="application/json")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_nobody_gathers_tokens_without_end(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("agileml.projects.actions.tokens.MOST_TOKENS", 2)
    browser = browser_of(cast.member)
    answers = [browser.post(PATH, FORM | {"name": f"n{number}"}).status_code for number in range(3)]
    assert answers == [200, 200, 422]


def test_many_tokens_take_no_more_queries(cast: Cast):
    browser = browser_of(cast.member)
    browser.post(PATH, FORM)
    _, one = queries(browser, PATH)
    for number in range(5):
        browser.post(PATH, FORM | {"name": f"n{number}", "project": "TST"})
    assert queries(browser, PATH)[1] == one


def test_a_tokens_hash_is_what_it_is_found_by(cast: Cast):
    secret = secret_in(browser_of(cast.member).post(PATH, FORM))
    assert Token.objects.get().digest == digest(secret)
    assert asked(secret[:-1] + ("A" if secret[-1] != "A" else "B")).status_code == 401
