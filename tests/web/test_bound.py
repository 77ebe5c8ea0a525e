"""What is bound to a ticket by hand, on a page of its own."""

import pytest

from agileml.ingest.models import Binding, Source
from tests.factories import Cast, make_ticket
from tests.web.browsing import browser_of

pytestmark = pytest.mark.django_db
PAGE = "/p/TST/tickets/1/bound/"


def test_a_run_is_bound_seen_and_unbound(cast: Cast, runs_source: Source):
    make_ticket(cast)
    browser = browser_of(cast.member)
    assert "Nothing is bound to it." in browser.get(PAGE).content.decode()
    assert browser.post(PAGE, {"do": "bind", "text": "run:abc", "reduce": "max"}).status_code == 302
    html = browser.get(PAGE).content.decode()
    assert "abc" in html
    assert "the highest value" in html
    assert browser.post(PAGE, {"do": "refresh"}).status_code == 302
    assert browser.post(PAGE, {"do": "unbind", "binding": str(Binding.objects.get().uid)}).status_code == 302
    assert "Nothing is bound to it." in browser.get(PAGE).content.decode()


def test_what_no_source_understands_stays_in_the_form_with_the_reason(cast: Cast, runs_source: Source):
    make_ticket(cast)
    answer = browser_of(cast.member).post(PAGE, {"do": "bind", "text": '"><script>x</script>'})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "No source of this project understands that" in html
    assert "&lt;script&gt;x" in html
    assert "<script>x" not in html


def test_who_may_only_read_finds_no_knobs(cast: Cast, runs_source: Source):
    make_ticket(cast)
    assert 'value="bind"' not in browser_of(cast.stakeholder).get(PAGE).content.decode()
    assert browser_of(cast.stakeholder).post(PAGE, {"do": "bind", "text": "run:abc"}).status_code == 403


@pytest.mark.parametrize("sent", [{"do": ""}, {"do": "unbind", "binding": "x"}, {"do": "unbind"}])
def test_what_is_not_there_is_not_found(cast: Cast, runs_source: Source, sent: dict[str, str]):
    make_ticket(cast)
    assert browser_of(cast.member).post(PAGE, sent).status_code == 404
