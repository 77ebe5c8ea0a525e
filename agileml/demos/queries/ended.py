"""The tickets of a sprint that are over, with what a demo begins from."""

from collections import defaultdict
from collections.abc import Sequence

from django.db.models import Prefetch

from agileml.demos.rules.beginning import Ended
from agileml.metrics.models import Criterion, Evaluation, Look, Metric
from agileml.metrics.queries.champions import evaluations
from agileml.metrics.rules.saying import sentence
from agileml.metrics.rules.terms import Answer, Terms
from agileml.metrics.rules.verdicts import WINS
from agileml.planning.models import Sprint
from agileml.planning.queries.plans import plan_at
from agileml.work.models import Finding, Ticket

OVER = (Ticket.Status.DONE, Ticket.Status.SKIPPED)
COMPARED = (Criterion.Against.BASELINE, Criterion.Against.CHAMPION)


def over(sprint: Sprint) -> list[Ticket]:
    """Tickets in the plan of a sprint that are done or skipped, in their order; two queries."""
    numbers = list(plan_at(sprint).tickets)
    rows = Ticket.objects.alive().filter(project=sprint.project_id, number__in=numbers, status__in=OVER)
    return list(rows.order_by("rank", "number"))


def ended(tickets: Sequence[Ticket]) -> dict[int, Ended]:
    """What a demo begins with of each ticket, by its id; five queries, however many there are."""
    texts: dict[int, list[str]] = defaultdict(list)
    findings = Finding.objects.filter(ticket__in=tickets).order_by("-at", "-pk")
    for ticket_id, text in findings.values_list("ticket", "text"):
        texts[ticket_id].append(text)
    met = Criterion.objects.alive().filter(
        ticket__in=tickets, role=Criterion.Role.SUCCESS, state=Criterion.State.MET, against__in=COMPARED
    )
    improved = set(met.values_list("ticket", flat=True))
    said: dict[int, list[tuple[str, str]]] = defaultdict(list)
    units = units_of(tickets)
    for row in looked_at(tickets):
        look = list(row.looked.all())[-1]
        words = sentence(Terms.of(row.terms), Answer.of(look.answer), units)
        said[row.challenger.ticket_id].append((look.verdict, words))
    return {
        row.pk: Ended(
            title=row.title,
            status=row.status,
            outcome=row.outcome,
            improved=row.pk in improved,
            won=any(verdict in WINS for verdict, _ in said[row.pk]),
            findings=texts[row.pk],
            verdicts=[words for _, words in said[row.pk]],
        )
        for row in tickets
    }


def looked_at(tickets: Sequence[Ticket]) -> list[Evaluation]:
    """Evaluations of these tickets' candidates that were looked at, newest first, with their looks; two queries."""
    looks = Prefetch("looked", Look.objects.order_by("number"))
    rows = evaluations().filter(challenger__ticket__in=tickets, looked__isnull=False).distinct()
    return list(rows.select_related("policy__metric").prefetch_related(looks).order_by("-at", "-pk"))


def units_of(tickets: Sequence[Ticket]) -> dict[str, str]:
    """The units of a project's metrics by key; one query, none without tickets."""
    if not tickets:
        return {}
    return dict(Metric.objects.filter(project=tickets[0].project_id).values_list("key", "unit"))
