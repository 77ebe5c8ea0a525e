"""Short ways to make the things that tests need, all through the product's own actions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from agileml.accounts.actions import create_person
from agileml.accounts.models import User
from agileml.metrics.actions.promotions import promote
from agileml.metrics.actions.registered import register_model, set_policy
from agileml.metrics.actions.settings import set_baseline, watch_metric
from agileml.metrics.actions.snapshots import attach
from agileml.metrics.models import Candidate
from agileml.metrics.rules.points import Point
from agileml.planning.actions import decide, sprints, tickets
from agileml.planning.models import Decision, Sprint
from agileml.planning.rules.moves import parse
from agileml.projects.actions import add_member, create_project
from agileml.projects.doors import writing_as_job
from agileml.projects.models import Project
from agileml.work.models import Ticket

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)  # a Friday
PASSWORD = "correct-horse-battery"
_serial = count(1)


def make_user(name: str = "Somebody Else", *, email: str = "") -> User:
    return create_person(email=email or f"person{next(_serial)}@example.com", name=name, password=PASSWORD, now=NOW)


@dataclass(frozen=True)
class Cast:
    """A project with one person of each role, and an outsider who is in none."""

    project: Project
    lead: User
    member: User
    stakeholder: User
    outsider: User


def make_cast(key: str = "TST", **settings: Any) -> Cast:
    lead, member, stakeholder, outsider = (
        make_user(name, email=f"{name.split()[0].lower()}-{key.lower()}@example.com")
        for name in ("Lead Person", "Member Person", "Stakeholder Person", "Outsider Person")
    )
    project = create_project(key=key, name="Test project", lead=lead, now=NOW, **settings)
    add_member(project=project, user=member, role="member", actor=lead, now=NOW)
    add_member(project=project, user=stakeholder, role="stakeholder", actor=lead, now=NOW)
    return Cast(project, lead, member, stakeholder, outsider)


def make_ticket(cast: Cast, title: str = "Try something", *, sprint: int | None = None, **sent: Any) -> Ticket:
    return tickets.create_ticket(
        project=cast.project,
        sent={"type": "engineering", "title": title} | sent,
        actor=cast.lead,
        now=NOW,
        sprint=sprint,
    )


def make_tickets(cast: Cast, many: int, **sent: Any) -> list[Ticket]:
    return [make_ticket(cast, f"Try {number}", **sent) for number in range(1, many + 1)]


def make_sprint(
    cast: Cast,
    numbers: Sequence[int] = (),
    *,
    start: date = date(2026, 11, 16),
    days: int = 12,
    active: bool = False,
    **sent: Any,
) -> Sprint:
    row = sprints.create_sprint(
        project=cast.project,
        sent={"start": start.isoformat(), "end": (start + timedelta(days=days - 1)).isoformat()} | sent,
        actor=cast.lead,
        now=NOW,
    )
    if numbers:
        sprints.draft(project=cast.project, number=row.number, tickets=numbers, actor=cast.lead, now=NOW)
    if active:
        sprints.start_sprint(project=cast.project, number=row.number, actor=cast.lead, now=NOW)
    return Sprint.objects.get(pk=row.pk)


def replan(
    cast: Cast,
    sprint: Sprint | None,
    *moves: dict[str, Any],
    code: str = "other",
    reason: str = "Because the numbers say so.",
    evidence: Sequence[dict[str, str]] = (),
    base: int | None = None,
    actor: User | None = None,
    now: datetime = NOW,
) -> Decision:
    return decide.decide(
        project=cast.project,
        sprint=sprint.number if sprint else None,
        base_version=base,
        why=decide.Why(code=code, text=reason, evidence=evidence),
        moves=parse(list(moves)),
        actor=actor or cast.lead,
        now=now,
    )


def crowned(cast: Cast, ticket: Ticket, values: Sequence[float], *, metric: str = "error") -> Ticket:
    """The ticket, with the candidate "<rule>" of these values that is the champion on the dataset "sha256:1"."""
    by: dict[str, Any] = {"project": cast.project, "actor": cast.lead, "now": NOW}
    on: dict[str, Any] = {"dataset_digest": "sha256:1", "split": "test"}
    watch_metric(key=metric, direction="lower", **by)
    measure(cast, ticket, values, metric=metric, candidate="<rule>", external_id="<rule>", **on)
    rule = Candidate.objects.get(ticket=ticket, name="<rule>")
    register_model(sent={"slug": "reader", "name": "Reader"}, **by)
    sent = {
        "metric": metric,
        "margin": 0,
        "dataset": {"name": "", "digest": "sha256:1"},
        "split": "test",
        "planned_n": 2,
    }
    set_policy(model="reader", sent=sent, **by)
    set_baseline(metric=metric, label="Rule", candidate=rule, **on, **by)
    promote(model="reader", sent={"kind": "first", "candidate": str(rule.uid)}, **by)
    return ticket


def measure(cast: Cast, ticket: Ticket, values: Sequence[float], *, metric: str = "error", **point: Any) -> None:
    """Attach one value a seed, as one candidate, the way a job does."""
    common: dict[str, Any] = {"observed_at": NOW, "source": "push", "external_id": "run", "candidate": "first"} | point
    with writing_as_job(cast.project, now=NOW, origin="push") as w:
        attach(
            w,
            ticket=ticket,
            points=[
                Point(metric=metric, value=value, pair_key=f"seed={seed}", **common)
                for seed, value in enumerate(values)
            ],
        )
