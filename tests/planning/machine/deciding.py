"""Re-plans: every kind of move, one or several at once, good and bad."""

from typing import Any

from agileml.planning.actions import decide, take_back
from agileml.planning.models import Sprint
from agileml.planning.rules.moves import REASON_CODES, parse
from agileml.work.models import Finding
from tests.planning.machine.ground import VALUES, Draw, Ground, Now, criterion, step

KINDS = ("add", "add new", "remove", "skip", "restore", "defer", "change", "split", "sprint")
GOOD_REASON = decide.Why(code="other", text="Because the numbers say so.")


class Deciding(Ground):
    """Decisions about an active sprint, or about the backlog."""

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
            move |= self.a_target(draw, here)
        elif kind == "change":
            move["set"] = self.plan_change(draw, now.tickets[number])
        elif kind == "split":
            move["into"] = [{"type": "engineering", "title": f"Part {n}"} for n in range(draw.number(1) + 1)]
        elif kind == "skip" and draw.number(1):
            move["revisit_if"] = "there is more data"
        return move

    def possible(self, here: Sprint | None, now: Now, used: set[int]) -> list[str]:
        """The kinds of moves that there is still something to make of."""
        inside = [t for n, t in now.tickets.items() if t["sprint"] == (here.number if here else None) and n not in used]
        kinds = ["add new", "sprint"] if here else []
        if any(shape["status"] not in {"done", "skipped"} for shape in inside):
            kinds += ["remove", "skip", "defer", "change", "split"] if here else ["skip"]
        if any(shape["status"] == "skipped" for shape in inside):
            kinds.append("restore")
        if here and any(
            t["sprint"] is None and t["status"] != "done" and n not in used for n, t in now.tickets.items()
        ):
            kinds.append("add")
        return kinds

    def a_target(self, draw: Draw, here: Sprint | None) -> dict[str, Any]:
        """Where to defer to."""
        others = [s.number for s in self.sprints() if s.state != "closed" and s != here]
        target = draw.one([None, *others], [1, 9])
        version = {s.number: s.plan_version for s in self.sprints()}.get(target) if target else None
        return {"to": target, "to_base_version": version or None, "note": "For whoever takes it up."}

    def plan_change(self, draw: Draw, shape: dict[str, Any]) -> dict[str, Any]:
        """What to change of a ticket that a plan holds."""
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

    def a_reason(self, draw: Draw) -> decide.Why:
        """Mostly good words, sometimes a finding, sometimes too little."""
        findings = Finding.objects.filter(ticket__project=self.cast.project).order_by("pk")
        rested = [decide.Why("finding_opens", "It says so.", [{"finding": str(row.uid)}]) for row in findings]
        return draw.one([GOOD_REASON, *rested[-3:]], [decide.Why(code=code) for code in REASON_CODES])

    def a_plan(self, draw: Draw, here: Sprint | None, now: Now) -> dict[str, Any]:
        """What to ask of the plan of `here`: the version that it is made for, the reason, and the moves as sent."""
        used: set[int] = set()
        moves = []
        for _ in range(draw.number(3) + 1):
            kind = draw.one(self.possible(here, now, used), KINDS if here else ("skip", "restore"))
            moves.append(self.a_move(draw, kind, here, now, used))
        base = draw.one([here.plan_version if here else None], [0])
        return {"base_version": base, "why": self.a_reason(draw), "moves": moves}

    def decide_something(self, draw: Draw, now: Now) -> Any:
        rows = self.sprints()
        here = draw.one([s for s in rows if s.state == "active"], [*rows, None])
        asked = self.a_plan(draw, here, now)
        base = draw.one([asked["base_version"]], [None])
        actor = draw.one([self.decider], [self.cast.member, self.cast.stakeholder])
        return self.attempt(
            lambda **common: decide.decide(
                sprint=here.number if here else None,
                **{**asked, "base_version": base, "moves": parse(asked["moves"])},
                **common,
            ),
            actor=actor,
        )

    @step(often=3)
    def replan(self, draw: Draw) -> None:
        """Every kind of move, one or several at once, good and bad."""
        now = self.now
        made = self.decide_something(draw, now)
        if made and made.sprint:
            self.assert_alone(made, now)

    @step()
    def replan_and_take_it_back_at_once(self, draw: Draw) -> None:
        """Nothing stands in the way then, and all is as it was but for what the decision made anew."""
        before = self.now
        made = self.decide_something(draw, before)
        if made:
            self.take_back_at_once(made, before, again=bool(draw.number(1)))

    def take_back_at_once(self, made: Any, before: Now, *, again: bool) -> None:
        """Take back what was just made, perhaps take that back too, and see that each leads to where one was."""
        between = self.look()
        undone = self.attempt(take_back.take_back, decision=str(made.uid), actor=self.cast.lead)
        assert undone, "nothing had happened since, yet it could not be taken back"
        after = self.look()
        self.assert_as_it_was(before, after)
        if again:
            redone = self.attempt(take_back.take_back, decision=str(undone.uid), actor=self.cast.lead)
            assert redone, "nothing had happened since, yet the taking back could not be taken back"
            if made.kind == "close":  # what was left in the plan then is left in it now
                self.seen[made.sprint.number, redone.version] = self.seen[made.sprint.number, made.version]
            self.assert_as_it_was(between, self.look())
