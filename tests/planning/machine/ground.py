"""What every part of the machine stands on: one project a run, what is true of it, and how something is tried."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, ClassVar

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from agileml.accounts.models import User
from agileml.journal.rules.edits import Stale
from agileml.lib.fields import Invalid
from agileml.planning.actions import decide, progress, sprints
from agileml.planning.actions.take_back import Overtaken
from agileml.planning.models import Decision, Sprint
from agileml.planning.rules.moves import Refused
from agileml.planning.rules.progress import DoneRule, NeedsPlan
from agileml.projects.doors import Forbidden, Hidden
from agileml.projects.models import Project
from agileml.work.actions import Referenced, create_story
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, make_tickets
from tests.planning.machine.reached import reached_by
from tests.planning.mirror import Mirror, TablePlan, assert_same, everything, images, table_plan

REFUSALS = (
    Refused, Invalid, Hidden, Forbidden, Overtaken, NeedsPlan, DoneRule, decide.StalePlan, progress.Moved,
    Stale, sprints.NeedsDecision, Referenced,
)  # fmt: skip
VALUES = (0.0, 1.0, 2.0, 1e23)  # the last one is where back ends write numbers differently


def criterion(value: float, uid: str | None = None) -> dict[str, Any]:
    return {"metric": f"metric {int(value) % 2}", "op": "<=", "value": value, "uid": uid}


@dataclass(frozen=True)
class Now:
    """What is true at some moment: every ticket, and the plan of every active sprint."""

    tickets: dict[int, dict[str, Any]]
    plans: dict[int, TablePlan]


def assert_plans(one: TablePlan, other: TablePlan) -> None:
    assert_same(one["sprint"], other["sprint"], "sprint")
    assert_same(one["tickets"], other["tickets"], "plan")


class Draw:
    """Choices that are mostly good ones, so that long histories come about, and sometimes any at all."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data

    def number(self, most: int) -> int:
        return self.data.draw(st.integers(0, most))

    def pick(self, every: Sequence[Any]) -> Any:
        return self.data.draw(st.sampled_from(every))

    def rarely(self) -> bool:
        return self.number(19) == 19

    def one(self, good: Sequence[Any], every: Sequence[Any]) -> Any:
        return self.pick(every if not good or self.rarely() else good)

    def some(self, good: Sequence[int], every: Sequence[int], most: int) -> list[int]:
        return [self.one(good, every) for _ in range(self.number(most))]


class Dice(Draw):
    """The same choices by a die, each as likely as the other: no search for what is small, but all is come to."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def number(self, most: int) -> int:
        return self.random.randint(0, most)

    def pick(self, every: Sequence[Any]) -> Any:
        return self.random.choice(every)


When = Callable[[Any], bool]
STEPS: list[tuple[str, When]] = []  # all that can be done, and when; what people do often is there often


def step(*, when: When = lambda self: True, often: int = 1) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a method one of the things that can be done, as long as `when` holds."""

    def decorate(method: Callable[..., None]) -> Callable[..., None]:
        STEPS.extend([(method.__name__, when)] * often)
        return precondition(when)(rule(draw=st.builds(Draw, st.data()))(method))

    return decorate


