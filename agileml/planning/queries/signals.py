"""What was measured, learned and waited for on a sprint's tickets: read once, for its cards and its suggestions."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, When, Window
from django.db.models.functions import Left, RowNumber
from django.utils.text import Truncator

from agileml.metrics.models import Criterion, Judgement
from agileml.planning.models import Evidence, Sprint
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
    _read_lights(found, sprint, numbers)
    _read_findings(found, sprint, numbers)
    rows = Dependency.objects.filter(ticket__in=list(numbers)).order_by("needs__number")
    for ticket, number, status, deleted in rows.values_list(
        "ticket", "needs__number", "needs__status", "needs__deleted_at"
    ):
        found.needs[ticket].append(Need(number, status, deleted is not None))
    return found


def _read_lights(found: Signals, sprint: Sprint, numbers: Mapping[int, int]) -> None:
    """Each criterion's light, and for one that alarms since when its candidate has, and when that was decided on."""
    rows = Criterion.objects.alive().filter(ticket__in=list(numbers)).order_by("pk")
    for ticket, cause, since, decided, *told in _alarming(rows, sprint).values_list(
        "ticket", "cause", "since", "decided", *LIGHT
    ):
        light = light_of(*told)
        found.lights[ticket].append(light)
        if cause is not None:
            kind = ALARMS[light.role, light.state]
            words = f"{light.metric} is {light.value} ({light.op} {light.target}{'' if kind == 'kill' else ' wanted'})."
            found.causes.append(Cause(f"{kind}:{cause}", kind, numbers[ticket], since, words, decided))


def _alarming(rows: QuerySet[Criterion], sprint: Sprint) -> QuerySet[Criterion, Any]:
    """With the first judgement of an alarm: the candidate that is judged now, in the state that it is in now.

    More runs of that candidate are no new cause; another candidate is.
    """
    alarm = Q(pk__in=[])
    for role, state in ALARMS:
        alarm |= Q(role=role, state=state)
    judged = Judgement.objects.filter(criterion=OuterRef("pk"))
    first = judged.filter(state=OuterRef("state"), candidate=OuterRef("judged")).order_by("pk")
    cited = Evidence.objects.filter(
        decision__sprint=sprint,
        snapshot__candidate=OuterRef("judged"),
        snapshot__metric=OuterRef("metric"),
    ).order_by("-decision__at")
    return rows.annotate(
        judged=Case(When(alarm, then=Subquery(judged.order_by("-pk").values("candidate")[:1]))),
    ).annotate(
        cause=Case(When(alarm, then=Subquery(first.values("uid")[:1]))),
        since=Case(When(alarm, then=Subquery(first.values("at")[:1]))),
        decided=Case(When(alarm, then=Subquery(cited.values("decision__at")[:1]))),
    )


def _read_findings(found: Signals, sprint: Sprint, numbers: Mapping[int, int]) -> None:
    """How many findings each ticket has and of which kind the newest is; the newest of those that speak against it."""
    cited = Evidence.objects.filter(decision__sprint=sprint, finding=OuterRef("pk")).order_by("-decision__at")
    same = [F("ticket"), F("kind")]
    rows = Finding.objects.filter(ticket__in=list(numbers)).annotate(
        place=Window(RowNumber(), partition_by=same, order_by=F("pk").desc()),
        many=Window(Count("pk"), partition_by=same),
        begins=Case(When(kind__in=AGAINST, then=Left("text", 500))),
        decided=Case(When(kind__in=AGAINST, then=Subquery(cited.values("decision__at")[:1]))),
    )
    counts: dict[int, int] = defaultdict(int)
    kinds: dict[int, str] = {}
    newest = rows.filter(place=1).order_by("pk")
    for ticket, kind, many, uid, at, begins, decided in newest.values_list(
        "ticket", "kind", "many", "uid", "at", "begins", "decided"
    ):
        counts[ticket] += many
        kinds[ticket] = kind
        if kind in AGAINST:
            found.causes.append(Cause(f"finding:{uid}", kind, numbers[ticket], at, quoted(begins), decided))
    for ticket, many in counts.items():
        found.findings[ticket] = f"finding {kinds[ticket]}" if many == 1 else f"{many} findings, last {kinds[ticket]}"


def quoted(text: str) -> str:
    """The beginning of what somebody wrote, as one line in quotes."""
    return f"“{Truncator(' '.join(text.split())).words(MOST_WORDS, truncate=' …')}”"
