"""What a share link shows: one demo, to whoever has it, for as long as it works, and nothing else."""

import logging
import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client

from agileml.demos.actions.begin import begin_demo
from agileml.demos.actions.edit import edit_demo, edit_item
from agileml.demos.actions.images import add_image
from agileml.demos.actions.publish import publish
from agileml.demos.actions.sharing import revoke, share
from agileml.demos.models import Feedback, GoalAnswer, ShareLink
from agileml.journal.models import Change
from agileml.lib.logs import Discreet
from agileml.ops.demo import parts
from tests.demos.pictures import HOSTILE_SVG, PNG
from tests.demos.showing import Shown, item_of, make_shown
from tests.demos.test_sharing import make_shown_again
from tests.factories import NOW, Cast
from tests.web.browsing import browser_of, queries, set_clock

DISCREET = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow", "Cache-Control": "private, no-cache"}


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    set_clock(monkeypatch, NOW)


@pytest.fixture
def shown(cast: Cast) -> Shown:
    """A project with a published demo."""
    shown = make_shown(cast)
    shown.published()
    return shown


@pytest.fixture
def guest() -> Client:
    """A clean browser."""
    return Client()


def link(shown: Shown, **sent: Any) -> str:
    """The address of a new link."""
    return f"/d/{shown.token(**sent)}/"


def say(guest: Client, address: str, **sent: Any) -> Any:
    return guest.post(address, {"do": "say", "kind": "agree", "name": "Ada"} | sent)


def test_a_guest_reads_the_demo_as_it_was_published_and_nothing_of_anybody(shown: Shown, guest: Client):
    address = link(shown)
    answer = guest.get(address)
    html = answer.content.decode()
    told = ("Skeleton", "Know what works", "What we learned", "Many digits lean.", "Edges do not help.",
            "Numbers as of 20 November 2026, 09:30", "Is the goal still right?", "Clerks type less")  # fmt: skip
    assert [words for words in told if words not in html] == []
    assert {name: answer[name] for name in DISCREET} == DISCREET
    assert answer.cookies == {}
    edit_demo(demo=1, sent={"title": "Renamed"}, expected_version=None, **shown.who)
    assert guest.get(address).content.decode() == html
    publish(demo=1, **shown.who)
    assert "Renamed" in guest.get(address).content.decode()


def test_the_token_is_in_no_page_and_no_page_leads_to_where_guests_may_not_go(shown: Shown, guest: Client):
    address = link(shown)
    for path in (address, f"{address}present/"):
        html = guest.get(path).content.decode()
        assert address.split("/")[2] not in html
        leads = re.findall(r'(?:href|src|action)="([^"]*)"', html)
        assert leads
        assert [to for to in leads if not re.match(r"/static/|#|\./$|\.\./$|present/$|(\.\./)?images/", to)] == []


def test_a_view_takes_two_statements_and_is_counted_without_who_viewed(
    shown: Shown, guest: Client, monkeypatch: pytest.MonkeyPatch
):
    address = link(shown)
    guest.get(address)
    member = browser_of(shown.cast.member)
    for path, most in ((address, 2), (f"{address}present/", 1)):
        guest.get(path)
        for browser in (guest, member):
            assert queries(browser, path)[1] <= most
    newest = f"/d/{share(demo=None, sent={}, **shown.as_(shown.cast.lead).who)[1]}/"
    assert queries(guest, newest)[1] <= 3, "the first draws the page"
    assert queries(guest, newest)[1] <= 2
    views = ShareLink.objects.order_by("pk")
    assert [row.views for row in views] == [1, 1]
    monkeypatch.setattr("agileml.web.by_link.BITE_SECONDS", 0)
    cache.delete(f"views:{views[0].uid}:written")
    guest.get(address)
    assert ShareLink.objects.get(pk=views[0].pk).views == 5, "what was not written yet is added with the next"


def test_what_a_link_showed_before_is_not_kept_beside_what_it_shows(
    shown: Shown, guest: Client, monkeypatch: pytest.MonkeyPatch
):
    address, keys, keep = link(shown), Counter[str](), cache.set

    def spy(key: str, value: Any, *args: Any) -> None:
        keys[key] += 1
        keep(key, value, *args)

    monkeypatch.setattr(cache, "set", spy)
    for number in range(3):
        edit_demo(demo=1, sent={"title": f"Title {number}"}, expected_version=None, **shown.who)
        publish(demo=1, **shown.who)
        for path in (address, address, f"{address}present/", f"{address}present/"):
            assert f"Title {number}" in guest.get(path).content.decode()
    assert list(keys.values()) == [3, 3], "a page and a screen, each made once an edition, each in one place"


