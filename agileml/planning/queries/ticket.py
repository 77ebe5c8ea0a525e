"""One ticket: where it stands in the plan, and what a page about it shows."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, Subquery

from agileml.lib.figures import measured
from agileml.metrics.models import Citation, Criterion, Evaluation, Judgement, Look, Metric, Promotion, Snapshot
from agileml.metrics.rules.saying import WORDS
from agileml.planning.models import Assignment, Move, Sprint
from agileml.planning.queries.cards import Light, light
from agileml.projects.doors import Hidden
from agileml.projects.models import Membership, Project
from agileml.work.actions import COMPONENTS
from agileml.work.models import Dependency, Epic, Finding, Story, Ticket

RUNS_AT_MOST = 400
JUDGEMENTS_AT_MOST = 200
OF_EVALUATION = "evaluation:"


@dataclass(frozen=True)
class Where:
    """A ticket and its place in the plan.

    `sprint` is the active sprint that it is in, `drafted` the planned one; `targets` are the sprints that it could be
    deferred to.
    """

    project: Project
    ticket: Ticket
    sprint: Sprint | None
    drafted: Sprint | None
    targets: Sequence[Sprint]

    @property
    def key(self) -> str:
        """What people call the ticket."""
        return f"{self.project.key}-{self.ticket.number}"


def where_is(project: Project, number: int) -> Where:
    """A ticket of this project with its place. Raises Hidden when there is none. Three queries."""
    ticket = (
        Ticket.objects.alive()
        .filter(project=project, number=number)
        .select_related("story__epic", "assignee", "reviewer", "split_from", "project")
        .first()
    )
    if ticket is None:
        raise Hidden(number)
    sprint = drafted = None
    for row in Assignment.objects.filter(ticket=ticket, ended_by=None).select_related("sprint"):
        if row.opened_by_id is None:
            drafted = row.sprint
        else:
            sprint = row.sprint
    others = Sprint.objects.filter(project=project).exclude(state=Sprint.State.CLOSED).order_by("start", "number")
    return Where(project, ticket, sprint, drafted, [row for row in others if row != sprint])


def neighbours(where: Where) -> dict[str, Any]:
    """The tickets between which a card can be put first or last in its column, as numbers: {"first", "last"}."""
    ticket = where.ticket
    column = Ticket.objects.alive().filter(project=where.project, status=ticket.status).exclude(pk=ticket.pk)
    place = Assignment.objects.filter(ended_by=None, sprint=where.sprint) if where.sprint else None
    if place is not None:
        column = column.filter(assignments__in=place)
    numbers = list(column.order_by("rank", "number").values_list("number", flat=True))
    return {"first": numbers[0], "last": numbers[-1]} if numbers else {"first": None, "last": None}


def findings_to_cite(project: Project, where: Where, *, most: int = 8) -> list[Finding]:
    """The newest findings that a decision about this ticket may rest on: those of its sprint, or its own."""
    rows = Finding.objects.filter(ticket__project=project).select_related("ticket")
    if where.sprint:
        inside = Assignment.objects.filter(sprint=where.sprint, ended_by=None, opened_by__isnull=False)
        rows = rows.filter(ticket__in=inside.values("ticket"))
    else:
        rows = rows.filter(ticket=where.ticket)
    return list(rows.order_by("-at", "-pk")[:most])


@dataclass(frozen=True)
class Judged:
    """One judgement in ready-made texts."""

    at: datetime
    state: str
    value: str
    bound: str
    candidate: str
    pairs: int


@dataclass(frozen=True)
class Standing:
    """A criterion with its light and how it was judged over time, newest first."""

    row: Criterion
    light: Light
    judgements: Sequence[Judged]

    @property
    def gain(self) -> str:
        """How much better it was expected to get; empty where nobody said."""
        return "" if self.row.expected_gain is None else measured(self.row.expected_gain, self.row.metric.unit)


def standing_criteria(ticket: Ticket) -> list[Criterion]:
    """The criteria of a ticket in the order in which they were made, with their metrics."""
    return list(Criterion.objects.alive().filter(ticket=ticket).select_related("metric").order_by("pk"))


def standings(ticket: Ticket) -> list[Standing]:
    """The criteria of a ticket; two queries."""
    rows = standing_criteria(ticket)
    history: dict[int, list[Judged]] = defaultdict(list)
    for row in (
        Judgement.objects.filter(criterion__in=rows)
        .select_related("candidate", "criterion__metric")
        .order_by("-at", "-pk")[:JUDGEMENTS_AT_MOST]
    ):
        unit = row.criterion.metric.unit
        told = history[row.criterion_id]
        if told and (told[-1].state, told[-1].candidate) == (row.state, row.candidate.name if row.candidate else ""):
            continue  # one more run of the same candidate that changed nothing
        told.append(
            Judged(
                at=row.at,
                state=row.state,
                value=measured(row.value, unit),
                bound=measured(row.against_value, unit),
                candidate=row.candidate.name if row.candidate else "",
                pairs=len(row.compared.get("pairs", ())),
            )
        )
    return [Standing(row, light(row), tuple(history[row.pk])) for row in rows]


def findings_of(ticket: Ticket) -> list[Finding]:
    """What was learned on a ticket, newest first, with what it rests on."""
    values = Prefetch("snapshot", Snapshot.objects.corrected().select_related("metric"))
    cited = Citation.objects.select_related("evaluation__model").prefetch_related(values)
    return list(
        Finding.objects.filter(ticket=ticket)
        .select_related("author")
        .prefetch_related(Prefetch("citations", cited))
        .order_by("-at", "-pk")
    )


def cited(finding: Finding) -> list[str]:
    """What a finding rests on, a line for each candidate and metric: "mlp-512: error 2.86 %, mean of 6 runs"."""
    groups: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for citation in finding.citations.all():
        row = citation.snapshot
        if row is None:
            continue
        values = groups[row.as_name, row.metric.key, row.metric.unit]
        if row.value is not None:
            values.append(row.value)
    lines = [
        f"evaluation {citation.evaluation.number} of {citation.evaluation.model.name}"
        for citation in finding.citations.all()
        if citation.evaluation
    ]
    for (name, key, unit), values in groups.items():
        mean = measured(math.fsum(values) / len(values), unit) if values else "no finite value"
        many = f", mean of {len(values)} runs" if len(values) > 1 else ""
        lines.append(f"{name}: {key} {mean}{many}" if name else f"{key} {mean}{many}")
    return lines


@dataclass(frozen=True)
class Citable:
    """A candidate's newest runs, or an evaluation, which a finding can cite with one tick; `key` names it in a form."""

    text: str
    key: str


