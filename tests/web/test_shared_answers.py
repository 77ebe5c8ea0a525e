"""What guests read of what others said: what the team answered, and nothing else."""

from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache
from django.test import Client

from agileml.demos.actions.answers import answer_feedback, give_feedback, guest_feedback
from agileml.demos.actions.edit import leave_out
from agileml.demos.actions.publish import publish
from agileml.demos.actions.sharing import share
from agileml.demos.models import Feedback
from tests.demos.showing import Shown, item_of, make_shown
from tests.factories import NOW, Cast
from tests.web.browsing import browser_of, queries, set_clock
from tests.web.test_shared import HOSTILE, harm


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
def token(shown: Shown) -> str:
    """What opens its link."""
    return shown.token()


def ask(token: str, text: str, *, of: int | None = None, name: str = "Ada") -> UUID:
    item = str(item_of(of).uid) if of else None
    sent: dict[str, Any] = {"kind": "question", "text": text, "item": item}
    return guest_feedback(token=token, name=name, sent=sent, now=NOW).uid


def answer(shown: Shown, said: UUID, text: str) -> None:
    answer_feedback(demo=1, feedback=said, text=text, **shown.who)


def read(token: str) -> str:
    response = Client().get(f"/d/{token}/")
    assert response.status_code == 200
    return response.content.decode()


def test_answering_is_what_shows_a_question_to_others_and_taking_back_takes_it_off(shown: Shown, token: str):
    first, second = ask(token, "Which digits?"), ask(token, "How many lean?", name="Bob")
    assert "Which digits?" not in read(token)
    answer(shown, first, "The sevens.")
    html = read(token)
    assert "How many lean?" not in html
    assert "Bob" not in html
    for words in ("Question", "Which digits?", "Ada", "The sevens.", shown.cast.member.name):
        assert words in html
    answer(shown, second, "Half.")
    answer(shown, first, "")
    html = read(token)
    assert "Half." in html, "the newest answer stayed"
    assert "Which digits?" not in html
    assert "The sevens." not in html
    row = Feedback.objects.get(uid=first)
    assert (row.answer, row.answered_by, row.answered_at) == ("", None, None)
    answer(shown, first, "All of them.")
    answer(shown, first, "The nines.")
    html = read(token)
    assert "The nines." in html
    assert "All of them." not in html


def test_an_answer_stands_under_what_it_is_of(shown: Shown, token: str):
    answer(shown, ask(token, "Of the first", of=1), "One.")
    answer(shown, ask(token, "Of the second", of=2), "Two.")
    answer(shown, ask(token, "Of all of it"), "Three.")
    places = [item_of(1).headline, "Of the first", "One.", item_of(2).headline, "Of the second", "Two.",
              "The demo as a whole", "Of all of it", "Three."]  # fmt: skip
    html = read(token)
    found = [html.index(f">{words}<" if words.startswith("Of") else words) for words in places]
    assert found == sorted(found)


def test_what_participants_asked_counts_too_and_what_is_shown_no_more_does_not(shown: Shown, token: str):
    sent = {"kind": "concern", "text": "Too slow", "item": str(item_of(1).uid)}
    said = give_feedback(demo=1, sent=sent, **shown.as_(shown.cast.stakeholder).who)
    answer(shown, said.uid, "It will be faster.")
    html = read(token)
    assert "Too slow" in html
    assert shown.cast.stakeholder.name in html
    leave_out(demo=1, item=item_of(1).uid, out=True, **shown.who)
    publish(demo=1, **shown.who)
    assert "It will be faster." not in read(token)


def test_a_link_to_the_newest_demo_shows_its_answers_too(shown: Shown, token: str):
    newest = share(demo=None, sent={}, **shown.as_(shown.cast.lead).who)[1]
    said = ask(token, "Which digits?")
    assert "The sevens." not in read(newest)
    answer(shown, said, "The sevens.")
    assert "The sevens." in read(newest)


def test_answers_cost_no_statement_of_a_look(shown: Shown, token: str):
    for text in ("One", "Two", "Three"):
        answer(shown, ask(token, text, of=1), f"{text}!")
    assert queries(Client(), f"/d/{token}/")[1] <= 4, "the first draws the page"
    for _ in range(2):
        response, statements = queries(Client(), f"/d/{token}/")
        assert "Three!" in response.content.decode()
        assert statements <= 2


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_only_words_to_other_guests(shown: Shown, token: str, text: str):
    answer(shown, ask(token, text, of=1, name=text[:60]), text)
    assert harm(read(token)) == []


def test_whoever_answers_and_whoever_asks_is_told_who_reads_it(shown: Shown, token: str):
    said = ask(token, "Which digits?", of=1)
    assert "Once it is answered, everybody who opens a link to this demo sees" in read(token)
    member = browser_of(shown.cast.member)
    page = member.get("/p/TST/demos/1/").content.decode()
    assert "Everybody who opens a link to this demo sees what was asked and your answer." in page
    assert "Take the answer back" not in page
    path = f"/p/TST/demos/1/feedback/{said}/answer/"
    member.post(path, {"text": "The sevens."})
    assert "Take the answer back" in member.get("/p/TST/demos/1/").content.decode()
    assert member.post(path, {"text": " "}).status_code == 302
    assert Feedback.objects.get().answer == ""
