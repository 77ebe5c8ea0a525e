"""A published demo on its page: what is shown, what is said of it, and the links that lead guests to it."""

import re

import pytest
from django.test import Client

from agileml.demos.actions.answers import guest_feedback
from agileml.demos.actions.edit import edit_item
from agileml.demos.actions.images import add_image
from agileml.demos.actions.publish import publish
from agileml.demos.models import Demo, DemoImage, Feedback, GoalAnswer, ShareLink
from agileml.demos.queries.shown import working_link
from agileml.projects.doors import Hidden
from agileml.work.models import Finding, Ticket
from tests.demos.conftest import shown
from tests.demos.showing import Shown, find, item_of
from tests.factories import NOW
from tests.web.browsing import browser_of, queries

PATH = "/p/TST/demos/1/"
HOSTILE = "<script>alert(1)</script> \u202e <img src=x>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
__all__ = ["shown"]


@pytest.fixture
def member(shown: Shown) -> Client:
    """A member at a demo that is published."""
    shown.published()
    return browser_of(shown.cast.member)


@pytest.fixture
def lead(member: Client, shown: Shown) -> Client:
    """The lead at the same."""
    return browser_of(shown.cast.lead)


def read(client: Client) -> str:
    answer = client.get(PATH)
    assert answer.status_code == 200
    return answer.content.decode().partition("<main")[2]


def test_it_shows_what_was_frozen_and_of_when_it_is(shown: Shown, member: Client):
    html = read(member)
    for words in ("Numbers as of ", "What we decided not to do, and why", "Edges do not help.", "we get edges"):
        assert words in html
    assert '<svg class="chart"' in html
    before = re.sub(r"[0-9a-f-]{36}-[0-9a-z-]+|csrfmiddlewaretoken\S+ \S+", "", html)
    find(shown, 1, "This came too late")
    edit_item(
        demo=1, item=item_of(1).uid, sent={"headline": "Rewritten"}, expected_version=None, **shown.who
    )  # fmt: skip
    after = read(member)
    assert "This came too late" not in after
    assert "Rewritten" not in after
    assert "the draft has changes" in after
    assert "the draft has changes" not in before


def test_headings_in_a_story_stand_under_its_headline(shown: Shown, member: Client):
    story = "## Why\nIt leans.\n\n#### More\n`<h1>` is code."
    edit_item(demo=1, item=item_of(1).uid, sent={"story": story}, expected_version=None, **shown.who)
    publish(demo=1, **shown.who)
    html = read(member)
    assert "<h4>Why</h4>" in html
    assert "<h5>More</h5>" in html
    assert "<code>&lt;h1&gt;</code>" in html


def test_a_draft_leads_to_its_builder_and_is_hidden_from_stakeholders(shown: Shown):
    shown.begun()
    assert browser_of(shown.cast.member).get(PATH).headers["Location"] == f"{PATH}edit/"
    assert browser_of(shown.cast.stakeholder).get(PATH).status_code == 404
    said = browser_of(shown.cast.member).post(f"{PATH}say/", {"kind": "comment"})
    assert said.status_code == 404


def test_a_stakeholder_says_something_of_an_item_and_sees_it_there(shown: Shown, member: Client):
    client, uid = browser_of(shown.cast.stakeholder), str(item_of(1).uid)
    sent = {"item": uid, "kind": "question", "text": HOSTILE, "key": "once"}
    for _ in range(2):
        assert client.post(f"{PATH}say/", sent).headers["Location"] == f"{PATH}#thread-{uid}"
    assert Feedback.objects.count() == 1
    html = read(client)
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>alert" not in html
    assert "Make a ticket of it" not in html
    assert "Links for guests" not in html


def test_what_is_refused_comes_back_where_it_was_written(shown: Shown, member: Client):
    answer = member.post(f"{PATH}say/", {"kind": "comment", "text": "", "item": str(item_of(1).uid)})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Say what you think." in html.partition(f'id="thread-{item_of(1).uid}"')[2].partition("</section>")[0]
    answer = member.post(f"{PATH}say/", {"kind": "comment", "text": "x" * 2001})
    assert answer.status_code == 422
    assert "x" * 2001 in answer.content.decode()


def test_what_a_guest_said_is_answered_and_becomes_a_ticket_once(shown: Shown, member: Client):
    row = guest_feedback(token=shown.token(), name="Ada", sent={"kind": "question", "text": "Why 3?"}, now=NOW)
    assert member.post(f"{PATH}feedback/{row.uid}/answer/", {"text": "\0"}).status_code == 422
    member.post(f"{PATH}feedback/{row.uid}/answer/", {"text": "It was first."})
    for _ in range(2):
        assert member.post(f"{PATH}feedback/{row.uid}/become/", {"what": "ticket"}).status_code == 302
    made = Ticket.objects.get(title="Why 3?")
    html = read(member)
    for words in ("Ada", "guest", "It was first.", f"TST-{made.number}"):
        assert words in html


