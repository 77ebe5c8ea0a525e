"""Taking back: any decision at any time, whole or in part, and what took back."""

from agileml.planning.actions import decide, take_back
from agileml.planning.models import Decision, Sprint
from agileml.planning.queries.replays import recorded_moves
from agileml.planning.rules.moves import parse
from tests.planning.machine.deciding import GOOD_REASON
from tests.planning.machine.ground import Draw, Ground, Now, step


class TakingBack(Ground):
    """What a decision moved is as it was before it, and nothing else has moved."""

    def decisions(self, **which: object) -> list[Decision]:
        """The project's decisions, the newest first."""
        return list(Decision.objects.filter(project=self.cast.project, **which).order_by("-pk"))

    @step()
    def take_back(self, draw: Draw) -> None:
        before, rows = self.now, self.decisions()
        self.take_back_and_compare(draw.one(rows[:3], rows), before, draw, partial=bool(draw.number(1)))

    @step(when=lambda self: bool(self.decisions(kind="revert")))
    def take_back_a_taking_back(self, draw: Draw) -> None:
        before, rows = self.now, self.decisions(kind="revert")
        self.take_back_and_compare(draw.one(rows[:2], rows), before, draw, partial=bool(draw.number(1)))

    @step(when=lambda self: bool(self.decisions(kind="received")), often=2)
    def take_back_what_was_received(self, draw: Draw) -> None:
        """Named by the side that received, the side that sent is taken back with it."""
        before, rows = self.now, self.decisions(kind="received")
        self.take_back_and_compare(draw.one(rows[:1], rows), before, draw, partial=bool(draw.number(1)))

    @step(when=lambda self: any(s.state == "closed" for s in self.sprints()))
    def take_back_a_close_or_a_start(self, draw: Draw) -> None:
        rows = self.decisions(kind__in=["close", "start"])
        self.take_back_and_compare(draw.one(rows[:1], rows), self.now, draw, partial=False)

    @step(when=lambda self: bool(self.decisions(kind="replan")), often=2)
    def take_back_in_part_what_was_overtaken(self, draw: Draw) -> None:
        before, rows = self.now, self.decisions(kind="replan")
        many = [row for row in rows if row.moves.exclude(ticket=None).count() > 1]
        row = draw.one(many[:3], rows)
        inside = [n for n, t in before.tickets.items() if t["sprint"] == (row.sprint and row.sprint.number)]
        moved = [n for n in row.moves.order_by("position").values_list("ticket__number", flat=True) if n in inside]
        if moved and row.sprint:
            number = draw.pick(moved)
            kind = "restore" if before.tickets[number]["status"] == "skipped" else "skip"
            self.attempt(
                decide.decide, sprint=row.sprint.number, base_version=None, why=GOOD_REASON, actor=self.cast.lead,
                moves=parse([{"move": kind, "ticket": number}]),
            )  # fmt: skip
            before = self.look()
        self.take_back_and_compare(row, before, draw, partial=True)

    def take_back_and_compare(self, named: Decision, before: Now, draw: Draw, *, partial: bool) -> None:
        actor = draw.one([self.cast.lead], [self.cast.member, self.cast.stakeholder, self.cast.outsider])
        made = self.attempt(
            take_back.take_back, decision=str(named.uid), partial=partial, actor=actor, reason="It was wrong."
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
