"""Building a demo on its page, with forms that need no script."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from agileml.demos.actions.edit import edit_demo, edit_item, move_item
from agileml.demos.models import Demo, DemoImage, DemoItem, Edition
from agileml.demos.queries import listed
from agileml.planning.actions.progress import progress
from agileml.work.models import Finding, Ticket
from tests.demos.conftest import shown
from tests.demos.pictures import PNG
from tests.demos.showing import Shown, find, item_of
from tests.web.browsing import HTMX, browser_of, queries

PATH = "/p/TST/demos/1/edit/"

__all__ = ["shown"]


@pytest.fixture
def builder(shown: Shown) -> Client:
    """A member with a demo that has begun."""
    shown.begun()
    return browser_of(shown.cast.member)


def read(client: Client) -> str:
    answer = client.get(PATH)
    assert answer.status_code == 200
    return answer.content.decode().partition("<main")[2]


def do(client: Client, what: str, item: DemoItem | None = None, **sent: Any) -> Any:
    return client.post(PATH, {"do": f"{what}:{item.uid}" if item else what, **sent})


def order() -> list[tuple[str, int | None]]:
    rows = sorted(DemoItem.objects.select_related("ticket"), key=lambda row: row.rank)
    return [(row.section, row.ticket.number if row.ticket else None) for row in rows]


def test_it_shows_what_ended_in_its_sections_and_not_to_stakeholders(shown: Shown, builder: Client):
    html = read(builder)
    places = [
        html.index(words) for words in ("What we learned", "Many digits lean.", "What got better", "What we shipped")
    ]
    assert places == sorted(places)
    assert browser_of(shown.cast.stakeholder).get(PATH).status_code == 403
    assert browser_of(shown.cast.outsider).get(PATH).status_code == 404


def test_title_and_introduction_are_saved_and_a_conflict_is_told(shown: Shown, builder: Client):
    do(builder, "demo", title="The bones", intro="*First*", version="1", was_title="Skeleton", was_intro="")
    assert (Demo.objects.get().title, Demo.objects.get().intro) == ("The bones", "*First*")
    lead = shown.as_(shown.cast.lead).who
    edit_demo(demo=1, sent={"title": "Theirs"}, expected_version=None, **lead)
    answer = do(builder, "demo", title="Mine", intro="*First*", version="2", was_title="The bones", was_intro="*First*")
    assert answer.status_code == 409
    assert "Lead Person changed this while you were writing" in answer.content.decode()
    assert 'value="Mine"' in answer.content.decode()
    assert Demo.objects.get().title == "Theirs"
    again: Any = {"keep_title": "theirs", "version": "3", "was_title": "Theirs", "was_intro": "*First*"}
    assert do(builder, "demo", title="Mine", intro="Other", **again).status_code == 302
    assert (Demo.objects.get().title, Demo.objects.get().intro) == ("Theirs", "Other")
    wrong = do(builder, "demo", title="", intro="Kept", version="4", was_title="Theirs", was_intro="Other")
    assert wrong.status_code == 422
    assert "Kept" in wrong.content.decode()


def form(item: DemoItem, **written: Any) -> dict[str, Any]:
    """The form of an item as a browser sends it, everything that there is ticked."""
    codes = [str(uid) for uid in Finding.objects.filter(ticket=item.ticket).values_list("uid", flat=True)]
    was = {"headline": item.headline, "story": item.story, "section": item.section, "presenter": ""}
    shows = {"findings": codes, "charts": ["error"] if item.ticket and item.ticket.number == 2 else []}
    old = {f"was_{name}": "\r\n".join(value) for name, value in shows.items()}
    return {"version": item.version, **shows, **was, **{f"was_{n}": v for n, v in was.items()}, **old, **written}


def test_an_item_is_rewritten_and_what_it_shows_is_chosen(shown: Shown, builder: Client):
    second = find(shown, 1, "Another one")
    item = item_of(1)
    person = str(shown.cast.lead.uid)
    sent = form(item, headline="Digits lean", story="# Why\nBecause.", presenter=person, findings=[second])
    assert do(builder, "item", item, **sent).headers["Location"] == f"{PATH}#item-{item.uid}"
    item.refresh_from_db()
    assert (item.headline, item.story, item.presenter) == ("Digits lean", "# Why\nBecause.", shown.cast.lead)
    assert (item.findings, item.charts, item.evaluations) == ([second], None, None)
    both = form(item, was_findings=second, presenter=person, was_presenter=person)
    do(builder, "item", item, **both)
    item.refresh_from_db()
    assert item.findings is None  # all of them is also what is found later


def test_charts_stay_the_usual_ones_until_somebody_chooses(builder: Client):
    item = item_of(2)
    do(builder, "item", item, **form(item, story="More"))
    item.refresh_from_db()
    assert (item.story, item.charts) == ("More", None)
    do(builder, "item", item, **form(item, charts=[]))
    item.refresh_from_db()
    assert item.charts == []


def test_an_edit_of_the_same_words_by_two_is_told_with_both(shown: Shown, builder: Client):
    item = item_of(1)
    theirs = {"headline": "Theirs", "presenter": str(shown.cast.lead.uid)}
    edit_item(demo=1, item=item.uid, sent=theirs, expected_version=None, **shown.as_(shown.cast.lead).who)
    member = str(shown.cast.member.uid)
    answer = do(builder, "item", item, **form(item, headline="Mine", story="Kept", presenter=member))
    html = answer.content.decode()
    assert answer.status_code == 409
    for words in ("Theirs", "Mine", "Kept", shown.cast.lead.name, "keep_presenter"):
        assert words in html
    item.refresh_from_db()
    assert (item.headline, item.story) == ("Theirs", "")


@pytest.mark.parametrize("wrong", [{"headline": ""}, {"section": "elsewhere"}, {"presenter": "nobody"}])
def test_what_is_wrong_is_said_where_it_was_written(builder: Client, wrong: dict[str, str]):
    item = item_of(1)
    answer = do(builder, "item", item, **form(item, story="Kept", **wrong))
    assert answer.status_code == 422
    assert "Kept" in answer.content.decode()
    assert 'class="error"' in answer.content.decode()


def test_items_go_up_and_down_and_on_into_the_next_section(builder: Client):
    assert order() == [("learned", 1), ("better", 2), ("shipped", 3), ("not_done", 4)]
    do(builder, "down", item_of(1))
    assert order() == [("better", 1), ("better", 2), ("shipped", 3), ("not_done", 4)]
    do(builder, "down", item_of(1))
    assert order() == [("better", 2), ("better", 1), ("shipped", 3), ("not_done", 4)]
    do(builder, "up", item_of(3))
    assert order() == [("better", 2), ("better", 1), ("better", 3), ("not_done", 4)]
    do(builder, "up", item_of(2))
    do(builder, "up", item_of(2))
    assert ("learned", 2) in order()
    do(builder, "down", item_of(4))
    assert ("not_done", 4) in order()


def test_an_item_is_dropped_where_it_belongs(builder: Client):
    sent = {"section": "learned", "before": str(item_of(1).uid)}
    answer = builder.post(PATH, {"do": f"place:{item_of(3).uid}", **sent}, headers=HTMX)
    assert answer.status_code == 200
    assert "<h1" not in answer.content.decode(), "the rows stand there already"
    assert order()[:2] == [("learned", 3), ("learned", 1)]
    assert do(builder, "place", item_of(3), before=str(item_of(3).uid)).status_code == 422
    assert do(builder, "place", item_of(3), before="\0").status_code == 404


def test_two_who_put_it_in_order_at_once_and_write_in_it_lose_nothing(shown: Shown, builder: Client):
    """Each from a page that does not know of the other."""
    lead = browser_of(shown.cast.lead)
    written = form(item_of(3), headline="It serves")
    do(builder, "place", item_of(3), section="learned", before=str(item_of(1).uid))
    stale = {"do": f"place:{item_of(2).uid}", "section": "shipped", "after": str(item_of(3).uid)}
    assert lead.post(PATH, stale, headers=HTMX).status_code == 200
    do(builder, "out", item_of(3))
    assert lead.post(PATH, {"do": f"item:{item_of(3).uid}", **written}).status_code == 302
    sections = {code: [number for section, number in order() if section == code] for code in dict(order())}
    assert sections == {"learned": [3, 1], "shipped": [2], "not_done": [4]}
    row = item_of(3)
    assert (row.headline, row.section, row.left_out) == ("It serves", "learned", True)


def test_what_is_left_out_is_not_published_until_it_is_put_back(builder: Client):
    do(builder, "out", item_of(4))
    assert "left out" in read(builder)
    assert do(builder, "publish", edition="0").headers["Location"] == "/p/TST/demos/1/"
    assert "not_done" not in [section["code"] for section in Edition.objects.get().body["sections"]]
    do(builder, "in", item_of(4))
    assert "the draft has changes that nobody sees yet" in read(builder)
    assert 'class="button primary" id="publish"' in read(builder)
    do(builder, "publish", edition="0")
    assert Edition.objects.count() == 1  # somebody published the first one already
    do(builder, "publish", edition="1")
    assert Edition.objects.count() == 2
    assert "the draft is as published" in read(builder)
    assert 'class="button" id="publish"' in read(builder)
    moved = builder.post(PATH, {"do": f"place:{item_of(2).uid}", "section": "learned"}, headers=HTMX).content.decode()
    assert "the draft has changes that nobody sees yet" in moved
    assert 'class="button primary" id="publish" hx-swap-oob="true"' in moved


def test_nothing_is_not_published(builder: Client):
    for number in (1, 2, 3, 4):
        do(builder, "out", item_of(number))
    answer = do(builder, "publish", edition="0")
    assert answer.status_code == 422
    assert "there is nothing to publish" in answer.content.decode()


def test_what_ended_since_is_taken_in(shown: Shown, builder: Client):
    assert "ended since" not in read(builder)
    progress(number=5, to="done", outcome="learned", **shown.who)
    assert "1 ticket ended since" in read(builder)
    do(builder, "refresh")
    assert item_of(5).headline == "Still going"


def test_something_about_no_ticket_is_added(builder: Client):
    do(builder, "add", headline="Thanks", section="learned", story="To the clerks")
    assert item_of(None).story == "To the clerks"
    answer = do(builder, "add", headline="", section="learned", story="Kept")
    assert answer.status_code == 422
    assert "Kept" in answer.content.decode()


def test_a_picture_is_known_by_its_bytes_and_taken_off_again(builder: Client):
    item = item_of(1)
    html = do(builder, "picture", item, picture=SimpleUploadedFile("a.png", b"GIF or not", "image/png"))
    assert html.status_code == 422
    assert "This is no PNG" in html.content.decode()
    assert do(builder, "picture", item).status_code == 422
    do(builder, "picture", item, picture=SimpleUploadedFile("x" * 300 + ".gif", PNG, "text/html"), alt="A curve")
    row = DemoImage.objects.get()
    assert (row.media_type, row.alt) == ("image/png", "A curve")
    assert f"/p/TST/demos/1/images/{row.uid}/" in read(builder)
    do(builder, "describe", item, image=str(row.uid), alt="A steeper curve")
    row.refresh_from_db()
    assert row.alt == "A steeper curve"
    assert do(builder, "describe", item, image=str(row.uid), alt="x" * 301).status_code == 422
    do(builder, "unpicture", item, image=str(row.uid))
    assert str(row.uid) not in read(builder)
    large = SimpleUploadedFile("a.png", PNG + b"\0" * 2 * 1024 * 1024, "image/png")
    assert do(builder, "picture", item, picture=large).status_code == 422


@pytest.mark.parametrize("step", ["up", "down"])
def test_a_step_of_what_somebody_else_moves_at_that_moment_is_a_step_from_where_it_is(
    shown: Shown, builder: Client, monkeypatch: pytest.MonkeyPatch, step: str
):
    item, read_items = item_of(2), listed.items

    def moved_meanwhile(of: Demo) -> list[DemoItem]:
        move_item(demo=1, item=item.uid, section="shipped", **shown.as_(shown.cast.lead).who)
        return read_items(of)

    monkeypatch.setattr(listed, "items", moved_meanwhile)
    assert do(builder, step, item).status_code == 302
    assert DemoItem.objects.get(pk=item.pk).section == {"up": "shipped", "down": "not_done"}[step]


@pytest.mark.parametrize("what", ["", "nothing", "item:", "up:no", "item:0f8fad5b-d9cb-469f-a165-70867728950e"])
def test_what_is_not_there_is_not_done(builder: Client, what: str):
    assert do(builder, what).status_code == 404


def test_hostile_words_are_only_words(shown: Shown, builder: Client):
    Ticket.objects.filter(number=1).update(title="<script>alert(1)</script>")
    item = item_of(1)
    do(builder, "item", item, **form(item, headline="<b>\u202e", story="<script>alert(2)</script>"))
    html = read(builder)
    assert "<script>alert" not in html
    assert "&lt;b&gt;" in html


def test_it_is_read_in_few_queries(shown: Shown, builder: Client):
    builder.get(PATH)
    assert queries(builder, PATH)[1] <= 24