def test_what_was_said_of_a_ticket_becomes_a_finding_and_of_the_whole_it_cannot(shown: Shown, member: Client):
    for item in (str(item_of(1).uid), ""):
        member.post(f"{PATH}say/", {"item": item, "kind": "concern", "text": "Too few digits"})
    of_item, of_whole = Feedback.objects.order_by("pk")
    assert read(member).count("Make a finding of it") == 1
    member.post(f"{PATH}feedback/{of_item.uid}/become/", {"what": "finding"})
    assert Finding.objects.filter(ticket__number=1, text__contains="Too few digits").count() == 1
    assert 'href="/p/TST/tickets/1/#findings">TST-1</a>' in read(member)
    refused = member.post(f"{PATH}feedback/{of_whole.uid}/become/", {"what": "finding"})
    assert refused.status_code == 422
    assert "make a ticket of it instead" in refused.content.decode()


def test_goals_are_answered_for_and_the_newest_answer_of_a_person_counts(shown: Shown, member: Client):
    for verdict, note in (("stop", "No use"), ("adjust", "Count letters too")):
        answer = member.post(f"{PATH}goal/", {"epic": "1", "verdict": verdict, "note": note})
        assert answer.headers["Location"] == f"{PATH}#goal-1"
    assert GoalAnswer.objects.count() == 2
    html = read(member).partition('id="goal-1"')[2]
    assert "Count letters too" in html
    assert "No use" not in html
    assert member.post(f"{PATH}goal/", {"epic": "9", "verdict": "keep"}).status_code == 422
    assert member.post(f"{PATH}goal/", {"epic": "1", "verdict": "perhaps"}).status_code == 422


def test_the_review_of_a_goal_begins_with_what_was_said_of_it(shown: Shown, member: Client):
    assert "Review its alignment" not in read(member)
    for client, verdict in ((member, "keep"), (browser_of(shown.cast.stakeholder), "adjust")):
        client.post(f"{PATH}goal/", {"epic": "1", "verdict": verdict, "note": f"{HOSTILE} {verdict}"})
    assert "/p/TST/epics/1/?demo=1#review" in read(member)
    html = member.get("/p/TST/epics/1/?demo=1").content.decode()
    assert 'value="adjust" required checked' in html  # the more cautious of as many
    assert "At the demo “Skeleton”: 1 keep, 1 adjust." in html
    assert f"{shown.cast.stakeholder.name}: &lt;script&gt;" in html
    assert "At the demo" not in member.get("/p/TST/epics/1/?demo=9").content.decode()


def test_the_address_of_a_link_is_shown_once_and_is_kept_nowhere(shown: Shown, lead: Client):
    answer = lead.post(f"{PATH}links/", {"days": "7"})
    found = re.search(r'value="http://testserver/d/([\w-]{43})/"', answer.content.decode())
    assert found is not None
    assert "no-store" in answer.headers["Cache-Control"]
    assert working_link(found[1], now=NOW).demo == Demo.objects.get()
    assert found[1] not in read(lead)
    link = ShareLink.objects.get()
    assert lead.post(f"{PATH}links/{link.uid}/revoke/").headers["Location"] == f"{PATH}#links"
    with pytest.raises(Hidden):
        working_link(found[1], now=NOW)
    assert "revoked" in read(lead)


def test_a_link_to_always_the_newest_may_ask_for_a_passphrase(lead: Client):
    answer = lead.post(f"{PATH}links/", {"days": "30", "passphrase": "open sesame", "newest": "yes"})
    html = answer.content.decode()
    assert "always the newest demo after the passphrase" in html
    assert "open sesame" not in html
    link = ShareLink.objects.get()
    assert (link.demo, bool(link.passphrase)) == (None, True)
    assert lead.post(f"{PATH}links/", {"days": "9999"}).status_code == 422


def test_a_picture_runs_nothing_and_only_what_was_published_is_for_everybody(shown: Shown, lead: Client):
    old = add_image(demo=1, item=item_of(1).uid, name="a.svg", content=SVG, alt="A curve", **shown.who)
    publish(demo=1, **shown.who)
    draft = add_image(demo=1, item=item_of(1).uid, name="b.svg", content=SVG, **shown.who)
    stakeholder = browser_of(shown.cast.stakeholder)
    answer = stakeholder.get(f"{PATH}images/{old.uid}/")
    assert answer.content == SVG
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert f'src="{PATH}images/{old.uid}/"' in read(stakeholder)
    assert stakeholder.get(f"{PATH}images/{draft.uid}/").status_code == 404
    assert lead.get(f"{PATH}images/{draft.uid}/").status_code == 200
    assert lead.get(f"{PATH}images/{item_of(1).uid}/").status_code == 404
    assert DemoImage.objects.count() == 2


def test_it_is_read_in_few_queries_however_much_was_said(shown: Shown, lead: Client):
    for number in range(30):
        lead.post(f"{PATH}say/", {"item": str(item_of(1).uid), "kind": "comment", "text": f"No. {number}"})
    lead.get(PATH)
    assert queries(lead, PATH)[1] <= 14
