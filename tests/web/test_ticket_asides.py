"""What stands beside a ticket's question: its links, and whether something holds it up."""

from typing import Any

import pytest

from agileml.accounts.models import User
from agileml.journal.models import Change
from agileml.planning.actions.tickets import edit_ticket
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_ticket
from tests.web.browsing import HTMX, browser_of, set_clock


@pytest.fixture(autouse=True)
def friday(monkeypatch: pytest.MonkeyPatch) -> None:
    set_clock(monkeypatch, NOW)


def page(user: User, number: int = 1) -> str:
    return browser_of(user).get(f"/p/TST/tickets/{number}/").content.decode()


def post(user: User, what: str, headers: dict[str, str] | None = None, **sent: str) -> Any:
    return browser_of(user).post(f"/p/TST/tickets/1/{what}/", sent, headers=headers or {})


def ticket() -> Ticket:
    return Ticket.objects.get(number=1)


# ── Links ──


def test_a_link_is_attached_with_the_kind_that_its_address_tells_and_taken_away(cast: Cast):
    make_ticket(cast)
    url = "https://arxiv.org/abs/1?a=b&c=d"
    answer = post(cast.member, "link", url=url, title="<b>Adam</b>", kind="")
    assert answer.headers["Location"] == "/p/TST/tickets/1/#links"
    html = page(cast.stakeholder)
    assert "&lt;b&gt;Adam&lt;/b&gt;</a>" in html
    assert "paper</span>" in html
    assert "#i-lit" in html
    assert "Add a link" not in html
    assert "linked &lt;b&gt;Adam&lt;/b&gt;" in html  # what happened
    answer = post(cast.member, "link", HTMX, remove=url)
    assert "Adam" not in answer.content.decode()
    assert ticket().links == []


@pytest.mark.parametrize("url", ["javascript:alert(1)", 'https://example.com/"><script>', "", "\0", "https://x y"])
def test_what_is_no_address_is_refused_and_stays_in_the_form(cast: Cast, url: str):
    make_ticket(cast)
    answer = post(cast.member, "link", HTMX, url=url, title="Kept")
    html = answer.content.decode()
    if answer.status_code == 200:
        assert url.startswith("https://example.com/")  # odd, but an address, and told as text
        assert 'href="https://example.com/&quot;&gt;&lt;script&gt;"' in html
    else:
        assert (answer.status_code, ticket().links) == (422, [])
        assert "Not added yet" in html
        assert 'value="Kept"' in html


def test_a_link_comes_while_somebody_edits_and_both_stay(cast: Cast):
    make_ticket(cast)
    before = ticket().version
    post(cast.member, "link", url="https://example.com/pull/1")
    edit_ticket(
        project=cast.project, number=1, sent={"title": "New"}, expected_version=before, actor=cast.lead, now=NOW
    )
    assert (ticket().title, len(ticket().links)) == ("New", 1)


def test_a_stakeholder_attaches_nothing(cast: Cast):
    make_ticket(cast)
    assert post(cast.stakeholder, "link", url="https://example.com").status_code == 403
    assert post(cast.stakeholder, "hold", do="block", why="x").status_code == 403
    assert post(cast.outsider, "link", url="https://example.com").status_code == 404


# ── Held up ──


def test_a_ticket_is_blocked_since_now_by_something_and_later_no_longer(cast: Cast):
    make_ticket(cast)
    answer = post(cast.member, "hold", do="block", why="No <GPU>", was="")
    assert answer.headers["Location"] == "/p/TST/tickets/1/#held"
    html = page(cast.member)
    assert 'blocked: No &lt;GPU&gt; <span class="faint">since' in html
    assert "said it is blocked: No &lt;GPU&gt;" in html
    assert ticket().blocked_since == NOW
    answer = post(cast.member, "hold", HTMX, do="go", was="No <GPU>")
    assert "board:refresh" in answer.headers["HX-Trigger"]
    assert (ticket().blocked_why, ticket().blocked_since) == ("", None)
    assert Change.objects.filter(kind="ticket", action="updated").count() == 2


def test_blocked_by_nothing_or_by_too_much_is_refused_and_what_was_written_stays(cast: Cast):
    make_ticket(cast)
    assert post(cast.member, "hold", do="block", why=" ", was="").status_code == 422
    answer = post(cast.member, "hold", HTMX, do="block", why="y" * 501, was="")
    assert answer.status_code == 422
    assert "y" * 501 in answer.content.decode()
    assert ticket().blocked_since is None


def test_what_somebody_said_meanwhile_is_not_written_over_unseen(cast: Cast):
    make_ticket(cast, blocked={"why": "The images are at the scanner"})
    for doing in ("block", "go"):
        answer = post(cast.member, "hold", HTMX, do=doing, why="No GPU", was="")
        assert answer.status_code == 422
        assert "Somebody said meanwhile that it is blocked: The images are at the scanner." in answer.content.decode()
    assert ticket().blocked_why == "The images are at the scanner"


def test_waiting_on_a_run_is_said_by_one_press_and_taken_back_by_another(cast: Cast):
    make_ticket(cast, blocked={"why": "x"})
    post(cast.member, "hold", do="wait", was="not seen")
    assert (ticket().waiting_on_run, ticket().blocked_why) == (True, "x")
    assert "Waits on no run" in page(cast.member)
    post(cast.member, "hold", do="arrived")
    assert (ticket().waiting_on_run, ticket().version) == (False, 1)


# ── What it says of itself ──


def test_the_gain_that_is_expected_stands_with_its_criterion(cast: Cast):
    make_ticket(cast, criteria=[{"metric": "error", "op": "<=", "value": 0.02, "expected_gain": 0.005}])
    assert 'expected gain <span class="num">0.005</span>' in page(cast.member)


def test_a_circle_of_needs_is_refused_by_its_name(cast: Cast):
    make_ticket(cast)
    make_ticket(cast, depends_on=[1])
    base = browser_of(cast.member).get("/p/TST/tickets/1/edit/").content.decode()
    assert "Needs first" in base
    answer = post(cast.member, "edit", version="1", depends_on="TST-2")
    assert answer.status_code == 422
    assert "These would wait for each other: TST-1 → TST-2 → TST-1." in answer.content.decode()
