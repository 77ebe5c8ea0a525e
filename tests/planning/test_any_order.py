"""Whatever is done to plans, in whatever order: the decisions say what the plan is, and the feed what happened."""

import hypothesis
import pytest
from hypothesis.stateful import invariant, run_state_machine_as_test

from agileml.planning.models import Sprint
from agileml.planning.queries.replays import recorded
from agileml.planning.rules.replay import replay
from tests.planning.machine.aiming import Aiming
from tests.planning.machine.ground import STEPS, Dice, Ground, assert_plans
from tests.planning.machine.life import Life
from tests.planning.machine.proposing import Proposing
from tests.planning.machine.reached import EVERYTHING
from tests.planning.machine.taking_back import TakingBack
from tests.planning.machine.working import Working
from tests.planning.mirror import check_feed, check_places, replayed, without_history

FEWEST_WALKS, MOST_WALKS = 3, 15
SEEDS = (4, 27, 33, 26, 42)  # together they came to everything when they were chosen; else others help out
WALKED = 20  # so many examples the walks take the place of


class AnyOrder(Life, TakingBack, Working, Proposing, Aiming):
    """All that people do, and what must hold after each step of it."""

    @invariant()
    def all_holds(self) -> None:
        self.now = self.look()
        self.changed = False
        now = self.now.tickets
        check_feed(self.mirror, now, newest=5)
        check_places(self.cast.project)
        self.check_proposals()
        for row in self.sprints():
            plan = replayed(row)
            assert plan.version == row.plan_version
            if row.state == Sprint.State.ACTIVE:
                assert_plans(without_history(plan), self.now.plans[row.number])
                assert all(now[n]["sprint"] == row.number for n in plan.tickets)
                assert {n for n, line in plan.tickets.items() if line["skipped"]} == {
                    n for n, shape in now.items() if shape["sprint"] == row.number and shape["status"] == "skipped"
                }
            elif row.state == Sprint.State.CLOSED:
                assert_plans(without_history(plan), self.seen[row.number, row.plan_version])
            else:
                assert plan.tickets == {}

    def teardown(self) -> None:
        """No version of any plan was ever changed afterwards."""
        if not hasattr(self, "cast"):
            return
        check_feed(self.mirror, self.look().tickets)
        for row in self.sprints():
            decisions = recorded(row)
            for (number, version), plan in self.seen.items():
                if number == row.number:
                    assert_plans(without_history(replay(decisions, upto=version)), plan)


@pytest.mark.django_db(transaction=True)
def test_replaying_the_decisions_gives_the_plan_whatever_was_done_in_whatever_order() -> None:
    profile = hypothesis.settings()
    run_state_machine_as_test(AnyOrder, settings=hypothesis.settings(max_examples=profile.max_examples - WALKED))


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
def test_the_same_over_thousands_of_steps() -> None:
    run_state_machine_as_test(AnyOrder, settings=hypothesis.settings(max_examples=150, stateful_step_count=60))


@pytest.mark.django_db(transaction=True)
def test_it_holds_on_long_walks_that_come_to_everything_there_is() -> None:
    """Hypothesis seeks what is small and goes the same way often; a die comes to all there is, and that is seen."""
    Ground.reached.clear()
    for walks, seed in enumerate((*SEEDS, *range(MOST_WALKS - len(SEEDS))), 1):
        walk(seed, steps=60)
        if walks >= FEWEST_WALKS and Ground.reached.keys() >= EVERYTHING:
            return
    raise AssertionError(f"never came to: {', '.join(sorted(EVERYTHING - Ground.reached.keys()))}")


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
def test_the_same_on_walks_that_are_far_longer() -> None:
    for seed in range(100, 120):
        walk(seed, steps=250)


def walk(seed: int, *, steps: int) -> None:
    machine, dice = AnyOrder(), Dice(seed)
    machine.begin()
    machine.all_holds()
    for _ in range(steps):
        name, when = dice.pick(STEPS)
        if when(machine):
            machine.tell(f"--- {name}")
            getattr(machine, name)(draw=dice)
        if machine.changed:
            machine.all_holds()
    machine.teardown()
