"""What a ticket still needs before it may be called done, for the page that says so and the move that obeys it."""

from django.db.models import Exists, Q

from agileml.metrics.models import Look, Promotion, Snapshot
from agileml.work.models import Dependency, Finding, ReviewOpinion, Ticket
from agileml.work.types import DoneFacts, Lack, lacks


def lacking(ticket: Ticket) -> list[Lack]:
    """Everything that lacks, by what the ticket's type needs; one query."""
    findings = Finding.objects.filter(ticket=ticket)
    here = Q(pk=ticket.pk) | Q(pk__in=Dependency.objects.filter(ticket=ticket).values("needs"))
    tickets = Ticket.objects.filter(here).values("pk")
    compared = Q(evaluation__challenger__ticket__in=tickets) | Q(evaluation__champion__candidate__ticket__in=tickets)
    found = Ticket.objects.filter(pk=ticket.pk).values_list(
        Exists(findings),
        Exists(findings.filter(citations__isnull=False)),
        Exists(Snapshot.objects.filter(ticket=ticket)),
        Exists(ReviewOpinion.objects.filter(ticket=ticket).exclude(author=ticket.assignee_id)),
        Exists(Look.objects.filter(compared)),
        Exists(Promotion.objects.filter(deployment=ticket)),
    )
    any_finding, any_citing, any_snapshot, any_opinion, any_verdict, any_promotion = found[0]
    facts = DoneFacts(
        findings=any_finding,
        citing_findings=any_citing,
        snapshots=any_snapshot,
        others_opinions=any_opinion,
        links=len(ticket.links),
        verdicts=any_verdict,
        promotions=any_promotion,
    )
    return lacks(ticket.type, facts)
