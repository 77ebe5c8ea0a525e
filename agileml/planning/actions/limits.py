"""Limits of work in progress, heeded wherever work is begun, passed on or given to somebody."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agileml.accounts.models import User
from agileml.journal.actions import audit
from agileml.lib.fields import clean, text
from agileml.planning.models import Assignment, Sprint
from agileml.planning.rules import wip
from agileml.planning.rules.wip import Crossing, WipLimit
from agileml.projects.doors import ProjectWriting
from agileml.projects.rules import Need
from agileml.work.models import Ticket


def heed_moving(w: ProjectWriting, row: Ticket, to: str, override: str) -> list[str]:
    """What the project's limits say of moving a ticket to a status, in sentences.

    `override` is a lead's reason to go beyond a hard one. Raises WipLimit where they are hard, Forbidden, Invalid.
    """
    column_limit, person_limit = w.project.wip_limits.get(to), w.project.wip_per_person
    if to not in wip.UNDER_WAY or (column_limit is None and person_limit is None):
        return []
    inside = Assignment.objects.filter(ended_by=None, opened_by__isnull=False, sprint__state=Sprint.State.ACTIVE)
    load = wip.Load(column_limit=column_limit)
    if column_limit is not None:  # a column is that of one sprint, as its board shows it
        sprint = inside.filter(ticket=row).values("sprint")
        beside = Ticket.objects.alive().filter(project=w.project).exclude(pk=row.pk)
        beside = beside.filter(status=to, pk__in=inside.filter(sprint__in=sprint).values("ticket"))
        load = replace(load, column=beside.count())
    if person_limit is not None and row.assignee:
        load = _with_person(w, load, row.assignee)
    crossed = wip.check(row.status, to, label=Ticket.Status(to).label, load=load)
    return _told(w, crossed, override, {"ticket": row.number, "to": to})


def heed_giving(w: ProjectWriting, rows: Sequence[Ticket], person: str | None, override: str) -> list[str]:
    """What the project's limits say of giving these tickets to a person (her uid, None for nobody), in sentences.

    `override` is a lead's reason to go beyond a hard one. Raises WipLimit where they are hard, Forbidden, Invalid.
    """
    given = [row for row in rows if row.status in wip.UNDER_WAY]
    if person is None or w.project.wip_per_person is None or not given:
        return []
    receives = User.objects.filter(uid=person, memberships__project=w.project).first()
    if receives is None:
        return []  # which is refused, with its pointer, where the field is written
    load = _with_person(w, wip.Load(), receives)
    crossed = wip.check_giving([row.status for row in given], load=load)
    detail = {"tickets": [row.number for row in given]} if len(given) > 1 else {"ticket": given[0].number}
    return _told(w, crossed, override, {**detail, "to": person}, pointer="/assignee")


def _with_person(w: ProjectWriting, load: wip.Load, person: User) -> wip.Load:
    """The load with what a person has under way; what she is about to begin or to be given is not among it yet."""
    under_way = Ticket.objects.alive().filter(project=w.project, assignee=person, status__in=wip.UNDER_WAY)
    return replace(load, person=under_way.count(), person_limit=w.project.wip_per_person, name=person.name)


def _told(
    w: ProjectWriting, crossed: Sequence[Crossing], override: str, detail: Mapping[str, Any], *, pointer: str = "/to"
) -> list[str]:
    """The sentences of what is crossed; a hard limit only with a lead's reason, which is kept on record."""
    if crossed and w.project.wip_hard:
        reason = clean({"override": override}, fields={"override": text(500)})["override"]
        if not reason:
            raise WipLimit(crossed, pointer=pointer)
        assert w.access is not None
        w.access.require(Need.LEAD)
        audit(
            action="wip limit overridden",
            actor=w.actor,
            now=w.now,
            stream=w.journal.stream,
            detail={**detail, "limits": [one.over for one in crossed], "reason": reason},
        )
    return [one.message for one in crossed]
