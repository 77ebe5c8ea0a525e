"""A project in which there is one of everything, so that every call of the API has something to be about."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone

from agileml.demos.actions.answers import answer_goal, give_feedback
from agileml.demos.actions.begin import begin_demo
from agileml.demos.actions.edit import add_item
from agileml.demos.actions.images import add_image
from agileml.demos.actions.publish import publish
from agileml.demos.actions.sharing import share
from agileml.demos.models import DemoItem, Feedback, ShareLink
from agileml.ingest.actions import bind, make_source
from agileml.ingest.models import Binding, Source
from agileml.journal.actions.sending import ping
from agileml.journal.models import Delivery, Endpoint
from agileml.metrics.actions.evaluations import open_evaluation
from agileml.metrics.actions.promotions import promote
from agileml.metrics.actions.registered import register_model, set_policy
from agileml.metrics.actions.settings import set_baseline, watch_metric
from agileml.metrics.models import Baseline, Candidate, Metric
from agileml.planning.actions.decide import Why
from agileml.planning.actions.notes import write_finding
from agileml.planning.actions.proposals import propose
from agileml.planning.actions.sprints import close_sprint
from agileml.planning.models import Decision, Proposal, Sprint
from agileml.projects.actions import invite, make_service, make_service_token, make_token
from agileml.projects.actions.webhooks import edit_webhook, make_webhook
from agileml.projects.models import Invitation, Membership, Token
from agileml.work.actions import add_comment, create_epic, create_story
from agileml.work.models import Comment, Epic, Finding, Story, Ticket
from tests.demos.pictures import PNG
from tests.factories import NOW, Cast, make_cast, make_sprint, make_ticket, make_tickets, measure, replan

RULE, SVM, MLP, ERROR, BASE = (f"0f8fad5b-d9cb-469f-a165-70867728950{digit}" for digit in "12345")
FINDING, COMMENT, OTHER_ITEM = (f"0f8fad5b-d9cb-469f-a165-7086772895{digit}0" for digit in "567")
POLICY = {
    "metric": "error", "margin": 0.01, "dataset": {"name": "holdout", "digest": "d1"}, "split": "test", "planned_n": 3,
}  # fmt: skip


@dataclass(frozen=True)
class World:
    """Sprint 1 is active at v2 with tickets 1 to 4, 4 of them skipped; 2 is planned, 3 is closed; 5 and 6 lie in
    the backlog.

    A watched folder is its source, with a file bound to ticket 1. The lead proposes to skip ticket 2. The model
    `reader` has the champion RULE, and an open evaluation of SVM. A paused webhook was pinged once. A service account
    and the lead have a token each. The demo of sprint 1 is published, shows a picture and is shared.
    """

    cast: Cast
    sprint: Sprint
    decision: Decision
    proposal: Proposal
    source: Source
    binding: Binding
    webhook: Endpoint
    delivery: Delivery
    member: Membership
    service: Membership
    token: Token
    service_token: Token
    invited: Invitation
    invitation: str  # the secret of its link
    link: str  # the token of a link to the demo of sprint 1
    picture: UUID  # which that demo shows
    item: DemoItem
    feedback: Feedback
    shared: ShareLink


def make_world() -> World:
    cast = make_cast()
    make_tickets(cast, 5)
    create_epic(project=cast.project, sent={"title": "99 of 100"}, actor=cast.lead, now=NOW)
    create_epic(project=cast.project, sent={"title": "Read letters"}, actor=cast.lead, now=NOW)
    create_story(project=cast.project, sent={"title": "Do more features help?"}, actor=cast.lead, now=NOW)
    create_story(project=cast.project, sent={"title": "Does more data help?"}, actor=cast.lead, now=NOW)
    sprint = make_sprint(cast, [1, 2, 3, 4], active=True, goal="Know what works")
    make_ticket(cast, "Nobody knows of it")
    make_sprint(cast, [5], start=date(2026, 11, 30))
    make_sprint(cast, start=date(2026, 11, 2), active=True)
    close_sprint(project=cast.project, number=3, destinations={}, actor=cast.lead, now=NOW)
    decision = replan(cast, sprint, {"move": "skip", "ticket": 4})
    proposal = propose(
        project=cast.project, sprint=1, base_version=2, why=Why("other", "It is refuted."),
        moves=[{"move": "skip", "ticket": 2}], actor=cast.lead, now=NOW,
    )  # fmt: skip
    make_model(cast)
    make_notes(cast)
    told: dict[str, Any] = {"project": cast.project, "actor": cast.lead, "now": NOW}
    source = make_source(kind="metric_file", name="Folder", config={}, **told)
    binding = bind(ticket=1, sent={"text": "TST-1/svm.json"}, **told)
    # Paused, so that nothing is sent: its address is on this machine, where nothing is asked.
    webhook, _ = make_webhook(sent={"url": "http://localhost:1/"}, **told)
    webhook = edit_webhook(webhook=webhook.uid, sent={"state": "paused"}, **told)
    delivery = ping(endpoint=webhook, now=NOW)
    service = make_service(sent={"name": "Nightly", "role": "member"}, **told)
    member = Membership.objects.get(user=cast.member)
    secret = {"name": "Own", "scope": "read"}
    token, _ = make_token(holder=cast.lead, sent=secret, now=NOW)
    service_token, _ = make_service_token(member=service.uid, sent=secret, **told)
    # Its life is measured by the clock of whoever opens it.
    invitation = invite(sent={"role": "member"}, **told | {"now": timezone.now()})
    link, picture, item, said, shared = make_demo(cast)
    sprint = Sprint.objects.get(pk=sprint.pk)
    return World(
        cast, sprint, decision, proposal, source, binding, webhook, delivery, member, service, token, service_token,
        *invitation, link, picture, item, said, shared,
    )  # fmt: skip


def make_demo(cast: Cast) -> tuple[str, UUID, DemoItem, Feedback, ShareLink]:
    told: dict[str, Any] = {"project": cast.project, "actor": cast.lead, "now": NOW}
    # What is shown is under a goal, so that those who see it can be asked about that.
    second: dict[str, Any] = {"project": cast.project, "number": 2}
    Story.objects.filter(**second).update(epic=Epic.objects.get(**second))
    Ticket.objects.filter(project=cast.project, number=4).update(story=Story.objects.get(**second))
    demo = begin_demo(sprint=1, **told)
    item = demo.items.earliest("pk")
    add_item(demo=demo.number, sent={"section": "learned", "headline": "Scanners differ"}, **told)
    DemoItem.objects.exclude(pk=item.pk).update(uid=OTHER_ITEM, left_out=True)
    picture = add_image(demo=demo.number, item=item.uid, name="point.png", content=PNG, **told)
    publish(demo=demo.number, **told)
    about = {"kind": "concern", "text": "And at other branches?", "item": str(item.uid)}
    said = give_feedback(demo=demo.number, sent=about, **told)
    answer_goal(demo=demo.number, sent={"epic": 2, "verdict": "keep"}, **told)
    shared, link = share(demo=demo.number, sent={}, **told | {"now": timezone.now()})
    return link, picture.uid, item, said, shared


def make_notes(cast: Cast) -> None:
    told: dict[str, Any] = {"project": cast.project, "ticket": 1, "actor": cast.lead, "now": NOW}
    write_finding(sent={"kind": "surprise", "text": "The sevens."}, **told)
    add_comment(text="Look at the sevens.", **told)
    Finding.objects.update(uid=FINDING)
    Comment.objects.update(uid=COMMENT)


def make_model(cast: Cast) -> None:
    on: dict[str, Any] = {"dataset_name": "holdout", "dataset_digest": "d1", "split": "test"}
    ticket = Ticket.objects.get(project=cast.project, number=3)
    for uid, name, values in ((RULE, "rule", [0.3, 0.31, 0.3]), (SVM, "svm", [0.2, 0.21, 0.2]), (MLP, "mlp", [0.1])):
        measure(cast, ticket, values, candidate=name, external_id=name, **on)
        Candidate.objects.filter(ticket=ticket, name=name).update(uid=uid)
    told: dict[str, Any] = {"project": cast.project, "actor": cast.lead, "now": NOW}
    watch_metric(key="error", direction="lower", **told)
    Metric.objects.filter(project=cast.project, key="error").update(uid=ERROR)
    register_model(sent={"slug": "reader", "name": "Reader"}, **told)
    set_policy(model="reader", sent=POLICY, **told)
    rule = Candidate.objects.get(uid=RULE)
    set_baseline(metric="error", label="Rule", candidate=rule, dataset_digest="d1", split="test", **told)
    Baseline.objects.filter(project=cast.project).update(uid=BASE)
    promote(model="reader", sent={"kind": "first", "candidate": RULE}, **told)
    open_evaluation(model="reader", sent={"challenger": SVM}, **told)
