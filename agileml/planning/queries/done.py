"""What a ticket still needs before it may be called done, for the page that says so and the move that obeys it."""

from django.db.models import Exists

from agileml.metrics.models import Snapshot
from agileml.work.models import Finding, ReviewOpinion, Ticket
from agileml.work.types import DoneFacts, Lack, lacks


def lacking(ticket: Ticket) -> list[Lack]:
    """Everything that lacks, by what the ticket's type needs; one query."""
    findings = Finding.objects.filter(ticket=ticket)
    found = Ticket.objects.filter(pk=ticket.pk).values_list(
        Exists(findings),
        Exists(findings.filter(citations__isnull=False)),
        Exists(Snapshot.objects.filter(ticket=ticket)),
        Exists(ReviewOpinion.objects.filter(ticket=ticket).exclude(author=ticket.assignee_id)),
    )
    any_finding, any_citing, any_snapshot, any_opinion = found[0]
    facts = DoneFacts(
        findings=any_finding,
        citing_findings=any_citing,
        snapshots=any_snapshot,
        others_opinions=any_opinion,
        links=len(ticket.links),
    )
    return lacks(ticket.type, facts)
