"""A demo begins itself, takes in what ended since, and is written without losing anybody's words."""

from typing import Any
from uuid import uuid4

import pytest

from agileml.demos.actions.begin import begin_demo, refresh_items
from agileml.demos.actions.edit import add_item, edit_demo, edit_item, leave_out, move_item
from agileml.demos.models import Demo, DemoItem
from agileml.demos.queries import listed
from agileml.journal.models import Change
from agileml.journal.rules.edits import Stale
from agileml.lib import ranks
from agileml.lib.fields import Invalid
from agileml.metrics.rules.refusing import CannotBe
from agileml.planning.actions.progress import progress
from agileml.projects.doors import Forbidden, Hidden
from agileml.work.models import Finding
from tests.demos.showing import Shown, check, find, item_of
from tests.factories import make_sprint, make_ticket

HOSTILE = "<script>alert(1)</script> \u202e javascript:"


def order() -> list[int | None]:
    return [row.ticket.number if row.ticket else None for row in listed.items(Demo.objects.get())]


def test_it_begins_with_what_is_done_and_skipped_each_where_it_belongs(shown: Shown):
    demo = shown.begun()
    assert [(row.ticket.number, row.section) for row in listed.items(demo)] == [
        (1, "learned"), (2, "better"), (3, "shipped"), (4, "not_done"),
    ]  # fmt: skip
    assert item_of(1).headline == "Many digits lean."
    assert item_of(3).headline == "Serve it"
    assert (demo.number, demo.title, demo.state, demo.edition) == (1, "Skeleton", "draft", 0)
    check(shown.project)


def test_beginning_again_is_the_same_demo_and_no_change(shown: Shown):
    demo, before = shown.begun(), Demo.objects.get().project.stream.revision
    edit_item(demo=1, item=item_of(1).uid, sent={"headline": "Mine"}, expected_version=None, **shown.who)
    assert begin_demo(sprint=1, **shown.as_(shown.cast.lead).who) == demo
    assert (Demo.objects.count(), item_of(1).headline) == (1, "Mine")
    assert Demo.objects.get().project.stream.revision == before + 1


def test_of_a_planned_sprint_or_none_there_is_no_demo(shown: Shown):
    make_sprint(shown.cast, [])
    with pytest.raises(CannotBe):
        begin_demo(sprint=2, **shown.who)
    with pytest.raises(Hidden):
        begin_demo(sprint=9, **shown.who)


def test_what_ended_since_comes_to_the_end_and_what_was_written_stays(shown: Shown):
    shown.begun()
    edit_item(demo=1, item=item_of(1).uid, sent={"headline": "Mine", "section": "better"}, expected_version=1,
              **shown.who)  # fmt: skip
    leave_out(demo=1, item=item_of(4).uid, **shown.who)
    find(shown, 1, "Something newer.")
    assert refresh_items(demo=1, **shown.who) == []
    progress(number=5, to="done", outcome="shipped", **shown.who)
    assert [row.ticket.number for row in refresh_items(demo=1, **shown.who) if row.ticket] == [5]
    assert order() == [1, 2, 3, 4, 5]
    assert (item_of(1).headline, item_of(1).section, item_of(4).left_out) == ("Mine", "better", True)
    check(shown.project)


def test_items_move_before_after_and_into_another_section_and_their_versions_stay(shown: Shown):
    shown.begun()
    uid = {number: item_of(number).uid for number in range(1, 5)}
    move_item(demo=1, item=uid[4], before=uid[1], **shown.who)
    assert order() == [4, 1, 2, 3]
    move_item(demo=1, item=uid[1], after=uid[3], **shown.who)
    assert order() == [4, 2, 3, 1]
    move_item(demo=1, item=uid[4], section="learned", **shown.who)
    assert (order(), item_of(4).section) == ([2, 3, 1, 4], "learned")
    move_item(demo=1, item=uid[1], before=uid[3], **shown.who)
    assert order() == [2, 1, 3, 4]
    assert [item_of(number).version for number in range(1, 5)] == [1, 1, 1, 2]
    for wrong in ({"before": uuid4()}, {"after": uid[1]}, {"section": "elsewhere"}):
        with pytest.raises(Invalid):
            move_item(demo=1, item=uid[1], **wrong, **shown.who)  # type: ignore[arg-type]
    check(shown.project)


