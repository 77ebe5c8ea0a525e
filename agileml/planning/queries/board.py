"""The sprint board: which sprint, its head, its columns of cards, the rail of what was skipped, the metric strip."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q

from agileml.planning.models import Proposal, Sprint
from agileml.planning.queries.cards import Card, cards
from agileml.planning.queries.lines import Line, lines
from agileml.planning.queries.signals import Signals, signals
from agileml.planning.queries.strip import Strip, first_goal, strip
from agileml.planning.queries.suggestions import put_aside, suggested, with_put_aside
from agileml.planning.queries.timebox import spent_on
from agileml.planning.rules.suggesting import Suggestion
from agileml.planning.rules.timebox import Spent
from agileml.projects.calendar import working_days
from agileml.projects.doors import Access, Hidden
from agileml.projects.models import Project
from agileml.projects.rules import Need
from agileml.work.models import Ticket
from agileml.work.types import TicketType

COLUMNS = (Ticket.Status.TODO, Ticket.Status.IN_PROGRESS, Ticket.Status.IN_REVIEW, Ticket.Status.DONE)
NOBODY = "nobody"


@dataclass(frozen=True)
class Filters:
    """What of the sprint is shown: a ticket type, somebody's tickets (a user's uid, or "nobody"), words, and lanes."""

    type: str = ""
    assignee: str = ""
    text: str = ""
    lanes: str = ""

    @property
    def any(self) -> bool:
        """Whether some of the cards may be left out."""
        return bool(self.type or self.assignee or self.text)

    def keeps(self, ticket: Line, key: str) -> bool:
        """Whether a ticket is to be shown."""
        if not self.any:
            return True
        if self.type and ticket.type != self.type:
            return False
        if self.assignee and str(ticket.assignee or NOBODY) != self.assignee:
            return False
        said = f"{key}-{ticket.number} {ticket.title} {ticket.question} {' '.join(ticket.labels)}".casefold()
        return all(word in said for word in self.text.casefold().split())


@dataclass(frozen=True)
class Column:
    """One status of one lane. `limit` is how many cards the project wants here at most, a soft one."""

    status: str
    title: str
    cards: tuple[Card, ...]
    limit: int | None = None

    @property
    def fullness(self) -> str:
        """ "full" at the limit, "over" beyond it."""
        if self.limit is None or len(self.cards) < self.limit:
            return ""
        return "full" if len(self.cards) == self.limit else "over"


@dataclass(frozen=True)
class Lane:
    """A row of the four columns; a board without lanes is one without a title."""

    name: str
    title: str
    columns: tuple[Column, ...]
    type: str = ""


@dataclass(frozen=True)
class Tab:
    """An active sprint that can be looked at."""

    number: int
    name: str
    current: bool


@dataclass(frozen=True)
class Board:
    """A whole board, for one reader's filters."""

    sprint: Sprint
    name: str
    day: str
    ends: str
    tabs: tuple[Tab, ...]
    lanes: tuple[Lane, ...]
    skipped: tuple[Card, ...]
    strip: Strip | None
    suggestions: tuple[Suggestion, ...]
    done: int
    skips: int
    to_go: int
    spent: Spent | None
    shown: int
    total: int
    people: tuple[tuple[str, str], ...]
    types: tuple[tuple[str, str], ...]


def sprint_to_show(project: Project, number: int | None, *, last: int | None) -> tuple[Sprint | None, list[Sprint]]:
    """The sprint of this number (None: the active one last opened, else the one that ends first), and all active ones.

    Raises Hidden for a number that is none. One query; each says in `proposed` how many proposals wait for an answer,
    and brings along which suggestions were put aside.
    """
    wanted = Q(state=Sprint.State.ACTIVE) | Q(number=number) if number else Q(state=Sprint.State.ACTIVE)
    proposed = Count("proposals", filter=Q(proposals__state=Proposal.State.OPEN))
    known = with_put_aside(Sprint.objects.filter(wanted, project=project)).annotate(proposed=proposed)
    rows: list[Sprint] = [*known.order_by("end", "number")]
    active = [row for row in rows if row.state == Sprint.State.ACTIVE]
    if number is not None:
        found = next((row for row in rows if row.number == number), None)
        if found is None:
            raise Hidden(number)
        return found, active
    return next((row for row in active if row.number == last), active[0] if active else None), active


def next_planned(project: Project) -> Sprint | None:
    """The planned sprint that is to begin first."""
    return Sprint.objects.filter(project=project, state=Sprint.State.PLANNED).order_by("start", "number").first()


