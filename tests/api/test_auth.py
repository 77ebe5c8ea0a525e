"""How one logs in to the API: with a token, or with the browser's session."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from agileml.projects.actions import issue_token, revoke_token
from agileml.projects.models import Token
from tests.api.client import Api
from tests.factories import Cast

ME = "/api/v1/me/"
BACKEND = "django.contrib.auth.backends.ModelBackend"


def test_a_token_speaks_for_its_holder(cast: Cast):
    me = Api(cast.member).get(ME)
    assert (me["name"], me["token"]["scope"], me["projects"]) == (
        "Member Person",
        "write",
        [{"key": "TST", "role": "member"}],
    )


@pytest.mark.parametrize(
    "header",
    [
        "", "Bearer", "Bearer ", "Bearer aml_nonsense", "Basic YTpi", "bearer é", "Bearer " + "a" * 1_000_000,
        "Bearer aml_" + "\udcff" * 43, "Bearer aml_" + "\0" * 43, "Bearer aml_" + "é" * 43, "\0", "Bearer\taml_x",
        "Bearer aml_" + "٣" * 43, "Bearer  ", "B" * 100_000, "Bearer aml_" + "a" * 43, "Bearer aml_" + "a" * 43 + "\n",
    ],
)  # fmt: skip
def test_without_a_good_token_the_answer_is_401_and_says_how(cast: Cast, header: str):
    answer = Client().get(ME, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 401


def test_a_token_that_ended_says_so(cast: Cast):
    api = Api(cast.member)
    token = Token.objects.get()
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert api("GET", ME).json()["code"] == "token_expired"
    Token.objects.update(expires_at=timezone.now() + timedelta(days=1))
    assert api("GET", ME).status_code == 200
    revoke_token(token=token, now=timezone.now())
    assert api("GET", ME).json()["code"] == "token_revoked"


def test_the_token_of_somebody_who_is_no_longer_active_is_unknown(cast: Cast):
    api = Api(cast.member)
    cast.member.is_active = False
    cast.member.save()
    assert api("GET", ME).status_code == 401


def test_a_token_in_the_query_is_no_token(cast: Cast):
    secret = issue_token(user=cast.member, name="n", scope="read", now=timezone.now())
    for name in ("token", "access_token", "Authorization"):
        assert Client().get(f"{ME}?{name}={secret}").status_code == 401


def test_a_scope_that_does_not_reach_is_403_and_names_itself(cast: Cast):
    problem = Api(cast.lead, scope="read")("POST", "tickets/", {}).json()
    assert (problem["status"], problem["code"]) == (403, "scope")
    assert "read" in problem["detail"]


def test_use_is_noted_once_a_minute_at_most(cast: Cast):
    secret = issue_token(user=cast.member, name="n", scope="read", now=timezone.now())
    for _ in range(2):
        Client().get(ME, headers={"Authorization": f"Bearer {secret}"})
    first = Token.objects.get().last_used_at
    assert first is not None
    Token.objects.update(last_used_at=first - timedelta(minutes=2))
    Client().get(ME, headers={"Authorization": f"Bearer {secret}"})
    second = Token.objects.get().last_used_at
    assert second is not None
    assert second > first


def test_the_browsers_session_reads_and_with_its_csrf_token_writes(cast: Cast):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.member, backend=BACKEND)
    assert browser.get(ME).json()["token"] is None
    address, sent = "/api/v1/projects/TST/epics/", {"title": "Read faster"}
    refused = browser.post(address, sent, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
    browser.cookies["csrftoken"] = "a" * 32
    made = browser.post(address, sent, content_type="application/json", headers={"X-CSRFToken": "a" * 32})
    assert made.status_code == 201


def test_a_token_needs_no_csrf_token(cast: Cast):
    api = Api(cast.member)
    api.client = Client(enforce_csrf_checks=True)
    api.post("epics/", {"title": "Read faster"})


def test_what_a_token_writes_carries_its_id_as_origin(cast: Cast):
    api = Api(cast.member)
    api.post("epics/", {"title": "Read faster"})
    last = api.get("changes/")["changes"][-1]
    assert last["origin"] == str(Token.objects.get().uid)
    assert last["actor"] == {"id": str(cast.member.uid), "name": "Member Person"}
    api("PUT", "epics/1/target/", {"metric": "error", "op": "<=", "value": 0.01})
    changes = api.get("changes/?limit=1000")["changes"]
    assert {change["origin"] for change in changes[-2:]} == {str(Token.objects.get().uid)}
