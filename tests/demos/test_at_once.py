"""Several people at once, each on a connection of her own."""

from functools import partial

import pytest

from agileml.demos.actions.answers import guest_feedback
from agileml.demos.actions.becoming import feedback_to_finding, feedback_to_ticket
from agileml.demos.actions.begin import begin_demo
from agileml.demos.actions.publish import publish
from agileml.demos.models import Demo, DemoItem, Edition, Feedback
from agileml.work.models import Finding, Ticket
from tests.demos.showing import Shown, check, item_of, make_shown
from tests.factories import NOW, make_cast
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def both() -> tuple[Shown, Shown]:
    """A member and a lead of one project with something to show."""
    shown = make_shown(make_cast())
    return shown, shown.as_(shown.cast.lead)


def test_two_who_begin_and_then_publish_at_once_make_one_demo_and_one_edition(both: tuple[Shown, Shown]):
    begun = at_once(*(partial(begin_demo, sprint=1, **one.who) for one in both))
    assert begun[0] == begun[1]
    assert (Demo.objects.count(), DemoItem.objects.count()) == (1, 4)
    editions = at_once(*(partial(publish, demo=1, expected=0, **one.who) for one in both))
    assert editions[0] == editions[1]
    assert (Edition.objects.count(), Demo.objects.get().edition) == (1, 1)
    check(both[0].project)


def test_feedback_clicked_twice_at_once_becomes_one_ticket_or_one_finding(both: tuple[Shown, Shown]):
    shown = both[0]
    shown.published()
    sent = {"kind": "question", "text": "Why?", "item": str(item_of(1).uid)}
    rows = [guest_feedback(token=shown.token(), name="Ada", sent=sent, now=NOW) for _ in range(2)]
    became = at_once(*(partial(feedback_to_ticket, demo=1, feedback=rows[0].uid, **one.who) for one in both))
    assert [row.became for row in became] == [{"ticket": 6}] * 2
    at_once(*(partial(feedback_to_finding, demo=1, feedback=rows[1].uid, **one.who) for one in both))
    assert (Ticket.objects.count(), Finding.objects.filter(text__contains="Why?").count()) == (6, 1)
    check(shown.project)


def test_what_guests_say_at_once_is_all_kept_and_one_form_sent_twice_once(both: tuple[Shown, Shown]):
    shown = both[0]
    shown.published()
    token = shown.token()
    names = [*(f"Guest {number}" for number in range(6)), "Guest 0"]
    calls = [
        partial(guest_feedback, token=token, name=name, sent={"kind": "agree", "key": name}, now=NOW) for name in names
    ]
    assert all(isinstance(row, Feedback) for row in at_once(*calls))
    assert Feedback.objects.count() == 6
    check(shown.project)
