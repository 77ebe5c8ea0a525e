"""Editing many tickets at once: all of them or none, each with its own version and its own change."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agileml.journal.models import Change
from agileml.lib.fields import Invalid
from agileml.planning.actions import bulk
from agileml.planning.models import Sprint
from agileml.planning.rules.moves import Refused
from agileml.projects.doors import Forbidden, Hidden
from agileml.work.actions import create_story
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_sprint, make_ticket, make_tickets
from tests.planning.mirror import Mirror, check_feed, everything, images

pytestmark = pytest.mark.django_db


def edit(cast: Cast, numbers: list[int], *, actor: Any = None, **sent: Any) -> list[int]:
    rows = bulk.edit_many(project=cast.project, numbers=numbers, sent=sent, actor=actor or cast.member, now=NOW)
    return [row.number for row in rows]


def versions() -> dict[int, int]:
    return dict(Ticket.objects.values_list("number", "version"))


def test_the_same_is_set_on_every_one_of_them(cast: Cast, tickets: list[Ticket]):
    story = create_story(project=cast.project, sent={"title": "Slant"}, actor=cast.lead, now=NOW).number
    member = str(cast.member.uid)
    wanted = {"type": "review", "story": story, "component": "data", "assignee": member, "estimate": 2}
    assert edit(cast, [3, 1], **wanted) == [1, 3]
    now = images(cast.project)
    for number in (1, 3):
        shape = now[number]
        assert {name: shape[name] for name in wanted} == wanted | {
            "assignee": {"id": member, "name": "Member Person"}, "estimate": 2.0,
        }  # fmt: skip
    assert now[2]["type"] == "engineering"
    assert versions() == {1: 2, 2: 1, 3: 2, 4: 1, 5: 1}


def test_labels_are_added_and_removed_and_the_others_stay(cast: Cast):
    make_ticket(cast, labels=["old", "kept"])
    make_ticket(cast, labels=["new"])
    make_ticket(cast)
    edit(cast, [1, 2, 3], labels={"add": ["new"], "remove": ["old"]})
    assert dict(Ticket.objects.values_list("number", "labels")) == {1: ["kept", "new"], 2: ["new"], 3: ["new"]}


def test_what_is_emptied_is_empty(cast: Cast):
    make_ticket(cast, component="data", assignee=str(cast.member.uid), estimate=3)
    edit(cast, [1], component="", assignee=None, estimate=None)
    row = Ticket.objects.get()
    assert (row.component, row.assignee, row.estimate) == ("", None, None)


def test_a_replica_that_follows_the_feed_sees_all_of_it(cast: Cast, tickets: list[Ticket]):
    mirror = Mirror(cast.project)
    edit(cast, [1, 2, 3], component="data", labels={"add": ["urgent"]})
    edit(cast, [2, 3, 4], component="model", labels={"remove": ["urgent"]}, assignee=str(cast.lead.uid))
    check_feed(mirror, images(cast.project))
    assert {row.number: row.revision for row in Ticket.objects.all()} == {
        number: Change.objects.filter(kind="ticket", number=number).latest("revision").revision
        for number in range(1, 6)
    }


def test_what_is_so_already_is_left_alone(cast: Cast, tickets: list[Ticket]):
    edit(cast, [1, 2], component="data")
    before = everything()
    assert edit(cast, [1, 2], component="data") == []
    assert everything() == before
    assert edit(cast, [1, 2, 3], component="data") == [3]
    assert versions() == {1: 2, 2: 2, 3: 2, 4: 1, 5: 1}


def test_the_plan_of_a_running_sprint_changes_only_by_a_decision_and_each_such_ticket_is_named(
    cast: Cast, sprint: Sprint
):
    before = everything()
    with pytest.raises(Refused) as refused:
        edit(cast, [1, 2, 5, 99], type="review", component="data")
    assert [(one.code, one.ticket) for one in refused.value.refusals] == [
        ("needs_decision", 1), ("needs_decision", 2), ("unknown_ticket", 99),
    ]  # fmt: skip
    assert "TST-1: Type is part of the plan of sprint 1" in refused.value.refusals[0].message
    assert everything() == before


def test_what_is_not_the_plan_changes_in_a_running_sprint_too(cast: Cast, sprint: Sprint):
    assert edit(cast, [1, 5], component="data", type="engineering") == [1, 5]


def test_in_a_draft_the_plan_changes_freely(cast: Cast, tickets: list[Ticket]):
    make_sprint(cast, [1])
    assert edit(cast, [1, 2], estimate=3) == [1, 2]


def test_a_ticket_holds_only_so_many_labels(cast: Cast):
    make_ticket(cast, labels=[f"label {n}" for n in range(19)])
    make_ticket(cast)
    with pytest.raises(Refused) as refused:
        edit(cast, [1, 2], labels={"add": ["one", "two"]})
    assert [one.ticket for one in refused.value.refusals] == [1]
    assert Ticket.objects.get(number=2).labels == []


@pytest.mark.parametrize(
    ("sent", "pointers"),
    [
        ({"title": "All the same"}, ["/title"]),
        ({"type": "x", "estimate": -1}, ["/type", "/estimate"]),
        ({"labels": {"add": [""]}}, ["/labels/add/0"]),
        ({"story": 9}, ["/story"]),
        ({"assignee": "00000000-0000-0000-0000-000000000000"}, ["/assignee"]),
    ],
)
def test_a_field_that_cannot_be_set_is_said(
    cast: Cast, tickets: list[Ticket], sent: dict[str, Any], pointers: list[str]
):
    with pytest.raises(Invalid) as invalid:
        edit(cast, [1, 2], **sent)
    assert [error.pointer for error in invalid.value.errors] == pointers
    assert set(versions().values()) == {1}


def test_there_is_an_end_to_how_many_at_once(cast: Cast, tickets: list[Ticket]):
    with pytest.raises(Invalid) as invalid:
        edit(cast, list(range(1, 502)), component="data")
    assert [error.code for error in invalid.value.errors] == ["too_many"]


def test_who_only_reads_edits_nothing(cast: Cast, tickets: list[Ticket]):
    with pytest.raises(Forbidden):
        edit(cast, [1], component="data", actor=cast.stakeholder)
    with pytest.raises(Hidden):
        edit(cast, [1], component="data", actor=cast.outsider)


def test_forty_tickets_cost_as_many_queries_as_two(cast: Cast):
    make_tickets(cast, 40)
    wanted = {"component": "data", "labels": {"add": ["urgent"]}, "assignee": str(cast.member.uid)}
    with CaptureQueriesContext(connection) as few:
        edit(cast, [1, 2], **wanted)
    with CaptureQueriesContext(connection) as many:
        edit(cast, list(range(3, 41)), **wanted)
    assert len(many) == len(few)
    assert len(many) <= 25
