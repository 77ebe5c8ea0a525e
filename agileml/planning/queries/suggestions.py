"""Suggested re-plans of a running sprint, for its board, for the page that decides them, and for clients."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Max, OuterRef, QuerySet, Subquery

from agileml.lib.joined import Joined
from agileml.metrics.models import Citation, Criterion, Judgement
from agileml.planning.models import Dismissal, Sprint
from agileml.planning.queries import lines as sprint_lines
from agileml.planning.queries.signals import Signals, signals
from agileml.planning.rules import suggesting
from agileml.planning.rules.suggesting import Suggestion
from agileml.projects.models import Project
from agileml.work.models import Finding

KINDS = ("kill", "failed", "finding")
PUT_ASIDE = "keys_put_aside"  # the column in which a sprint's row may bring them along


def suggested(
    project: Project,
    sprint: Sprint,
    tickets: Sequence[sprint_lines.Line],
    known: Signals,
    *,
    dismissed: Collection[str],
) -> list[Suggestion]:
    """What is suggested for a sprint, newest first, from what was read already; nothing unless it is active."""
    if sprint.state != Sprint.State.ACTIVE:
        return []
    facts = [
        suggesting.Line(
            number=ticket.number,
            key=f"{project.key}-{ticket.number}",
            status=ticket.status,
            story=ticket.story,
            needs=tuple(need.number for need in known.needs.get(ticket.pk, ())),
        )
        for ticket in tickets
    ]
    return suggesting.suggestions(facts, known.causes, dismissed=dismissed)


def of_sprint(project: Project, sprint: Sprint) -> list[Suggestion]:
    """What is suggested for a sprint, newest first; five queries."""
    tickets = sprint_lines.lines(sprint)
    known = signals(sprint, {ticket.pk: ticket.number for ticket in tickets})
    return suggested(project, sprint, tickets, known, dismissed=put_aside(sprint))


def with_put_aside(rows: QuerySet[Sprint]) -> QuerySet[Sprint, Any]:
    """Sprints that bring along which suggestions were put aside, for `put_aside`."""
    mine = Dismissal.objects.filter(sprint=OuterRef("pk")).order_by().values("sprint")
    return rows.annotate(**{PUT_ASIDE: Subquery(mine.annotate(keys=Joined("key")).values("keys"))})


def put_aside(sprint: Sprint) -> set[str]:
    """The keys of the suggestions that somebody put aside; no query where the sprint's row brought them along."""
    if PUT_ASIDE in sprint.__dict__:
        return set((sprint.__dict__[PUT_ASIDE] or "").split())
    return set(Dismissal.objects.filter(sprint=sprint).values_list("key", flat=True))


def dismissals(sprint: Sprint) -> list[Dismissal]:
    """Who put which suggestions aside, in the order in which they did."""
    return list(Dismissal.objects.filter(sprint=sprint).select_related("sprint", "actor").order_by("pk"))


def parsed(key: str) -> tuple[str, UUID] | None:
    """What a suggestion's key says: its kind of cause, and that one's uid; None for what is no key."""
    kind, _, uid = key.partition(":")
    if kind not in KINDS:
        return None
    try:
        return kind, UUID(uid)
    except ValueError:
        return None


def exists(project: Project, key: str) -> bool:
    """Whether the project has, or had, what a suggestion with this very key would rest on."""
    known = parsed(key)
    if known is None or key != f"{known[0]}:{known[1]}":
        return False
    kind, uid = known
    if kind == "finding":
        return Finding.objects.filter(ticket__project=project, uid=uid).exists()
    role = Criterion.Role.KILL if kind == "kill" else Criterion.Role.SUCCESS
    return Judgement.objects.filter(criterion__ticket__project=project, criterion__role=role, uid=uid).exists()


def evidence(found: Iterable[Suggestion]) -> dict[str, list[dict[str, str]]]:
    """By each suggestion's key what it rests on, as a decision takes it; three queries, however many there are.

    A finding rests on itself and on what it cites, a criterion on all snapshots that it was judged by last.
    """
    told: dict[str, list[dict[str, str]]] = {}
    findings: dict[UUID, str] = {}
    judged: dict[UUID, str] = {}
    for one in found:
        known = parsed(one.key)
        assert known is not None
        if known[0] == "finding":
            told[one.key] = [{"finding": str(known[1])}]
            findings[known[1]] = one.key
        else:
            judged[known[1]] = one.key
    cited = Citation.objects.filter(finding__uid__in=findings).order_by("pk")
    for finding, snapshot, evaluation in cited.values_list("finding__uid", "snapshot__uid", "evaluation__uid"):
        rests = {"snapshot": str(snapshot)} if snapshot else {"evaluation": str(evaluation)}
        told[findings[finding]].append(rests)
    causes = dict(Judgement.objects.filter(uid__in=judged).values_list("criterion", "uid"))
    newest = Judgement.objects.filter(criterion__in=causes).values("criterion").annotate(last=Max("pk"))
    for row in Judgement.objects.filter(pk__in=newest.values("last")):
        pairs = row.compared.get("pairs", ())
        told[judged[causes[row.criterion_id]]] = [{"snapshot": pair["snapshot"]} for pair in pairs]
    return told
