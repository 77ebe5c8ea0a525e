"""What a person sees first: her own tickets in all projects, and the sprints that are running."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from agileml.accounts.models import User
from agileml.metrics.models import Criterion
from agileml.planning.models import Assignment, Decision, Proposal, Sprint
from agileml.planning.queries.board import day_text, ends_text, sprint_name
from agileml.planning.queries.cards import Light, light
from agileml.planning.queries.history import Past, pasts
from agileml.planning.queries.proposals import for_home
from agileml.planning.queries.timebox import boxed
from agileml.planning.rules.timebox import Box
from agileml.projects.calendar import day_of
from agileml.projects.models import Membership, Project
from agileml.projects.rules import Need, capabilities
from agileml.work.models import Ticket

MINE_AT_MOST = 50
NEWS_AT_MOST = 8
ANSWERS_FOR = timedelta(days=14)


@dataclass(frozen=True)
class Mine:
    """A ticket that waits for this person: `why` says for what."""

    key: str
    url: str
    type: str
    title: str
    status: str
    why: str
    blocked: bool
    lights: tuple[Light, ...]
    box: Box | None = None


@dataclass(frozen=True)
class Tile:
    """A running sprint."""

    sprint: Sprint
    name: str
    day: str
    ends: str
    done: int
    doing: int
    todo: int
    skipped: int

    @property
    def parts(self) -> list[str]:
        """One word a ticket, for the bar that shows how far they are."""
        return ["done"] * self.done + ["doing"] * self.doing + ["todo"] * self.todo + ["skipped"] * self.skipped


@dataclass(frozen=True)
class Home:
    """What somebody sees of plans, and where she is a member. `quiet` are the projects without a running sprint.

    `proposed` waits for this person's word, `answered` are her own proposals that others have answered lately.
    """

    members: Sequence[Membership]
    mine: Sequence[Mine]
    proposed: Sequence[Proposal]
    answered: Sequence[Proposal]
    tiles: Sequence[Tile]
    quiet: Sequence[Project]
    decisions: Sequence[Past]


def home(user: User, now: datetime) -> Home:
    """What a person sees first of plans; at most ten queries, however many projects she is in."""
    members = list(
        Membership.objects.filter(user=user, user__is_active=True).select_related("project").order_by("project__key")
    )
    projects = [member.project for member in members]
    sprints = list(
        Sprint.objects.filter(project__in=projects, state=Sprint.State.ACTIVE)
        .select_related("project")
        .order_by("end", "project__key", "number")
    )
    busy = {sprint.project_id for sprint in sprints}
    proposals = for_home(user, projects=projects, decides=_decides(members), since=now - ANSWERS_FOR)
    return Home(
        members=members,
        mine=_mine(user, projects, now),
        proposed=[row for row in proposals if row.state == Proposal.State.OPEN],
        answered=[row for row in proposals if row.state != Proposal.State.OPEN],
        tiles=_tiles(sprints, now),
        quiet=[project for project in projects if project.pk not in busy],
        decisions=pasts(
            Decision.objects.filter(sprint__in=sprints)
            .select_related("sprint__project", "actor", "reverts")
            .order_by("-at", "-pk")[:NEWS_AT_MOST]
        ),
    )


def _decides(members: Sequence[Membership]) -> list[Project]:
    """The projects in which these roles decide re-plans."""
    return [
        member.project
        for member in members
        if Need.DECIDE in capabilities(member.role, replanners=member.project.replanners)
    ]


def _mine(user: User, projects: Sequence[Project], now: datetime) -> list[Mine]:
    open_ones = Ticket.objects.visible_to(user).exclude(status__in=[Ticket.Status.DONE, Ticket.Status.SKIPPED])
    inside = open_ones.filter(
        assignments__sprint__state=Sprint.State.ACTIVE, assignments__ended_by=None, assignments__opened_by__isnull=False
    )
    rows = inside.filter(assignee=user) | inside.filter(reviewer=user, status=Ticket.Status.IN_REVIEW)
    tickets = list(rows.select_related("project").order_by("project__key", "rank", "number")[:MINE_AT_MOST])
    lights: dict[int, list[Light]] = defaultdict(list)
    for row in Criterion.objects.alive().filter(ticket__in=tickets).select_related("metric").order_by("pk"):
        lights[row.ticket_id].append(light(row))
    order = [Ticket.Status.IN_REVIEW, Ticket.Status.IN_PROGRESS, Ticket.Status.TODO]
    tickets.sort(key=lambda ticket: order.index(Ticket.Status(ticket.status)))
    return [
        Mine(
            key=f"{ticket.project.key}-{ticket.number}",
            url=f"/p/{ticket.project.key}/tickets/{ticket.number}/",
            type=ticket.type,
            title=ticket.title,
            status=ticket.get_status_display(),
            why="asks for your review" if ticket.assignee_id != user.pk else "",
            blocked=ticket.blocked_since is not None,
            lights=tuple(lights[ticket.pk]),
            box=boxed(ticket.project, ticket, now=now),
        )
        for ticket in tickets
    ]


def _tiles(sprints: Sequence[Sprint], now: datetime) -> list[Tile]:
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    rows = (
        Assignment.objects.filter(sprint__in=sprints, ended_by=None, opened_by__isnull=False)
        .values_list("sprint", "ticket__status")
        .annotate(many=Count("pk"))
    )
    for sprint, status, many in rows:
        counts[sprint][status] = many
    tiles = []
    for sprint in sprints:
        today = day_of(now, sprint.project.time_zone)
        has = counts[sprint.pk]
        tiles.append(
            Tile(
                sprint=sprint,
                name=sprint_name(sprint),
                day=day_text(sprint.project, sprint, today),
                ends=ends_text(sprint, today),
                done=has.get(Ticket.Status.DONE, 0),
                doing=has.get(Ticket.Status.IN_PROGRESS, 0) + has.get(Ticket.Status.IN_REVIEW, 0),
                todo=has.get(Ticket.Status.TODO, 0),
                skipped=has.get(Ticket.Status.SKIPPED, 0),
            )
        )
    return tiles
