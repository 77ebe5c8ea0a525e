"""What the report of a sprint is made of, read when the sprint closes; and the report that holds now."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from django.db.models import OuterRef, Subquery

from agileml.lib.figures import measured
from agileml.lib.times import maybe_rfc3339, rfc3339
from agileml.metrics.models import Criterion, Judgement, Target
from agileml.planning.models import Decision, Move, Report, RetroLine, Sprint
from agileml.planning.queries import history
from agileml.planning.queries.history import Past
from agileml.planning.queries.strip import Goal, strips
from agileml.planning.queries.wording import Wording, headline
from agileml.planning.rules import reporting
from agileml.planning.rules.taking_back import PastDecision
from agileml.projects.calendar import day_of, working_days
from agileml.projects.doors import Hidden
from agileml.projects.models import Project
from agileml.work.models import Finding, Ticket

STRIP = (
    "metric", "epic", "better", "target", "baseline", "baseline_label", "best", "best_of", "best_note", "reached",
)  # fmt: skip


def of_sprint(sprint: Sprint) -> Report:
    """The report of a closed sprint, frozen as it was at the close that holds. Raises Hidden while there is none."""
    row = Report.objects.filter(sprint=sprint, sprint__state=Sprint.State.CLOSED).order_by("-pk").first()
    if row is None:
        raise Hidden(sprint.number)
    return row


def facts(sprint: Sprint, project: Project, *, close: Decision, retro: Sequence[RetroLine]) -> reporting.Facts:
    """All that the report of a sprint is made of; a fixed number of queries, however many tickets and decisions.

    `close` is the decision that has just closed it. The lines of the retro need their tickets loaded.
    """
    pasts = history.of_sprint(sprint)
    tickets = {move.ticket.pk: move.ticket for past in pasts for move in past.moves if move.ticket}
    wording = Wording(project, history.story_titles(project, pasts))
    findings = _findings(tickets)
    criteria = _criteria(tickets)
    return reporting.Facts(
        sprint=_head(sprint, project, close),
        decisions=[_taken(past, wording) for past in pasts],
        tickets={
            row.number: _ticket(row, project.key, findings.get(pk, ()), criteria.get(pk, ()))
            for pk, row in tickets.items()
        },
        sprints=_carried_to(project, pasts),
        scope=_scope(sprint, project, pasts, close),
        metrics=_metrics(project.key, tickets),
        retro=[_said(line, project.key) for line in retro],
        points=project.estimate_mode == Project.EstimateMode.POINTS,
    )


def _head(sprint: Sprint, project: Project, close: Decision) -> dict[str, Any]:
    return {
        "number": sprint.number,
        "name": sprint.name,
        "goal": sprint.goal,
        "increment": sprint.increment,
        "start": sprint.start.isoformat(),
        "end": sprint.end.isoformat(),
        "days": (sprint.end - sprint.start).days + 1,
        "working_days": working_days(
            sprint.start, sprint.end, weekdays=project.working_days, holidays=project.holidays
        ),
        "started_at": maybe_rfc3339(sprint.started_at),
        "closed_at": rfc3339(close.at),
        "closed_by": close.actor.name,
        "time_zone": project.time_zone,
        "plan_version": sprint.plan_version,
        "replans": sprint.replans,
        "word": close.reason,
    }


def _taken(past: Past, wording: Wording) -> reporting.Taken:
    row = past.row
    return reporting.Taken(
        past=PastDecision(
            id=row.pk,
            version=row.version,
            sprint=None,
            reverts=row.reverts_id,
            partial=row.partial,
            tickets=frozenset(),
        ),
        recorded=past.recorded(),
        kind=row.kind,
        title=headline(past),
        at=rfc3339(row.at),
        by=row.actor.name,
        code=row.reason_code,
        code_words=str(Decision.Reason(row.reason_code).label),
        reason=row.reason,
        evidence=[reporting.Ground(ground.ticket, ground.text) for ground in wording.rests_on(past.evidence)],
        told=[wording.detail(move) if move.ticket else wording.sprint_words(move) for move in past.moves],
    )


def _ticket(
    row: Ticket, key: str, findings: Sequence[reporting.Found], criteria: Sequence[reporting.Criterion]
) -> reporting.Ticket:
    return reporting.Ticket(
        number=row.number,
        key=f"{key}-{row.number}",
        title=row.title,
        type=row.type,
        type_name=row.get_type_display(),
        question=row.question,
        status=row.status,
        outcome=row.outcome,
        findings=findings,
        criteria=criteria,
    )


def _findings(tickets: Iterable[int]) -> dict[int, list[reporting.Found]]:
    found: dict[int, list[reporting.Found]] = defaultdict(list)
    for row in Finding.objects.filter(ticket__in=list(tickets)).order_by("at", "pk"):
        found[row.ticket_id].append(reporting.Found(row.kind, row.text))
    return found


def _criteria(tickets: Iterable[int]) -> dict[int, list[reporting.Criterion]]:
    """The criteria of these tickets as they stand, each with what it was judged against last."""
    last = Judgement.objects.filter(criterion=OuterRef("pk")).order_by("-pk")
    rows = Criterion.objects.alive().filter(ticket__in=list(tickets)).select_related("metric").order_by("pk")
    found: dict[int, list[reporting.Criterion]] = defaultdict(list)
    for row in rows.annotate(bound=Subquery(last.values("against_value")[:1])):
        found[row.ticket_id].append(_criterion(row, row.bound))
    return found


def _criterion(row: Criterion, bound: float | None) -> reporting.Criterion:
    unit = row.metric.unit
    if row.against == Criterion.Against.NUMBER:
        words, bound, better = measured(row.target, unit), row.target, row.expected_gain or 0.0
    else:
        words, better = f"the {row.against}", row.margin
        words += f" by {measured(row.margin, unit)}" if row.margin else ""
    return reporting.Criterion(
        role=row.role,
        words=f"{row.metric.key} {row.get_op_display()} {words}",
        state=row.state,
        measured=measured(row.value, unit) if row.value is not None else "",
        metric=row.metric.key,
        unit=unit,
        op=row.op,
        against=row.against,
        value=row.value,
        reference=reporting.set_out(bound, better, op=row.op),
        expected_gain=row.expected_gain,
    )


def _carried_to(project: Project, pasts: Sequence[Past]) -> dict[int, str]:
    """The names of the sprints that tickets were deferred to, by number; no query when there are none."""
    deferred = [move for past in pasts for move in past.moves if move.move == Move.Kind.DEFER]
    numbers = {int(to) for move in deferred if (to := (move.after or {}).get("to"))}
    if not numbers:
        return {}
    return dict(Sprint.objects.filter(project=project, number__in=numbers).values_list("number", "name"))


def _scope(sprint: Sprint, project: Project, pasts: Sequence[Past], close: Decision) -> dict[str, Any]:
    """The days of the sprint with its scope at the end of each, and the decisions on them."""
    today = day_of(close.at, project.time_zone)
    scope = history.scope(sprint, pasts, project=project, today=today)
    return {
        "days": [{"day": day.day.isoformat(), "working": day.working} for day in scope.days],
        "bands": [asdict(one) for one in scope.scopes],
        "marks": [
            {"day": taken.day.isoformat(), "version": taken.decision.version, "text": headline(past)}
            for taken, past in zip(scope.taken, pasts, strict=True)
        ],
    }


def _metrics(key: str, tickets: Iterable[int]) -> list[dict[str, Any]]:
    """How far the targets of the epics are that these tickets are under: the baseline, and the best candidate."""
    rows = Target.objects.filter(epic__stories__tickets__in=list(tickets)).distinct().select_related("metric", "epic")
    goals = [
        Goal(
            epic=row.epic_id,
            title=row.epic.title,
            op=row.op,
            value=row.value,
            metric=row.metric_id,
            key=row.metric.key,
            unit=row.metric.unit,
            direction=row.metric.direction,
        )
        for row in sorted(rows, key=lambda row: (row.epic.rank, row.epic.number))
    ]
    names = (
        "metric",
        "epic",
        "better",
        "target",
        "baseline",
        "baseline_label",
        "best",
        "best_of",
        "best_note",
        "reached",
    )
    return [{name: getattr(strip, name) for name in names} for strip in strips(key, goals).values()]


def _said(line: RetroLine, key: str) -> dict[str, Any]:
    return {
        "kind": line.kind,
        "text": line.text,
        "ticket": {"number": line.ticket.number, "key": f"{key}-{line.ticket.number}"} if line.ticket else None,
    }
