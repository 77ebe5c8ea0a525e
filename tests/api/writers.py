"""People, clients and jobs who all write to one project at once, each whatever comes to her mind."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ObjectDoesNotExist

from agileml.demos.actions.begin import begin_demo
from agileml.demos.actions.edit import add_item
from agileml.demos.models import Demo, DemoItem
from agileml.journal.models import Stream
from agileml.planning.actions.progress import progress
from agileml.planning.models import Decision, Sprint
from agileml.work.actions import create_epic, create_story
from agileml.work.models import Ticket
from tests.api.client import Api
from tests.demos.pictures import PNG
from tests.factories import NOW, Cast, make_sprint, make_ticket, make_tickets
from tests.planning.machine.aiming import Aiming
from tests.planning.machine.ground import REFUSALS, STEPS, Dice, criterion
from tests.planning.machine.life import Life
from tests.planning.machine.proposing import Proposing
from tests.planning.machine.taking_back import TakingBack
from tests.planning.machine.working import Working
from tests.threads import at_once
from tests.web.browsing import HTMX, browser_of

STATUSES = ("todo", "in_progress", "in_review", "done")
REASON = {"reason_code": "other", "reason": "The numbers say so."}


def make_ground(cast: Cast) -> None:
    """Something to begin with: two active sprints, a demo, a planned sprint, tickets with criteria and without."""
    told: dict[str, Any] = {"project": cast.project, "actor": cast.lead, "now": NOW}
    create_epic(sent={"title": "Read 99 of 100"}, **told)
    create_story(sent={"title": "Which model?", "epic": 1}, **told)
    make_tickets(cast, 5)
    make_ticket(cast, "Under a goal", story=1)
    make_ticket(cast, "Has a test", type="algorithm_development", criteria=[criterion(1.0), criterion(2.0)])
    make_sprint(cast, [1, 2, 6, 7], active=True)
    make_sprint(cast, [3], active=True)
    make_sprint(cast, [4])
    progress(number=6, to="done", outcome="learned", **told)
    begin_demo(sprint=1, **told)
    add_item(demo=1, sent={"section": "learned", "headline": "Two that run"}, **told)


class Actor:
    """Somebody who does one thing after another."""

    def __init__(self, cast: Cast, seed: int) -> None:
        self.cast, self.dice = cast, Dice(seed)

    def act(self) -> None:
        """Do something, whatever comes of it."""
        self.dice.pick([getattr(self, name) for name in dir(type(self)) if name.startswith("do_")])()

    def number(self) -> int:
        """The number of a ticket."""
        known = Ticket.objects.filter(project=self.cast.project).values_list("number", flat=True)
        return self.dice.pick(list(known))

    def sprint(self) -> Sprint:
        """A sprint, mostly one that runs."""
        rows = list(Sprint.objects.filter(project=self.cast.project))
        return self.dice.one([row for row in rows if row.state == "active"], rows)


class Caller(Actor):
    """A client of the API."""

    def __init__(self, cast: Cast, seed: int) -> None:
        super().__init__(cast, seed)
        self.api = Api(cast.lead if seed % 2 else cast.member)

    def ask(self, method: str, path: str, *sent: Any, **headers: str) -> Any:
        """Ask; it may be refused, but it may not break."""
        answer = self.api(method, path, *sent, **headers)
        assert answer.status_code < 500 or answer.status_code == 503, (method, path, sent, answer.content)
        return answer

    def do_create(self) -> None:
        self.ask("POST", "tickets/", {"type": "review", "title": "New", "labels": ["a"], "depends_on": [self.number()]})

    def do_edit(self) -> None:
        path = f"tickets/{self.number()}/"
        tag = self.ask("GET", path).get("ETag", '"1"')
        sent = self.dice.pick(
            [{"title": f"Title {self.dice.number(9)}"}, {"labels": ["b"]}, {"blocked": {"why": "No data"}},
             {"blocked": None}, {"description": "x" * 1000}, {"criteria": [criterion(1.0)]}]
        )  # fmt: skip
        self.ask("PATCH", path, sent, if_match=tag)

    def do_delete(self) -> None:
        path = f"tickets/{self.number()}/"
        self.ask("DELETE", path, if_match=self.ask("GET", path).get("ETag", '"1"'))

    def do_write(self) -> None:
        what = self.dice.pick(["comments", "findings"])
        sent = {"text": "So it is."} | ({"kind": "confirms"} if what == "findings" else {})
        self.ask("POST", f"tickets/{self.number()}/{what}/", sent)

    def do_move(self) -> None:
        sent = {"to": self.dice.pick(STATUSES), "outcome": "learned", "override": "Enough."}
        self.ask("POST", f"tickets/{self.number()}/status/", sent)

    def do_rank(self) -> None:
        self.ask("POST", f"tickets/{self.number()}/rank/", {"before": self.number()})

    def do_push(self) -> None:
        points = [{"metric": f"metric {self.dice.number(1)}", "value": self.dice.number(20) / 10}]
        sent = {"external_id": f"run {self.dice.number(5)}", "points": points}
        self.ask("POST", f"tickets/{self.number()}/snapshots/", sent)

    def do_decide(self) -> None:
        here = self.sprint()
        moves: list[dict[str, Any]] = [
            {"move": self.dice.pick(["skip", "restore", "remove", "add"]), "ticket": self.number()},
            {"move": "add", "new": {"type": "review", "title": "Instead"}},
            {"move": "sprint", "set": {"goal": f"Goal {self.dice.number(9)}"}},
            {"move": "split", "ticket": self.number(), "into": [{"type": "review", "title": "A part"}]},
        ]
        sent = REASON | {"base_version": here.plan_version, "moves": [self.dice.pick(moves)]}
        self.ask("POST", f"sprints/{here.number}/decisions/", sent)

    def do_revert(self) -> None:
        rows = list(Decision.objects.filter(project=self.cast.project).order_by("-pk")[:5])
        self.ask("POST", f"decisions/{self.dice.pick(rows).uid}/revert/", {"partial": True})

    def do_story(self) -> None:
        made = self.ask("POST", "stories/", {"title": "Why"}).json()
        if self.dice.number(1):
            self.ask("DELETE", f"stories/{made['number']}/", if_match='"1"')


class Shower(Caller):
    """A client that builds demos over the API, publishes them and says something of them, beside all else."""

    def demo(self) -> str:
        """Where a demo is."""
        known = Demo.objects.filter(project=self.cast.project).values_list("number", flat=True)
        return f"demos/{self.dice.pick(list(known))}/"

    def item(self) -> str:
        """Where an item is; of another demo, now and then, and so nowhere."""
        rows = list(DemoItem.objects.values_list("demo__number", "uid"))
        number, uid = self.dice.pick(rows)
        return f"{self.demo() if self.dice.rarely() else f'demos/{number}/'}items/{uid}/"

    def do_begin(self) -> None:
        self.ask("POST", "demos/", {"sprint": self.sprint().number})

    def do_add_item(self) -> None:
        section = self.dice.pick(DemoItem.Section.values)
        self.ask("POST", f"{self.demo()}items/", {"section": section, "headline": "Thanks"})

    def do_refresh(self) -> None:
        self.ask("POST", f"{self.demo()}items/refresh/")

    def do_edit_item(self) -> None:
        path = self.item()
        tag = self.ask("GET", path).get("ETag", '"1"')
        sent = {"headline": f"Headline {self.dice.number(9)}", "presenter": str(self.cast.lead.uid)}
        self.ask("PATCH", path, sent, if_match=tag)

    def do_order(self) -> None:
        beside = {self.dice.pick(["before", "after"]): self.item().split("/")[-2]}
        more = {"section": self.dice.pick(DemoItem.Section.values)} if self.dice.number(1) else {}
        self.ask("POST", f"{self.item()}rank/", beside | more)

    def do_leave_out(self) -> None:
        self.ask("POST", f"{self.item()}left-out/", {"left_out": bool(self.dice.number(1))})

    def do_picture(self) -> None:
        self.ask("POST", f"{self.item()}images/", {"picture": PNG.decode("latin-1"), "alt": "A point"})

    def do_picture_again(self) -> None:
        path = self.item()
        for image in self.ask("GET", path).json().get("images", ()):
            if self.dice.number(1):
                self.ask("PATCH", f"{path}images/{image['uid']}/", {"alt": f"A point, {self.dice.number(9)}"})
            else:
                self.ask("DELETE", f"{path}images/{image['uid']}/")

    def do_publish(self) -> None:
        self.ask("POST", f"{self.demo()}publish/", {})

    def do_say(self) -> None:
        path = self.demo()
        item = self.dice.pick([None, self.item().split("/")[-2]])
        said = self.ask("POST", f"{path}feedback/", {"kind": "question", "text": "Why?", "item": item}).json()
        if "uid" in said:
            self.ask("POST", f"{path}feedback/{said['uid']}/answer/", {"text": "So."})
            self.ask("POST", f"{path}feedback/{said['uid']}/{self.dice.pick(['ticket', 'finding'])}/", {})

    def do_judge(self) -> None:
        self.ask("POST", f"{self.demo()}goals/", {"epic": 1, "verdict": "adjust", "note": "Fewer."})


class Browser(Actor):
    """A person with the pages."""

    def __init__(self, cast: Cast, seed: int) -> None:
        super().__init__(cast, seed)
        self.browser = browser_of(cast.lead if seed % 2 else cast.member)

    def post(self, path: str, sent: dict[str, Any]) -> None:
        """Send a form; it may be refused, but it may not break."""
        answer = self.browser.post(f"/p/TST/{path}", sent, headers=HTMX)
        assert answer.status_code < 500, (path, sent, answer.content)

    def do_move(self) -> None:
        self.post(f"tickets/{self.number()}/move/", {"to": self.dice.pick(STATUSES[:3]), "before": self.number()})

    def do_write(self) -> None:
        what = self.dice.pick([("comment", {}), ("finding", {"kind": "surprise"})])
        self.post(f"tickets/{self.number()}/{what[0]}/", {"text": "By hand."} | what[1])

    def do_skip(self) -> None:
        self.post(f"tickets/{self.number()}/skip/", {"code": "priority", "reason": "Not now."})

    def do_add(self) -> None:
        self.post(f"sprints/{self.sprint().number}/add/", {"title": "Forgotten", "type": "review"})

    def do_many(self) -> None:
        self.post("backlog/", {"do": f"up:{self.number()}"})

    def do_take(self) -> None:
        self.post(f"tickets/{self.number()}/take/", {})


class Hand(Life, TakingBack, Working, Proposing, Aiming):
    """What the machine of the plans does, and jobs that measure, without its looking whether all else stood still."""

    def __init__(self, cast: Cast, seed: int) -> None:
        super().__init__()
        self.cast, self.dice = cast, Dice(seed)
        self.steps, self.seen, self.changed = seed * 1000, {}, False

    def act(self) -> None:
        """Do one of the machine's steps, whatever it finds of what others did meanwhile."""
        name, when = self.dice.pick(STEPS)
        with suppress(AssertionError, KeyError, IndexError, ObjectDoesNotExist, *REFUSALS):
            if when(self):
                self.now = self.look()
                getattr(self, name)(draw=self.dice)

    def attempt(self, act: Callable[..., Any], **what: Any) -> Any:
        """Do something, or be refused."""
        self.steps += 1
        try:
            return act(**{"actor": self.cast.member, "project": self.cast.project, "now": self.clock()} | what)
        except REFUSALS:
            return None

    def clock(self) -> datetime:
        """No clock is like another's."""
        return NOW + timedelta(seconds=self.steps * 7 % 50)


def crowd(cast: Cast, seed: int) -> list[Actor | Hand]:
    """Eight who write: two clients of the API, two that show demos, two people with pages, two hands of the machine."""
    kinds: Sequence[Callable[[Cast, int], Actor | Hand]] = (Caller, Shower, Browser, Hand)
    return [kinds[at % 4](cast, seed + at + at // 4) for at in range(8)]  # of each two one is a lead


def write(cast: Cast, changes: int, *, seed: int) -> None:
    """Have eight write at once until the project has `changes` more."""
    until = Stream.objects.get(pk=cast.project.stream_id).revision + changes

    def go_on(one: Actor | Hand) -> None:
        while Stream.objects.get(pk=cast.project.stream_id).revision < until:
            one.act()

    def worker(one: Actor | Hand) -> Callable[[], None]:
        return lambda: go_on(one)

    for result in at_once(*map(worker, crowd(cast, seed))):
        if isinstance(result, Exception):
            raise result
