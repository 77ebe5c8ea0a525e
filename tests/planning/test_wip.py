"""Limits of work in progress: soft ones are said, hard ones refuse, and a lead goes beyond with a reason."""

from typing import Any

import pytest

from agileml.journal.models import Audit
from agileml.planning.actions.progress import progress
from agileml.planning.models import Sprint
from agileml.planning.rules.wip import Load, WipLimit, check
from agileml.projects.doors import Forbidden
from agileml.projects.models import Project
from agileml.work.models import Ticket
from tests.api.client import Api
from tests.factories import NOW, Cast, replan
from tests.web.browsing import HTMX, browser_of

FULL = Load(column=2, column_limit=2, person=3, person_limit=3, name="Ann")


def crossed(status: str, to: str, load: Load = FULL) -> list[str]:
    return [one.over for one in check(status, to, label="In progress", load=load)]


def test_beginning_one_more_goes_beyond_both_limits_and_says_so():
    found = check("todo", "in_progress", label="In progress", load=FULL)
    assert [one.message for one in found] == [
        "In progress holds 2 already, the limit is 2.",
        "Ann has 3 under way already, the limit for one person is 3.",
    ]


@pytest.mark.parametrize(("status", "to"), [("in_progress", "in_progress"), ("in_progress", "todo"), ("todo", "done")])
def test_a_move_within_a_column_or_out_of_it_never_trips(status: str, to: str):
    assert crossed(status, to) == []


def test_passing_on_to_review_is_not_beginning_for_the_person():
    assert crossed("in_progress", "in_review") == ["column"]


@pytest.mark.parametrize("status", ["todo", "done"])
def test_beginning_and_beginning_again_are_alike(status: str):
    assert crossed(status, "in_progress") == ["column", "person"]


def test_what_fits_goes_and_no_limit_is_none():
    assert crossed("todo", "in_progress", Load(column=1, column_limit=2, person=2, person_limit=3)) == []
    assert crossed("todo", "in_progress", Load(column=50, person=50)) == []


def limit(cast: Cast, *, hard: bool, **limits: Any) -> None:
    Project.objects.filter(pk=cast.project.pk).update(wip_hard=hard, **limits)


def move(cast: Cast, number: int, **more: Any) -> Ticket:
    sent: dict[str, Any] = {"to": "in_progress", "actor": cast.member} | more
    return progress(project=cast.project, number=number, now=NOW, **sent)


def test_a_soft_limit_lets_the_move_through_and_says_it(cast: Cast, sprint: Sprint):
    limit(cast, hard=False, wip_limits={"in_progress": 1})
    told: list[str] = []
    move(cast, 1, told=told)
    assert told == []
    assert move(cast, 2, told=told).status == "in_progress"
    assert told == ["In progress holds 1 already, the limit is 1."]


def test_a_hard_limit_refuses_and_a_lead_goes_beyond_with_a_reason_on_record(cast: Cast, sprint: Sprint):
    limit(cast, hard=True, wip_limits={"in_progress": 1})
    move(cast, 1)
    with pytest.raises(WipLimit):
        move(cast, 2)
    with pytest.raises(Forbidden):
        move(cast, 2, override="I want to.")
    assert Ticket.objects.get(number=2).status == "todo"
    assert move(cast, 2, override="The run takes all night.", actor=cast.lead).status == "in_progress"
    detail = Audit.objects.get(action="wip limit overridden").detail
    assert detail == {
        "ticket": 2, "to": "in_progress", "limits": ["column"], "reason": "The run takes all night.",
    }  # fmt: skip


def test_a_column_is_that_of_the_tickets_own_sprint_and_skipped_does_not_count(cast: Cast, sprint: Sprint):
    limit(cast, hard=True, wip_limits={"in_progress": 1})
    move(cast, 5)  # in the backlog, in no column of the board
    move(cast, 1)
    replan(cast, sprint, {"move": "skip", "ticket": 1})
    assert move(cast, 2).status == "in_progress"


def test_a_person_has_a_limit_across_the_columns(cast: Cast, sprint: Sprint):
    limit(cast, hard=True, wip_per_person=1)
    Ticket.objects.filter(number__in=[1, 2]).update(assignee=cast.member)
    move(cast, 1, to="in_review")
    with pytest.raises(WipLimit) as refused:
        move(cast, 2)
    assert [one.over for one in refused.value.crossed] == ["person"]
    assert move(cast, 3).status == "in_progress"  # nobody's


def test_the_page_refuses_alike_and_offers_only_a_lead_the_way_beyond(cast: Cast, sprint: Sprint):
    limit(cast, hard=True, wip_limits={"in_progress": 1})
    move(cast, 1)
    path, sent = "/p/TST/tickets/2/move/", {"to": "in_progress", "from_status": "todo"}
    refused = browser_of(cast.member).post(path, sent, headers=HTMX)
    assert refused.status_code == 409
    assert "In progress holds 1 already, the limit is 1." in refused.content.decode()
    assert 'name="override"' not in refused.content.decode()
    lead = browser_of(cast.lead)
    assert 'name="override"' in lead.post(path, sent, headers=HTMX).content.decode()
    assert lead.post(path, sent | {"override": "All night."}, headers=HTMX).status_code == 204


def test_the_page_says_a_soft_limit_in_the_corner(cast: Cast, sprint: Sprint):
    limit(cast, hard=False, wip_limits={"in_progress": 1})
    move(cast, 1)
    answer = browser_of(cast.member).post("/p/TST/tickets/2/move/", {"to": "in_progress"}, headers=HTMX)
    assert answer.status_code == 204
    assert "the limit is 1" in answer.headers["HX-Trigger"]


def test_the_api_says_it_and_refuses_alike(cast: Cast, sprint: Sprint):
    limit(cast, hard=False, wip_limits={"in_progress": 1})
    api = Api(cast.member)
    assert "notes" not in api.post("tickets/1/status/", {"to": "in_progress"}, status=200)
    noted = api.post("tickets/2/status/", {"to": "in_progress"}, status=200)
    assert noted["notes"] == ["In progress holds 1 already, the limit is 1."]
    limit(cast, hard=True)
    problem = api.post("tickets/3/status/", {"to": "in_progress"}, status=409)
    assert problem["code"] == "wip_limit"
    assert [(error["code"], error["limit"]) for error in problem["errors"]] == [("column", 1)]
    sent = {"to": "in_progress", "override": "All night."}
    assert api.post("tickets/3/status/", sent, status=403)["code"] == "forbidden"
    assert Api(cast.lead).post("tickets/3/status/", sent, status=200)["status"] == "in_progress"
