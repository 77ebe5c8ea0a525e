"""Tickets that wait: those in no active sprint, in the order of their rank or of their stories."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
    Window,
)
from django.db.models.functions import Cast, Coalesce, RowNumber

from agileml.lib.numbers import LARGEST
from agileml.lib.spelling import spellings
from agileml.planning.models import Assignment, Sprint
from agileml.projects.models import Membership, Project
from agileml.work.models import Ticket

A_PAGE = 100
A_GROUP = 30  # tickets of one story that are shown at once
UNFOLDED = 400  # the most of one that somebody went down in
BY_RANK = ("rank", "number")
LAST = "~"  # sorts after every rank: tickets without a story come last


def waiting(project: Project) -> QuerySet[Ticket]:
    """Tickets in no active sprint that are not done, each with `drafted`, the planned sprint that it is drafted in."""
    inside = Assignment.objects.filter(ticket=OuterRef("pk"), opened_by__isnull=False, ended_by=None)
    draft = Assignment.objects.filter(ticket=OuterRef("pk"), opened_by=None).values("sprint__number")
    return (
        Ticket.objects.alive()
        .filter(~Exists(inside), project=project)
        .exclude(status=Ticket.Status.DONE)
        .annotate(drafted=Subquery(draft[:1]))
        .select_related("story", "assignee")
    )


def drafted(project: Project, numbers: Sequence[int]) -> list[tuple[int, int]]:
    """The planned sprint and the number of each of these tickets that is in a draft."""
    rows = Assignment.objects.filter(opened_by=None, ticket__project=project, ticket__number__in=numbers)
    return list(rows.order_by("ticket__number").values_list("sprint__number", "ticket__number"))


@dataclass(frozen=True)
class Filters:
    """What is looked for; empty is everything. `show` is "open" or "skipped", `group` "story" or "rank".

    `within` is the story (0 for none) of which the rest is to be shown alone, `unfold` the one to show more of.
    """

    text: str = ""
    type: str = ""
    label: str = ""
    story: int | None = None
    show: str = "open"
    group: str = "story"
    within: int | None = None
    unfold: int | None = None


def filtered(project: Project, filters: Filters) -> QuerySet[Ticket]:
    """The waiting tickets that the filters let through, in their order."""
    rows = waiting(project)
    if filters.show == "skipped":
        rows = rows.filter(status=Ticket.Status.SKIPPED)
    else:
        rows = rows.exclude(status=Ticket.Status.SKIPPED)
    if filters.text:
        rows = rows.filter(_text(project, filters.text))
    if filters.type:
        rows = rows.filter(type=filters.type)
    if filters.story is not None:
        rows = rows.filter(story__number=filters.story)
    if filters.within is not None:
        rows = rows.filter(story__number=filters.within) if filters.within else rows.filter(story=None)
    label = filters.label.replace("\0", "")
    if label:
        # Each back end stores JSON text its own way: one escapes what is not ASCII, the other does not.
        spelled = [json.dumps(label), json.dumps(label, ensure_ascii=False)]
        rows = rows.annotate(labels_text=Cast("labels", TextField()))
        rows = rows.filter(Q(labels_text__contains=spelled[0]) | Q(labels_text__contains=spelled[1]))
    if filters.group == "story":
        rows = rows.annotate(
            story_rank=Coalesce(F("story__rank"), Value(LAST), output_field=CharField()),
            story_number=Coalesce(F("story__number"), Value(0)),
        )
    return rows.order_by(*_order(filters))


def _text(project: Project, text: str) -> Q:
    """Words in the title or the question; a ticket's key or number finds that ticket."""
    text = text.replace("\0", "")  # PostgreSQL would refuse the query
    found = Q()
    for spelling in spellings(text):
        found |= Q(title__icontains=spelling) | Q(question__icontains=spelling)
    number = text.upper().removeprefix(f"{project.key}-")
    return found | Q(number=int(number)) if number.isdecimal() and len(number) < 10 else found


def _order(filters: Filters) -> tuple[str, ...]:
    return ("story_rank", "story_number", *BY_RANK) if _by_story(filters) else BY_RANK


def _by_story(filters: Filters) -> bool:
    return filters.group == "story" and filters.within is None


@dataclass(frozen=True)
class Page:
    """Some tickets in order, and the cursor for what comes after them, empty at the end.

    By story, `cut` has for each story (0 is none) that has more than is shown the cursor for its rest.
    """

    tickets: Sequence[Ticket]
    after: str
    cut: Mapping[int, str] = field(default_factory=dict)


def page(project: Project, filters: Filters, *, after: str = "", limit: int = A_PAGE) -> Page:
    """Up to `limit` tickets behind the cursor `after`; a cursor that is none of ours starts from the beginning.

    By story, a long one does not push the others away: the rest of it is a list of its own. One query.
    """
    rows = filtered(project, filters)
    place = _place(after, filters)
    if place:
        rows = rows.filter(beyond(_order(filters), place))
    if not _by_story(filters):
        plain = list(rows[: limit + 1])
        return Page(plain[:limit], _cursor(plain[limit - 1], _order(filters)) if len(plain) > limit else "")
    if filters.unfold is not None:
        limit += UNFOLDED
    found = list(_first_of_each(rows, filters.unfold)[: limit + 1])
    more, found = len(found) > limit, found[:limit]
    tickets: list[Any] = [row for row in found if row.place <= row.most]  # what is beyond only tells that there is more
    last = {row.story_number: row for row in tickets}
    cut = {row.story_number: _cursor(last[row.story_number], BY_RANK) for row in found if row.place > row.most}
    if not more:
        return Page(tickets, "", cut)
    end = tickets[-1]
    if end.story_number in cut:  # the next page begins behind this story, whose rest is a list of its own
        return Page(tickets, json.dumps([end.story_rank, end.story_number, LAST, LARGEST], separators=(",", ":")), cut)
    return Page(tickets, _cursor(end, _order(filters)), cut)