def cites_of(keys: Iterable[str]) -> list[dict[str, str]]:
    """What the keys of ticked citables name, as a finding takes it."""
    return [
        {"evaluation": uid.removeprefix(OF_EVALUATION)} if uid.startswith(OF_EVALUATION) else {"snapshot": uid}
        for key in keys
        for uid in key.split()
    ]


def citable(ticket: Ticket, criteria: Sequence[Criterion], *, most: int = 6) -> list[Citable]:
    """What a finding on a ticket can rest on: runs of candidates, the one measured last first, then evaluations.

    Those of the tickets that it needs too: an analysis rests on what others measured. Only of the metrics that the
    criteria are about; where there is none, of those that are watched.
    """
    return [*_runs_to_cite(ticket, criteria, most=most), *_verdicts_to_cite(ticket, most=most)]


def _verdicts_to_cite(ticket: Ticket, *, most: int) -> list[Citable]:
    """Evaluations that somebody has looked at and that the ticket has a part in, the newest verdict first.

    They compare what was measured on it or on a ticket that it needs, or crowned the champion that it brings into use.
    """
    here = Q(pk=ticket.pk) | Q(pk__in=Dependency.objects.filter(ticket=ticket).values("needs"))
    tickets = Ticket.objects.filter(here).values("pk")
    newest = Look.objects.filter(evaluation=OuterRef("pk")).order_by("-number")
    rows = (
        Evaluation.objects.filter(
            Q(challenger__ticket__in=tickets)
            | Q(champion__candidate__ticket__in=tickets)
            | Exists(Promotion.objects.filter(evaluation=OuterRef("pk"), deployment=ticket))
        )
        .annotate(said=Subquery(newest.values("verdict")[:1]), said_at=Subquery(newest.values("at")[:1]))
        .exclude(said=None)
        .order_by("-said_at", "-pk")
    )
    told = rows.values_list("uid", "number", "model__name", "challenger__name", "champion__candidate__name", "said")
    return [
        Citable(
            f"Evaluation {number} of {model}, {challenger or 'the runs'} against {champion or 'the runs'}: "
            f"{WORDS[said].lower()}",
            f"{OF_EVALUATION}{uid}",
        )
        for uid, number, model, challenger, champion, said in told[:most]
    ]