def test_a_link_that_ended_is_like_one_that_never_was(shown: Shown, guest: Client, monkeypatch: pytest.MonkeyPatch):
    lead = shown.as_(shown.cast.lead).who
    revoked, token = share(demo=1, sent={}, **lead)
    guarded = link(shown, passphrase="open sesame")
    assert guest.get(f"/d/{token}/").status_code == 200
    revoke(link=revoked.uid, **lead)
    ShareLink.objects.exclude(pk=revoked.pk).update(expires_at=NOW)
    addresses = [f"/d/{token}/", guarded, f"/d/{'x' * 43}/", "/d/%00/", "/d/%C3%A9/", f"/d/{revoked.digest}/"]
    seen = set()
    for address in addresses:
        for path in (address, f"{address}present/", f"{address}images/{uuid4()}/"):
            for answer in (guest.get(path), browser_of(shown.cast.lead).get(path)):
                seen.add((answer.status_code, answer.content, *sorted(answer.headers.items())))
        answer = say(guest, address)
        seen.add((answer.status_code, answer.content, *sorted(answer.headers.items())))
    assert len(seen) == 1
    assert seen.pop()[0] == 404
    assert Feedback.objects.count() == 0


def test_a_guest_says_what_she_thinks_of_an_item_and_of_the_whole(shown: Shown, guest: Client):
    address, item = link(shown), item_of(1)
    answer = say(guest, address, kind="question", item=str(item.uid), text="Which ones?", name="  Ada   L. ")
    assert (answer.status_code, answer["Location"]) == (303, f"./#thanks-{item.uid}")
    assert f'id="thanks-{item.uid}"' in guest.get(address).content.decode()
    assert say(guest, address, kind="comment", text="Nice")["Location"] == "./#thanks-all"
    first, second = Feedback.objects.order_by("pk")
    assert (first.item, first.kind, first.text, first.guest_name) == (item, "question", "Which ones?", "Ada L.")
    assert (first.user, second.item, second.link) == (None, None, ShareLink.objects.get())
    again = [say(guest, address, key="k1", text="Once") for _ in range(2)]
    assert [one.status_code for one in again] == [303, 303]
    assert Feedback.objects.filter(text="Once").count() == 1


def test_a_guest_answers_for_a_goal(shown: Shown, guest: Client):
    address = link(shown)
    sent = {"do": "judge", "epic": "1", "verdict": "adjust", "note": "Cheaper", "name": "Ada"}
    assert guest.post(address, sent)["Location"] == "./#thanks-goal-1"
    row = GoalAnswer.objects.get()
    assert (row.epic.number, row.verdict, row.note, row.guest_name) == (1, "adjust", "Cheaper", "Ada")
    for wrong in ({"epic": "2"}, {"epic": "x"}, {"verdict": "maybe"}, {"name": ""}):
        assert guest.post(address, sent | wrong).status_code == 422
    assert GoalAnswer.objects.count() == 1


def test_what_is_said_of_a_demo_that_has_gone_by_is_not_taken_for_the_next_ones(shown: Shown, guest: Client):
    address = f"/d/{share(demo=None, sent={}, **shown.as_(shown.cast.lead).who)[1]}/"
    forms = Counter(re.findall(r'name="(do|demo)" value="([^"]*)"', guest.get(address).content.decode()))
    assert forms["demo", "1"] == forms["do", "say"] + forms["do", "judge"] > 1
    make_shown_again(shown)
    begin_demo(sprint=2, **shown.who)
    publish(demo=2, **shown.who)
    said = say(guest, address, kind="comment", text="Nice work", demo="1")
    judged = guest.post(address, {"do": "judge", "epic": "1", "verdict": "stop", "name": "Ada", "demo": "1"})
    for answer in (said, judged):
        assert answer.status_code == 422
        assert "another demo by now" in answer.content.decode()
    assert "Nice work</textarea>" in said.content.decode()
    assert (Feedback.objects.count(), GoalAnswer.objects.count()) == (0, 0)
    assert say(guest, address, kind="comment", text="Nice work", demo="2").status_code == 303
    assert Feedback.objects.get().demo.number == 2


