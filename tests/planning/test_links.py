"""Links are attached and taken away one by one: none is lost, and none stands in the way of an edit."""

from typing import Any

import pytest

from agileml.journal.models import Change
from agileml.lib.fields import Invalid
from agileml.planning.actions.links import NAMED_AT_MOST, Pushed, add_link, push_link, remove_link
from agileml.planning.actions.tickets import edit_ticket
from agileml.projects.doors import Forbidden, Hidden
from agileml.work.links import AT_MOST
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_ticket, make_tickets

pytestmark = pytest.mark.django_db

PR = "https://example.com/pull/1"


def add(cast: Cast, url: str = PR, number: int = 1, **more: Any) -> Ticket:
    actor = more.pop("actor", cast.member)
    return add_link(project=cast.project, ticket=number, sent={"url": url, **more}, actor=actor, now=NOW)


def push(cast: Cast, text: str, url: str = PR, **more: Any) -> Pushed:
    return push_link(project=cast.project, text=text, sent={"url": url, **more}, actor=cast.member, now=NOW)


def links(number: int = 1) -> list[tuple[str, str, str]]:
    return [
        (one["url"], one["title"], one["kind"]) for one in Ticket.objects.get(project__key="TST", number=number).links
    ]


def test_a_link_is_attached_renamed_and_taken_away_and_each_is_a_change(cast: Cast, tickets: list[Ticket]):
    add(cast)
    add(cast, title="Deskew", kind="other")
    add(cast)  # says nothing new, and forgets nothing
    assert links() == [(PR, "Deskew", "other")]
    remove_link(project=cast.project, ticket=1, url=PR, actor=cast.member, now=NOW)
    remove_link(project=cast.project, ticket=1, url=PR, actor=cast.member, now=NOW)
    assert links() == []
    changes = Change.objects.filter(kind="ticket", action="updated").order_by("revision")
    assert [[len(side) for side in row.diff["links"]] for row in changes] == [[0, 1], [1, 1], [1, 0]]


def test_links_move_no_version_and_so_no_edit_meets_them(cast: Cast, tickets: list[Ticket]):
    push(cast, "TST-1")
    edited = edit_ticket(
        project=cast.project, number=1, sent={"title": "New"}, expected_version=1, actor=cast.lead, now=NOW
    )
    assert (edited.version, links()) == (2, [(PR, "", "pr")])


def test_an_edit_that_sends_links_attaches_them_and_loses_none_that_came_meanwhile(cast: Cast, tickets: list[Ticket]):
    push(cast, "TST-1")
    sent = {"links": [{"url": "https://arxiv.org/abs/1", "title": "A paper"}]}
    edit_ticket(project=cast.project, number=1, sent=sent, expected_version=1, actor=cast.lead, now=NOW)
    assert links() == [(PR, "", "pr"), ("https://arxiv.org/abs/1", "A paper", "paper")]
    assert Ticket.objects.get(number=1).version == 1


def test_a_pushed_text_links_every_ticket_that_it_names_and_tells_of_the_others(cast: Cast, tickets: list[Ticket]):
    add(cast, number=2, title="Ours")
    make_ticket(make_cast("OTH"))
    pushed = push(cast, "TST-1, TST-2 and TST-99; not OTH-1", title="Deskew")
    assert (pushed.linked, pushed.unchanged, pushed.unknown) == ([1], [2], [99])
    assert (links(1), links(2)) == ([(PR, "Deskew", "pr")], [(PR, "Ours", "pr")])
    before = Change.objects.count()
    assert push(cast, "TST-1, TST-2 and TST-99; not OTH-1", title="Deskew").linked == []
    assert Change.objects.count() == before
    assert Ticket.objects.get(project__key="OTH").links == []


def test_a_ticket_holds_so_many_links_and_no_more(cast: Cast):
    make_ticket(cast, links=[{"url": f"https://example.com/{n}"} for n in range(AT_MOST)])
    make_ticket(cast)
    pushed = push(cast, "TST-1 TST-2")
    assert (pushed.full, pushed.linked) == ([1], [2])
    with pytest.raises(Invalid):
        add(cast)
    with pytest.raises(Invalid):
        edit_ticket(
            project=cast.project, number=1, sent={"links": [{"url": PR}]}, expected_version=1, actor=cast.lead, now=NOW
        )
    assert len(links()) == AT_MOST


@pytest.mark.parametrize("text", [None, 7, "TST-1\0", "TST-1 \ud800", "x" * 20_001, " ".join(
    f"TST-{n}" for n in range(1, NAMED_AT_MOST + 2)
)])  # fmt: skip
def test_what_is_no_text_or_names_too_many_is_refused_whole(cast: Cast, text: Any):
    make_tickets(cast, 1)
    with pytest.raises(Invalid):
        push(cast, text)
    assert links() == []


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//example.com", "https://", "x", "https://a b"]
)
def test_only_web_addresses_are_links(cast: Cast, tickets: list[Ticket], url: str):
    for attach in (lambda: add(cast, url), lambda: push(cast, "TST-1", url)):
        with pytest.raises(Invalid):
            attach()
    assert links() == []


def test_a_stakeholder_links_nothing_and_an_outsider_finds_nothing(cast: Cast, tickets: list[Ticket]):
    with pytest.raises(Forbidden):
        add(cast, actor=cast.stakeholder)
    with pytest.raises(Hidden):
        add(cast, actor=cast.outsider)
    with pytest.raises(Hidden):
        add(cast, number=99)