def _first_of_each(rows: QuerySet[Ticket], unfold: int | None) -> Any:
    """The first tickets of each story (`place` up to `most`), and one more where there is one."""
    order = Window(RowNumber(), partition_by=F("story"), order_by=[F("rank").asc(), F("number").asc()])
    most = Case(When(story__number=unfold or None, then=Value(UNFOLDED)), default=Value(A_GROUP))
    rows = rows.annotate(most=most if unfold is not None else Value(A_GROUP), place=order)
    return rows.filter(place__lte=F("most") + 1)


def totals(project: Project, filters: Filters, tickets: Sequence[Ticket]) -> dict[int | None, int]:
    """How many tickets the filters let through in each story, by its id, of which some are among `tickets`."""
    homes = {ticket.story_id for ticket in tickets}
    rows = filtered(project, filters).filter(
        Q(story__in=homes - {None}) | (Q(story=None) if None in homes else Q(pk=0))
    )
    return dict(rows.order_by().values_list("story").annotate(many=Count("pk")))


def beyond(names: Sequence[str], values: Sequence[Any], *, before: bool = False) -> Q:
    """What lies after (or before) a place in an order, whose fields are compared one after the other."""
    found = Q()
    equal = Q()
    for name, value in zip(names, values, strict=True):
        found |= equal & Q(**{f"{name}__{'lt' if before else 'gt'}": value})
        equal &= Q(**{name: value})
    # Follows from the rest, but tells the database where in the index to begin, however far down the list that is.
    return Q(**{f"{names[0]}__{'lte' if before else 'gte'}": values[0]}) & found


def _cursor(ticket: Ticket, order: Sequence[str]) -> str:
    return json.dumps([getattr(ticket, name) for name in order], separators=(",", ":"))


def _place(cursor: str, filters: Filters) -> list[Any]:
    try:
        place = json.loads(cursor or "null")
    except ValueError:
        return []
    kinds = (str, int, str, int) if _by_story(filters) else (str, int)
    if not isinstance(place, list) or len(place) != len(kinds):
        return []
    fits = all(type(value) is kind for value, kind in zip(place, kinds, strict=True))
    sane = all(abs(value) < 2**31 if isinstance(value, int) else str(value).isprintable() for value in place)
    return place if fits and sane else []


def neighbour(project: Project, filters: Filters, number: int, *, up: bool) -> int | None:
    """The number of the ticket right above or below this one, as filtered and ordered; None at the end."""
    names = _order(filters)
    rows = filtered(project, filters)
    ticket = rows.filter(number=number).first()
    if ticket is None:
        return None
    place = [getattr(ticket, name) for name in names]
    if filters.group == "story":  # a ticket moves among those of its story
        rows = rows.filter(story=ticket.story_id)
    rows = rows.filter(beyond(names, place, before=up))
    return (rows.reverse() if up else rows).values_list("number", flat=True).first()


def candidates(project: Project, *, text: str = "", chosen: Sequence[int] = (), limit: int = 12) -> list[Ticket]:
    """Tickets that a sprint could take in: those chosen already, then the first by rank that match `text`."""
    rows = filtered(project, Filters(text=text, group="rank"))
    found = list(rows.exclude(number__in=chosen)[:limit])
    kept = list(waiting(project).filter(number__in=chosen).order_by("rank", "number")) if chosen else []
    return kept + found


def running(project: Project) -> int | None:
    """The number of the active sprint that ends first, None without any."""
    rows = Sprint.objects.filter(project=project, state=Sprint.State.ACTIVE).order_by("end", "number")
    return rows.values_list("number", flat=True).first()


def planned_sprints(project: Project) -> list[Sprint]:
    """Sprints that can be drafted, the next first."""
    return list(Sprint.objects.filter(project=project, state=Sprint.State.PLANNED).order_by("start", "number"))


def open_sprints(project: Project) -> list[Sprint]:
    """Sprints that a ticket can be put into: those that run, by their end, then planned ones by their start."""
    rows = list(Sprint.objects.filter(project=project).exclude(state=Sprint.State.CLOSED).order_by("number"))
    running = [row for row in rows if row.state == Sprint.State.ACTIVE]
    planned = [row for row in rows if row.state == Sprint.State.PLANNED]
    return sorted(running, key=lambda row: row.end) + sorted(planned, key=lambda row: row.start)


def people(project: Project) -> list[tuple[str, str]]:
    """Who can be given work in this project, as (uid, name)."""
    rows = Membership.objects.filter(project=project, user__is_active=True).exclude(role=Membership.Role.STAKEHOLDER)
    return [(str(uid), name) for uid, name in rows.order_by("user__name").values_list("user__uid", "user__name")]
