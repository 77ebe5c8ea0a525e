"""What is measured on: a project of 10,000 tickets with 200 of them in an active sprint; one replanned often."""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management import call_command
from django.db.models import Max
from django.test import Client

from agileml.accounts.actions import create_person
from agileml.accounts.models import User
from agileml.ingest.actions import receive_push
from agileml.lib import ranks
from agileml.planning.actions import decide, sprints, tickets
from agileml.planning.actions.decide import Why
from agileml.planning.models import Assignment
from agileml.planning.rules.moves import parse
from agileml.planning.rules.starting import Destination
from agileml.projects.actions import create_project
from agileml.projects.models import Project
from agileml.work.models import Ticket

IN_ALL, ON_THE_BOARD = 10_000, 200
PASSWORD = "bench-only-password"


@dataclass
class Scene:
    """A project, its lead, and her browser; `long` is the sprint of a hundred decisions."""

    project: Project
    lead: User
    browser: Client
    now: datetime
    long: int


def build() -> Scene:
    """Make the project: the sprint's tickets by the product's own actions, the other thousands in bulk."""
    call_command("migrate", verbosity=0, interactive=False)
    call_command("collectstatic", verbosity=0, interactive=False)
    now = datetime.now(UTC)
    lead = create_person(email="bench@example.com", name="Bench Lead", password=PASSWORD, now=now)
    project = create_project(key="BEN", name="Bench", lead=lead, now=now)
    for number in range(ON_THE_BOARD):
        criteria = [{"metric": "error", "op": "<=", "value": 0.02}] if number % 2 else []
        tickets.create_ticket(
            project=project,
            sent={"type": "algorithm_development", "title": f"Try the idea with number {number}", "criteria": criteria,
                  "assignee": str(lead.uid)},
            actor=lead,
            now=now,
        )  # fmt: skip
    for number in range(2, ON_THE_BOARD + 1, 2):
        body = {"external_id": f"run {number}", "candidate": "first", "points": [
            {"metric": "error", "value": 0.01 + number / 10_000, "pair_key": f"seed={seed}"} for seed in range(3)
        ]}  # fmt: skip
        receive_push(project=project, ticket=number, body=body, actor=lead, now=now, origin="bench")
    row = sprints.create_sprint(
        project=project,
        sent={"start": now.date().isoformat(), "end": (now.date() + timedelta(days=13)).isoformat(), "goal": "Measure"},
        actor=lead,
        now=now,
    )
    sprints.draft(project=project, number=row.number, tickets=range(1, ON_THE_BOARD + 1), actor=lead, now=now)
    sprints.start_sprint(project=project, number=row.number, actor=lead, now=now)
    fill(project, now, upto=IN_ALL)
    long = _replanned(project, lead, now)
    browser = Client(headers={"host": "localhost"})
    browser.force_login(lead, backend="django.contrib.auth.backends.ModelBackend")
    return Scene(project, lead, browser, now, long)


def _replanned(project: Project, lead: User, now: datetime) -> int:
    """A closed sprint whose plan came to v100: skips, restores, changes and additions in turn."""
    day = now.date().isoformat()
    common: dict[str, Any] = {"project": project, "actor": lead, "now": now}
    row = sprints.create_sprint(sent={"start": day, "end": day}, **common)
    sprints.start_sprint(number=row.number, **common)
    first = tickets.create_ticket(sent={"type": "engineering", "title": "The one"}, sprint=row.number, **common)
    estimates = {"move": "change", "ticket": first.number}
    turns = itertools.cycle(["skip", "restore", "change", "add"])
    for at, turn in enumerate(itertools.islice(turns, 98)):
        move = {
            "change": estimates | {"set": {"estimate": at}},
            "add": {"move": "add", "new": {"type": "review", "title": f"Look at {at}"}},
        }.get(turn, {"move": turn, "ticket": first.number})
        why = Why("priority", "Measured again, and it says otherwise.")
        decide.decide(sprint=row.number, base_version=None, why=why, moves=parse([move]), **common)
    left = Assignment.objects.filter(sprint=row, ended_by=None, ticket__status="todo")
    homes = {number: Destination("backlog") for number in left.values_list("ticket__number", flat=True)}
    sprints.close_sprint(number=row.number, destinations=homes, **common)
    return row.number


def fill(project: Project, now: datetime, *, upto: int) -> None:
    """Tickets up to that number, which nothing looks at; in bulk, past the journal, since only their number matters."""
    made = Ticket.objects.filter(project=project).aggregate(number=Max("number"), rank=Max("rank"))
    last = made["rank"]
    rows = []
    for number in range(made["number"] + 1, upto + 1):
        last = ranks.between(last, None)
        rows.append(
            Ticket(
                project=project, number=number, type="engineering", title=f"Idea {number}", rank=last, created_at=now,
                updated_at=now, labels=["idea"], description="What it would take, and what it would bring.",
            )
        )  # fmt: skip
    Ticket.objects.bulk_create(rows, batch_size=500)
    project.stream.tickets = max(upto, made["number"])
    project.stream.save(update_fields=["tickets"])
