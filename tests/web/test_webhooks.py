"""Leads set webhooks up on a page, see how each does and every attempt, and send again what did not arrive."""

import re
from typing import Any

import pytest

from agileml.journal.models import Audit, Delivery, Endpoint
from tests.factories import Cast
from tests.web.browsing import browser_of, queries

pytestmark = pytest.mark.django_db
HOOKS = "/p/TST/settings/webhooks/"
URL = "https://example.com/hook?token=hush"


def made(cast: Cast, **sent: Any) -> tuple[Endpoint, str]:
    answer = browser_of(cast.lead).post(f"{HOOKS}add/", {"url": URL, "description": "Our lake"} | sent)
    assert answer.status_code == 200, answer.content.decode()
    return Endpoint.objects.latest("pk"), answer.content.decode()


def first(pattern: str, html: str) -> str:
    found = re.search(pattern, html)
    assert found is not None
    return found[0]


def read(cast: Cast, path: str = HOOKS) -> str:
    answer = browser_of(cast.lead).get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def act(cast: Cast, row: Endpoint, do: str, who: Any = None, **more: str) -> Any:
    return browser_of(who or cast.lead).post(f"{HOOKS}{row.uid}/act/", {"do": do} | more)


def test_the_secret_is_shown_once_and_is_never_stored_or_shown_again(cast: Cast):
    row, html = made(cast, kinds=["ticket", "decision"])
    secret = first(r'whsec_[^"]+', html)
    assert (row.url, row.kinds) == (URL, ["decision", "ticket"])
    assert secret not in row.secrets
    for path in (HOOKS, f"{HOOKS}{row.uid}/"):
        assert "whsec_" not in read(cast, path)
    assert "hush" not in str(list(Audit.objects.values_list("detail", flat=True)))
    assert "no-store" in browser_of(cast.lead).post(f"{HOOKS}add/", {"url": URL})["Cache-Control"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("url", ""), ("url", "ftp://example.com/"), ("url", "http://me:word@example.com/"), ("url", "http://169.254.1.1/"),
     ("url", "https://example.com/\0"), ("url", "x" * 3000), ("kinds", ["nonsense"]), ("description", "x" * 201)],
)  # fmt: skip
def test_what_cannot_be_told_anything_is_refused_in_the_form(cast: Cast, name: str, value: Any):
    answer = browser_of(cast.lead).post(f"{HOOKS}add/", {"url": URL, "description": "Kept"} | {name: value})
    assert answer.status_code == 422
    assert "Not made yet" in answer.content.decode()
    assert not Endpoint.objects.exists()


def test_a_ping_that_does_not_arrive_says_why_and_is_listed(cast: Cast):
    row, _ = made(cast, url="http://localhost:1/")
    answer = browser_of(cast.lead).post(f"{HOOKS}{row.uid}/act/", {"do": "ping"}, follow=True)
    html = answer.content.decode()
    assert "The ping did not arrive." in html
    assert html.count("AGILEML_ALLOWED_SOURCE_HOSTS") == 2
    again = browser_of(cast.lead).post(f"{HOOKS}{row.uid}/deliveries/{Delivery.objects.get().uid}/", follow=True)
    assert "by hand" in again.content.decode()
    assert len(set(Delivery.objects.values_list("event", flat=True))) == 1


def test_it_is_changed_paused_resumed_and_removed(cast: Cast):
    row, _ = made(cast)
    path = f"{HOOKS}{row.uid}/"
    assert browser_of(cast.lead).post(path, {"url": "https://example.org/", "kinds": ["story"]}).status_code == 302
    row.refresh_from_db()
    assert (row.url, row.description, row.kinds) == ("https://example.org/", "", ["story"])
    answer = browser_of(cast.lead).post(path, {"url": "nowhere"})
    assert (answer.status_code, "Not saved yet" in answer.content.decode()) == (422, True)
    act(cast, row, "pause")
    assert "Paused by Lead Person." in read(cast)
    act(cast, row, "resume")
    assert Endpoint.objects.get().state == "active"
    act(cast, row, "remove")
    assert "No webhook yet" in read(cast)
    assert act(cast, row, "resume").status_code == 404
    assert list(Audit.objects.filter(action__startswith="webhook").order_by("pk").values_list("action", flat=True)) == [
        "webhook made", "webhook changed", "webhook changed", "webhook changed", "webhook removed",
    ]  # fmt: skip


