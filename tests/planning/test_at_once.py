"""Several people at once, each on a connection of her own."""

from functools import partial
from typing import Any

import pytest

from agileml.planning.actions import progress
from agileml.planning.actions.decide import StalePlan
from agileml.planning.models import Decision, Sprint
from agileml.planning.rules.moves import Refused
from agileml.projects.actions import add_member
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, make_tickets, replan
from tests.planning.mirror import Mirror, check_feed, check_places, images, replayed, table_plan, without_history
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two() -> tuple[Cast, Cast]:
    """Two projects, each with an active sprint of eight tickets; each one's lead is a member of the other."""
    first, second = make_cast("ONE"), make_cast("TWO")
    for cast, other in ((first, second), (second, first)):
        add_member(project=cast.project, user=other.lead, role="member", actor=cast.lead, now=NOW)
        make_tickets(cast, 8)
        make_sprint(cast, range(1, 9), active=True)
    return first, second


def check(cast: Cast) -> None:
    check_feed(Mirror(cast.project), images(cast.project))
    check_places(cast.project)
    sprint = Sprint.objects.get(project=cast.project)
    assert without_history(replayed(sprint)) == table_plan(sprint, images(cast.project))


def test_of_those_who_decide_at_once_on_one_plan_exactly_one_does(two: tuple[Cast, Cast]):
    cast = two[0]
    sprint = Sprint.objects.get(project=cast.project)
    skips = [{"move": "skip", "ticket": number} for number in range(1, 5)]
    results = at_once(*[partial(replan, cast, sprint, skip, base=1) for skip in skips])
    assert sorted(type(result).__name__ for result in results) == ["Decision"] + ["StalePlan"] * 3
    won = next(result for result in results if isinstance(result, Decision))
    for lost in results:
        if isinstance(lost, StalePlan):
            assert [decision["uid"] for decision in lost.since] == [str(won.uid)]
    check(cast)


def test_cards_move_while_others_decide_in_two_projects_whose_people_cross(two: tuple[Cast, Cast]):
    def work(cast: Cast, actor: Any, turn: int) -> list[str]:
        sprint, told = Sprint.objects.get(project=cast.project), []
        for number in range(1, 9):
            try:
                if (number + turn) % 2:
                    progress.progress(project=cast.project, number=number, to="in_review", actor=actor, now=NOW)
                    make_ticket(cast, "Another", sprint=1, depends_on=[number], assignee=str(actor.uid))
                else:
                    replan(cast, sprint, {"move": "remove", "ticket": number}, actor=actor)
            except Refused as refused:  # somebody else took it out already
                told += [refusal.code for refusal in refused.refusals]
        return told

    first, second = two
    results = at_once(
        *[partial(work, first, actor, turn) for turn, actor in enumerate((first.lead, second.lead))],
        *[partial(work, second, actor, turn) for turn, actor in enumerate((first.lead, second.lead))],
    )
    assert [result for result in results if not isinstance(result, list)] == []
    assert {code for told in results for code in told} <= {"not_in_sprint"}
    for cast in two:
        assert sorted(images(cast.project)) == list(range(1, 17))
        check(cast)