@pytest.mark.parametrize(
    "wrong",
    [{"name": " "}, {"name": "a" * 61}, {"kind": "praise"}, {"kind": "comment"}, {"text": "a" * 2001},
     {"text": "\0"}, {"item": "x\r\nSet-Cookie: a=b"}, {"item": str(uuid4())}, {"key": "a" * 65}],
)  # fmt: skip
def test_what_cannot_be_said_comes_back_with_what_was_written(shown: Shown, guest: Client, wrong: dict[str, str]):
    address = link(shown)
    kept = {"kind": "agree", "text": "Kept words"} | ({"text": ""} if wrong.get("kind") == "comment" else {})
    answer = say(guest, address, **(kept | wrong))
    assert answer.status_code == 422
    html = answer.content.decode()
    assert 'role="alert"' in html
    assert ("Kept words" in html) == ((kept | wrong)["text"] == "Kept words")
    assert Feedback.objects.count() == 0
    assert "Kept words" not in guest.get(address).content.decode(), "what one guest wrote is shown to no other"


@pytest.mark.parametrize("charset", ["raw_unicode_escape", "unicode_escape", "utf-7", "utf-16"])
def test_words_are_read_as_utf_8_whatever_is_said_of_them(shown: Shown, guest: Client, charset: str):
    def post(address: str, by: Client = guest, **sent: str) -> int:
        fields = "".join(
            f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{sent[name]}\r\n' for name in sent
        )
        of = f"multipart/form-data; boundary=b; charset={charset}"
        return by.generic("POST", address, f"{fields}--b--\r\n".encode(), content_type=of).status_code

    assert post(link(shown), do="say", kind="comment", name="Ada", text="+AGE- \\ud800 ü") == 303
    assert Feedback.objects.get().text == "+AGE- \\ud800 ü"
    assert post(link(shown, passphrase="open"), do="unlock", passphrase="\\ud800") == 422
    member = browser_of(shown.cast.member)
    assert post("/p/TST/demos/1/say/", member, kind="comment", text="+AGE- \\ud800 ä") == 302
    assert Feedback.objects.latest("pk").text == "+AGE- \\ud800 ä"