class Ground(RuleBasedStateMachine):
    """One project a run, so that nothing need be cleared away, and each run proves that projects are apart."""

    runs: ClassVar[int] = 0
    reached: ClassVar[Counter[str]] = Counter()  # what was done, and what was refused, over all runs
    now: Now

    @initialize()
    def begin(self) -> None:
        Ground.runs += 1
        self.cast: Cast = make_cast(f"A{Ground.runs}", replanners="team")
        self.steps = 0
        self.changed = True  # since it was last seen that all holds
        self.mirror = Mirror(self.cast.project)
        self.seen: dict[tuple[int, int], TablePlan] = {}  # every plan version as the tables held it when it was made
        for title in ("One story", "Another"):
            create_story(project=self.cast.project, sent={"title": title}, actor=self.cast.lead, now=NOW)
        make_tickets(self.cast, 5)
        make_ticket(self.cast, "Has a test", type="algorithm_development", criteria=[criterion(1.0), criterion(2.0)])
        make_sprint(self.cast, [1, 2, 6], active=True)
        make_sprint(self.cast, [3], active=True)
        make_sprint(self.cast, [4])

    def sprints(self) -> list[Sprint]:
        return list(Sprint.objects.filter(project=self.cast.project).order_by("number"))

    def active(self) -> list[Sprint]:
        return [row for row in self.sprints() if row.state == Sprint.State.ACTIVE]

    @property
    def decider(self) -> User:
        """Somebody who may decide re-plans, as the project's setting is now."""
        team = Project.objects.filter(pk=self.cast.project.pk, replanners="team").exists()
        return self.cast.member if team else self.cast.lead

    def look(self) -> Now:
        """What is true now; of a plan version that is new it is kept how the tables hold it."""
        tickets, plans = images(self.cast.project), {}
        for row in self.sprints():
            if row.state == Sprint.State.ACTIVE:
                plans[row.number] = table_plan(row, tickets)
                self.seen.setdefault((row.number, row.plan_version), plans[row.number])
        return Now(tickets, plans)

    def attempt(self, act: Callable[..., Any], **what: Any) -> Any:
        """Do something; when it is refused, see that nothing at all has changed."""
        self.steps += 1
        had = everything()
        common = {"project": self.cast.project, "now": NOW + timedelta(seconds=self.steps * 7 % 50)}
        try:
            done = act(**{"actor": self.cast.member} | common | what)
        except REFUSALS as refused:
            self.tell(f"refused: {refused!r}")
            assert everything() == had, "something was left of what was refused"
            self.count(type(refused).__name__)
            return None
        self.changed = True
        self.tell(f"done: {done!r} by {what}")
        self.assert_allowed(what.get("actor", self.cast.member), done)
        if isinstance(done, Decision):
            self.count(*reached_by(done))
        return done

    def assert_allowed(self, actor: User, done: Any) -> None:
        """Who did this was one who may."""
        assert actor not in {self.cast.stakeholder, self.cast.outsider}, "who may not work worked"
        if isinstance(done, Decision) and actor == self.cast.member:
            first = done
            while first.reverts:
                first = first.reverts
            kinds = set(Decision.objects.filter(group=first.group).values_list("kind", flat=True))
            assert kinds <= {"replan", "received"}, "a member started or closed a sprint"
            assert self.decider == actor, "a member decided where only leads do"

    def count(self, *things: str) -> None:
        """Remember that these were reached, for the test that sees whether everything was."""
        Ground.reached.update(things)
        if hypothesis.currently_in_test_context():
            for thing in things:
                hypothesis.event(thing)

    def tell(self, line: str) -> None:
        """Say what happened, for who has to find out why it should not have."""
        if hypothesis.currently_in_test_context():
            hypothesis.note(line)
        else:
            print(line)  # which pytest shows of what failed

    def assert_as_it_was(self, before: Now, after: Now) -> None:
        """All is as before, but for what was made anew meanwhile, which lies in the backlog."""
        assert before.plans.keys() == after.plans.keys()
        for number, plan in before.plans.items():
            assert_plans(after.plans[number], plan)
        changing = {"version", "revision", "updated_at", "criteria"}  # judged anew; the plans hold the definitions
        for number, was in before.tickets.items():
            one, other = (
                {k: v for k, v in shape.items() if k not in changing} for shape in (was, after.tickets[number])
            )
            assert_same(one, other, f"ticket {number} taken back")
        for number in after.tickets.keys() - before.tickets.keys():
            assert after.tickets[number]["sprint"] is None, "what was made anew lies in the backlog"

    def assert_alone(self, made: Decision, before: Now) -> None:
        """A decision changed no active sprint's plan but those for which its group holds one."""
        decided = {row.sprint.number for row in Decision.objects.filter(group=made.group) if row.sprint}
        after = self.look()
        assert {n: p for n, p in before.plans.items() if n not in decided} == {
            n: p for n, p in after.plans.items() if n not in decided
        }, "another sprint's plan changed without a decision"
