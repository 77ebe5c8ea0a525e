"""Numbers of any size stay what they are, through plans, judgements, and everything that clients read."""

import pytest

from agileml.metrics.models import Judgement, Snapshot
from agileml.planning.models import Sprint
from tests.api.client import Api
from tests.factories import Cast, make_sprint, make_ticket, measure, replan
from tests.planning.mirror import images, replayed, table_plan, without_history

LARGE = [1e16, 1.2345678901234568e18, 1e19, 1e23, -1e300]


def flops(value: float) -> list[dict[str, object]]:
    return [{"metric": "flops", "op": "<=", "value": value}]


@pytest.mark.parametrize("value", LARGE)
def test_a_plan_replays_to_itself_and_is_taken_back_and_told(cast: Cast, value: float):
    ticket = make_ticket(cast, criteria=flops(value))
    sprint = make_sprint(cast, [1], active=True)
    change = {"move": "change", "ticket": 1, "set": {"criteria": flops(value / 2)}}
    replan(cast, sprint, change, code="correction")
    measure(cast, ticket, [value, value], metric="flops", params={"budget": value, "seed": 2**62})
    measure(cast, ticket, [value, value], metric="flops", params={"budget": value, "seed": 2**62})

    sprint = Sprint.objects.get()
    assert without_history(replayed(sprint)) == table_plan(sprint, images(cast.project))
    assert Judgement.objects.filter(candidate__isnull=False).count() == 1, "nothing new was measured the second time"
    params = Snapshot.objects.first().params
    assert (float(params["budget"]), params["seed"]) == (value, 2**62)

    api = Api(cast.lead)
    for path in ("changes/?after=0", "sprints/1/decisions/", "sprints/1/plan/", "tickets/1/snapshots/", "tickets/1/"):
        assert api("GET", path).status_code == 200
    told = api("GET", "sprints/1/plan/").json()["tickets"][0]["criteria"][0]["value"]
    assert told == value / 2
    decision = api("GET", "sprints/1/decisions/").json()["results"][-1]["uid"]
    assert api("POST", f"decisions/{decision}/revert/", {}).status_code == 201