HOSTILE = (
    "<script>document.title='harmed'</script><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "[a](javascript:alert(1)) ![b](https://elsewhere.example/x.png) <iframe src=//x>",
    "{{ request.user }}{% debug %}",
    "\u202egnp.exe \U0001f600 ' \" `",
)


FROM = {
    "href": r"(?i)\s*(javascript|data):",
    "src": r"https?:|//",
}  # a link may lead elsewhere, a picture comes from here


class Harm(HTMLParser):
    """Collects what a page could do that ours never do."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Any] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = dict(attrs).get("src") or ""
        wild = tag in {"iframe", "object", "embed", "base"} or (tag == "script" and not own.startswith("/static/js/"))
        acts = [name for name, _ in attrs if name.startswith("on") or name == "style"]
        leads = [to for name, to in attrs if name in FROM and re.match(FROM[name], to or "")]
        self.found += [(tag, attrs)] if wild or acts or leads else []


def harm(html: str) -> list[Any]:
    """What a page holds that could do something that ours never do."""
    parser = Harm()
    parser.feed(html)
    return parser.found


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_only_words(shown: Shown, guest: Client, text: str):
    address, item = link(shown), item_of(1)
    edit_item(demo=1, item=item.uid, sent={"headline": text, "story": text}, expected_version=None, **shown.who)
    edit_demo(demo=1, sent={"title": text, "intro": text}, expected_version=None, **shown.who)
    add_image(demo=1, item=item.uid, name=text[:100], alt=text, content=PNG, **shown.who)
    publish(demo=1, **shown.who)
    say(guest, address, name=text[:60], text=text, item=str(item.uid))
    refused = say(guest, address, name=text[:60], text=text, item=str(item.uid), kind=text)
    presenting = browser_of(shown.cast.member).get("/p/TST/demos/1/present/")
    exported = browser_of(shown.cast.member).get("/p/TST/demos/1/export/")
    for answer in (guest.get(address), refused, presenting, exported):
        assert harm(answer.content.decode()) == []


def test_pictures_are_given_out_so_that_they_do_nothing(shown: Shown, guest: Client):
    address, item = link(shown), item_of(1)
    made = [
        add_image(demo=1, item=item.uid, name=name, alt="A point", content=content, **shown.who)
        for name, content in (("a.png", PNG), ("b.png", HOSTILE_SVG))
    ]
    assert guest.get(f"{address}images/{made[0].uid}/").status_code == 404, "it is not published"
    publish(demo=1, **shown.who)
    html = guest.get(address).content.decode()
    for image, media_type, content in zip(made, ("image/png", "image/svg+xml"), (PNG, HOSTILE_SVG), strict=True):
        assert f'src="images/{image.uid}/"' in html
        answer, statements = queries(guest, f"{address}images/{image.uid}/")
        assert (answer["Content-Type"], answer.content) == (media_type, content)
        assert answer["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert {name: answer[name] for name in DISCREET} == DISCREET
        assert statements <= 3
    assert queries(guest, f"{address}images/{made[0].uid}/")[1] <= 2
    other = make_other(shown)
    assert guest.get(f"{address}images/{other}/").status_code == 404


def make_other(shown: Shown) -> Any:
    """The uid of a picture that the draft has and no edition."""
    return add_image(demo=1, item=item_of(2).uid, name="c.png", alt="", content=PNG, **shown.who).uid


def test_a_passphrase_opens_a_link_for_one_browser_and_one_path(shown: Shown, guest: Client, settings: Any):
    settings.RATES = settings.RATES | {"failed": 3}
    address, other = link(shown, passphrase="open sesame"), link(shown, passphrase="open sesame")
    for path in (address, f"{address}present/"):
        assert "Skeleton" not in guest.get(path, follow=True).content.decode()
    assert say(guest, address).status_code == 200
    assert Feedback.objects.count() == 0
    assert guest.get(f"{address}images/{uuid4()}/").status_code == 404
    assert guest.post(address, {"do": "unlock", "passphrase": "Open sesame"}).status_code == 422
    answer = guest.post(address, {"do": "unlock", "passphrase": "open sesame"})
    cookie = answer.cookies["agileml_link"]
    assert (answer.status_code, cookie["path"], cookie["httponly"], cookie["samesite"]) == (303, address, True, "Lax")
    assert address.split("/")[2] not in cookie.value
    assert "Skeleton" in guest.get(address).content.decode()
    assert "passphrase" in guest.get(other).content.decode()
    forged = Client()
    forged.cookies["agileml_link"] = str(ShareLink.objects.earliest("pk").uid)
    assert "Skeleton" not in forged.get(address).content.decode()
    moved = Client()
    moved.cookies["agileml_link"] = cookie.value
    assert "Skeleton" not in moved.get(other).content.decode()


def test_guessing_a_passphrase_ends_soon_from_one_address_and_in_time_from_all(
    shown: Shown, guest: Client, settings: Any
):
    settings.RATES = settings.RATES | {"failed": 3, "unlock": 5}
    address = link(shown, passphrase="open sesame")

    def guess(words: str, of: str) -> int:
        return guest.post(address, {"do": "unlock", "passphrase": words}, REMOTE_ADDR=of).status_code

    assert [guess("no", "192.0.2.1") for _ in range(4)] == [422, 422, 422, 429]
    assert guess("open sesame", "192.0.2.1") == 429
    assert [guess("no", "192.0.2.2") for _ in range(3)] == [422, 422, 429]
    assert guess("open sesame", "192.0.2.3") == 429
    assert browser_of(shown.cast.lead).get("/login/").status_code == 302, "who logs in is not held up by it"


def test_one_address_neither_looks_nor_says_without_end(shown: Shown, guest: Client, settings: Any):
    settings.RATES = settings.RATES | {"look": 2, "say": 1}
    address = link(shown)
    assert [guest.get(address).status_code for _ in range(3)] == [200, 200, 429]
    assert [say(guest, address).status_code for _ in range(2)] == [303, 429]
    slow = guest.get(address)
    assert int(slow["Retry-After"]) > 0
    assert {name: slow[name] for name in DISCREET} == DISCREET
    assert guest.get(address, REMOTE_ADDR="192.0.2.9").status_code == 200
    assert Feedback.objects.count() == 1


def test_the_token_is_in_no_log_and_not_in_the_feed(
    shown: Shown, guest: Client, caplog: pytest.LogCaptureFixture, settings: Any
):
    address = link(shown)
    token = address.split("/")[2]
    guest.raise_request_exception = False
    with caplog.at_level(logging.DEBUG):
        say(guest, address)
        for path in (address, f"{address}nowhere/", f"{address}images/{uuid4()}/", f"/d/{token}x/"):
            guest.get(path)
            guest.put(path)
        for mistyped in (f"/d//{token}/", f"/D/{token}/"):
            guest.get(mistyped)
    assert any(token in record.getMessage() for record in caplog.records), "Django names what was not found"
    form = Discreet("%(message)s")
    assert [record for record in caplog.records if token in form.format(record)] == []
    assert [part for part in parts(port=1, data=settings.DATA) if "--access-log" in part.arguments] == []
    assert token not in repr([vars(change) for change in Change.objects.all()])


def test_hiding_the_token_covers_tracebacks_too():
    form = Discreet("%(message)s")
    try:
        raise ValueError("/d/abc_-1/present/ went wrong")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "Failed: %s", ("/d/abc_-1/",), info)
    assert "abc_-1" not in form.format(record).replace('"/d/abc_-1/present/ went wrong"', "")
    assert "Failed: /d/…/" in form.format(record)