def board(access: Access, sprint: Sprint, active: Sequence[Sprint], *, filters: Filters, today: date) -> Board:
    """The board of a sprint on a day of the project's calendar; eight queries, however many tickets there are."""
    project = access.project
    tickets = lines(sprint)
    shown = [ticket for ticket in tickets if filters.keeps(ticket, project.key)]
    goal = first_goal(tickets)
    known = signals(sprint, {ticket.pk: ticket.number for ticket in tickets})
    aim = strip(project.key, goal, tickets=[ticket.pk for ticket in shown])
    made = cards(
        project,
        shown,
        lights=known.lights,
        findings=known.findings,
        needs=_open_needs(project, known),
        menus=Need.WORK in access.can,
        metric=goal.metric if goal else None,
        gains=aim.gains if aim else {},
    )
    left = [ticket for ticket in tickets if ticket.status in COLUMNS[:-1]]
    return Board(
        sprint=sprint,
        name=sprint_name(sprint),
        day=day_text(project, sprint, today),
        ends=ends_text(sprint, today),
        tabs=_tabs(sprint, active),
        lanes=_lanes(project, shown, made, filters.lanes),
        skipped=tuple(made[ticket.pk] for ticket in shown if ticket.status == Ticket.Status.SKIPPED),
        strip=aim,
        suggestions=tuple(suggested(project, sprint, tickets, known, dismissed=put_aside(sprint))),
        done=sum(ticket.status == Ticket.Status.DONE for ticket in tickets),
        skips=sum(ticket.status == Ticket.Status.SKIPPED for ticket in tickets),
        to_go=len(left),
        spent=spent_on(project, tickets, today=today),
        shown=len(shown),
        total=len(tickets),
        people=_people(tickets),
        types=tuple((kind, str(TicketType(kind).label)) for kind in _in_use(tickets)),
    )


def _open_needs(project: Project, known: Signals) -> dict[int, list[str]]:
    return {
        ticket: [f"{project.key}-{need.number}" for need in needs if need.status in COLUMNS[:-1] and not need.is_gone]
        for ticket, needs in known.needs.items()
    }


def sprint_name(sprint: Sprint) -> str:
    """ "Sprint 7", with the name that somebody gave it."""
    plain = f"Sprint {sprint.number}"
    return plain if sprint.name == plain else f"{plain}: {sprint.name}"


def day_text(project: Project, sprint: Sprint, today: date) -> str:
    """ "day 6 of 10", in working days of the project."""
    calendar = {"weekdays": project.working_days, "holidays": project.holidays}
    days = working_days(sprint.start, sprint.end, **calendar)
    if sprint.state == Sprint.State.CLOSED:
        return "closed"
    if today < sprint.start or sprint.state == Sprint.State.PLANNED:
        return f"{days} days"
    return f"day {working_days(sprint.start, min(today, sprint.end), **calendar)} of {days}"


def ends_text(sprint: Sprint, today: date) -> str:
    """When it starts or ends, as "ends Fri 27 Nov"."""
    if today < sprint.start:
        return f"starts {_day(sprint.start)}"
    if today > sprint.end:
        return f"was to end {_day(sprint.end)}" if sprint.state == Sprint.State.ACTIVE else f"ended {_day(sprint.end)}"
    return f"ends {_day(sprint.end)}"


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def _tabs(sprint: Sprint, active: Sequence[Sprint]) -> tuple[Tab, ...]:
    if len(active) < 2:
        return ()
    return tuple(Tab(row.number, row.name, row.pk == sprint.pk) for row in sorted(active, key=lambda row: row.number))


LAST = "\uffff"  # sorts after every name


def _without(what: str) -> tuple[str, str, str]:
    return (LAST, "", f"Without {'an' if what[0] in 'aeiou' else 'a'} {what}")


LANES: Mapping[str, Callable[[Line], tuple[str, str, str]]] = {
    # how lanes are named in the URL → (order, name, title) of the lane that a ticket is in
    "type": lambda line: (str(TicketType.values.index(line.type)), line.type, line.type_name),
    "story": lambda line: (line.story_rank, str(line.story), line.story_title) if line.story else _without("story"),
    "epic": lambda line: (line.epic_rank, str(line.epic), line.epic_title) if line.epic else _without("epic"),
    "component": lambda line: (
        (line.component, line.component, line.component.capitalize()) if line.component else _without("component")
    ),
    "assignee": lambda line: (
        (line.assignee_name, str(line.assignee), line.assignee_name) if line.assignee_name else (LAST, NOBODY, "Nobody")
    ),
}


def _lanes(project: Project, tickets: Sequence[Line], made: Mapping[int, Card], by: str) -> tuple[Lane, ...]:
    where = LANES.get(by)
    if where is None:
        return (Lane("all", "", _columns(project, tickets, made, limits=True)),)
    groups: dict[tuple[str, str, str], list[Line]] = {}
    for ticket in tickets:
        if ticket.status != Ticket.Status.SKIPPED:
            groups.setdefault(where(ticket), []).append(ticket)
    return tuple(
        Lane(name or "none", title, _columns(project, inside, made, limits=False), name if by == "type" else "")
        for (_, name, title), inside in sorted(groups.items())
    )


def _columns(
    project: Project, tickets: Sequence[Line], made: Mapping[int, Card], *, limits: bool
) -> tuple[Column, ...]:
    inside: dict[str, list[Card]] = {status: [] for status in COLUMNS}
    for ticket in tickets:
        if ticket.status in inside:
            inside[ticket.status].append(made[ticket.pk])
    return tuple(
        Column(status, str(status.label), tuple(inside[status]), project.wip_limits.get(status) if limits else None)
        for status in COLUMNS
    )


def _people(tickets: Sequence[Line]) -> tuple[tuple[str, str], ...]:
    found = {str(line.assignee): line.assignee_name for line in tickets if line.assignee_name}
    return tuple(sorted(found.items(), key=lambda one: one[1]))


def _in_use(tickets: Sequence[Line]) -> list[str]:
    used = {ticket.type for ticket in tickets}
    return [kind for kind in TicketType.values if kind in used]
