"""A sprint's life: made, drafted, started, edited, and closed with every place for what is left."""

from datetime import timedelta
from typing import Any

from agileml.planning.actions import decide, sprints
from agileml.planning.models import Sprint
from agileml.planning.rules.moves import RESUME_COSTS
from agileml.planning.rules.retro import Said
from agileml.planning.rules.starting import Destination
from tests.factories import NOW
from tests.planning.machine.deciding import Deciding
from tests.planning.machine.ground import Draw, Now, step

MOST_SPRINTS = 6


class Life(Deciding):
    """Several sprints may be active at once, and what is left in one may be carried to another."""

    @step(when=lambda self: len(self.sprints()) < MOST_SPRINTS and len(self.active()) < 3)
    def make_a_sprint(self, draw: Draw) -> None:
        sent = {"start": "2026-11-30", "end": (NOW + timedelta(days=draw.number(20))).date().isoformat()}
        self.attempt(sprints.create_sprint, sent=sent)

    @step(often=2)
    def draft(self, draw: Draw) -> None:
        now = self.now
        rows = self.sprints()
        here = draw.one([s for s in rows if s.state == "planned"], rows)
        going = [n for n, t in now.tickets.items() if t["status"] != "done"]
        free = [n for n in going if now.tickets[n]["planned_sprint"] in {None, here.number}]
        if draw.number(2):
            free = [n for n in free if now.tickets[n]["sprint"] is None]
        some = draw.some(free, list(now.tickets), 4)
        if draw.number(1):
            self.attempt(sprints.draft, number=here.number, tickets=some)
        else:
            drop = draw.some([], list(now.tickets), 2)
            self.attempt(sprints.draft_some, number=here.number, add=some, drop=drop)

    @step(often=2)
    def start(self, draw: Draw) -> None:
        rows, before = self.sprints(), self.now
        here = draw.one([s for s in rows if s.state == "planned"], rows)
        actor = draw.one([self.cast.lead], [self.cast.member, self.cast.stakeholder, self.cast.outsider])
        made = self.attempt(sprints.start_sprint, number=here.number, actor=actor)
        if made and draw.number(1):
            self.take_back_at_once(made, before, again=bool(draw.number(1)))

    @step(when=lambda self: len(self.active()) > 1 or self.steps > 60)  # then something goes on most of the time
    def close(self, draw: Draw) -> None:
        before = self.now
        made = self.close_something(draw, before)
        if made:
            self.assert_alone(made, before)

    @step(often=2)
    def close_and_take_it_back_at_once(self, draw: Draw) -> None:
        before = self.now
        made = self.close_something(draw, before)
        if made:
            self.take_back_at_once(made, before, again=bool(draw.number(1)) and len(self.active()) > 1)

    def close_something(self, draw: Draw, now: Now) -> Any:
        rows = self.sprints()
        here = draw.one([s for s in rows if s.state == "active"], rows)
        left = [
            n for n, t in now.tickets.items() if t["sprint"] == here.number and t["status"] not in {"done", "skipped"}
        ]
        careful = draw.number(2)  # else each may be forgotten
        going = {number: self.a_destination(draw, here) for number in left if careful or not draw.rarely()}
        actor = draw.one([self.cast.lead], [self.cast.member, self.cast.stakeholder])
        planned = [None, *(row.number for row in rows if row.state == "planned")]
        said = draw.pick([[], [Said("keep", "Short days."), Said("try", "Ask first.", draw.one(planned, [9]))]])
        made = self.attempt(sprints.close_sprint, number=here.number, destinations=going, retro=said, actor=actor)
        if made:
            if said:
                self.count("a try in a retro")
            plan = now.plans[here.number]
            lines = {n: line for n, line in plan["tickets"].items() if n not in going or going[n].to == "skip"}
            lines = {n: line | {"skipped": line["skipped"] or n in going} for n, line in lines.items()}
            self.seen[here.number, made.version] = {"sprint": plan["sprint"], "tickets": lines}
        return made

    def a_destination(self, draw: Draw, here: Sprint) -> Destination:
        others = [s for s in self.sprints() if s.number != here.number and s.state != "closed"]
        to = draw.one(["backlog", "skip", *(["sprint"] * len(others))], ["sprint"])
        note, cost = draw.one(["Carried on.", ""], ["Half done."]), draw.one(RESUME_COSTS, RESUME_COSTS)
        if to == "skip":
            return Destination(to, revisit_if=draw.one(["", "there is more data"], ["a bad\0word"]))
        if to == "backlog":
            return Destination(to, note=note, resume_cost=cost)
        other = draw.one(others, [here])
        version = draw.one([other.plan_version], [other.plan_version, other.plan_version + 1])
        return Destination("sprint", sprint=other.number, to_base_version=version, note=note, resume_cost=cost)

    @step()
    def edit_a_sprint(self, draw: Draw) -> None:
        rows = self.sprints()
        here = draw.one(rows, rows)
        field = draw.one(["name", "goal", "end"], ["start"])
        value = f"2026-12-{draw.number(9) + 10}" if field in {"end", "start"} else f"Words {draw.number(3)}"
        version = draw.one([None, here.version], [here.version + 1])
        why = draw.pick([decide.Why(code="correction"), None])
        self.attempt(sprints.edit_sprint, number=here.number, sent={field: value}, expected_version=version, why=why)
