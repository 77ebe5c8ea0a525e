"""Whoever may not see a project cannot tell that it exists, at any address of one, as the URLs themselves list them."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from agileml.planning.models import Decision, Sprint
from tests.factories import Cast
from tests.web.browsing import HTMX, browser_of

KNOWN = {
    "number": "1",
    "n": "1",
    "slug": "reader",
    "kind": "mlflow",
    "uid": "{decision}",
    "decision": "{decision}",
    "token": "{decision}",
    "delivery": "{decision}",
    "base": "{decision}",
}


def addresses() -> list[str]:
    """Every route of web/ that names a project, with what it names filled in."""

    def walk(patterns: list[URLPattern | URLResolver], before: str = "") -> list[tuple[str, str]]:
        found = []
        for pattern in patterns:
            route = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                found += walk(pattern.url_patterns, route)
            elif pattern.callback is not None:
                view = getattr(pattern.callback, "view_class", pattern.callback)
                found.append((route, view.__module__))
        return found

    routes = [
        route for route, module in walk(get_resolver().url_patterns) if ".web." in module and "<str:key>" in route
    ]
    return [re.sub(r"<\w+:(\w+)>", lambda name: KNOWN.get(name[1], "{" + name[1] + "}"), route) for route in routes]


def asked(client: Client, address: str, **headers: str) -> Any:
    """The answer to whichever method the address takes."""
    answer = client.get(address, headers=headers)
    return client.post(address, headers=headers) if answer.status_code == 405 else answer


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["a page", "a fragment"])
@pytest.mark.parametrize("address", addresses())
def test_an_outsider_finds_nothing_and_cannot_tell_it_from_what_does_not_exist(
    cast: Cast, sprint: Sprint, address: str, headers: dict[str, str]
):
    decision = str(Decision.objects.get().uid)
    there, nowhere = (f"/{address}".format(key=key, decision=decision) for key in ("TST", "NONE"))
    outsider = browser_of(cast.outsider)
    hidden, missing = asked(outsider, there, **headers), asked(outsider, nowhere, **headers)
    assert hidden.status_code == missing.status_code == 404
    without_tokens = [
        re.sub(r'value="\w{64}"', "", answer.content.decode()).replace(there, "").replace(nowhere, "")
        for answer in (hidden, missing)
    ]
    assert without_tokens[0] == without_tokens[1]
    assert outsider.post(there, headers=headers).status_code == outsider.post(nowhere, headers=headers).status_code


@pytest.mark.parametrize("address", addresses())
def test_nobody_is_asked_to_log_in_everywhere_alike(cast: Cast, sprint: Sprint, client: Client, address: str):
    decision = str(Decision.objects.get().uid)
    for key in ("TST", "NONE"):
        assert asked(client, f"/{address}".format(key=key, decision=decision)).status_code == 302


def test_there_are_addresses_to_try():
    found = addresses()
    assert "p/{key}/tickets/1/move/" in found
    assert "p/{key}/" in found


def test_an_answer_that_refuses_says_so_to_those_who_are_in(cast: Cast, sprint: Sprint):
    answer = browser_of(cast.stakeholder).post("/p/TST/tickets/1/move/", {"to": "in_progress"})
    assert answer.status_code == 403
    assert "Stakeholders read and comment" in answer.content.decode()


@pytest.mark.parametrize("key", ["T%00T", "%ED%A0%80", "tst", "T" * 300, "%27%20OR%201=1"])
def test_a_key_that_none_can_have_is_not_found(cast: Cast, key: str):
    assert browser_of(cast.lead).get(f"/p/{key}/").status_code == 404


def test_an_address_that_leads_nowhere_looks_like_what_may_not_be_seen(cast: Cast):
    browser = browser_of(cast.outsider)
    nowhere, hidden = browser.get("/no/such/page/"), browser.get("/p/TST/")
    assert nowhere.status_code == hidden.status_code == 404
    for answer in (nowhere, hidden):
        assert "There is nothing here" in answer.content.decode()
