"""The doors: who is not in a project cannot tell that it exists, and who is does what her role may."""

from collections.abc import Callable
from typing import Any

import pytest

from agileml.journal.models import Change
from agileml.metrics.actions.settings import set_baseline, watch_metric
from agileml.planning.actions import notes, progress, sprints, take_back, tickets
from agileml.planning.models import Decision, Sprint
from agileml.projects.actions import add_member, remove_member
from agileml.projects.doors import Forbidden, Hidden, enter, writing
from agileml.projects.models import Membership, Project
from agileml.projects.rules import Need, capabilities
from agileml.work.actions import add_comment, create_epic, create_story
from tests.factories import NOW, Cast, make_cast, replan
from tests.planning.mirror import everything

pytestmark = pytest.mark.django_db

Act = Callable[[dict[str, Any], Cast], Any]

COMMENTS: dict[str, Act] = {
    "comment": lambda by, cast: add_comment(ticket=1, text="A word.", **by),
}
WORKS: dict[str, Act] = {
    "create a ticket": lambda by, cast: tickets.create_ticket(sent={"type": "review", "title": "New"}, **by),
    "edit a ticket": lambda by, cast: tickets.edit_ticket(number=1, sent={"title": "T"}, expected_version=None, **by),
    "delete a ticket": lambda by, cast: tickets.delete_ticket(number=5, expected_version=None, **by),
    "move a card": lambda by, cast: progress.progress(number=1, to="in_progress", **by),
    "make a sprint": lambda by, cast: sprints.create_sprint(sent={"start": "2026-12-01", "end": "2026-12-09"}, **by),
    "draft": lambda by, cast: sprints.draft(number=2, tickets=[5], **by),
    "name a sprint": lambda by, cast: sprints.edit_sprint(number=1, sent={"name": "N"}, expected_version=None, **by),
    "write a finding": lambda by, cast: notes.write_finding(ticket=1, sent={"kind": "refutes", "text": "No."}, **by),
    "have an opinion": lambda by, cast: notes.give_opinion(ticket=1, sent={"opinion": "accept"}, **by),
    "make an epic": lambda by, cast: create_epic(sent={"title": "Why"}, **by),
    "make a story": lambda by, cast: create_story(sent={"title": "What"}, **by),
}
DECIDES: dict[str, Act] = {
    "re-plan": lambda by, cast: replan(
        cast, Sprint.objects.get(number=1), {"move": "skip", "ticket": 1}, actor=by["actor"]
    ),
    "take back": lambda by, cast: take_back.take_back(
        decision=str(Decision.objects.get(kind="replan", sprint__number=1).uid), **by
    ),
}
LEADS: dict[str, Act] = {
    "start a sprint": lambda by, cast: sprints.start_sprint(number=2, **by),
    "close a sprint": lambda by, cast: sprints.close_sprint(number=3, destinations={}, **by),
    "take a start back": lambda by, cast: take_back.take_back(
        decision=str(Decision.objects.get(kind="start", sprint__number=3).uid), **by
    ),
    "watch a metric": lambda by, cast: watch_metric(key="error", direction="lower", **by),
    "set a baseline": lambda by, cast: set_baseline(metric="error", label="By hand", constant=0.5, **by),
    "let somebody in": lambda by, cast: add_member(user=cast.outsider, role="member", **by),
    "show somebody out": lambda by, cast: remove_member(user=cast.stakeholder, **by),
}
ALL = COMMENTS | WORKS | DECIDES | LEADS


@pytest.fixture
def scene(cast: Cast, sprint: Sprint) -> Cast:
    """What every act needs: a decision to take back, a planned sprint, an empty active one, a metric."""
    for active in (False, True):
        sprints.create_sprint(
            project=cast.project, sent={"start": "2026-12-01", "end": "2026-12-09"}, actor=cast.lead, now=NOW
        )
        if active:
            sprints.start_sprint(project=cast.project, number=3, actor=cast.lead, now=NOW)
    replan(cast, sprint, {"move": "change", "ticket": 2, "set": {"estimate": 1}})
    watch_metric(project=cast.project, key="error", direction="lower", actor=cast.lead, now=NOW)
    return cast


def by(cast: Cast, role: str) -> dict[str, Any]:
    return {"project": cast.project, "actor": getattr(cast, role), "now": NOW}


@pytest.mark.parametrize("act", ALL)
def test_to_an_outsider_there_is_no_project_whatever_she_tries(scene: Cast, act: str):
    before = everything()
    with pytest.raises(Hidden):
        ALL[act](by(scene, "outsider"), scene)
    assert everything() == before


