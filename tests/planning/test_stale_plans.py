"""A decision is made for the plan that one saw; a plan that has moved on says what has happened since."""

import pytest

from agileml.planning.actions.decide import StalePlan
from agileml.planning.models import Sprint
from agileml.planning.rules.moves import Refused
from agileml.work.models import Ticket
from tests.factories import Cast, make_sprint, replan

pytestmark = pytest.mark.django_db


def test_a_decision_on_an_old_plan_is_refused_with_what_changed_and_by_whom(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 1}, reason="It cannot work.", actor=cast.member)
    replan(cast, sprint, {"move": "add", "ticket": 5}, code="priority")
    with pytest.raises(StalePlan) as stale:
        replan(cast, sprint, {"move": "skip", "ticket": 2}, base=1)
    assert stale.value.current == 3
    assert [decision["version"] for decision in stale.value.since] == [2, 3]
    first = stale.value.since[0]
    assert (first["reason"], first["actor"]["name"]) == ("It cannot work.", "Member Person")
    assert [(move["move"], move["ticket"]) for move in first["moves"]] == [("skip", 1)]
    assert Ticket.objects.get(number=2).status == "todo"


def test_a_decision_on_the_plan_as_it_is_goes_through(cast: Cast, sprint: Sprint):
    assert replan(cast, sprint, {"move": "skip", "ticket": 2}, base=1).version == 2


def test_a_plan_from_the_future_is_stale_too(cast: Cast, sprint: Sprint):
    with pytest.raises(StalePlan) as stale:
        replan(cast, sprint, {"move": "skip", "ticket": 2}, base=2)
    assert stale.value.since == []


def test_a_gesture_that_holds_on_any_plan_names_none(cast: Cast, sprint: Sprint):
    replan(cast, sprint, {"move": "skip", "ticket": 1})
    assert replan(cast, sprint, {"move": "add", "ticket": 5}, base=None).version == 3


def test_another_active_sprint_receives_only_on_the_plan_that_one_saw(cast: Cast, sprint: Sprint):
    other = make_sprint(cast, [5], active=True)
    move = {"move": "defer", "ticket": 1, "to": other.number, "to_base_version": 1}
    replan(cast, other, {"move": "skip", "ticket": 5})
    with pytest.raises(Refused) as refused:
        replan(cast, sprint, move)
    assert [refusal.code for refusal in refused.value.refusals] == ["stale_target"]
    assert replan(cast, sprint, move | {"to_base_version": 2}).version == 2
