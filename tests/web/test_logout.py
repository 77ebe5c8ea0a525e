"""Logging out."""

from tests.factories import Cast
from tests.web.browsing import browser_of


def test_logging_out_ends_the_session(cast: Cast):
    browser = browser_of(cast.lead)
    assert browser.post("/logout/").headers["Location"] == "/login/"
    assert browser.get("/p/TST/").status_code == 302


def test_a_link_does_not_log_anybody_out(cast: Cast):
    browser = browser_of(cast.lead)
    assert browser.get("/logout/").status_code == 405
    assert browser.get("/p/TST/").status_code == 200
