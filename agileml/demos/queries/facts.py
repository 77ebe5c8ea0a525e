"""What an edition is made of, read when it is published: words, charts and verdicts as they are at that moment."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from agileml.demos import shapes
from agileml.demos.models import Demo, DemoImage, DemoItem
from agileml.demos.queries.ended import looked_at, units_of
from agileml.demos.rules.charts import frozen_differences, frozen_series, frozen_staircase
from agileml.lib.differences import Bounds
from agileml.lib.figures import measured
from agileml.lib.staircase import Step
from agileml.lib.times import rfc3339
from agileml.metrics.models import Criterion, Evaluation, Target
from agileml.metrics.queries.reigns import Line, Reign, lines
from agileml.metrics.rules.saying import TONES, WORDS, figures, sentence, title_of_pairs
from agileml.metrics.rules.terms import Answer, Terms
from agileml.planning.models import Decision, Move
from agileml.planning.queries.cards import light
from agileml.planning.queries.measured import runs
from agileml.projects.models import Project
from agileml.work.models import Finding, Ticket
from agileml.work.types import TicketType

Told = dict[str, Any]
CHARTS_UNLESS_CHOSEN = 2  # of a ticket: one demo is no report of everything
OPS = {">=": "≥", "<=": "≤"}


def head(demo: Demo, items: Sequence[DemoItem]) -> Told:
    """What a demo says before its items, and the goals that it asks about: the epics of what is shown."""
    sprint = demo.sprint
    epics = {
        item.ticket.story.epic.pk: item.ticket.story.epic
        for item in items
        if item.ticket and item.ticket.story and item.ticket.story.epic
    }
    aims: dict[int, list[str]] = defaultdict(list)
    for row in Target.objects.filter(epic__in=epics).select_related("metric").order_by("pk"):
        aims[row.epic_id].append(f"{row.metric.key} {OPS[row.op]} {measured(row.value, row.metric.unit)}")
    return {
        "demo": demo.number,
        "title": demo.title,
        "intro": demo.intro,
        "sprint": {
            "number": sprint.number,
            "name": sprint.name,
            "goal": sprint.goal,
            "increment": sprint.increment,
            "start": sprint.start.isoformat(),
            "end": sprint.end.isoformat(),
            "state": sprint.state,
        },
        "goals": [
            {"epic": row.number, "title": row.title, "goal": row.goal, "target": ", ".join(aims[pk])}
            for pk, row in sorted(epics.items(), key=lambda pair: pair[1].number)
        ],
    }


def items(project: Project, rows: Sequence[DemoItem], *, zone: ZoneInfo) -> list[tuple[str, Told]]:
    """Items as a viewer sees them, each with its section, in the order of `rows`.

    The rows need ticket and presenter loaded. Ten queries, and at most twenty for each ticket with measurements.
    """
    tickets = [row.ticket for row in rows if row.ticket]
    findings: dict[int, list[Finding]] = defaultdict(list)
    for finding in Finding.objects.filter(ticket__in=tickets).select_related("author").order_by("at", "pk"):
        findings[finding.ticket_id].append(finding)
    criteria: dict[int, list[Criterion]] = defaultdict(list)
    for criterion in Criterion.objects.alive().filter(ticket__in=tickets).select_related("metric").order_by("pk"):
        criteria[criterion.ticket_id].append(criterion)
    compared: dict[int, list[Evaluation]] = defaultdict(list)
    for evaluation in reversed(looked_at(tickets)):
        compared[evaluation.challenger.ticket_id].append(evaluation)
    images: dict[int, list[DemoImage]] = defaultdict(list)
    shown = DemoImage.objects.filter(item__in=rows, removed_at=None).defer("content").order_by("pk")
    for image in shown:
        images[image.item_id].append(image)
    units, skips, reigns = units_of(tickets), _skips(tickets), lines(project)
    told = []
    for row in rows:
        said = _said(row, images[row.pk])
        if row.ticket:
            mine = [one for one in findings[row.ticket.pk] if row.findings is None or str(one.uid) in row.findings]
            verdicts = [
                one for one in compared[row.ticket.pk] if row.evaluations is None or str(one.uid) in row.evaluations
            ]
            said |= {
                "ticket": _ticket(row.ticket, project.key),
                "findings": [_finding(one) for one in mine],
                "criteria": [asdict(light(one)) for one in criteria[row.ticket.pk]],
                "verdicts": [_verdict(one, units) for one in verdicts],
                "charts": _series(row, row.ticket, criteria[row.ticket.pk], zone)
                + _staircases(row.ticket, verdicts, reigns, zone),
                "skipped": skips.get(row.ticket.pk),
            }
        told.append((row.section, said))
    return told


def _said(row: DemoItem, images: Sequence[DemoImage]) -> Told:
    return {
        "uid": str(row.uid),
        "headline": row.headline,
        "story": row.story,
        "presenter": row.presenter.name if row.presenter else None,
        "images": [shapes.image(one) for one in images],
        "ticket": None,
        "findings": [],
        "criteria": [],
        "verdicts": [],
        "charts": [],
        "skipped": None,
    }


def _ticket(row: Ticket, key: str) -> Told:
    return {
        "number": row.number,
        "key": f"{key}-{row.number}",
        "title": row.title,
        "type": row.type,
        "type_words": str(TicketType(row.type).label),
        "question": row.question,
        "status": row.status,
        "outcome": row.outcome,
    }


def _finding(row: Finding) -> Told:
    return {
        "uid": str(row.uid),
        "kind": row.kind,
        "kind_words": str(Finding.Kind(row.kind).label),
        "text": row.text,
        "author": row.author.name,
        "at": rfc3339(row.at),
    }


def _verdict(row: Evaluation, units: Mapping[str, str]) -> Told:
    """A verdict, its plain sentence first. Needs looks, model, champion's and challenger's names loaded."""
    terms, look = Terms.of(row.terms), list(row.looked.all())[-1]
    answer = Answer.of(look.answer)
    unit, plain = units.get(terms.metric, ""), sentence(terms, answer, units)
    chart = None
    if answer.mean is not None and answer.differences:
        chart = frozen_differences(
            answer.differences,
            Bounds(answer.mean, answer.lower, answer.upper),
            margin=answer.margin,
            title=title_of_pairs(unit),
            desc=f"{len(answer.differences)} pairs; {plain}",
            unit=unit,
        )
    return {
        "uid": str(row.uid),
        "sentence": plain,
        "verdict": answer.verdict,
        "word": WORDS[answer.verdict],
        "tone": TONES[answer.verdict],
        "model": row.model.name,
        "number": row.number,
        "challenger": row.challenger.name,
        "champion": row.champion.candidate.name,
        "metric": terms.metric,
        "figures": [list(one) for one in figures(answer, unit)],
        "chart": chart,
        "at": rfc3339(look.at),
    }


def _series(row: DemoItem, ticket: Ticket, criteria: Sequence[Criterion], zone: ZoneInfo) -> list[Told]:
    """The charts of the metrics that were chosen, else those that criteria name, else the one that tells most."""
    wanted = list(dict.fromkeys(one.metric.key for one in criteria))[:CHARTS_UNLESS_CHOSEN] or [""]
    found = []
    for key in wanted if row.charts is None else row.charts:
        drawn = runs(ticket, criteria, metric=key, zone=zone)
        if drawn is not None and key in {"", drawn.metric}:
            found.append({"metric": drawn.metric} | frozen_series(drawn.series, zone=zone.key))
    return found


def _staircases(ticket: Ticket, verdicts: Sequence[Evaluation], found: Sequence[Line], zone: ZoneInfo) -> list[Told]:
    """Where a shown verdict made a candidate champion: the champions of that line up to it."""
    shown = {one.pk for one in verdicts}
    charts = []
    for line in found:
        mine = [one.promotion.number for one in line.reigns if one.promotion.evaluation_id in shown]
        if not mine or line.policy is None:
            continue
        reigns = [one for one in reversed(line.reigns) if one.promotion.number <= max(mine)]
        metric = line.policy.metric
        chart = frozen_staircase(
            [_step(one, zone) for one in reigns],
            title=f"Champions of {line.model.name} by {metric.key}",
            desc=f"From {measured(reigns[0].mean, metric.unit)} to {measured(reigns[-1].mean, metric.unit)} "
            f"over {len(reigns)} champions.",
            unit=metric.unit,
        )
        charts.append({"metric": metric.key} | chart)
    return charts


def _step(reign: Reign, zone: ZoneInfo) -> Step:
    row = reign.promotion
    how = str(row.get_kind_display()) + (", for now" if row.provisional else "")
    at = row.at.astimezone(zone)
    return Step(row.number, row.candidate.name, how, f"{at.day} {at:%b %Y}", reign.mean)


def _skips(tickets: Sequence[Ticket]) -> dict[int, Told]:
    """Why tickets were skipped, by id: of each the newest decision that did."""
    skipped = [row for row in tickets if row.status == Ticket.Status.SKIPPED]
    moves = Move.objects.filter(ticket__in=skipped, move=Move.Kind.SKIP).select_related("decision__actor")
    return {
        move.ticket_id: {
            "reason": move.decision.reason,
            "reason_words": str(Decision.Reason(move.decision.reason_code).label),
            "revisit_if": (move.after or {}).get("revisit_if") or "",
            "by": move.decision.actor.name,
            "at": rfc3339(move.decision.at),
        }
        for move in moves.order_by("pk")
        if move.ticket_id is not None
    }
