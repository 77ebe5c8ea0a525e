"""What a re-plan is made from: the tickets left in a sprint, where they could go, and what it could rest on."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Max, QuerySet

from agileml.metrics.models import Citation, Criterion, Judgement, Look, Snapshot
from agileml.planning.models import Assignment, Sprint
from agileml.projects.models import Project
from agileml.work.models import Dependency, Finding, Story, Ticket

MOST_FINDINGS = 30
MOST_VERDICTS = 30


@dataclass(frozen=True)
class Line:
    """A ticket that is left in the sprint. `needs` are ticket numbers; the criterion is the first that it has."""

    ticket: Ticket
    needs: Sequence[int]
    criterion: Criterion | None


@dataclass(frozen=True)
class EvidenceOption:
    """Something that a decision can rest on: a finding, a verdict, or the snapshots that were measured of one metric.

    `state` and `role` are those of the criterion that was judged by these snapshots, empty where none was.
    """

    at: datetime
    ticket: int
    finding: Finding | None = None
    verdict: Look | None = None  # the newest look at its evaluation
    snapshots: Sequence[str] = ()
    metric: str = ""
    unit: str = ""
    value: float | None = None
    state: str = ""
    role: str = ""

    @property
    def key(self) -> str:
        """What names it in a form: its kind, and the uids of what it stands for."""
        kind = "finding" if self.finding else "evaluation" if self.verdict else "snapshot"
        return f"{kind}:{' '.join(self.uids)}"

    @property
    def uids(self) -> Sequence[str]:
        """What it stands for."""
        if self.finding:
            return [str(self.finding.uid)]
        return [str(self.verdict.evaluation.uid)] if self.verdict else self.snapshots


def lines(sprint: Sprint) -> list[Line]:
    """The tickets of a sprint that are not done, those to go first, by rank."""
    inside = Assignment.objects.filter(sprint=sprint, opened_by__isnull=False, ended_by=None)
    tickets = list(
        Ticket.objects.filter(pk__in=inside.values("ticket"), deleted_at=None)
        .exclude(status=Ticket.Status.DONE)
        .select_related("story", "assignee")
        .order_by("rank", "number")
    )
    ids = [ticket.pk for ticket in tickets]
    needs: dict[int, list[int]] = defaultdict(list)
    for ticket, number in (
        Dependency.objects.filter(ticket__in=ids).order_by("needs__number").values_list("ticket", "needs__number")
    ):
        needs[ticket].append(number)
    criteria: dict[int, Criterion] = {}
    for criterion in Criterion.objects.alive().filter(ticket__in=ids).select_related("metric").order_by("pk"):
        criteria.setdefault(criterion.ticket_id, criterion)
    found = [Line(ticket, needs.get(ticket.pk, []), criteria.get(ticket.pk)) for ticket in tickets]
    return sorted(found, key=lambda line: line.ticket.status == Ticket.Status.SKIPPED)


def targets(sprint: Sprint) -> list[Sprint]:
    """The sprints that tickets of this one can be deferred to: planned ones and other active ones."""
    rows = Sprint.objects.filter(project=sprint.project_id).exclude(pk=sprint.pk)
    return list(rows.exclude(state=Sprint.State.CLOSED).order_by("start", "number"))


def stories(project: Project) -> list[tuple[int, str]]:
    """The stories of a project, as number and title, by rank."""
    rows = Story.objects.filter(project=project, deleted_at=None).order_by("rank", "number")
    return list(rows.values_list("number", "title"))


def finding(project: Project, uid: str) -> Finding | None:
    """The finding with this uid, if it is of this project."""
    return Finding.objects.filter(ticket__project=project, uid=uid).select_related("ticket").first()


def evidence(sprint: Sprint, because: Finding | None = None, *, ticked: Sequence[str] = ()) -> list[EvidenceOption]:
    """What a re-plan of this sprint could rest on, newest first.

    `because` and what it cites are always there, and so is what a draft rests on already, by its keys in `ticked`.
    """
    inside = Assignment.objects.filter(sprint=sprint, opened_by__isnull=False, ended_by=None).values("ticket")
    rows = Finding.objects.filter(ticket__in=inside).select_related("ticket").order_by("-at", "-pk")[:MOST_FINDINGS]
    findings = list(rows)
    if because is not None and because not in findings:
        findings.append(because)
    found = [EvidenceOption(at=row.at, ticket=row.ticket.number, finding=row) for row in findings]
    judged = _judged(inside)
    found += judged
    found += _verdicts(Look.objects.filter(evaluation__challenger__ticket__in=inside))
    if because is not None:
        listed = {uid for option in judged for uid in option.snapshots}
        found += [option for option in cited(because) if not listed & set(option.snapshots)]
    known = {option.key for option in found}
    found += named(sprint.project, [item for key in ticked if key not in known for item in items_of(key)])
    return sorted(found, key=lambda option: option.at, reverse=True)


def _judged(inside: QuerySet) -> list[EvidenceOption]:
    """The newest judgement of each criterion of these tickets, as far as it rests on snapshots."""
    criteria = Criterion.objects.alive().filter(ticket__in=inside)
    newest = Judgement.objects.filter(criterion__in=criteria).values("criterion").annotate(last=Max("pk"))
    rows = Judgement.objects.filter(pk__in=newest.values("last")).select_related(
        "criterion__metric", "criterion__ticket"
    )
    return [
        EvidenceOption(
            at=row.at,
            ticket=row.criterion.ticket.number,
            snapshots=[pair["snapshot"] for pair in row.compared["pairs"]],
            metric=row.criterion.metric.key,
            unit=row.criterion.metric.unit,
            value=row.value,
            state=row.state,
            role=row.criterion.role,
        )
        for row in rows
        if row.compared.get("pairs")
    ]


def _verdicts(looks: QuerySet[Look]) -> list[EvidenceOption]:
    """The newest look at each evaluation, the newest of them first."""
    rows = looks.select_related("evaluation__model", "evaluation__challenger__ticket").order_by("-at", "-pk")
    newest: dict[int, Look] = {}
    for row in rows[:MOST_VERDICTS]:
        newest.setdefault(row.evaluation_id, row)
    return [
        EvidenceOption(at=row.at, ticket=row.evaluation.challenger.ticket.number, verdict=row)
        for row in newest.values()
    ]


def cited(because: Finding) -> list[EvidenceOption]:
    """The snapshots that a finding cites, those of one metric on one ticket together."""
    rows = Citation.objects.filter(finding=because).select_related("snapshot__metric", "snapshot__ticket")
    return _grouped(citation.snapshot for citation in rows.order_by("pk") if citation.snapshot)


def named(project: Project, items: Sequence[Mapping[str, str]]) -> list[EvidenceOption]:
    """The findings, verdicts and snapshots that a decision or a draft names, as far as they are of this project."""
    options = []
    if uids := [UUID(item["finding"]) for item in items if "finding" in item]:
        findings = Finding.objects.filter(ticket__project=project, uid__in=uids).select_related("ticket")
        options += [EvidenceOption(at=row.at, ticket=row.ticket.number, finding=row) for row in findings]
    if uids := [UUID(item["evaluation"]) for item in items if "evaluation" in item]:
        options += _verdicts(Look.objects.filter(evaluation__model__project=project, evaluation__uid__in=uids))
    if uids := [UUID(item["snapshot"]) for item in items if "snapshot" in item]:
        rows = Snapshot.objects.filter(ticket__project=project, uid__in=uids).select_related("metric", "ticket")
        options += _grouped(sorted(rows, key=lambda row: uids.index(row.uid)))
    return options


def items_of(key: str) -> list[dict[str, str]]:
    """What an option's key names, as a decision takes it; nothing for what is no key."""
    kind, _, uids = key.partition(":")
    return [{kind: uid} for uid in uids.split() if is_uid(uid)] if kind in {"finding", "evaluation", "snapshot"} else []


def is_uid(text: str) -> bool:
    """Whether a text is a UUID."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _grouped(rows: Iterable[Snapshot]) -> list[EvidenceOption]:
    """Snapshots as options, those of one metric on one ticket together."""
    groups: dict[tuple[int, str], list[Snapshot]] = defaultdict(list)
    for snapshot in rows:
        groups[snapshot.ticket.number, snapshot.metric.key].append(snapshot)
    options = []
    for (number, metric), snapshots in groups.items():
        values = [snapshot.value for snapshot in snapshots if snapshot.value is not None]
        options.append(
            EvidenceOption(
                at=max(snapshot.observed_at for snapshot in snapshots),
                ticket=number,
                snapshots=[str(snapshot.uid) for snapshot in snapshots],
                metric=metric,
                unit=snapshots[0].metric.unit,
                value=sum(values) / len(values) if values else None,
            )
        )
    return options


def leads(project: Project) -> list[str]:
    """The names of those who lead the project."""
    people = project.memberships.filter(role="lead", user__is_active=True).order_by("pk")
    return list(people.values_list("user__name", flat=True))
