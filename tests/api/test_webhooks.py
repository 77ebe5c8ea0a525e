"""Webhooks through the API: the secret once, and every attempt on record."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from agileml.api import columns
from agileml.journal.models import Answer, Audit, Change, Endpoint
from tests.api.client import Api, codes
from tests.factories import NOW, Cast, make_cast, make_tickets
from tests.journal.receiving import Hook, receive

pytestmark = pytest.mark.django_db
URL = {"url": "https://example.com/hook?token=hush"}


@pytest.fixture
def api(cast: Cast) -> Api:
    return Api(cast.lead)


def test_the_secret_is_in_the_answer_that_made_it_and_in_no_other(cast: Cast, api: Api):
    made = api.post("webhooks/", URL | {"kinds": ["ticket", "epic", "ticket"], "description": " Us "})
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert tuple(made) == columns.WEBHOOK
    assert (made["kinds"], made["description"], made["behind"], made["state"]) == (
        ["epic", "ticket"],
        "Us",
        0,
        "active",
    )
    path = f"webhooks/{made['uid']}/"
    assert api.walk("webhooks/") == [made]
    assert api.get(path) == made
    rotated = api.post(f"{path}rotate/", {}, status=200)
    assert rotated.pop("secret") != secret
    assert rotated == made
    everything = str(api.get("changes/?limit=1000")) + str(list(Audit.objects.values_list("detail", flat=True)))
    for word in ("whsec_", secret[6:], "hush"):
        assert word not in everything


def test_sent_again_under_its_key_it_is_made_once_and_the_kept_answer_tells_nobody_the_secret(cast: Cast, api: Api):
    made, again = (api.post("webhooks/", URL, idempotency_key="one") for _ in range(2))
    assert made == again
    assert Endpoint.objects.count() == 1
    path = f"webhooks/{made['uid']}/rotate/"
    first, second = (api.post(path, {}, status=200, idempotency_key="two") for _ in range(2))
    assert first == second
    assert first["secret"] != made["secret"]
    kept = str(list(Answer.objects.values_list("body", flat=True)))
    assert Answer.objects.count() == 2
    assert "whsec_" not in kept
    assert made["secret"] not in kept


def test_the_feed_knows_nothing_of_webhooks(cast: Cast, api: Api):
    before = Change.objects.count()
    made = api.post("webhooks/", URL)
    path = f"webhooks/{made['uid']}/"
    assert api("PATCH", path, {"state": "paused"}).status_code == 200
    api.post(f"{path}rotate/", {"keep_old": False}, status=200)
    assert api("DELETE", path).status_code == 204
    assert api("GET", path).status_code == 404
    assert Change.objects.count() == before
    assert list(Audit.objects.filter(action__startswith="webhook").order_by("pk").values_list("action", flat=True)) == [
        "webhook made", "webhook changed", "webhook secret rotated", "webhook removed",
    ]  # fmt: skip


def test_everything_that_is_wrong_is_told_with_its_pointer(cast: Cast, api: Api):
    answer = api("POST", "webhooks/", {"url": "ftp://x", "kinds": ["nonsense"], "secret": "mine", "description": 7})
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/url", "/kinds", "/secret", "/description"}
    assert api("POST", "webhooks/", {}).json()["errors"][0]["pointer"] == "/url"
    path = f"webhooks/{api.post('webhooks/', URL)['uid']}/"
    for sent in ({"state": "removed"}, {"cursor": -1}, {"cursor": 10**18}, {"kinds": "ticket"}, {"uid": "x"}):
        assert api("PATCH", path, sent).status_code == 422
    assert codes(api("POST", f"{path}rotate/", {"keep_old": "no"}).json()) == ["invalid"]


def test_attempts_are_listed_and_sent_again(cast: Cast, api: Api, settings: Settings):
    with receive() as receiver:
        settings.ALLOWED_SOURCE_HOSTS = ["127.0.0.1"]
        path = f"webhooks/{api.post('webhooks/', {'url': receiver.url})['uid']}/"
        pinged = api.post(f"{path}ping/")
        assert tuple(pinged) == columns.DELIVERY
        assert (pinged["status"], pinged["error"], pinged["type"]) == (204, "", "ping")
        make_tickets(cast, 2)
        Hook(Endpoint.objects.get().pk, "").send(NOW + timedelta(days=400))
        listed = api.walk(f"{path}deliveries/?limit=2")
        assert listed[0] == pinged
        assert [line["type"] for line in listed] == ["ping", "ticket.created", "ticket.created"]
        again = api.post(f"{path}deliveries/{listed[1]['uid']}/redeliver/")
        assert (again["event"], again["cause"]) == (listed[1]["event"], "again")
        assert receiver.ids[-1] == listed[1]["event"]
        assert api.walk(f"{path}deliveries/?event={listed[1]['event']}") == [listed[1], again]
        other = api.post("webhooks/", {"url": receiver.url})["uid"]
        answer = api("POST", f"webhooks/{other}/deliveries/{listed[1]['uid']}/redeliver/", {})
        assert answer.status_code == 404


def test_a_list_costs_the_same_however_long_it_is(cast: Cast, api: Api):
    def cost() -> int:
        with CaptureQueriesContext(connection) as ran:
            api.get("webhooks/")
        return len(ran)

    api.post("webhooks/", URL)
    before = cost()
    for _ in range(4):
        api.post("webhooks/", URL)
    assert cost() == before


def test_a_webhook_of_another_project_is_not_there(cast: Cast, api: Api):
    other = make_cast("OTH")
    uid = Api(other.lead, "OTH").post("webhooks/", URL)["uid"]
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "ping/"), ("POST", "rotate/")):
        assert api(method, f"webhooks/{uid}/{path}", {}).status_code == 404
