"""Have we tried this? What was skipped, refuted or learned is found again by its words."""

import re
from datetime import timedelta
from typing import Any

import pytest

from agileml.accounts.models import User
from agileml.metrics.actions.settings import watch_metric
from agileml.planning.actions.notes import write_finding
from agileml.planning.actions.progress import progress
from agileml.planning.models import Sprint
from tests.api.client import Api
from tests.factories import NOW, Cast, make_cast, make_ticket, measure, replan
from tests.web.browsing import HTMX, browser_of, queries

PATH = "/p/TST/tried/"


def found(cast: Cast, words: str = "") -> list[str]:
    html = page(cast, words)
    return re.findall(r'<a class="key num"[^>]*>(TST-\d+)</a>', html)


def page(cast: Cast, words: str = "", user: User | None = None) -> str:
    answer = browser_of(user or cast.member).get(PATH, {"q": words})
    assert answer.status_code == 200
    return answer.content.decode()


def learn(cast: Cast, number: int, text: str, kind: str = "refutes", **at: Any) -> None:
    sent = {"kind": kind, "text": text}
    write_finding(project=cast.project, ticket=number, sent=sent, actor=cast.lead, now=at.get("now", NOW))


def test_what_was_skipped_refuted_or_learned_is_found_and_what_is_to_do_is_not(cast: Cast, sprint: Sprint):
    skip = {"move": "skip", "ticket": 1, "revisit_if": "we get a GPU"}
    replan(cast, sprint, skip, reason="Deskewing buys nothing.")
    learn(cast, 2, "Wider layers do not help.", now=NOW + timedelta(hours=1))
    later = NOW + timedelta(hours=2)
    progress(project=cast.project, number=3, to="done", outcome="learned", actor=cast.lead, now=later)
    assert found(cast) == ["TST-3", "TST-2", "TST-1"]
    html = page(cast)
    for told in ("Skipped: Deskewing buys nothing.", "Look at it again if we get a GPU", "Wider layers do not help."):
        assert told in html


def test_all_words_have_to_match_anywhere_whatever_their_case(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 1}, reason="Deskewing buys nothing.")
    learn(cast, 2, "Deskewing 100% of the sevens does not help.")
    assert found(cast, "deskewing") == ["TST-2", "TST-1"]
    assert found(cast, "NOTHING try") == ["TST-1"]
    assert found(cast, "100%") == ["TST-2"]
    assert found(cast, "nothing sevens") == []
    assert "Nothing like it yet" in page(cast, "nothing sevens")
    assert found(cast, "\0nothing") == ["TST-1"]


def test_parked_work_is_found_by_its_note_and_skipped_work_by_when_to_look_again(cast: Cast, sprint: Sprint):
    later = NOW + timedelta(hours=1)
    replan(cast, sprint, {"move": "skip", "ticket": 1, "revisit_if": "we get a GPU"}, code="priority", now=NOW)
    replan(cast, sprint, {"move": "defer", "ticket": 2, "to": None, "note": "Start at the <sevens>."}, now=later)
    assert found(cast) == ["TST-2", "TST-1"]
    assert found(cast, "sevens START") == ["TST-2"]
    assert found(cast, "gpu") == ["TST-1"]
    assert "Start at the &lt;sevens&gt;." in page(cast)
    replan(cast, sprint, {"move": "add", "ticket": 2})
    assert found(cast, "sevens") == []  # it is under way, not tried


@pytest.mark.parametrize("word", ["größe", "GRÖSSE", "Größe", "GRÖẞE".lower(), "éTÉ", "été", "ÉTÉ", "привет", "ПРИВЕТ"])
def test_letters_beyond_ascii_are_found_in_any_case(cast: Cast, sprint: Sprint, word: str):
    learn(cast, 1, "Die Größe. Die GRÖSSE. L'Été, en ÉTÉ, été. Привет")
    assert found(cast, word) == ["TST-1"]


HOSTILE = [
    "%",
    "_",
    "\\",
    "'",
    '"',
    "';--",
    "<script>",
    "\u202e",
    "\N{GRINNING FACE}",
    "a" * 5000,
    "\0",
    " \t\n",
    "(" * 50,
    "*",
    "[a-z]+",
]


@pytest.mark.parametrize("said", HOSTILE)
def test_no_text_breaks_the_search(cast: Cast, sprint: Sprint, said: str):
    learn(cast, 1, f"It says: {said.replace(chr(0), '')} here")
    learn(cast, 2, "Nothing of the kind.")
    html = page(cast, said)
    assert "<script>" not in html.split("</head>")[1]
    words = said.replace("\0", "").split()
    assert found(cast, said)[-1:] == ["TST-1"] if words else found(cast, said) == ["TST-2", "TST-1"]


def test_a_missed_criterion_speaks_too(cast: Cast):
    watch_metric(project=cast.project, key="error", direction="lower", unit="%", actor=cast.lead, now=NOW)
    ticket = make_ticket(cast, "Widen", criteria=[{"metric": "error", "op": "<=", "value": 0.02}])
    assert found(cast) == []
    measure(cast, ticket, [0.05])
    assert found(cast, "widen") == ["TST-1"]


def test_nothing_of_another_project_is_found(cast: Cast, sprint: Sprint):
    other = make_cast("OTH")
    make_ticket(other, "Foreign")
    sent = {"kind": "refutes", "text": "Secret."}
    write_finding(project=other.project, ticket=1, sent=sent, actor=other.lead, now=NOW)
    assert found(cast) == []
    assert browser_of(cast.outsider).get(PATH).status_code == 404


def test_it_costs_as_many_queries_for_many_as_for_one(cast: Cast, sprint: Sprint):
    learn(cast, 1, "No.")
    _, few = queries(browser_of(cast.member), PATH + "?q=no")
    for number in (2, 3, 4):
        learn(cast, number, "No.")
    replan(cast, sprint, {"move": "skip", "ticket": 2}, reason="No.")
    _, many = queries(browser_of(cast.member), PATH + "?q=no")
    assert few == many <= 10


def test_a_title_that_is_being_typed_is_told_of_quietly(cast: Cast, sprint: Sprint):
    learn(cast, 1, "Deskewing does not help.")
    answer = browser_of(cast.member).get(PATH, {"title": "Do deskewing"}, headers=HTMX)
    html = answer.content.decode()
    assert "Tried before?" in html
    assert "TST-1" in html
    assert browser_of(cast.member).get(PATH, {"title": "Do"}, headers=HTMX).content.decode().strip() == ""


def test_the_api_searches_all_tickets_by_the_same_words(cast: Cast, sprint: Sprint):
    learn(cast, 1, "Deskewing does not help.")
    api = Api(cast.member)
    assert [row["number"] for row in api.get("tickets/?search=deskewing+help")["results"]] == [1]
    assert [row["number"] for row in api.get("tickets/?search=try")["results"]] == [1, 2, 3, 4, 5]
    assert api.get("tickets/?search=deskewing+never")["results"] == []