def test_where_there_is_no_room_left_between_two_items_all_get_short_keys(shown: Shown):
    shown.begun()
    close = "a2"
    while len(close) < ranks.REBALANCE_FROM:
        close = ranks.between("a1", close)
    DemoItem.objects.filter(pk=item_of(2).pk).update(rank="a1")
    DemoItem.objects.filter(pk=item_of(3).pk).update(rank=close)
    before = Change.objects.count()
    move_item(demo=1, item=item_of(1).uid, before=item_of(3).uid, **shown.who)
    assert order() == [2, 1, 3, 4]
    assert max(len(rank) for rank in DemoItem.objects.values_list("rank", flat=True)) < 5
    assert Change.objects.count() > before + 1, "each that moved is told"
    DemoItem.objects.filter(pk=item_of(3).pk).update(rank=item_of(1).rank)
    move_item(demo=1, item=item_of(4).uid, before=item_of(3).uid, **shown.who)
    assert order() == [2, 1, 4, 3]


def test_an_item_that_is_about_no_ticket_comes_to_the_end(shown: Shown):
    shown.begun()
    add_item(demo=1, sent={"section": "learned", "headline": "Thanks", "story": HOSTILE}, **shown.who)
    assert order() == [1, 2, 3, 4, None]
    with pytest.raises(Invalid):
        add_item(demo=1, sent={"section": "learned", "headline": "x", "findings": []}, **shown.who)
    with pytest.raises(Invalid):
        edit_item(demo=1, item=item_of(None).uid, sent={"charts": ["error"]}, expected_version=None, **shown.who)
    check(shown.project)


def test_edits_of_different_fields_merge_and_of_the_same_the_second_is_told(shown: Shown):
    shown.begun()
    edit_demo(demo=1, sent={"title": "New"}, expected_version=1, **shown.who)
    edit_demo(demo=1, sent={"intro": "Hello"}, expected_version=1, **shown.who)
    with pytest.raises(Stale):
        edit_demo(demo=1, sent={"title": "Other"}, expected_version=1, **shown.who)
    demo = Demo.objects.get()
    assert (demo.title, demo.intro, demo.version) == ("New", "Hello", 3)

    one = item_of(1).uid
    edit_item(demo=1, item=one, sent={"presenter": str(shown.cast.lead.uid)}, expected_version=1, **shown.who)
    edit_item(demo=1, item=one, sent={"story": HOSTILE}, expected_version=1, **shown.who)
    with pytest.raises(Stale):
        edit_item(demo=1, item=one, sent={"presenter": None}, expected_version=1, **shown.who)
    edit_item(demo=1, item=one, sent={"presenter": str(shown.cast.lead.uid)}, expected_version=1, **shown.who)
    assert (item_of(1).story, item_of(1).presenter, item_of(1).version) == (HOSTILE, shown.cast.lead, 3)
    check(shown.project)


@pytest.mark.parametrize(
    "sent",
    [
        {"headline": ""},
        {"headline": "x" * 201},
        {"headline": "a\0b"},
        {"story": "\ud800"},
        {"story": "x" * 1_000_000},
        {"section": "none"},
        {"presenter": str(uuid4())},
        {"findings": [str(uuid4())]},
        {"findings": "all"},
        {"charts": ["no such"]},
        {"evaluations": [str(uuid4())]},
        {"rank": "a"},
    ],
)
def test_what_an_item_cannot_hold_is_refused(shown: Shown, sent: dict[str, Any]):
    shown.begun()
    with pytest.raises(Invalid):
        edit_item(demo=1, item=item_of(1).uid, sent=sent, expected_version=None, **shown.who)
    assert item_of(1).version == 1


def test_an_item_shows_nothing_of_another_ticket(shown: Shown):
    shown.begun()
    finding = str(Finding.objects.get(ticket__number=1).uid)
    with pytest.raises(Invalid):
        edit_item(demo=1, item=item_of(2).uid, sent={"findings": [finding]}, expected_version=None, **shown.who)
    edit_item(demo=1, item=item_of(1).uid, sent={"findings": [finding]}, expected_version=None, **shown.who)
    assert item_of(1).findings == [finding]


def test_the_wrong_people_neither_build_nor_learn_that_there_is_one(shown: Shown):
    shown.begun()
    one = item_of(1).uid
    writes: list[Any] = [
        lambda who: begin_demo(sprint=1, **who),
        lambda who: refresh_items(demo=1, **who),
        lambda who: edit_demo(demo=1, sent={"title": "x"}, expected_version=None, **who),
        lambda who: edit_item(demo=1, item=one, sent={"headline": "x"}, expected_version=None, **who),
        lambda who: add_item(demo=1, sent={"section": "learned", "headline": "x"}, **who),
        lambda who: leave_out(demo=1, item=one, **who),
        lambda who: move_item(demo=1, item=one, **who),
    ]
    for write in writes:
        with pytest.raises(Forbidden):
            write(shown.as_(shown.cast.stakeholder).who)
        with pytest.raises(Hidden):
            write(shown.as_(shown.cast.outsider).who)
    make_ticket(shown.cast)
    check(shown.project)