def _runs_to_cite(ticket: Ticket, criteria: Sequence[Criterion], *, most: int) -> list[Citable]:
    found: dict[tuple[str, str, str], list[tuple[str, float | None]]] = defaultdict(list)
    needed = Dependency.objects.filter(ticket=ticket).values("needs")
    rows = Snapshot.objects.current().corrected().filter(Q(ticket=ticket) | Q(ticket__in=needed))
    about = {row.metric_id for row in criteria}
    rows = rows.filter(metric__in=about) if about else rows.exclude(metric__direction="")
    told = rows.order_by("-observed_at", "-step", "-pk").values_list(
        "as_name", "metric__key", "metric__unit", "as_pair", "uid", "value"
    )
    seen = set()
    for name, key, unit, pair, uid, value in told[:RUNS_AT_MOST]:
        if (name, key, pair) not in seen:  # of a curve only its last step
            seen.add((name, key, pair))
            found[name, key, unit].append((str(uid), value))
    result = []
    for (name, key, unit), runs_of in list(found.items())[:most]:
        values = [value for _, value in runs_of if value is not None]
        mean = measured(math.fsum(values) / len(values), unit) if values else "no finite value"
        many = f"{len(runs_of)} runs" if len(runs_of) > 1 else "1 run"
        result.append(Citable(f"{name or 'The runs'}: {key} {mean} ({many})", " ".join(uid for uid, _ in runs_of)))
    return result


def decided(ticket: Ticket) -> list[Move]:
    """The moves of decisions that were about this ticket, newest first."""
    return list(
        Move.objects.filter(ticket=ticket)
        .exclude(move=Move.Kind.SPLIT)
        .select_related("decision__sprint", "decision__actor")
        .order_by("-decision")
    )


def related(ticket: Ticket) -> dict[str, list[Ticket]]:
    """Tickets that this one needs, that need it, and its parts: `{"needs", "needed_by", "parts"}`."""
    alive = Ticket.objects.alive().only("number", "title", "status", "type").order_by("number")
    return {
        "needs": list(alive.filter(dependants__ticket=ticket)),
        "needed_by": list(alive.filter(dependencies__needs=ticket)),
        "parts": list(alive.filter(split_from=ticket)),
    }


def metric_keys(project: Project) -> list[str]:
    """What a criterion can be about: the keys of the project's metrics."""
    return list(Metric.objects.filter(project=project).order_by("key").values_list("key", flat=True))


@dataclass(frozen=True)
class Editing:
    """What the form that edits a ticket offers: people as (uid, name), stories as (number, title)."""

    people: Sequence[tuple[str, str]]
    stories: Sequence[tuple[int, str]]
    components: Sequence[str]
    metrics: Sequence[str]


def editing(project: Project) -> Editing:
    """What can be chosen for a ticket of this project; four queries."""
    people = Membership.objects.filter(project=project, user__is_active=True).exclude(role=Membership.Role.STAKEHOLDER)
    stories = Story.objects.filter(project=project, deleted_at=None).order_by("rank", "number")
    touched = {
        component for epic in Epic.objects.filter(project=project, deleted_at=None) for component in epic.components
    }
    return Editing(
        people=[(str(uid), name) for uid, name in people.order_by("user__name").values_list("user__uid", "user__name")],
        stories=list(stories.values_list("number", "title")),
        components=sorted(touched or COMPONENTS),
        metrics=metric_keys(project),
    )
