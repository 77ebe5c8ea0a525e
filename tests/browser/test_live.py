"""An open board shows what others do, at once and in every tab, on one line to the server."""

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, Request

from agileml.accounts.models import User
from tests.factories import Cast, make_cast, make_sprint, make_ticket, make_tickets
from tests.web_server import WebServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    cast = make_cast()
    make_tickets(cast, 2)
    make_sprint(cast, [1, 2], active=True)
    return cast


def log_in(page: Page, user: User, site: WebServer) -> None:
    client = Client()
    client.force_login(user)
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site.url}])


def shows(page: Page, card: str) -> bool:
    """Whether the card comes, on a clock that never gets as far as the next regular question."""
    for _ in range(50):
        page.clock.run_for(150)
        if page.locator(f"#{card}").count():
            return True
        page.wait_for_function("() => new Promise((done) => requestAnimationFrame(() => done(true)))")
    return False


def test_what_others_do_is_seen_in_every_tab(cast: Cast, site: WebServer, browser_page: Page):
    log_in(browser_page, cast.member, site)
    lines: list[Request] = []
    tabs: list[Any] = [browser_page, browser_page.context.new_page()]
    for tab in tabs:
        tab.on("request", lambda request: lines.append(request) if "/events/" in request.url else None)
        tab.clock.install()
        tab.goto(f"{site.url}/p/TST/")
    make_ticket(cast, "Seen at once", sprint=1)
    assert [shows(tab, "TST-3") for tab in tabs] == [True, True]
    assert len(lines) == 1, "the tabs of a browser share one line"
    tabs[0].close()
    make_ticket(cast, "Seen by who is left", sprint=1)
    assert shows(tabs[1], "TST-4")
    assert len(lines) == 2
