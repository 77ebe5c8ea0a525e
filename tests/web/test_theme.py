"""Light or dark."""

from django.test import Client

from tests.factories import Cast
from tests.web.browsing import browser_of


def test_the_theme_is_kept_with_the_person(cast: Cast):
    answer = browser_of(cast.lead).post("/theme/", {"theme": "dark", "next": "/p/TST/"})
    assert answer.headers["Location"] == "/p/TST/"
    assert 'data-theme="dark"' in browser_of(cast.lead).get("/").content.decode()
    assert 'data-theme="system"' in browser_of(cast.member).get("/").content.decode()


def test_a_theme_that_does_not_exist_is_refused(cast: Cast):
    assert browser_of(cast.lead).post("/theme/", {"theme": "pink"}).status_code == 422
    cast.lead.refresh_from_db()
    assert cast.lead.theme == "system"


def test_nobody_has_no_theme(db: None, client: Client):
    assert client.post("/theme/", {"theme": "dark"}).status_code == 302


def test_a_form_of_another_site_is_refused(cast: Cast):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.lead)
    assert browser.post("/theme/", {"theme": "dark"}).status_code == 403
