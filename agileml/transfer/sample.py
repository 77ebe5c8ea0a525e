"""The sample project: "Cheque reader", made through the same actions that a person uses, from runs that were measured.

Its days follow the day it is made: sprint 1 has closed, sprint 2 is on day 6 of 10 and at plan v2.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings

from agileml.accounts.actions import create_person
from agileml.accounts.models import User
from agileml.ingest.actions import make_source, receive_push
from agileml.metrics.actions.settings import set_baseline, set_target, watch_metric
from agileml.metrics.models import Candidate, Snapshot
from agileml.planning.actions import decide, notes, progress, proposals, sprints, tickets
from agileml.planning.actions.alignment import review_epic
from agileml.planning.rules.moves import parse
from agileml.planning.rules.retro import parse as parse_retro
from agileml.planning.rules.starting import Destination
from agileml.projects.actions import add_member, create_project, issue_token
from agileml.projects.calendar import nth_working_day
from agileml.projects.models import Project
from agileml.transfer import cheque_reader as plan
from agileml.transfer.champions import Champions
from agileml.transfer.digits import Runs
from agileml.transfer.first_demo import Show
from agileml.work.actions import add_comment, create_epic, create_story

WEEK: dict[str, Any] = {"weekdays": [0, 1, 2, 3, 4], "holidays": []}
DAYS = 10
TODAY = 6  # the working day of sprint 2 that the sample is made on


@dataclass(frozen=True)
class SampleUser:
    """How one of the sample's people logs in, by page and by API."""

    email: str
    password: str
    token: str


@dataclass(frozen=True)
class Sample:
    """What was made: the project's key, and the people by role."""

    project: str
    users: Mapping[str, SampleUser]


class Days:
    """The sample's calendar: working days of the two sprints around the day that the sample is made."""

    def __init__(self, now: datetime) -> None:
        today = nth_working_day(now.date(), -1, **WEEK)
        self.start_2 = nth_working_day(today, -TODAY, **WEEK)
        self.end_2 = nth_working_day(self.start_2, DAYS, **WEEK)
        self.end_1 = nth_working_day(self.start_2 - timedelta(days=1), -1, **WEEK)
        self.start_1 = nth_working_day(self.end_1, -DAYS, **WEEK)

    def first(self, day: int, hour: int, minute: int = 0) -> datetime:
        """A time on a working day of sprint 1."""
        return _moment(nth_working_day(self.start_1, day, **WEEK), hour, minute)

    def second(self, day: int, hour: int, minute: int = 0) -> datetime:
        """A time on a working day of sprint 2; the story ends the day before the sample is made."""
        return _moment(nth_working_day(self.start_2, day, **WEEK), hour, minute)


def _moment(day: date, hour: int, minute: int) -> datetime:
    return datetime.combine(day, time(hour, minute), UTC)


def make(*, now: datetime) -> Sample:
    """Make the people, the project and all that happened in it until `now`; the log-ins are new each time."""
    days = Days(now)
    begun = days.first(1, 7)
    people, users = _people(begun)
    project = create_project(
        key=plan.KEY, name=plan.NAME, lead=people["lead"], now=begun, wip_limits={"in_progress": 3, "in_review": 3}
    )
    for role in ("engineer", "scientist", "stakeholder"):
        add_member(
            project=project,
            user=people[role],
            role="stakeholder" if role == "stakeholder" else "member",
            actor=people["lead"],
            now=begun,
        )
    story = Story(project, people, Runs(), days)
    story.lay_out(begun)
    story.sprint_1()
    story.sprint_2()
    if settings.METRIC_ROOTS:
        make_source(
            project=project,
            kind="metric_file",
            name="Watched folder",
            config={"root": str(settings.METRIC_ROOTS[0])},
            every_seconds=2,
            actor=people["lead"],
            now=now,
        )
    tokens = {
        role: issue_token(user=people[who], name="Demo", scope=scope, now=now)
        for role, who, scope in (
            ("lead", "lead", "write"),
            ("member", "engineer", "write"),
            ("stakeholder", "stakeholder", "read"),
            ("outsider", "outsider", "read"),
        )
    }
    return Sample(
        project=plan.KEY,
        users={role: SampleUser(*users[role], token=token) for role, token in tokens.items()},
    )


