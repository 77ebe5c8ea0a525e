"""Participants and guests say what they think; it is answered, and becomes work in one click."""

from typing import Any
from uuid import uuid4

import pytest

from agileml.demos.actions.answers import (
    answer_feedback,
    answer_goal,
    give_feedback,
    guest_answer_goal,
    guest_feedback,
)
from agileml.demos.actions.becoming import feedback_to_finding, feedback_to_ticket
from agileml.demos.actions.edit import leave_out
from agileml.demos.actions.publish import publish
from agileml.demos.models import Demo, Feedback, GoalAnswer
from agileml.demos.queries import listed
from agileml.demos.rules.becoming import Words, ticket_of, words_of
from agileml.journal.models import Change
from agileml.lib.fields import Invalid
from agileml.metrics.rules.refusing import CannotBe
from agileml.projects.doors import Forbidden, Hidden
from agileml.work.models import Finding, Story, Ticket
from tests.demos.showing import Shown, check, item_of
from tests.factories import NOW

HOSTILE = "<img src=x onerror=alert(1)>\u202e\nDROP TABLE"


def say(shown: Shown, **sent: Any) -> Feedback:
    return give_feedback(demo=1, sent={"kind": "question", "text": "Why?"} | sent, **shown.who)


def test_every_role_says_something_of_an_item_or_of_the_whole(shown: Shown):
    shown.published()
    for actor in (shown.cast.lead, shown.cast.member, shown.cast.stakeholder):
        say(shown.as_(actor), item=str(item_of(1).uid))
    say(shown, kind="agree", text="")
    said = listed.by_item(list(listed.feedback(Demo.objects.get())))
    assert [row.user for row in said[str(item_of(1).uid)]] == [
        shown.cast.lead, shown.cast.member, shown.cast.stakeholder,
    ]  # fmt: skip
    assert [(row.kind, row.edition) for row in said[""]] == [("agree", 1)]
    check(shown.project)


def test_a_guest_says_it_by_the_name_that_she_gives(shown: Shown):
    shown.published()
    row = guest_feedback(
        token=shown.token(), name="  Ada \n Lovelace ", sent={"kind": "comment", "text": HOSTILE}, now=NOW
    )
    assert (row.guest_name, row.text, row.user) == ("Ada Lovelace", HOSTILE, None)
    change = Change.objects.filter(kind="feedback").get()
    assert (change.actor, change.origin) == (None, f"share link {row.link.uid}" if row.link else "")
    assert change.resource["guest"] == "Ada Lovelace"
    check(shown.project)


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\0b", "\ud800", None, 5])
def test_a_guest_without_a_name_is_not_heard(shown: Shown, name: Any):
    shown.published()
    token = shown.token()
    with pytest.raises(Invalid):
        guest_feedback(token=token, name=name, sent={"kind": "agree"}, now=NOW)
    with pytest.raises(Invalid):
        guest_answer_goal(token=token, name=name, sent={"epic": 1, "verdict": "keep"}, now=NOW)


@pytest.mark.parametrize(
    "sent",
    [
        {"kind": "like"},
        {},
        {"kind": "comment"},
        {"kind": "comment", "text": "  "},
        {"kind": "question", "text": "x" * 2001},
        {"kind": "question", "text": "a\0"},
        {"kind": "agree", "item": str(uuid4())},
        {"kind": "agree", "item": "1"},
        {"kind": "agree", "user": "me"},
    ],
)
def test_what_cannot_be_said_is_refused(shown: Shown, sent: dict[str, Any]):
    shown.published()
    with pytest.raises(Invalid):
        give_feedback(demo=1, sent=sent, **shown.who)
    with pytest.raises(Invalid):
        guest_feedback(token=shown.token(), name="Guest", sent=sent, now=NOW)
    assert Feedback.objects.count() == 0


def test_of_what_an_edition_does_not_show_nothing_is_said(shown: Shown):
    shown.begun()
    with pytest.raises(CannotBe):
        say(shown)
    leave_out(demo=1, item=item_of(1).uid, **shown.who)
    publish(demo=1, **shown.who)
    with pytest.raises(Invalid):
        say(shown, item=str(item_of(1).uid))
    with pytest.raises(Hidden):
        say(shown.as_(shown.cast.outsider))


