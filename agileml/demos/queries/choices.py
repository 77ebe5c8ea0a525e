"""What an item of a draft could show of its ticket, for whoever builds a demo."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from agileml.demos.models import DemoImage, DemoItem, Edition
from agileml.demos.queries.ended import looked_at, units_of
from agileml.demos.queries.facts import CHARTS_UNLESS_CHOSEN
from agileml.demos.queries.shown import image
from agileml.metrics.models import Criterion, Snapshot
from agileml.metrics.rules.saying import sentence
from agileml.metrics.rules.terms import Answer, Terms
from agileml.projects.doors import Hidden
from agileml.work.models import Finding


@dataclass
class Choices:
    """What there is to show of a ticket, each as (what is stored, words); `usual` are the charts unless chosen."""

    findings: list[tuple[str, str]] = field(default_factory=list)
    charts: list[tuple[str, str]] = field(default_factory=list)
    evaluations: list[tuple[str, str]] = field(default_factory=list)
    usual: list[str] = field(default_factory=list)


def choices(items: Sequence[DemoItem]) -> dict[int, Choices]:
    """The choices of items, by their ids; seven queries, however many there are. Needs their tickets loaded."""
    tickets = [row.ticket for row in items if row.ticket]
    of: dict[int, Choices] = defaultdict(Choices)
    for finding in Finding.objects.filter(ticket__in=tickets).order_by("at", "pk"):
        of[finding.ticket_id].findings.append((str(finding.uid), finding.text))
    measured = Snapshot.objects.current().filter(ticket__in=tickets).order_by("metric__key")
    for ticket, key in measured.values_list("ticket", "metric__key").distinct():
        of[ticket].charts.append((key, key))
    units = units_of(tickets)
    for row in reversed(looked_at(tickets)):
        look = list(row.looked.all())[-1]
        words = sentence(Terms.of(row.terms), Answer.of(look.answer), units)
        of[row.challenger.ticket_id].evaluations.append((str(row.uid), words))
    wanted = Criterion.objects.alive().filter(ticket__in=tickets).order_by("pk")
    for ticket, key in wanted.values_list("ticket", "metric__key"):
        there = of[ticket]
        if (key, key) in there.charts and key not in there.usual and len(there.usual) < CHARTS_UNLESS_CHOSEN:
            there.usual.append(key)
    for there in of.values():
        there.usual = there.usual or [key for key, _ in there.charts[:1]]
    return {row.pk: of[row.ticket_id] if row.ticket_id else Choices() for row in items}


def picture(demo: int, uid: str, newest: Edition | None) -> DemoImage:
    """A picture of a draft (the demo's id), or one that its newest edition still shows. Raises Hidden."""
    row = DemoImage.objects.filter(item__demo=demo, removed_at=None, uid=uid).first()
    if row is not None:
        return row
    if newest is None:
        raise Hidden(uid)
    return image(newest, uid)
