"""What was measured, learned and waited for on a sprint's tickets: read once, for its cards and its suggestions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Value, When, Window
from django.db.models.expressions import Combinable
from django.db.models.functions import Left, RowNumber
from django.utils.text import Truncator

from agileml.metrics.models import Criterion, Judgement, Snapshot
from agileml.planning.models import Decision, Evidence, Sprint
from agileml.planning.queries.cards import LIGHT, Light, light_of
from agileml.planning.rules.suggesting import Cause
from agileml.work.models import Dependency, Finding

MOST_WORDS = 30
ALARMS = {
    (Criterion.Role.KILL.value, Criterion.State.MET.value): "kill",
    (Criterion.Role.SUCCESS.value, Criterion.State.NOT_MET.value): "failed",
}
AGAINST = (Finding.Kind.REFUTES, Finding.Kind.BLOCKER)


@dataclass(frozen=True)
class Need:
    """A ticket that another one needs: its number, and its status."""

    number: int
    status: str
    is_gone: bool


@dataclass
class Signals:
    """By the tickets' ids: how their criteria stand, what their findings come to, what they need. And what alarms."""

    lights: dict[int, list[Light]] = field(default_factory=lambda: defaultdict(list))
    findings: dict[int, str] = field(default_factory=dict)
    needs: dict[int, list[Need]] = field(default_factory=lambda: defaultdict(list))
    causes: list[Cause] = field(default_factory=list)


def signals(sprint: Sprint, numbers: Mapping[int, int]) -> Signals:
    """The signals of these tickets (their numbers by id) in a sprint; three queries, however many there are."""
    found = Signals()
    decided = _read_needs(found, sprint, numbers)
    _read_lights(found, numbers, decided)
    _read_findings(found, numbers, decided)
    return found


@dataclass(frozen=True)
class Decided:
    """When the sprint last decided on something, by the ids of candidates that were measured and of findings."""

    candidates: dict[int, datetime] = field(default_factory=dict)
    findings: dict[int, datetime] = field(default_factory=dict)


EVIDENCE = "evidence"  # in place of a status


def _read_needs(found: Signals, sprint: Sprint, numbers: Mapping[int, int]) -> Decided:
    """What the tickets need; and, by the same query, what the sprint's decisions rest on."""
    needs = Dependency.objects.filter(ticket__in=list(numbers)).values_list(
        "ticket", "needs", "needs__number", "needs__status", "needs__deleted_at"
    )
    measured = Snapshot.objects.corrected().filter(pk=OuterRef("snapshot")).values("as_candidate")
    answers = Evidence.objects.filter(_stands("decision"), decision__sprint=sprint)
    cited = answers.annotate(candidate=Subquery(measured[:1])).values("finding", "candidate").order_by()
    rests = cited.annotate(number=Value(0), kind=Value(EVIDENCE), last=Max("decision__at"))
    decided = Decided()
    both: Iterable[tuple[Any, ...]] = needs.union(
        rests.values_list("finding", "candidate", "number", "kind", "last"), all=True
    )
    for one, other, number, status, at in both:
        if status != EVIDENCE:
            found.needs[one].append(Need(number, status, at is not None))
        elif one is not None:
            decided.findings[one] = at
        elif other is not None:
            decided.candidates[other] = at
    for wanted in found.needs.values():
        wanted.sort(key=lambda need: need.number)
    return decided


def _stands(decision: str, depth: int = 6) -> Combinable:
    """Whether a decision (a column that names it) has not been taken back, or its taking back was, and so on.

    What was taken back answers nothing: its suggestion comes again. Nobody goes to and fro more often than `depth`.
    """
    back = Decision.objects.filter(reverts=OuterRef(decision), partial=False)
    return ~Exists(back.filter(_stands("pk", depth - 1)) if depth else back)


def _read_lights(found: Signals, numbers: Mapping[int, int], decided: Decided) -> None:
    """Each criterion's light, and for one that alarms since when its candidate has."""
    rows = Criterion.objects.alive().filter(ticket__in=list(numbers)).order_by("pk")
    for ticket, candidate, cause, since, *told in _alarming(rows).values_list(
        "ticket", "judged", "cause", "since", *LIGHT
    ):
        light = light_of(*told)
        found.lights[ticket].append(light)
        if cause is not None:
            kind = ALARMS[light.role, light.state]
            words = f"{light.metric} is {light.value} ({light.op} {light.target}{'' if kind == 'kill' else ' wanted'})."
            known = decided.candidates.get(candidate)
            found.causes.append(Cause(f"{kind}:{cause}", kind, numbers[ticket], since, words, known))


def _alarming(rows: QuerySet[Criterion]) -> QuerySet[Criterion, Any]:
    """With the first judgement of an alarm: the candidate that is judged now, in the state that it is in now.

    More runs of that candidate are no new cause; another candidate is.
    """
    alarm = Q(pk__in=[])
    for role, state in ALARMS:
        alarm |= Q(role=role, state=state)
    judged = Judgement.objects.filter(criterion=OuterRef("pk"))
    last = Subquery(judged.order_by("-at", "-pk").values("candidate")[:1])
    first = judged.filter(state=OuterRef("state"), candidate=OuterRef("judged")).order_by("at", "pk")
    return rows.annotate(judged=Case(When(alarm, then=last))).annotate(
        cause=Case(When(alarm, then=Subquery(first.values("uid")[:1]))),
        since=Case(When(alarm, then=Subquery(first.values("at")[:1]))),
    )


def _read_findings(found: Signals, numbers: Mapping[int, int], decided: Decided) -> None:
    """How many findings each ticket has and of which kind the newest is; the newest of those that speak against it."""
    same = [F("ticket"), F("kind")]
    rows = Finding.objects.filter(ticket__in=list(numbers)).annotate(
        place=Window(RowNumber(), partition_by=same, order_by=F("pk").desc()),
        many=Window(Count("pk"), partition_by=same),
        begins=Case(When(kind__in=AGAINST, then=Left("text", 500))),
    )
    counts: dict[int, int] = defaultdict(int)
    kinds: dict[int, str] = {}
    newest = rows.filter(place=1).order_by("pk")
    for pk, ticket, kind, many, uid, at, begins in newest.values_list(
        "pk", "ticket", "kind", "many", "uid", "at", "begins"
    ):
        counts[ticket] += many
        kinds[ticket] = kind
        if kind in AGAINST:
            known = decided.findings.get(pk)
            found.causes.append(Cause(f"finding:{uid}", kind, numbers[ticket], at, quoted(begins), known))
    for ticket, many in counts.items():
        found.findings[ticket] = f"finding {kinds[ticket]}" if many == 1 else f"{many} findings, last {kinds[ticket]}"


def quoted(text: str) -> str:
    """The beginning of what somebody wrote, as one line in quotes."""
    return f"“{Truncator(' '.join(text.split())).words(MOST_WORDS, truncate=' …')}”"
