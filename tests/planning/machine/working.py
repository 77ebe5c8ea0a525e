"""Work on tickets, beside the plans: created, moved, edited one by one and many at once, ranked, measured, deleted."""

from typing import Any

from agileml.planning.actions import bulk, decide, notes, progress, tickets
from agileml.planning.models import Move
from agileml.work.models import Ticket
from tests.factories import measure
from tests.planning.machine.deciding import Deciding
from tests.planning.machine.ground import Draw, criterion, step
from tests.planning.mirror import images

MOST_TICKETS = 16
STATUSES = ("todo", "in_progress", "in_review", "done")


class Working(Deciding):
    """What changes tickets without being a decision, or makes one of one move."""

    @step(when=lambda self: Ticket.objects.filter(project=self.cast.project).count() < MOST_TICKETS)
    def create_a_ticket(self, draw: Draw) -> None:
        where = draw.one([None, *[s.number for s in self.sprints() if s.state != "closed"]], [1, 9])
        sent = {"type": "engineering", "title": "Another", "criteria": [criterion(1.0)] if draw.number(1) else []}
        self.attempt(tickets.create_ticket, sent=sent, sprint=where)

    @step(often=2)
    def move_a_card(self, draw: Draw) -> None:
        now = self.now
        every = list(now.tickets)
        number = draw.one([n for n in every if now.tickets[n]["status"] != "skipped"], every)
        to = draw.one([*STATUSES, "done", "skipped"], ["lost"])
        outcome = draw.one(["shipped", "learned", ""], ["demoed"])
        beside = {draw.one(["before"], ["after"]): draw.one(every, every)} if draw.number(1) else {}
        override = draw.pick(["Nothing to learn here.", ""])
        actor = draw.one([self.cast.lead], [self.cast.member, self.cast.stakeholder])
        self.attempt(progress.progress, number=number, to=to, outcome=outcome, override=override, actor=actor, **beside)

    @step()
    def edit_a_ticket(self, draw: Draw) -> None:
        now = self.now
        every = list(now.tickets)
        shape = now.tickets[draw.one(every, every)]
        sent: dict[str, Any] = self.plan_change(draw, shape) if draw.number(1) else {}
        if not sent or draw.number(1):
            sent |= draw.one(
                [
                    {"title": f"Title {draw.number(2)}"},
                    {"depends_on": draw.some(every, [99], 2)},
                    {"waiting_on_run": True},
                ],
                [{"title": ""}, {"sprint": 1}],
            )
        why = draw.one([decide.Why(code="correction"), None], [None])
        version = draw.pick([None, shape["version"], shape["version"] - 1, shape["version"] + 1])
        self.attempt(tickets.edit_ticket, number=shape["number"], sent=sent, expected_version=version, why=why)

    @step()
    def edit_many_tickets(self, draw: Draw) -> None:
        """Also of a running sprint, where what is its plan makes the whole of it refused."""
        now = self.now
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
        if len(changed) > 1:
            self.count("many edited")
        for number, shape in images(self.cast.project).items():
            assert shape["version"] == now.tickets[number]["version"] + (number in changed)

    @step()
    def put_a_ticket_in_its_place(self, draw: Draw) -> None:
        now = self.now
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

    @step()
    def delete_a_ticket(self, draw: Draw) -> None:
        now = self.now
        named = set(Move.objects.filter(decision__project=self.cast.project).values_list("ticket__number", flat=True))
        number = draw.one([n for n in now.tickets if n not in named], list(now.tickets))
        self.attempt(tickets.delete_ticket, number=number, expected_version=None)
        if not Ticket.objects.alive().filter(project=self.cast.project, number=number).exists():
            self.count("ticket deleted")

    @step(often=2)
    def write_a_finding(self, draw: Draw) -> None:
        every = list(self.now.tickets)
        sent = {"kind": draw.one(["confirms", "refutes"], ["blocker"]), "text": "So it is."}
        self.attempt(notes.write_finding, ticket=draw.one(every, [99]), sent=sent)

    @step()
    def measure(self, draw: Draw) -> None:
        rows = list(Ticket.objects.alive().filter(project=self.cast.project).order_by("number"))
        with_criteria = [row for row in rows if row.criteria.exists()]
        self.changed = True
        measure(self.cast, draw.one(with_criteria, rows), [draw.number(2) + 0.5], metric=f"metric {draw.number(1)}")
