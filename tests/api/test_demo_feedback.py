"""What was said of a demo becomes a ticket or a finding over the API, once, however often it is asked."""

from typing import Any
from uuid import uuid4

import pytest

from agileml.journal.models import Change
from agileml.work.models import Finding, Ticket
from tests.api.client import Api, codes
from tests.demos.showing import Shown, item_of, make_shown
from tests.factories import Cast


@pytest.fixture
def shown(cast: Cast) -> Shown:
    """A published demo."""
    shown = make_shown(cast)
    shown.published()
    return shown


@pytest.fixture
def api(shown: Shown) -> Api:
    return Api(shown.cast.member)


def said(shown: Shown, **sent: Any) -> str:
    """Where something is that a stakeholder said."""
    about = {"kind": "concern", "text": "Other branches scan in red."} | sent
    made = Api(shown.cast.stakeholder).post("demos/1/feedback/", about)
    return f"demos/1/feedback/{made['uid']}/"


def test_it_becomes_a_ticket_with_its_words_and_those_that_are_sent(shown: Shown, api: Api):
    became = api.post(f"{said(shown)}ticket/", {"labels": ["demo"], "type": "data_exploration"}, status=200)["became"]
    made = api.get(f"tickets/{became['ticket']}/")
    assert (made["title"], made["type"], made["labels"]) == (
        "Other branches scan in red.", "data_exploration", ["demo"],
    )  # fmt: skip
    assert shown.cast.stakeholder.name in made["description"]
    assert made["sprint"] is made["planned_sprint"] is None
    assert api.walk("demos/1/feedback/")[0]["became"] == became


def test_it_becomes_a_finding_of_the_ticket_that_it_was_said_of(shown: Shown, api: Api):
    here = said(shown, item=str(item_of(2).uid))
    became = api.post(f"{here}finding/", {"kind": "refutes"}, status=200)["became"]
    made = api.get(f"tickets/2/findings/{became['finding']}/")
    assert (made["kind"], "Other branches scan in red." in made["text"]) == ("refutes", True)
    api.post(f"{said(shown, item=str(item_of(1).uid))}finding/", {}, status=200)
    assert Finding.objects.get(ticket__number=1, text__contains="in red").kind == "surprise", "unless another is sent"


def test_what_became_something_stays_that_however_often_and_whatever_is_asked(shown: Shown, api: Api):
    here = said(shown, item=str(item_of(2).uid))
    first = api.post(f"{here}ticket/", {}, status=200)
    head = Change.objects.count()
    for path, sent in (("ticket/", {}), ("ticket/", {"title": "Another"}), ("finding/", {"kind": "blocker"})):
        assert api.post(f"{here}{path}", sent, status=200) == first
    assert (Change.objects.count(), Ticket.objects.count()) == (head, 6)


def test_what_cannot_be_leaves_it_as_it_was(shown: Shown, api: Api):
    whole = said(shown)
    head = Change.objects.count()
    answer = api("POST", f"{whole}finding/", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_ticket")
    for path, sent, code in (
        ("ticket/", {"type": "poem"}, "unknown_choice"),
        ("ticket/", {"title": ""}, "required"),
        ("ticket/", {"sprint": 1}, "unknown_field"),
        ("ticket/", {"story": 9}, "unknown"),
        ("finding/", {"kind": "rumour"}, "unknown_choice"),
        ("finding/", {"text": "Mine"}, "unknown_field"),
    ):
        answer = api("POST", f"{whole}{path}", sent)
        assert (answer.status_code, codes(answer.json())) == (422, [code]), (path, sent)
    for path in ("ticket/", "finding/"):
        assert api("POST", f"demos/1/feedback/{uuid4()}/{path}", {}).status_code == 404
        assert api("POST", whole.replace("demos/1", "demos/2") + path, {}).status_code == 404
    assert Change.objects.count() == head
    assert api.walk("demos/1/feedback/")[0]["became"] is None
