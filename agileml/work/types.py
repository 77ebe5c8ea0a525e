"""The seven kinds of work: what each is called, what it looks like, what it asks, and what it needs to be done.

Everything that depends on a ticket's type stands in this file; a new type is a row here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import models


class TicketType(models.TextChoices):
    LITERATURE_REVIEW = "literature_review", "Literature"
    DATA_EXPLORATION = "data_exploration", "Exploration"
    ALGORITHM_DEVELOPMENT = "algorithm_development", "Algorithm"
    RESULT_ANALYSIS = "result_analysis", "Analysis"
    REVIEW = "review", "Review"
    DEPLOYMENT = "deployment", "Deployment"
    ENGINEERING = "engineering", "Engineering"


@dataclass(frozen=True)
class DoneFacts:
    """What is known of a ticket when somebody wants to call it done.

    `citing_findings` cite a snapshot or an evaluation; `verdicts` are looks at evaluations of what was measured here
    or on what it needs; `promotions` name it as what brings a champion into use; `others_opinions` are by somebody
    other than the assignee.
    """

    findings: int = 0
    citing_findings: int = 0
    snapshots: int = 0
    others_opinions: int = 0
    links: int = 0
    verdicts: int = 0
    promotions: int = 0


@dataclass(frozen=True)
class Lack:
    """One thing that is missing, as a code for machines and a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True)
class Kind:
    """A row of the table: `css` names the colour and icon, `asks` is what its template puts as the question."""

    css: str
    asks: str
    benefit: str
    lacks: Callable[[DoneFacts], list[Lack]]


def _needs_finding(facts: DoneFacts) -> list[Lack]:
    return [] if facts.findings else [Lack("finding", "It needs a finding: what did you learn?")]


def _needs_snapshot(facts: DoneFacts) -> list[Lack]:
    if facts.snapshots or facts.findings:
        return []
    return [Lack("snapshot", "It needs a measured run, or a finding that says why there is none.")]


def _needs_citation(facts: DoneFacts) -> list[Lack]:
    if facts.citing_findings or facts.verdicts:
        return []
    return [Lack("citation", "It needs a verdict, or a finding that cites the snapshots or evaluations it rests on.")]


def _needs_opinion(facts: DoneFacts) -> list[Lack]:
    if facts.others_opinions:
        return []
    return [Lack("opinion", "It needs an opinion by somebody other than the assignee.")]


def _needs_link(facts: DoneFacts) -> list[Lack]:
    if facts.links or facts.promotions:
        return []
    return [Lack("link", "It needs a promotion that names it, or a link to what was deployed.")]


def _needs_nothing(facts: DoneFacts) -> list[Lack]:
    return []


KINDS: dict[str, Kind] = {
    TicketType.LITERATURE_REVIEW: Kind(
        css="lit",
        asks="What do others do about this, and what did it buy them?",
        benefit="Ideas we need not find ourselves",
        lacks=_needs_finding,
    ),
    TicketType.DATA_EXPLORATION: Kind(
        css="exp",
        asks="What do we not know about the data that could decide the model?",
        benefit="A surprise before it costs a sprint",
        lacks=_needs_finding,
    ),
    TicketType.ALGORITHM_DEVELOPMENT: Kind(
        css="dev",
        asks="Does this change move the metric by more than its noise?",
        benefit="A measured gain, or one idea less to try",
        lacks=_needs_snapshot,
    ),
    TicketType.RESULT_ANALYSIS: Kind(
        css="ana",
        asks="Where does it fail, and what does that tell us to do next?",
        benefit="The next most valuable ticket",
        lacks=_needs_citation,
    ),
    TicketType.REVIEW: Kind(
        css="rev",
        asks="Is it right, and may we rest on it?",
        benefit="A mistake caught before it ships",
        lacks=_needs_opinion,
    ),
    TicketType.DEPLOYMENT: Kind(
        css="dep",
        asks="Does it work where it is used?",
        benefit="Someone uses it",
        lacks=_needs_link,
    ),
    TicketType.ENGINEERING: Kind(
        css="eng",
        asks="What will be easier once this exists?",
        benefit="Less work for every later ticket",
        lacks=_needs_nothing,
    ),
}


def lacks(ticket_type: str, facts: DoneFacts) -> list[Lack]:
    """Everything that a ticket of this type still needs before it is done; empty when it may be."""
    return KINDS[ticket_type].lacks(facts)
