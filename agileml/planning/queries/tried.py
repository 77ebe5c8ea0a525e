"""Have we tried this? What was skipped, refuted, missed its criterion, was parked or ended in something learned."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest

from agileml.lib.spelling import spellings
from agileml.metrics.models import Criterion
from agileml.planning.models import Move
from agileml.planning.queries.cards import Light, light
from agileml.planning.queries.handover import DEFERS, hand_overs, parked
from agileml.projects.models import Project
from agileml.work.models import Finding, Ticket

MOST = 50
MOST_WORDS = 10
FIELDS = ("title", "question", "description")


@dataclass(frozen=True)
class Tried:
    """One ticket that tells what came of an idea. `lights` are the criteria that speak against it."""

    ticket: Ticket
    at: datetime
    skipped: Move | None
    deferred: Move | None
    findings: Sequence[Finding]
    lights: Sequence[Light]


def words_of(said: str) -> list[str]:
    """The words to look for, at most ten; what no database could hold is no word."""
    return [word for word in said.replace("\0", " ").split() if word][:MOST_WORDS]


def matching(words: Sequence[str]) -> Q:
    """Tickets of which each of the words tells somewhere.

    That is in title, question, description or findings, or in what was said when it was skipped or deferred.
    """
    found = Q()
    for word in words:
        one = Q(Exists(Finding.objects.filter(_holds(word, "text"), ticket=OuterRef("pk"))))
        one |= Q(Exists(_skips().filter(_holds(word, "decision__reason", "after__revisit_if"))))
        one |= Q(Exists(_defers().filter(_holds(word, "after__note"))))
        found &= one | _holds(word, *FIELDS)
    return found


def _holds(word: str, *names: str) -> Q:
    """Whether one of these fields holds the word, in capitals or small letters."""
    found = Q()
    for name in names:
        for spelling in spellings(word):
            found |= Q(**{f"{name}__icontains": spelling})
    return found


def tried(project: Project, words: Sequence[str], *, most: int = MOST) -> list[Tried]:
    """What came of ideas that these words name (all of them without a word), newest first; five queries."""
    refuting = Finding.objects.filter(ticket=OuterRef("pk"), kind=Finding.Kind.REFUTES).order_by("-at")
    against = _against().filter(ticket=OuterRef("pk"))
    rows = Ticket.objects.alive().filter(project=project).filter(matching(words))
    rows = rows.filter(
        Q(status=Ticket.Status.SKIPPED)
        | Q(outcome__in=[Ticket.Outcome.LEARNED, Ticket.Outcome.DEMOED])
        | Exists(refuting)
        | Exists(against)
        | Q(pk__in=parked(project).values("pk"))
    )
    # An absent time counts as the ticket's first: the greatest of nothing and something differs between databases.
    times = [Subquery(_skips().order_by("-decision__at").values("decision__at")[:1]), F("done_at")]
    times.append(Subquery(refuting.values("at")[:1]))
    times.append(Subquery(_defers().order_by("-decision__at").values("decision__at")[:1]))
    rows = rows.annotate(ended=Greatest(*(Coalesce(time, F("created_at")) for time in times)))
    tickets = list(rows.order_by("-ended", "-number")[:most])
    skips = {
        move.ticket_id: move
        for move in Move.objects.filter(ticket__in=tickets, move=Move.Kind.SKIP)
        .select_related("decision__sprint")
        .order_by("pk")
    }
    findings: dict[int, list[Finding]] = defaultdict(list)
    for finding in Finding.objects.filter(ticket__in=tickets).order_by("-at", "-pk"):
        findings[finding.ticket_id].append(finding)
    lights: dict[int, list[Light]] = defaultdict(list)
    for criterion in _against().filter(ticket__in=tickets).select_related("metric").order_by("pk"):
        lights[criterion.ticket_id].append(light(criterion))
    deferred = hand_overs(tickets)
    return [
        Tried(
            ticket=row,
            at=row.ended,
            skipped=skips.get(row.pk) if row.status == Ticket.Status.SKIPPED else None,
            deferred=deferred.get(row.pk),
            findings=_telling(findings[row.pk]),
            lights=lights[row.pk],
        )
        for row in tickets
    ]


def _skips() -> QuerySet[Move]:
    return Move.objects.filter(ticket=OuterRef("pk"), move=Move.Kind.SKIP)


def _defers() -> QuerySet[Move]:
    return Move.objects.filter(DEFERS, ticket=OuterRef("pk"))


def _against() -> QuerySet[Criterion]:
    return Criterion.objects.alive().filter(Q(role="success", state="not_met") | Q(role="kill", state="met"))


def _telling(findings: Sequence[Finding]) -> list[Finding]:
    """Those that refute, else the newest one."""
    return [row for row in findings if row.kind == Finding.Kind.REFUTES] or list(findings[:1])
