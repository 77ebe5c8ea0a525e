"""A draft is looked at before it is published."""

from agileml.demos.actions.edit import edit_demo, leave_out
from agileml.demos.actions.images import add_image
from agileml.demos.models import DemoItem, Edition
from agileml.journal.models import Change
from agileml.work.models import Ticket
from tests.demos.conftest import shown
from tests.demos.pictures import PNG
from tests.demos.showing import Shown, item_of
from tests.factories import NOW
from tests.web.browsing import browser_of, queries, set_clock
from tests.web.test_shared import harm

PATH = "/p/TST/demos/1/preview/"
__all__ = ["shown"]


def article(html: str) -> str:
    return html[html.index("<article") : html.rindex("</article>")]


def test_it_shows_what_publishing_would_show_and_writes_nothing(shown: Shown, monkeypatch):
    set_clock(monkeypatch, NOW)
    shown.begun()
    add_image(demo=1, item=item_of(1).uid, name="a.png", alt="A point", content=PNG, **shown.who)
    leave_out(demo=1, item=item_of(4).uid, **shown.who)
    before = Change.objects.count()
    client = browser_of(shown.cast.member)
    html = client.get(PATH).content.decode()
    assert "preview: nobody else sees this yet" in html
    assert (Edition.objects.count(), Change.objects.count()) == (0, before)
    assert Ticket.objects.filter(outcome="demoed").count() == 0
    for words in ("Skeleton", "Many digits lean.", "What got better", "/images/", '<svg class="chart"'):
        assert words in article(html)
    assert "Edges do not help." not in html
    client.post("/p/TST/demos/1/edit/", {"do": "publish", "edition": "0"})
    published = client.get("/p/TST/demos/1/").content.decode()
    there = [line for line in article(html).splitlines() if line.strip()]
    assert [line for line in there if line not in published] == []


def test_where_everything_is_left_out_it_says_so_and_offers_nothing(shown: Shown):
    shown.begun()
    for uid in DemoItem.objects.values_list("uid", flat=True):
        leave_out(demo=1, item=uid, **shown.who)
    html = browser_of(shown.cast.member).get(PATH).content.decode()
    assert "Every item is left out." in html
    assert "Publish" not in html


def test_it_is_for_those_who_write_it(shown: Shown):
    shown.published()
    edit_demo(demo=1, sent={"title": "Not yet"}, expected_version=None, **shown.who)
    assert "Not yet" in browser_of(shown.cast.lead).get(PATH).content.decode()
    assert browser_of(shown.cast.stakeholder).get(PATH).status_code == 403
    assert browser_of(shown.cast.outsider).get(PATH).status_code == 404
    assert browser_of(shown.cast.lead).get("/p/TST/demos/2/preview/").status_code == 404


def test_hostile_words_are_only_words(shown: Shown):
    shown.begun()
    text = "<script>alert(1)</script> [a](javascript:alert(1)) \u202e"
    edit_demo(demo=1, sent={"title": text, "intro": text}, expected_version=None, **shown.who)
    html = browser_of(shown.cast.member).get(PATH).content.decode()
    assert harm(article(html)) == []


def test_it_is_read_in_few_queries(shown: Shown):
    shown.begun()
    client = browser_of(shown.cast.member)
    assert queries(client, PATH)[1] <= 60