@pytest.mark.parametrize("act", WORKS | DECIDES | LEADS)
def test_a_stakeholder_changes_nothing(scene: Cast, act: str):
    before = everything()
    with pytest.raises(Forbidden):
        ALL[act](by(scene, "stakeholder"), scene)
    assert everything() == before


@pytest.mark.parametrize("act", LEADS)
def test_a_member_does_not_lead(scene: Cast, act: str):
    before = everything()
    with pytest.raises(Forbidden):
        LEADS[act](by(scene, "member"), scene)
    assert everything() == before


@pytest.mark.parametrize("act", DECIDES)
def test_where_only_leads_replan_a_member_does_not_decide(scene: Cast, act: str):
    Project.objects.update(replanners="leads")
    with pytest.raises(Forbidden):
        DECIDES[act](by(scene, "member"), scene)


@pytest.mark.parametrize(
    ("role", "act"),
    [("stakeholder", act) for act in COMMENTS]
    + [("member", act) for act in COMMENTS | WORKS | DECIDES]
    + [("lead", act) for act in ALL],
)
def test_everyone_does_what_her_role_may(scene: Cast, role: str, act: str):
    before = Change.objects.count()
    ALL[act](by(scene, role), scene)
    assert Change.objects.count() > before


def test_what_each_role_may_is_one_table():
    assert capabilities("lead", replanners="leads") == set(Need)
    assert capabilities("member", replanners="team") == {Need.READ, Need.COMMENT, Need.WORK, Need.DECIDE}
    assert capabilities("member", replanners="leads") == {Need.READ, Need.COMMENT, Need.WORK}
    assert capabilities("stakeholder", replanners="team") == {Need.READ, Need.COMMENT}


# --- the door for reads ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["lead", "member", "stakeholder"])
def test_whoever_takes_part_enters(cast: Cast, role: str):
    access = enter(getattr(cast, role), "TST")
    assert (access.project, access.role) == (cast.project, role)


@pytest.mark.parametrize("key", ["TST", "NONE", "tst", ""])
def test_a_project_of_others_looks_like_none(cast: Cast, key: str):
    with pytest.raises(Hidden):
        enter(cast.outsider, key)


def test_the_door_asks_for_more_than_a_look(cast: Cast):
    with pytest.raises(Forbidden) as forbidden:
        enter(cast.stakeholder, "TST", need=Need.WORK)
    assert forbidden.value.need == Need.WORK


def test_an_account_that_is_shut_enters_nowhere(cast: Cast):
    cast.member.is_active = False
    cast.member.save()
    with pytest.raises(Hidden):
        enter(cast.member, "TST")
    with pytest.raises(Hidden):
        add_comment(ticket=1, text="A word.", **by(cast, "member"))
    assert not Project.objects.visible_to(cast.member).exists()


def test_each_sees_the_projects_that_she_is_in(cast: Cast):
    other = make_cast("OTH")
    assert list(Project.objects.visible_to(cast.member)) == [cast.project]
    assert list(Project.objects.visible_to(other.lead)) == [other.project]
    assert not Project.objects.visible_to(cast.outsider).exists()


# --- the door for writes looks again --------------------------------------------------------------------------------


def test_a_member_who_is_removed_while_she_decides_is_an_outsider(cast: Cast, sprint: Sprint):
    access = enter(cast.member, "TST", need=Need.DECIDE)  # the form was opened before
    remove_member(user=cast.member, **by(cast, "lead"))
    with pytest.raises(Hidden):
        replan(cast, sprint, {"move": "skip", "ticket": 1}, actor=access.user)


def test_a_role_that_shrank_meanwhile_counts(cast: Cast, sprint: Sprint):
    Membership.objects.filter(user=cast.member).update(role="stakeholder")
    with pytest.raises(Forbidden):
        replan(cast, sprint, {"move": "skip", "ticket": 1}, actor=cast.member)


def test_what_the_project_says_now_counts_not_what_was_read_before(cast: Cast, sprint: Sprint):
    Project.objects.update(replanners="leads")
    assert cast.project.replanners == "team"
    with pytest.raises(Forbidden):
        replan(cast, sprint, {"move": "skip", "ticket": 1}, actor=cast.member)


def test_what_is_refused_inside_an_open_write_is_undone_whole(cast: Cast):
    before = everything()

    def write() -> None:
        with writing(cast.project, actor=cast.member, now=NOW, need=Need.WORK) as w:
            w.journal.record("project", "updated", w.project, diff={})
            assert w.access is not None
            w.access.require(Need.LEAD)

    with pytest.raises(Forbidden):
        write()
    assert everything() == before