def test_what_is_sent_twice_under_one_key_is_kept_once(shown: Shown):
    shown.published()
    token, sent = shown.token(), {"kind": "question", "text": "Why?", "item": str(item_of(1).uid), "key": "abc"}
    first = guest_feedback(token=token, name="Ada", sent=sent, now=NOW)
    assert guest_feedback(token=token, name="Ada", sent=sent, now=NOW) == first
    for name, other in (("Bob", sent), ("Ada", sent | {"text": "How?"}), ("Ada", sent | {"item": None})):
        with pytest.raises(Invalid):
            guest_feedback(token=token, name=name, sent=other, now=NOW)
    without = {name: value for name, value in sent.items() if name != "key"}
    guest_feedback(token=token, name="Ada", sent=without, now=NOW)
    guest_feedback(token=token, name="Ada", sent=without, now=NOW)
    assert Feedback.objects.count() == 3
    goal = {"epic": 1, "verdict": "keep", "key": "abc"}
    assert answer_goal(demo=1, sent=goal, **shown.who) == answer_goal(demo=1, sent=goal, **shown.who)
    assert GoalAnswer.objects.count() == 1
    check(shown.project)


def test_a_link_that_got_about_leaves_others_their_words(shown: Shown, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("agileml.demos.actions.answers.MOST_SAID", 2)
    shown.published()
    loud, other = shown.token(), shown.token()
    judgement = {"epic": 1, "verdict": "keep"}

    def heard(token: str) -> None:
        guest_feedback(token=token, name="Ada", sent={"kind": "agree"}, now=NOW)
        guest_answer_goal(token=token, name="Ada", sent=judgement, now=NOW)

    for _ in range(2):
        heard(loud)
    with pytest.raises(CannotBe):
        guest_feedback(token=loud, name="Ada", sent={"kind": "agree"}, now=NOW)
    with pytest.raises(CannotBe):
        guest_answer_goal(token=loud, name="Ada", sent=judgement, now=NOW)
    heard(other)
    for _ in range(2):
        say(shown)
        answer_goal(demo=1, sent=judgement, **shown.who)
    with pytest.raises(CannotBe):
        say(shown)
    check(shown.project)


def test_members_answer_and_stakeholders_do_not(shown: Shown):
    shown.published()
    row = say(shown.as_(shown.cast.stakeholder))
    answer_feedback(demo=1, feedback=row.uid, text="Because.", **shown.who)
    before = Change.objects.count()
    answer_feedback(demo=1, feedback=row.uid, text="Because.", **shown.as_(shown.cast.lead).who)
    assert Change.objects.count() == before, "the same again is no change"
    kept = Feedback.objects.get()
    assert (kept.answer, kept.answered_by, kept.answered_at) == ("Because.", shown.cast.member, NOW)
    stakeholder = shown.as_(shown.cast.stakeholder).who
    for refused in (
        lambda: answer_feedback(demo=1, feedback=row.uid, text="No.", **stakeholder),
        lambda: feedback_to_ticket(demo=1, feedback=row.uid, **stakeholder),
        lambda: feedback_to_finding(demo=1, feedback=row.uid, **stakeholder),
    ):
        with pytest.raises(Forbidden):
            refused()
    with pytest.raises(Hidden):
        answer_feedback(demo=1, feedback=uuid4(), text="No.", **shown.who)
    check(shown.project)


def test_an_answer_is_taken_back_as_if_it_had_not_been_given(shown: Shown):
    shown.published()
    row = say(shown)
    answer_feedback(demo=1, feedback=row.uid, text="Because.", **shown.who)
    for _ in range(2):
        answer_feedback(demo=1, feedback=row.uid, text=" \n", **shown.as_(shown.cast.lead).who)
    kept = Feedback.objects.get()
    assert (kept.answer, kept.answered_by, kept.answered_at) == ("", None, None)
    assert Change.objects.filter(kind="feedback", action="updated").count() == 2
    check(shown.project)


def test_feedback_becomes_a_ticket_once_with_who_said_it(shown: Shown):
    shown.published()
    row = guest_feedback(
        token=shown.token(),
        name="Ada",
        sent={"kind": "question", "text": HOSTILE, "item": str(item_of(1).uid)},
        now=NOW,
    )
    feedback_to_ticket(demo=1, feedback=row.uid, **shown.who)
    again = feedback_to_ticket(demo=1, feedback=row.uid, **shown.as_(shown.cast.lead).who)
    assert feedback_to_finding(demo=1, feedback=row.uid, **shown.who).became == again.became == {"ticket": 6}
    ticket = Ticket.objects.get(number=6)
    assert (ticket.type, ticket.question, Ticket.objects.count()) == ("result_analysis", HOSTILE, 6)
    assert ticket.description == "Ada asks of “Many digits lean.” at the demo “Skeleton”."
    assert ticket.story == Ticket.objects.get(number=1).story is not None
    check(shown.project)


def test_a_ticket_is_in_no_story_that_is_gone(shown: Shown):
    shown.published()
    row = say(shown, kind="concern", item=str(item_of(1).uid))
    Story.objects.update(deleted_at=NOW)
    feedback_to_ticket(demo=1, feedback=row.uid, **shown.who)
    assert Ticket.objects.get(number=6).story is None


def test_a_ticket_that_cannot_be_made_leaves_no_trace(shown: Shown):
    shown.published()
    row, before = say(shown), Change.objects.count()
    with pytest.raises(Invalid):
        feedback_to_ticket(demo=1, feedback=row.uid, sent={"title": ""}, **shown.who)
    assert (Feedback.objects.get().became, Change.objects.count()) == (None, before)
    feedback_to_ticket(demo=1, feedback=row.uid, sent={"title": "Mine", "type": "engineering"}, **shown.who)
    assert Ticket.objects.get(number=6).title == "Mine"


def test_feedback_becomes_a_finding_of_the_ticket_that_was_shown(shown: Shown):
    shown.published()
    row, whole = say(shown, kind="concern", item=str(item_of(1).uid)), say(shown)
    kept = feedback_to_finding(demo=1, feedback=row.uid, **shown.who)
    feedback_to_finding(demo=1, feedback=row.uid, **shown.who)
    finding = Finding.objects.get(ticket__number=1, text__contains="is concerned")
    assert (kept.became, finding.author) == ({"finding": str(finding.uid)}, shown.cast.member)
    with pytest.raises(CannotBe):
        feedback_to_finding(demo=1, feedback=whole.uid, **shown.who)
    check(shown.project)


def test_goals_are_answered_for_and_of_one_person_the_newest_holds(shown: Shown):
    shown.published()
    token = shown.token()
    guest: dict[str, Any] = {"token": token, "now": NOW}
    answer_goal(demo=1, sent={"epic": 1, "verdict": "keep"}, **shown.as_(shown.cast.stakeholder).who)
    answer_goal(demo=1, sent={"epic": 1, "verdict": "stop", "note": "Too dear."},
                **shown.as_(shown.cast.stakeholder).who)  # fmt: skip
    guest_answer_goal(name="Ada", sent={"epic": 1, "verdict": "adjust", "note": HOSTILE}, **guest)
    guest_answer_goal(name="Bob", sent={"epic": 1, "verdict": "adjust"}, **guest)
    (tally,) = listed.tallies(Demo.objects.get())
    assert (tally.counts, tally.verdict) == ({"keep": 0, "adjust": 2, "stop": 1}, "adjust")
    assert [row.note for row in tally.notes] == [HOSTILE, "Too dear."]
    for wrong in ({"epic": 2, "verdict": "keep"}, {"epic": 1, "verdict": "maybe"}, {"epic": 1}):
        with pytest.raises(Invalid):
            guest_answer_goal(name="Ada", sent=wrong, **guest)
    check(shown.project)


def test_a_long_word_is_cut_for_the_title_and_whole_in_the_description():
    said = Words("concern", "x" * 300, "Ada", "Demo", "")
    assert len(ticket_of(said)["title"]) == 200
    assert words_of(said) == f"Ada is concerned at the demo “Demo”:\n\n{'x' * 300}"
    bare = Words("agree", "", "Ada", "Demo", "It works")
    assert (ticket_of(bare)["title"], words_of(bare)) == (
        "Agree: It works", "Ada agrees of “It works” at the demo “Demo”.",
    )  # fmt: skip
