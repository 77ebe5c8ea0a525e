"""The pages of tokens, people and invitations: readable by all, in light and dark, and on a phone."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from agileml.projects.actions import invite, issue_token, make_service, make_service_token
from tests.browser.test_judging_pages import enter, unfold, violations
from tests.factories import Cast, make_cast


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    """As everywhere, but committed, so that the server's own threads see it."""
    return make_cast()


@pytest.fixture
def scene(cast: Cast) -> list[str]:
    """The pages, with a service account that has a token, one that is stopped, and an open invitation."""
    told: dict[str, Any] = {"project": cast.project, "actor": cast.lead, "now": timezone.now()}
    row = make_service(sent={"name": "Nightly", "role": "member"}, **told)
    make_service_token(member=row.uid, sent={"name": "Push", "scope": "metrics"}, **told)
    make_service(sent={"name": "Idle", "role": "stakeholder"}, **told)
    issue_token(user=cast.lead, name="Sync", scope="read", now=timezone.now())
    _, secret = invite(sent={"role": "member"}, **told)
    return ["/tokens/", "/p/TST/members/", f"/join/?key={secret}"]


def test_they_can_be_read_by_all_in_light_and_dark_and_fit_a_phone(
    browser_page: Page, live_server: LiveServer, cast: Cast, scene: list[str]
):
    page = browser_page
    enter(page, live_server.url, cast)
    found = {}
    for path in scene:
        if path.startswith("/join"):
            page.context.clear_cookies()
        page.emulate_media(color_scheme="light")
        answer = page.goto(live_server.url + path)
        assert answer is not None
        assert answer.status == 200, path
        unfold(page)
        found[path, "light"] = violations(page)
        page.emulate_media(color_scheme="dark")
        found[path, "dark"] = violations(page, runOnly=["color-contrast"])
        page.set_viewport_size({"width": 380, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        page.set_viewport_size({"width": 1280, "height": 900})
    assert {where: wrong for where, wrong in found.items() if wrong} == {}


def test_the_secret_that_was_just_made_can_be_read_by_all_too(
    browser_page: Page, live_server: LiveServer, cast: Cast, scene: list[str]
):
    page = browser_page
    enter(page, live_server.url, cast)
    page.goto(f"{live_server.url}/tokens/")
    page.get_by_label("Name").fill("Backup")
    page.get_by_role("button", name="Make it").click()
    secret = page.get_by_label("The token").input_value()
    assert secret.startswith("aml_")
    unfold(page)
    found = [violations(page)]
    page.emulate_media(color_scheme="dark")
    found.append(violations(page, runOnly=["color-contrast"]))
    assert found == [[], []]
    page.goto(f"{live_server.url}/tokens/")
    assert secret not in page.content()
