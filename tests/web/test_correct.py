"""Correcting a run on a page: seen, said, replaced and taken back, by a plain form."""

import re
from typing import Any

import pytest
from django.urls import reverse

from agileml.metrics.actions.corrections import correct
from agileml.metrics.models import Candidate, Snapshot, SnapshotCorrection
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_ticket, measure
from tests.web.browsing import browser_of, queries

pytestmark = pytest.mark.django_db
TICKET = "/p/TST/tickets/1/"
WHY = "The folder had the wrong name."


@pytest.fixture
def ticket(cast: Cast) -> Ticket:
    ticket = make_ticket(cast)
    measure(cast, ticket, [0.1, 0.5], split="val", run_name="svm-raw", run_url="https://runs.example/7")
    return ticket


def address(pair: str = "seed=1") -> str:
    return reverse("correct", args=["TST", 1, Snapshot.objects.filter(pair_key=pair).order_by("pk")[0].uid])


def seen(cast: Cast) -> str:
    return browser_of(cast.member).get(address()).content.decode()


def form(html: str) -> dict[str, str]:
    """What the form would send as it stands."""
    found = dict(re.findall(r'name="(was|candidate|pair_key|split)" value="([^"]*)"', html))
    assert set(found) == {"was", "candidate", "pair_key", "split"}
    return found


def post(cast: Cast, *, do: str = "correct", by: Any = None, draft: dict[str, str] | None = None, **said: str) -> Any:
    sent = (draft or form(seen(cast))) | {"reason": WHY, "do": do} | said
    return browser_of(by or cast.member).post(address(), sent)


def test_the_table_of_runs_leads_to_the_run_as_it_was_received(cast: Cast, ticket: Ticket):
    assert f'href="{address()}"' in browser_of(cast.member).get(TICKET).content.decode()
    html = seen(cast)
    for text in ("svm-raw", "https://runs.example/7", "pushed", "seed=1", "val", "first", "0.5"):
        assert text in html
    assert form(html) == {"was": "0", "candidate": "first", "pair_key": "seed=1", "split": "val"}


def test_a_run_is_corrected_and_who_when_and_why_can_be_read(cast: Cast, ticket: Ticket):
    answer = post(cast, candidate="another", split="test")
    assert (answer.status_code, answer["Location"]) == (302, f"{TICKET}?metric=error#runs")
    row = SnapshotCorrection.objects.get()
    assert row.candidate is not None
    assert (row.candidate.name, row.pair_key, row.split, row.reason) == ("another", None, "test", WHY)
    assert (row.source, row.external_id, row.run_pair, row.run_split) == ("push", "run", "seed=1", "val")
    html = seen(cast)
    assert "candidate “another”, split “test”" in html
    assert "Member Person" in html
    assert WHY in html
    assert "holds now" in html
    assert form(html) == {"was": str(row.revision), "candidate": "another", "pair_key": "seed=1", "split": "test"}
    assert "as received: first, val" in browser_of(cast.member).get(TICKET).content.decode()


def test_a_part_that_is_set_to_what_was_received_is_no_longer_said(cast: Cast, ticket: Ticket):
    post(cast, candidate="another", split="test")
    post(cast, candidate="first")
    row = SnapshotCorrection.objects.get()
    assert (row.candidate, row.split) == (None, "test")


def test_a_correction_is_taken_back_and_still_told(cast: Cast, ticket: Ticket):
    post(cast, candidate="another", pair_key="seed=7")
    assert post(cast, do="back", by=cast.lead, reason="It was right.").status_code == 302
    row = SnapshotCorrection.objects.get()
    assert (row.candidate, row.pair_key, row.split) == (None, None, None)
    html = seen(cast)
    assert "took it back" in html
    assert "It was right." in html
    assert WHY in html
    assert "holds now" not in html
    assert 'value="back"' not in html
    assert "as received" not in browser_of(cast.member).get(TICKET).content.decode()


def test_what_somebody_said_meanwhile_is_not_written_over_unseen(cast: Cast, ticket: Ticket):
    draft = form(seen(cast))
    post(cast, candidate="theirs", by=cast.lead)
    answer = post(cast, draft=draft, candidate="mine", reason="So I think.")
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody corrected this run meanwhile" in html
    assert "candidate “theirs”" in html
    assert "So I think." in html
    assert form(html)["candidate"] == "mine"
    assert post(cast, draft=form(html), reason="So I think.").status_code == 302
    assert Snapshot.objects.corrected().get(pair_key="seed=1").as_name == "mine"


