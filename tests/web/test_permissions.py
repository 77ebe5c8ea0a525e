"""Who may open and write what on the pages: every address, every role, and every token, which opens none."""

from typing import Any

import pytest
from django.test import Client

from agileml.projects.rules import Need, capabilities
from agileml.web import urls
from tests import askers
from tests.api.routes import undone
from tests.api.world import World
from tests.web.pages import EVERYBODY, NEVER, PAGES, Open, Page

pytestmark = pytest.mark.django_db
world, _django_db_helper = askers.world, askers._django_db_helper


@pytest.fixture(scope="module")
def strangers(world: World) -> dict[str, dict[str, str]]:
    """The headers of those who come without a browser that is logged in."""
    return askers.tokens(world)


@pytest.fixture(scope="module")
def insiders(world: World) -> dict[str, tuple[Client, str]]:
    """Those who are logged in, each with her session, since one that logged out would stay out."""
    return {role: (client, client.cookies["sessionid"].value) for role, client in askers.browsers(world).items()}


def test_every_page_has_its_row():
    assert sorted(page.name for page in PAGES) == sorted(str(found.name) for found in urls.urlpatterns)


def expected(page: Page, method: str, role: str) -> int:
    need: Need | Open = page.get if method == "get" else page.post
    status = page.got if method == "get" else page.posted
    if need is NEVER:
        return 405
    if isinstance(need, Open):
        return 404 if page.own and role != "lead" else status
    if role == "outsider":
        return 404
    return status if need in capabilities(role, replanners="team") else 403


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_who_may_in_a_browser(page: Page, world: World, insiders: dict[str, tuple[Client, str]]):
    got, wanted = {}, {}
    for role, (client, session) in insiders.items():
        for method in ("get", "post"):
            with undone():
                client.cookies["sessionid"] = session
                sent: Any = page.form(world) if method == "post" else {}
                got[role, method] = getattr(client, method)(page.address(world), sent).status_code
            wanted[role, method] = expected(page, method, role)
    assert got == wanted


def for_nobody(page: Page, method: str) -> int:
    """What those find who are not logged in: the log-in, except where anybody may come."""
    if EVERYBODY not in (page.get, page.post):
        return 302
    if (page.get if method == "get" else page.post) is NEVER:
        return 405
    if method == "get":
        return 200
    return 302 if page.name == "logout" else 422  # an incomplete form


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_token_opens_a_page(page: Page, world: World, strangers: dict[str, dict[str, str]]):
    for who, headers in strangers.items():
        for method in ("get", "post"):
            with undone():
                sent = page.form(world) if method == "post" else {}
                answer = getattr(Client(), method)(page.address(world), sent, headers=headers)
            assert answer.status_code == for_nobody(page, method), (who, method)
            assert answer.status_code != 302 or answer["Location"].startswith("/login/"), (who, method)
