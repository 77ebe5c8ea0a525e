"""Whatever is done to plans, in whatever order: the decisions say what the plan is, and the feed what happened."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from agileml.planning.actions import bulk, decide, progress, sprints, take_back, tickets
from agileml.planning.actions.take_back import Overtaken
from agileml.planning.models import Decision, Move, Sprint
from agileml.planning.queries.replays import recorded, recorded_moves
from agileml.planning.rules.moves import REASON_CODES, Refused, parse
from agileml.planning.rules.progress import DoneRule, NeedsPlan
from agileml.planning.rules.replay import replay
from agileml.planning.rules.starting import Destination
from agileml.projects.doors import Forbidden, Hidden
from agileml.work.actions import Referenced, Stale, create_story
from agileml.work.fields import Invalid
from agileml.work.models import Ticket
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, make_tickets, measure
from tests.planning.mirror import (
    Mirror,
    TablePlan,
    assert_same,
    check_feed,
    check_places,
    everything,
    images,
    replayed,
    table_plan,
    without_history,
)

REFUSALS = (
    Refused, Invalid, Hidden, Forbidden, Overtaken, NeedsPlan, DoneRule, decide.StalePlan, progress.Moved,
    Stale, sprints.NeedsDecision, Referenced,
)  # fmt: skip
MOST_TICKETS, MOST_SPRINTS = 16, 5
VALUES = (0.0, 1.0, 2.0, 1e23)  # the last one is where back ends write numbers differently
STATUSES = ("todo", "in_progress", "in_review", "done")
WHY = decide.Why(code="other", text="Because the numbers say so.")


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

    def rarely(self) -> bool:
        return self.number(9) == 9

    def one(self, good: Sequence[Any], every: Sequence[Any]) -> Any:
        return self.data.draw(st.sampled_from(every if not good or self.rarely() else good))

    def some(self, good: Sequence[int], every: Sequence[int], most: int) -> list[int]:
        return [self.one(good, every) for _ in range(self.number(most))]


class AnyOrder(RuleBasedStateMachine):
    """One project a run, so that nothing need be cleared away, and each run proves that projects are apart."""

    runs = 0

    # --- the ground -----------------------------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        AnyOrder.runs += 1
        self.cast: Cast = make_cast(f"A{AnyOrder.runs}", replanners="team")
        self.steps = 0
        self.mirror = Mirror(self.cast.project)
        self.seen: dict[tuple[int, int], TablePlan] = {}  # every plan version as the tables held it when it was made
        for title in ("One story", "Another"):
            create_story(project=self.cast.project, sent={"title": title}, actor=self.cast.lead, now=NOW)
        make_tickets(self.cast, 5)
        make_ticket(self.cast, "Has a test", type="algorithm_development", criteria=[criterion(1.0), criterion(2.0)])
        make_sprint(self.cast, [1, 2, 6], active=True)
        make_sprint(self.cast, [3], active=True)
        make_sprint(self.cast, [2, 4])

    def active(self) -> list[Sprint]:
        return [row for row in self.sprints() if row.state == Sprint.State.ACTIVE]

    def sprints(self) -> list[Sprint]:
        return list(Sprint.objects.filter(project=self.cast.project).order_by("number"))

    def look(self) -> Now:
        """What is true now; of a plan version that is new it is kept how the tables hold it."""
        tickets, plans = images(self.cast.project), {}
        for row in self.active():
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
            hypothesis.note(f"refused: {refused!r}")
            assert everything() == had, "something was left of what was refused"
            return None
        hypothesis.note(f"done: {done!r} by {what}")
        return done

    # --- deciding -------------------------------------------------------------------------------------------------

    def a_move(self, draw: Draw, kind: str, here: Sprint | None, now: Now, used: set[int]) -> dict[str, Any]:
        """One line of a decision in `here`; `used` are the tickets that the decision names already."""
        every = list(now.tickets)
        inside = [n for n, shape in now.tickets.items() if shape["sprint"] == (here.number if here else None)]
        inside = [n for n in inside if n not in used and now.tickets[n]["status"] != "done"]
        skipped = [n for n in inside if now.tickets[n]["status"] == "skipped"]
        going = [n for n in inside if n not in skipped]
        outside = [n for n in every if now.tickets[n]["sprint"] is None and now.tickets[n]["status"] != "done"]
        if kind == "sprint":
            field = draw.one(["goal", "increment", "end"], ["end"])
            value = f"2026-12-{draw.number(5) + 10}" if field == "end" else f"Words {draw.number(3)}"
            return {"move": "sprint", "set": {field: value}}
        if kind == "add new":
            new = {"type": "review", "title": "New", "story": draw.one([None, 1, 2], [7])}
            return {
                "move": "add",
                "new": new | ({"criteria": [criterion(VALUES[draw.number(3)])]} if draw.number(1) else {}),
            }
        good = {"add": [n for n in outside if n not in used], "restore": skipped, "defer": inside, "remove": inside}
        number = draw.one(good.get(kind, going), every)
        used.add(number)
        move: dict[str, Any] = {"move": kind, "ticket": number}
        if kind == "defer":
            target = draw.one([None, *[s.number for s in self.sprints() if s.state != "closed"]], [1, 9])
            version = {s.number: s.plan_version for s in self.sprints()}.get(target) if target else None
            move |= {"to": target, "to_base_version": version or None, "note": "For whoever takes it up."}
        elif kind == "change":
            move["set"] = self.plan_change(draw, now.tickets[number])
        elif kind == "split":
            move["into"] = [{"type": "engineering", "title": f"Part {n}"} for n in range(draw.number(1) + 1)]
        elif kind == "skip" and draw.number(1):
            move["revisit_if"] = "there is more data"
        return move

    def plan_change(self, draw: Draw, shape: dict[str, Any]) -> dict[str, Any]:
        field = draw.one(["type", "story", "estimate", "criteria", "criteria"], ["type"])
        if field == "type":
            return {"type": draw.one(["review", "deployment"], ["engineering"])}
        if field == "story":
            return {"story": draw.one([None, 1, 2], [7])}
        if field == "estimate":
            return {"estimate": draw.one([None, 1, 2.5], [-1])}
        kept = [item for item in shape["criteria"] if draw.number(1)]
        changed = [item | ({"value": item["value"] + 1} if draw.number(1) else {}) for item in kept]
        return {"criteria": changed + [criterion(VALUES[draw.number(3)]) for _ in range(draw.number(1))]}

    def a_decision(self, draw: Draw, now: Now) -> dict[str, Any]:
        rows = self.sprints()
        here = draw.one([s for s in rows if s.state == "active"], [*rows, None])
        kinds = ["add", "add new", "remove", "skip", "restore", "defer", "change", "split", "sprint"]
        if here is None:
            kinds = ["skip", "restore"]
        used: set[int] = set()
        moves = [self.a_move(draw, draw.one(kinds, kinds), here, now, used) for _ in range(draw.number(3) + 1)]
        base = draw.one([here.plan_version if here else None, None], [0])
        why = draw.one([WHY], [decide.Why(code=code) for code in REASON_CODES])
        return {"sprint": here.number if here else None, "base_version": base, "why": why, "moves": parse(moves)}

    @rule(data=st.data())
    def replan(self, data: st.DataObject) -> None:
        """Every kind of move, one or several at once, good and bad."""
        draw, now = Draw(data), self.now
        made = self.attempt(lambda **common: decide.decide(**self.a_decision(draw, now), **common))
        if made and made.sprint:
            others = {number: plan for number, plan in now.plans.items() if number != made.sprint.number}
            received = {d.sprint.number for d in Decision.objects.filter(group=made.group) if d.sprint}
            after = self.look()
            assert {n: p for n, p in others.items() if n not in received} == {
                n: p for n, p in after.plans.items() if n not in received
            }, "another sprint's plan changed without a decision"

    @rule(data=st.data())
    def replan_and_take_it_back_at_once(self, data: st.DataObject) -> None:
        """Nothing stands in the way then, and all is as it was but for what the decision made anew."""
        draw, before = Draw(data), self.now
        made = self.attempt(lambda **common: decide.decide(**self.a_decision(draw, before), **common))
        if not made:
            return
        self.look()
        undone = self.attempt(take_back.take_back, decision=str(made.uid))
        assert undone, "nothing had happened since, yet it could not be taken back"
        after = self.look()
        for number, plan in before.plans.items():
            assert_plans(after.plans[number], plan)
        for number, was in before.tickets.items():
            self.assert_as_before(was, after.tickets[number])
        for number in after.tickets.keys() - before.tickets.keys():
            assert after.tickets[number]["sprint"] is None, "what was made anew lies in the backlog"

    def assert_as_before(self, was: dict[str, Any], now: dict[str, Any]) -> None:
        changing = {"version", "revision", "updated_at", "criteria"}  # judged anew; the plans hold the definitions
        one, other = ({k: v for k, v in shape.items() if k not in changing} for shape in (was, now))
        assert_same(one, other, f"ticket {was['number']} taken back")

    # --- taking back ----------------------------------------------------------------------------------------------

    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        """Any decision at any time: what it moved is as it was before it, and nothing else has moved."""
        draw, before = Draw(data), self.now
        rows = list(Decision.objects.filter(project=self.cast.project).order_by("-pk"))
        self.take_back_and_compare(draw.one(rows[:3], rows), before, partial=bool(draw.number(1)))

    @precondition(lambda self: Decision.objects.filter(project=self.cast.project, kind="revert").exists())
    @rule(data=st.data())
    def take_back_a_taking_back(self, data: st.DataObject) -> None:
        draw, before = Draw(data), self.now
        rows = list(Decision.objects.filter(project=self.cast.project, kind="revert").order_by("-pk"))
        self.take_back_and_compare(draw.one(rows[:2], rows), before, partial=bool(draw.number(1)))

    def take_back_and_compare(self, named: Decision, before: Now, *, partial: bool) -> None:
        made = self.attempt(
            take_back.take_back, decision=str(named.uid), partial=partial, actor=self.cast.lead, reason="It was wrong."
        )
        if not made:
            return
        after = self.look()
        for undone in Decision.objects.filter(group=made.group).select_related("sprint", "reverts"):
            self.compare_with_before_it(undone, before, after)

    def compare_with_before_it(self, undone: Decision, before: Now, after: Now) -> None:
        sprint, target = undone.sprint, undone.reverts
        assert target is not None
        if sprint is None:
            return
        was = self.seen.get((sprint.number, (target.version or 0) - 1))  # none for what was before a start
        if was is not None and sprint.state == Sprint.State.CLOSED:
            self.seen[sprint.number, sprint.plan_version] = was
        now = after.plans.get(sprint.number)
        if was is None or now is None:
            return
        moved = {move.ticket for move in recorded_moves(undone)}
        for number in moved - {None}:
            assert now["tickets"].get(number) == was["tickets"].get(number), f"ticket {number} is not as it was"
        if sprint.number in before.plans:
            had = before.plans[sprint.number]["tickets"]
            for number in (had.keys() | now["tickets"].keys()) - moved:
                assert now["tickets"].get(number) == had.get(number), f"ticket {number} moved without a move"
        fields = {n for m in recorded_moves(undone) if m.move == "sprint" and m.before for n in m.after or {}}
        assert {n: now["sprint"][n] for n in fields} == {n: was["sprint"][n] for n in fields}

    # --- the sprint's life ----------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.sprints()) < MOST_SPRINTS)
    @rule(days=st.integers(0, 20))
    def make_a_sprint(self, days: int) -> None:
        sent = {"start": "2026-11-30", "end": (NOW + timedelta(days=days)).date().isoformat()}
        self.attempt(sprints.create_sprint, sent=sent)

    @rule(data=st.data())
    def draft(self, data: st.DataObject) -> None:
        draw, now = Draw(data), self.now
        rows = self.sprints()
        here = draw.one([s for s in rows if s.state == "planned"], rows)
        free = [
            n for n, t in now.tickets.items() if t["planned_sprint"] in {None, here.number} and t["status"] != "done"
        ]
        some = draw.some(free, list(now.tickets), 4)
        if draw.number(1):
            self.attempt(sprints.draft, number=here.number, tickets=some)
        else:
            drop = draw.some([], list(now.tickets), 2)
            self.attempt(sprints.draft_some, number=here.number, add=some, drop=drop)

    @rule(data=st.data())
    def start(self, data: st.DataObject) -> None:
        draw, rows = Draw(data), self.sprints()
        here = draw.one([s for s in rows if s.state == "planned"], rows)
        actor = draw.one([self.cast.lead], [self.cast.member, self.cast.stakeholder, self.cast.outsider])
        self.attempt(sprints.start_sprint, number=here.number, actor=actor)

    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        draw, now, rows = Draw(data), self.now, self.sprints()
        here = draw.one([s for s in rows if s.state == "active"], rows)
        left = [
            n for n, t in now.tickets.items() if t["sprint"] == here.number and t["status"] not in {"done", "skipped"}
        ]
        going = {number: self.a_destination(draw, here) for number in left if not draw.rarely()}
        made = self.attempt(sprints.close_sprint, number=here.number, destinations=going, actor=self.cast.lead)
        if made:
            plan = now.plans[here.number]
            lines = {n: line for n, line in plan["tickets"].items() if n not in going or going[n].to == "skip"}
            lines = {n: line | {"skipped": line["skipped"] or n in going} for n, line in lines.items()}
            self.seen[here.number, made.version] = {"sprint": plan["sprint"], "tickets": lines}

    def a_destination(self, draw: Draw, here: Sprint) -> Destination:
        others = [s for s in self.sprints() if s.number != here.number and s.state != "closed"]
        to = draw.one(["backlog", "skip", "sprint"] if others else ["backlog", "skip"], ["sprint"])
        if to != "sprint":
            return Destination(to)
        other = draw.one(others, [here])
        return Destination("sprint", sprint=other.number, to_base_version=other.plan_version, note="Carried on.")

    @precondition(lambda self: any(s.state == "closed" for s in self.sprints()))
    @rule(data=st.data())
    def take_back_a_close_or_a_start(self, data: st.DataObject) -> None:
        rows = list(Decision.objects.filter(project=self.cast.project, kind__in=["close", "start"]).order_by("-pk"))
        self.take_back_and_compare(Draw(data).one(rows[:1], rows), self.now, partial=False)

    @rule(data=st.data())
    def edit_a_sprint(self, data: st.DataObject) -> None:
        draw, rows = Draw(data), self.sprints()
        here = draw.one(rows, rows)
        field = draw.one(["name", "goal", "end"], ["start"])
        value = f"2026-12-{draw.number(9) + 10}" if field in {"end", "start"} else f"Words {draw.number(3)}"
        version = draw.one([None, here.version], [here.version + 1])
        why = draw.one([decide.Why(code="correction")], [None])
        self.attempt(sprints.edit_sprint, number=here.number, sent={field: value}, expected_version=version, why=why)

    # --- tickets --------------------------------------------------------------------------------------------------

    @precondition(lambda self: Ticket.objects.filter(project=self.cast.project).count() < MOST_TICKETS)
    @rule(data=st.data())
    def create_a_ticket(self, data: st.DataObject) -> None:
        draw = Draw(data)
        where = draw.one([None, *[s.number for s in self.sprints() if s.state != "closed"]], [1, 9])
        sent = {"type": "engineering", "title": "Another", "criteria": [criterion(1.0)] if draw.number(1) else []}
        self.attempt(tickets.create_ticket, sent=sent, sprint=where)

    @rule(data=st.data())
    def move_a_card(self, data: st.DataObject) -> None:
        draw, now = Draw(data), self.now
        every = list(now.tickets)
        number = draw.one([n for n in every if now.tickets[n]["status"] != "skipped"], every)
        to = draw.one(STATUSES, ["skipped", "lost"])
        outcome = draw.one(["shipped", "learned"], ["", "demoed"])
        beside = {draw.one(["before"], ["after"]): draw.one(every, every)} if draw.number(1) else {}
        override = draw.one(["Nothing to learn here."], [""])
        actor = draw.one([self.cast.lead], [self.cast.member, self.cast.stakeholder])
        self.attempt(progress.progress, number=number, to=to, outcome=outcome, override=override, actor=actor, **beside)

    @rule(data=st.data())
    def edit_a_ticket(self, data: st.DataObject) -> None:
        draw, now = Draw(data), self.now
        every = list(now.tickets)
        shape = now.tickets[draw.one(every, every)]
        sent = self.plan_change(draw, shape) if draw.number(1) else {}
        if not sent or draw.number(1):
            sent |= draw.one(
                [
                    {"title": f"Title {draw.number(2)}"},
                    {"depends_on": draw.some(every, [99], 2)},
                    {"waiting_on_run": True},
                ],
                [{"title": ""}, {"sprint": 1}],
            )
        why = draw.one([decide.Why(code="correction")], [None])
        version = draw.one([None, shape["version"]], [shape["version"] + 1])
        self.attempt(tickets.edit_ticket, number=shape["number"], sent=sent, expected_version=version, why=why)

    @rule(data=st.data())
    def edit_many_tickets(self, data: st.DataObject) -> None:
        """Also of a running sprint, where what is its plan makes the whole of it refused."""
        draw, now = Draw(data), self.now
        free = [number for number, shape in now.tickets.items() if shape["sprint"] is None]
        every = list(now.tickets)
        some = draw.some(free if draw.number(1) else every, [*every, 99], 5)
        sent = draw.one(
            [
                {"component": draw.one(["data", "model"], [""])},
                {"assignee": draw.one([str(self.cast.member.uid), None], [str(self.cast.outsider.uid)])},
                {"labels": {"add": [f"label {draw.number(2)}"], "remove": [f"label {draw.number(2)}"]}},
                {"type": "review", "estimate": draw.one([None, 2.5], [-1])},
                {"story": draw.one([None, 1, 2], [7]), "component": "data"},
            ],
            [{"title": "All the same"}],
        )
        actor = draw.one([self.cast.member], [self.cast.stakeholder])
        made = self.attempt(bulk.edit_many, numbers=some, sent=sent, actor=actor)
        changed = {row.number for row in made or []}
        for number, shape in images(self.cast.project).items():
            assert shape["version"] == now.tickets[number]["version"] + (number in changed)

    @rule(data=st.data())
    def put_a_ticket_in_its_place(self, data: st.DataObject) -> None:
        draw, now = Draw(data), self.now
        every = list(now.tickets)
        number, beside = draw.one(every, [99]), draw.one(every, [99])
        where = draw.one(["before", "after"], ["before"])
        if self.attempt(progress.progress, number=number, to=None, **{where: beside}):
            after = images(self.cast.project)
            order = sorted(after, key=lambda n: (after[n]["rank"], n))
            assert order.index(number) - order.index(beside) == (-1 if where == "before" else 1)
            assert {n: shape["version"] for n, shape in after.items()} == {
                n: s["version"] for n, s in now.tickets.items()
            }

    @rule(data=st.data())
    def delete_a_ticket(self, data: st.DataObject) -> None:
        draw, now = Draw(data), self.now
        named = set(Move.objects.filter(decision__project=self.cast.project).values_list("ticket__number", flat=True))
        number = draw.one([n for n in now.tickets if n not in named], list(now.tickets))
        self.attempt(tickets.delete_ticket, number=number, expected_version=None)

    @rule(data=st.data(), value=st.sampled_from([0.5, 1.5, 2.5]))
    def measure(self, data: st.DataObject, value: float) -> None:
        draw = Draw(data)
        rows = list(Ticket.objects.alive().filter(project=self.cast.project).order_by("number"))
        with_criteria = [row for row in rows if row.criteria.exists()]
        measure(self.cast, draw.one(with_criteria, rows), [value], metric=f"metric {draw.number(1)}")

    # --- what must hold -------------------------------------------------------------------------------------------

    @invariant()
    def all_holds(self) -> None:
        self.now = self.look()
        now = self.now.tickets
        check_feed(self.mirror, now)
        check_places(self.cast.project)
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
        for row in self.sprints():
            decisions = recorded(row)
            for (number, version), plan in self.seen.items():
                if number == row.number:
                    assert_plans(without_history(replay(decisions, upto=version)), plan)


@pytest.mark.django_db(transaction=True)
def test_replaying_the_decisions_gives_the_plan_whatever_was_done_in_whatever_order() -> None:
    run_state_machine_as_test(AnyOrder, settings=hypothesis.settings())


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
def test_the_same_over_thousands_of_steps() -> None:
    run_state_machine_as_test(AnyOrder, settings=hypothesis.settings(max_examples=150, stateful_step_count=60))