def test_a_new_secret_is_shown_and_the_old_one_stays_unless_it_leaked(cast: Cast):
    row, html = made(cast)
    fresh = act(cast, row, "rotate").content.decode()
    assert "signed with the old one as well" in fresh
    assert first(r'whsec_[^"]+', fresh) != first(r'whsec_[^"]+', html)
    assert "does not count any more" in act(cast, row, "rotate", old="drop").content.decode()


def test_one_that_fails_is_told_of_on_the_settings_page(cast: Cast):
    row, _ = made(cast, description="<b>Lake</b>")
    assert "A webhook" not in read(cast, "/p/TST/settings/")
    Endpoint.objects.update(state="paused", failing_since=row.created_at, trouble="Nothing has arrived.")
    html = read(cast, "/p/TST/settings/")
    assert "A webhook is paused" in html
    assert "&lt;b&gt;Lake" in html


def test_an_event_at_which_it_is_stuck_can_be_left_out(cast: Cast):
    row, _ = made(cast)
    now = row.created_at
    Endpoint.objects.update(cursor=0, failing_since=now)
    Delivery.objects.create(
        endpoint=row, event="e-1", type="ticket.created", revision=1, happened_at=now, cause="change", attempt=1,
        at=now, took_ms=1, error="It answers 500.",
    )  # fmt: skip
    assert "Leave revision 1 out" in read(cast, f"{HOOKS}{row.uid}/")
    act(cast, row, "skip", revision="7")
    assert Endpoint.objects.get().cursor == 0
    act(cast, row, "skip", revision="1")
    assert (Endpoint.objects.get().cursor, Endpoint.objects.get().failing_since) == (1, None)


def test_attempts_come_a_page_at_a_time_and_by_failure(cast: Cast):
    row, _ = made(cast)
    Delivery.objects.bulk_create(
        Delivery(
            endpoint=row, event=f"e-{number}", type="ticket.created", revision=number, happened_at=row.created_at,
            cause="change", attempt=1, at=row.created_at, took_ms=1, error="" if number % 2 else "No.", answer="<b>",
        )
        for number in range(1, 121)
    )  # fmt: skip
    path = f"{HOOKS}{row.uid}/"
    html = read(cast, path)
    assert html.count('class="link">Send again') == 50
    assert "&lt;b&gt;" in html
    older = first(r"\?before=\d+", html)
    assert read(cast, path + older).count('class="link">Send again') == 50
    failed = read(cast, f"{path}?failed=yes")
    assert failed.count('class="bad">No.') == 50
    assert read(cast, f"{path}?before=nonsense").count('class="link">Send again') == 50


def test_leads_alone_know_of_webhooks(cast: Cast):
    row, _ = made(cast)
    for who, status in ((cast.member, 403), (cast.stakeholder, 403), (cast.outsider, 404)):
        browser = browser_of(who)
        for path in (HOOKS, f"{HOOKS}{row.uid}/"):
            assert browser.get(path).status_code == status
        assert act(cast, row, "pause", who).status_code == status
        assert browser.post(f"{HOOKS}add/", {"url": URL}).status_code == status
    assert act(cast, row, "nonsense").status_code == 404
    assert Endpoint.objects.get().state == "active"


def test_pages_cost_the_same_however_many_there_are(cast: Cast):
    row, _ = made(cast)
    browser = browser_of(cast.lead)

    def cost() -> list[int]:
        return [queries(browser, path)[1] for path in (HOOKS, f"{HOOKS}{row.uid}/", "/p/TST/settings/")]

    cost()
    before = cost()
    for _ in range(4):
        other, _ = made(cast)
        Endpoint.objects.filter(pk=other.pk).update(failing_since=other.created_at)
        Delivery.objects.create(
            endpoint=row, event="e", type="ping", happened_at=other.created_at, cause="ping", attempt=1,
            at=other.created_at, took_ms=1,
        )  # fmt: skip
    assert cost() == before
    assert max(before) <= 8