def test_a_correction_is_not_taken_back_unseen_either(cast: Cast, ticket: Ticket):
    post(cast, candidate="mine")
    draft = form(seen(cast))
    post(cast, candidate="theirs", by=cast.lead)
    assert post(cast, draft=draft, do="back").status_code == 409
    assert Snapshot.objects.corrected().get(pair_key="seed=1").as_name == "theirs"


@pytest.mark.parametrize(
    "said",
    [
        {"candidate": "another", "reason": " "},
        {"candidate": "x" * 201},
        {"pair_key": "a\0b"},
        {"candidate": "another", "reason": "x" * 1_000_000},
        {},
        {"do": "back"},
    ],
    ids=["no reason", "long", "NUL", "a megabyte", "nothing said", "nothing to take back"],
)
def test_what_cannot_be_said_is_refused_and_stays_in_the_form(cast: Cast, ticket: Ticket, said: dict[str, Any]):
    answer = post(cast, **said)
    assert answer.status_code == 422
    assert "Not corrected" in answer.content.decode()
    assert not SnapshotCorrection.objects.exists()


def test_markup_is_shown_as_text(cast: Cast, ticket: Ticket):
    post(cast, candidate="<script>x</script>\u202e", reason="<b>why</b>")
    for html in (seen(cast), browser_of(cast.member).get(TICKET).content.decode()):
        assert "<script>x" not in html
        assert "<b>why" not in html
        assert "&lt;script&gt;x" in html


def test_a_name_of_two_lines_that_was_left_alone_says_nothing(cast: Cast, ticket: Ticket):
    measure(cast, ticket, [0.2], candidate="two\nlines", external_id="other")
    path = reverse("correct", args=["TST", 1, Snapshot.objects.get(external_id="other").uid])
    sent = {"do": "correct", "was": "0", "candidate": "twolines", "pair_key": "seed=0", "split": "test", "reason": WHY}
    assert browser_of(cast.member).post(path, sent).status_code == 302
    assert SnapshotCorrection.objects.get().candidate is None
    assert not Candidate.objects.filter(name="twolines").exists()


def test_who_only_looks_reads_why_and_finds_no_form(cast: Cast, ticket: Ticket):
    assert address() not in browser_of(cast.stakeholder).get(TICKET).content.decode()
    post(cast, candidate="another")
    browser = browser_of(cast.stakeholder)
    assert f'href="{address()}"' in browser.get(TICKET).content.decode()
    html = browser.get(address()).content.decode()
    assert WHY in html
    assert 'name="do"' not in html
    assert browser.post(address(), {"do": "back", "reason": "No."}).status_code == 403


def test_a_run_of_another_ticket_or_project_is_not_found(cast: Cast, ticket: Ticket):
    make_ticket(cast)
    there = make_cast("ELSE")
    measure(there, make_ticket(there), [0.1])
    uid = Snapshot.objects.get(ticket__project=there.project).uid
    browser = browser_of(cast.member)
    for path in (address().replace("tickets/1/", "tickets/2/"), reverse("correct", args=["TST", 1, uid])):
        assert browser.get(path).status_code == browser.post(path, {"do": "back"}).status_code == 404
    assert browser.post(address(), {"do": "forget"}).status_code == 404


def test_the_page_costs_the_same_however_many_runs_and_corrections_there_are(cast: Cast, ticket: Ticket):
    post(cast, candidate="another")
    _, few = queries(browser_of(cast.member), address())
    for serial in range(3):
        measure(cast, ticket, [0.1, 0.2], external_id=f"run-{serial}", metric=f"m{serial}")
        measure(cast, ticket, [0.1, 0.2], split="val", metric=f"m{serial}")
        post(cast, candidate=f"another {serial}")
    assert queries(browser_of(cast.member), address())[1] == few <= 20


def test_the_activity_tells_of_corrections(cast: Cast, ticket: Ticket):
    run = {"source": "push", "external_id": "run", "run_pair": "seed=1", "run_split": "val"}
    for said in ({"candidate": "another", "pair_key": "seed=7", "reason": WHY}, {"reason": "It was right."}):
        correct(project=cast.project, ticket=1, sent=run | said, actor=cast.member, now=NOW)
    html = browser_of(cast.member).get(TICKET).content.decode()
    told = html[html.index('id="happened"') :]
    sentence = f"corrected the run run (candidate “another”, pair “seed=7”): {WHY}"
    assert told.index("took the correction of the run run back: It was right.") < told.index(sentence)