def _people(now: datetime) -> tuple[dict[str, User], dict[str, tuple[str, str]]]:
    people: dict[str, User] = {}
    users: dict[str, tuple[str, str]] = {}
    for who, role, name in (
        ("lead", "lead", "Team Lead"),
        ("engineer", "member", "ML Engineer"),
        ("scientist", "scientist", "Data Scientist"),
        ("stakeholder", "stakeholder", "Branch Manager"),
        ("outsider", "outsider", "Outside Person"),
    ):
        email, password = f"{role}@example.com", secrets.token_urlsafe(12)
        people[who] = create_person(email=email, name=name, password=password, now=now)
        users[role] = (email, password)
    return people, users


class Story:
    """Tells what the team did, in the order of time."""

    def __init__(self, project: Project, people: dict[str, User], runs: Runs, days: Days) -> None:
        self.project = project
        self.people = people
        self.runs = runs
        self.days = days
        self.champions = Champions(project, people, plan.READER, runs.dataset())
        self.on_the_chip = Champions(project, people, plan.NINES, runs.dataset())

    def lay_out(self, at: datetime) -> None:
        """The epic, its stories, and the tickets that were known on the first day."""
        lead: dict[str, Any] = {"project": self.project, "actor": self.people["lead"], "now": at}
        watch_metric(key="error", direction="lower", unit="%", smallest_difference=0.001, **lead)
        watch_metric(key="error_on_nines", direction="lower", unit="%", smallest_difference=0.005, **lead)
        watch_metric(key="macro_f1", direction="higher", smallest_difference=0.001, **lead)
        epic = create_epic(sent=plan.EPIC, **lead)
        set_target(epic=epic.number, **plan.TARGET, **lead)
        for sent in plan.STORIES:
            create_story(sent=sent, **lead)
        self.create(1, 15, at)

    def create(self, first: int, last: int, at: datetime) -> None:
        for row in plan.TICKETS[first - 1 : last]:
            tickets.create_ticket(project=self.project, sent=self.fields(row), actor=self.people["lead"], now=at)

    def fields(self, row: plan.T) -> dict[str, Any]:
        who = {"assignee": str(self.people[row.who].uid)} if row.who else {}
        return {"type": row.type, "title": row.title, "story": row.story} | who | row.fields

    def measure(self, ticket: int, topic: str, candidate: str, at: datetime) -> None:
        """A candidate's runs arrive from the training machine."""
        for body in self.runs.pushes(topic, candidate, at=at):
            receive_push(
                project=self.project, ticket=ticket, body=body, actor=self.people["engineer"], now=at, origin="training"
            )

    def base(self, metric: str, candidate: str, label: str, at: datetime) -> None:
        """The lead says what a metric is worth without the work: what this candidate reached on the hold-out."""
        set_baseline(
            project=self.project,
            metric=metric,
            label=label,
            dataset_digest=self.runs.dataset()["digest"],
            split="test",
            candidate=Candidate.objects.get(ticket__project=self.project, name=candidate),
            actor=self.people["lead"],
            now=at,
        )

    def find(self, ticket: int, who: str, kind: str, text: str, at: datetime, *, cites: str = "") -> str:
        """Somebody writes a finding that cites a candidate's errors; its uid."""
        rows = Snapshot.objects.filter(
            ticket__project=self.project, ticket__number=ticket, candidate__name=cites, metric__key="error"
        ).order_by("pk")
        cited = [{"snapshot": str(row.uid)} for row in rows] if cites else []
        sent = {"kind": kind, "text": text, "cites": cited}
        finding = notes.write_finding(project=self.project, ticket=ticket, sent=sent, actor=self.people[who], now=at)
        return str(finding.uid)

    def move(self, ticket: int, who: str, to: str, at: datetime, outcome: str = "") -> None:
        progress.progress(project=self.project, number=ticket, to=to, outcome=outcome, actor=self.people[who], now=at)

    def say(self, ticket: int, who: str, text: str, at: datetime) -> None:
        add_comment(project=self.project, ticket=ticket, text=text, actor=self.people[who], now=at)

    def review(self, sprint: int, who: str, verdict: str, note: str, at: datetime) -> None:
        """After a sprint the team asks whether the goal is still the right one."""
        sent = {"sprint": sprint, "verdict": verdict, "note": note}
        review_epic(project=self.project, epic=1, sent=sent, actor=self.people[who], now=at)

    def sprint(self, sent: dict[str, Any], start: date, end: date, draft: Sequence[int], at: datetime) -> int:
        lead: dict[str, Any] = {"project": self.project, "actor": self.people["lead"], "now": at}
        row = sprints.create_sprint(sent={**sent, "start": start.isoformat(), "end": end.isoformat()}, **lead)
        sprints.draft_some(number=row.number, add=draft, **lead)
        return row.number

    def sprint_1(self) -> None:
        """Skeleton first: something that reads, a baseline, and the first learners."""
        at, percent, lead = self.days.first, self.runs.percent, self.people["lead"]
        number = self.sprint(plan.SPRINT_1, self.days.start_1, self.days.end_1, [1, 2, 3, 4, 5, 6, 13], at(1, 8))
        sprints.start_sprint(project=self.project, number=number, actor=lead, now=at(1, 9))
        self.move(1, "engineer", "in_progress", at(1, 10))
        self.move(2, "scientist", "in_progress", at(1, 11))
        for minute, candidate in ((0, "most-frequent"), (20, "rule"), (40, "centroid-raw")):
            self.measure(1, "rule", candidate, at(2, 14, minute))
        self.base("error", "centroid-raw", "Nearest class mean", at(2, 15))
        self.champions.begin("centroid-raw", plan.POLICY_1, at(2, 15, 30))
        self.move(1, "engineer", "done", at(3, 10), "shipped")
        self.find(2, "scientist", "surprise", (
            "The classes are balanced (174 to 183 of 1,797 images each), so the plain error is a fair measure. "
            "But many digits lean, and how much depends on the digit: worth asking what others do about slant."
        ), at(3, 11))  # fmt: skip
        self.move(2, "scientist", "done", at(3, 11, 30), "learned")
        self.move(3, "engineer", "in_progress", at(3, 13))
        self.measure(3, "knn", "knn-3-raw", at(4, 9))
        self.find(3, "engineer", "confirms", (
            f"Looking up the three most similar images misreads {percent('knn', 'knn-3-raw')}, against "
            f"{percent('rule', 'centroid-raw')} for the class means. A learner has to clear this bar."
        ), at(4, 10), cites="knn-3-raw")  # fmt: skip
        won = self.champions.challenge("knn-3-raw", "engineer", at(4, 10, 15), looks=1)
        self.champions.crown(won, at(4, 10, 30))
        self.champions.agree(plan.POLICY_2, at(4, 10, 45))
        self.move(3, "engineer", "done", at(4, 11), "learned")
        self.move(4, "scientist", "in_progress", at(4, 13))
        self.move(5, "engineer", "in_progress", at(4, 14))
        self.measure(4, "svm-raw", "svm-c1-raw", at(5, 15))
        self.champions.challenge("svm-c1-raw", "scientist", at(5, 15, 10), looks=2)
        self.measure(5, "forest", "forest-200-raw", at(6, 10))
        self.champions.challenge("forest-200-raw", "engineer", at(6, 10, 20), looks=2)
        self.find(5, "engineer", "refutes", (
            f"Two hundred trees misread {percent('forest', 'forest-200-raw')}: worse than looking up."
        ), at(6, 11), cites="forest-200-raw")  # fmt: skip
        self.move(5, "engineer", "done", at(6, 12), "learned")
        self.measure(4, "svm-raw", "svm-raw", at(7, 10))
        won = self.champions.challenge("svm-raw", "scientist", at(7, 10, 30), looks=2)
        self.champions.crown(won, at(7, 11))
        self.move(4, "scientist", "done", at(8, 9), "shipped")
        self.move(6, "scientist", "in_progress", at(8, 10))
        self.create(16, 20, at(8, 14))
        thought_of = self.fields(plan.TICKETS[20])
        tickets.create_ticket(project=self.project, sent=thought_of, sprint=number, actor=lead, now=at(8, 14, 30))
        self.move(21, "engineer", "in_progress", at(8, 15))
        self.find(6, "scientist", "confirms", (
            "Straightening digits by their image moments is old and cheap: on MNIST it took nearest neighbours from "
            "5.0 % to 2.4 % (LeCun et al. 1998, doi 10.1109/5.726791). Worth a ticket."
        ), at(9, 11))  # fmt: skip
        self.move(6, "scientist", "done", at(9, 11, 30), "learned")
        self.move(13, "engineer", "in_progress", at(9, 14))
        Show(self.project, self.people, self.runs).tell(number, at(10, 13))
        next_one = self.sprint(plan.SPRINT_2, self.days.start_2, self.days.end_2, [], at(10, 14))
        carried = Destination(
            "sprint", sprint=next_one, note="Split checked by index; duplicates not searched yet.", resume_cost="low"
        )
        sprints.close_sprint(
            project=self.project,
            number=number,
            destinations={13: carried, 21: Destination("backlog", note=plan.PARKED, resume_cost="medium")},
            reason=plan.WORD_1,
            retro=parse_retro(plan.RETRO_1),
            actor=lead,
            now=at(10, 16),
        )
        self.review(number, "lead", "keep", plan.REVIEW_1, at(10, 16, 30))

    def sprint_2(self) -> None:
        """Fewer errors: the edge reader fails, the sprint is re-planned, straightening helps."""
        at, percent, lead = self.days.second, self.runs.percent, self.people["lead"]
        drafted = [*range(7, 13), *range(14, 20)]
        sprints.draft_some(project=self.project, number=2, add=drafted, actor=lead, now=at(1, 8, 30))
        sprints.start_sprint(project=self.project, number=2, actor=lead, now=at(1, 9))
        self.move(16, "scientist", "in_progress", at(1, 10))
        self.move(19, "engineer", "in_progress", at(1, 10, 30))
        for minute, candidate in ((0, "svm-hog"), (20, "svm-zoning"), (40, "svm-edges")):
            self.measure(16, "other-features", candidate, at(2, 14, minute))
        finding = self.find(16, "scientist", "refutes", (
            f"Edge histograms instead of the pixels misread {percent('other-features', 'svm-edges')} of the hold-out, "
            f"where the pixels misread {percent('svm-raw', 'svm-raw')}: which way the edges run says little without "
            "where they are."
        ), at(2, 16), cites="svm-edges")  # fmt: skip
        self.move(16, "scientist", "done", at(2, 16, 30), "learned")
        self.replan(finding, at(3, 9, 30))
        self.move(19, "engineer", "done", at(3, 10), "shipped")
        self.move(11, "scientist", "in_progress", at(3, 10, 30))
        self.move(10, "engineer", "in_progress", at(3, 11))
        self.measure(11, "svm-deskew", "svm-c3-deskew", at(4, 8, 30))
        self.measure(11, "svm-deskew", "svm-deskew", at(4, 9))
        self.find(11, "scientist", "confirms", (
            f"Straightened digits: {percent('svm-deskew', 'svm-deskew')} misread, "
            f"{percent('svm-raw', 'svm-raw')} before, with the same draws of training images."
        ), at(4, 10), cites="svm-deskew")  # fmt: skip
        won = self.champions.challenge("svm-deskew", "scientist", at(4, 10, 10), looks=2)
        self.move(11, "scientist", "done", at(4, 10, 30), "shipped")
        self.champions.crown(won, at(4, 10, 45), deployment=14)
        self.champions.challenge("svm-c3-deskew", "scientist", at(4, 10, 50), looks=2)
        self.move(12, "scientist", "in_progress", at(4, 11))
        for minute, candidate in ((0, "mlp-16-raw"), (15, "mlp-64-raw"), (30, "mlp-256-raw"), (45, "mlp-512-raw")):
            self.measure(10, "mlp-width", candidate, at(4, 13, minute))
        self.find(10, "engineer", "refutes", (
            f"From 64 to 512 hidden units the error only goes from {percent('mlp-width', 'mlp-64-raw')} to "
            f"{percent('mlp-width', 'mlp-512-raw')}. Width is not what holds the network back."
        ), at(4, 15), cites="mlp-512-raw")  # fmt: skip
        self.move(10, "engineer", "in_review", at(4, 15, 30))
        self.champions.challenge("mlp-512-raw", "engineer", at(4, 15, 40), looks=0)
        self.base("error_on_nines", "knn-3-raw", "Looking up", at(4, 16))
        self.on_the_chip.begin("knn-3-raw", plan.POLICY_OF_NINES, at(4, 16, 5))
        self.on_the_chip.challenge("mlp-64-raw", "engineer", at(4, 16, 15), looks=1)
        self.measure(12, "label-noise", "panel", at(5, 9))
        missed = self.runs.mean("label-noise", "panel", "misread_by_all")
        self.find(12, "scientist", "confirms", (
            f"Six different readers together: on average {missed:.1f} of 540 images are misread by all of them. "
            "Wrong labels are not what holds us back on this hold-out."
        ), at(5, 10), cites="panel")  # fmt: skip
        self.move(12, "scientist", "done", at(5, 10, 30), "learned")
        self.move(20, "scientist", "in_progress", at(5, 11))
        for minute, candidate in ((0, "svm-raw-25pct"), (20, "svm-raw-50pct"), (40, "svm-raw-75pct")):
            self.measure(20, "data-size", candidate, at(5, 13, minute))
        self.move(13, "engineer", "in_review", at(5, 14))
        self.move(7, "engineer", "in_progress", at(5, 15))
        self.say(7, "engineer", "Features are computed; training ten seeds overnight.", at(5, 16))
        self.create(22, 24, at(5, 16, 30))
        proposals.propose(
            project=self.project,
            sprint=2,
            base_version=2,
            why=decide.Why(code="priority", text=plan.PROPOSED),
            moves=[{"move": "defer", "ticket": 15, "note": "Not begun.", "resume_cost": "low"}],
            actor=self.people["scientist"],
            now=at(5, 16, 45),
        )

    def replan(self, finding: str, at: datetime) -> None:
        """Plan v2: what rested on the edge reader is skipped, and the question of more data comes in."""
        decide.decide(
            project=self.project,
            sprint=2,
            base_version=1,
            why=decide.Why(
                code="finding_invalidates",
                text=(
                    "The edge reader is out, so its finer form and its analysis have nothing left to tell us. "
                    "The day goes to the question of whether more images would help."
                ),
                evidence=[{"finding": finding}],
            ),
            moves=parse([
                {"move": "skip", "ticket": 17, "revisit_if": "edges are kept with their place"},
                {"move": "skip", "ticket": 18},
                {"move": "add", "ticket": 20},
            ]),
            actor=self.people["lead"],
            now=at,
        )  # fmt: skip
