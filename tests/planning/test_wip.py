"""Limits of work in progress: soft ones are said, hard ones refuse, and a lead goes beyond with a reason."""

from typing import Any

import pytest

from agileml.journal.models import Audit
from agileml.lib.fields import Invalid
from agileml.planning.actions.bulk import edit_many
from agileml.planning.actions.decide import Why
from agileml.planning.actions.progress import progress
from agileml.planning.actions.tickets import edit_ticket
from agileml.planning.models import Sprint
from agileml.planning.rules.wip import Load, WipLimit, check, check_giving
from agileml.projects.doors import Forbidden
from agileml.projects.models import Project
from agileml.work.models import Ticket
from tests.api.client import Api
from tests.factories import NOW, Cast, make_cast, make_sprint, make_tickets, replan
from tests.threads import at_once
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


def test_giving_what_is_under_way_counts_for_whoever_receives_it_and_for_no_column():
    one_left = Load(column=9, column_limit=1, person=2, person_limit=3, name="Ann")
    assert check_giving(["in_progress"], load=one_left) == []
    assert check_giving(["todo", "done", "skipped"], load=FULL) == []
    (told,) = check_giving(["in_progress", "todo", "in_review"], load=one_left)
    assert told.message == "Ann has 2 under way already, with these 2 it would be 4, the limit for one person is 3."
    (told,) = check_giving(["in_review"], load=FULL)
    assert told.message == "Ann has 3 under way already, the limit for one person is 3."
    assert check_giving(["in_review"] * 9, load=Load(person=50)) == []


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


def under_way(cast: Cast, *, mine: int = 1) -> None:
    """Tickets 1, 2 and 3 are in progress, `mine` of them the member's, the others nobody's."""
    Ticket.objects.filter(number__in=[1, 2, 3]).update(status="in_progress")
    Ticket.objects.filter(number__lte=mine).update(assignee=cast.member)


def give(cast: Cast, number: int, **more: Any) -> Ticket:
    sent: dict[str, Any] = {"sent": {"assignee": str(cast.member.uid)}, "actor": cast.member, "expected_version": None}
    return edit_ticket(project=cast.project, number=number, now=NOW, **(sent | more))


def test_giving_work_that_is_under_way_is_said_or_refused_alike(cast: Cast, sprint: Sprint):
    under_way(cast)
    limit(cast, hard=False, wip_per_person=1)
    told: list[str] = []
    give(cast, 4, told=told)  # to do
    give(cast, 1, told=told)  # hers already
    give(cast, 2, told=told, sent={"assignee": None})
    assert told == []
    assert give(cast, 2, told=told).assignee == cast.member
    assert told == ["Member Person has 1 under way already, the limit for one person is 1."]
    limit(cast, hard=True)
    with pytest.raises(WipLimit):
        give(cast, 3, sent={"assignee": str(cast.member.uid), "title": "Not kept"})
    with pytest.raises(Forbidden):
        give(cast, 3, override="I want it.")
    with pytest.raises(Invalid):
        give(cast, 3, override="\0", actor=cast.lead)
    row = Ticket.objects.get(number=3)
    assert (row.assignee, row.title) == (None, "Try 3")
    give(cast, 3, override="She knows the seeds.", actor=cast.lead)
    assert Audit.objects.get(action="wip limit overridden").detail == {
        "ticket": 3, "to": str(cast.member.uid), "limits": ["person"], "reason": "She knows the seeds.",
    }  # fmt: skip


def test_a_change_of_plan_that_comes_along_is_not_made_either(cast: Cast, sprint: Sprint):
    under_way(cast)
    limit(cast, hard=True, wip_per_person=1)
    sent = {"assignee": str(cast.member.uid), "type": "review"}
    with pytest.raises(WipLimit):
        give(cast, 2, sent=sent, why=Why(code="correction"))
    assert Sprint.objects.get().plan_version == 1


def test_many_are_given_at_once_or_none(cast: Cast, sprint: Sprint):
    under_way(cast, mine=0)
    limit(cast, hard=True, wip_per_person=2)
    given: dict[str, Any] = {
        "project": cast.project, "sent": {"assignee": str(cast.member.uid)}, "actor": cast.lead, "now": NOW,
    }  # fmt: skip
    with pytest.raises(WipLimit, match="with these 3 it would be 3"):
        edit_many(numbers=[1, 2, 3, 4], **given)
    assert not Ticket.objects.filter(assignee=cast.member).exists()
    edit_many(numbers=[1, 2, 4], **given)
    told: list[str] = []
    edit_many(numbers=[1, 2, 3], override="All hers.", told=told, **given)  # only the third is new to her
    assert told == ["Member Person has 2 under way already, the limit for one person is 2."]
    assert Audit.objects.get(action="wip limit overridden").detail["ticket"] == 3


def test_who_is_no_participant_is_refused_as_such(cast: Cast, sprint: Sprint):
    under_way(cast)
    limit(cast, hard=True, wip_per_person=1)
    with pytest.raises(Invalid):
        give(cast, 2, sent={"assignee": str(cast.outsider.uid)})


def test_of_two_who_give_at_once_one_goes_beyond_the_limit_and_is_told(transactional_db: None):
    cast = make_cast()
    make_sprint(cast, [ticket.number for ticket in make_tickets(cast, 3)], active=True)
    under_way(cast, mine=0)
    limit(cast, hard=True, wip_per_person=1)
    answers = at_once(lambda: give(cast, 1), lambda: give(cast, 2, actor=cast.lead))
    assert sorted(type(answer).__name__ for answer in answers) == ["Ticket", "WipLimit"]


def test_the_edit_page_refuses_alike_and_offers_only_a_lead_the_way_beyond(cast: Cast, sprint: Sprint):
    under_way(cast)
    limit(cast, hard=True, wip_per_person=1)
    path, sent = "/p/TST/tickets/2/edit/", {"version": "1", "assignee": str(cast.member.uid), "title": "<b>Deeper</b>"}
    refused = browser_of(cast.member).post(path, sent)
    assert refused.status_code == 409
    html = refused.content.decode()
    assert "Member Person has 1 under way already" in html
    assert "&lt;b&gt;Deeper&lt;/b&gt;" in html  # what was written is still there
    assert 'name="override"' not in html
    lead = browser_of(cast.lead)
    assert 'name="override"' in lead.post(path, sent).content.decode()
    assert browser_of(cast.member).post(path, sent | {"override": "I want it."}).status_code == 403
    assert lead.post(path, sent | {"override": "She knows."}).status_code == 302
    row = Ticket.objects.get(number=2)
    assert (row.assignee, row.title) == (cast.member, "<b>Deeper</b>")


def test_the_edit_page_says_a_soft_limit(cast: Cast, sprint: Sprint):
    under_way(cast)
    limit(cast, hard=False, wip_per_person=1)
    sent = {"version": "1", "assignee": str(cast.member.uid)}
    answer = browser_of(cast.lead).post("/p/TST/tickets/2/edit/", sent, follow=True)
    assert "TST-2 saved. Member Person has 1 under way already" in answer.content.decode()


def test_taking_from_the_cards_menu_heeds_it_too(cast: Cast, sprint: Sprint):
    under_way(cast)
    Ticket.objects.filter(number=3).update(assignee=cast.lead)
    limit(cast, hard=True, wip_per_person=1)
    path = "/p/TST/tickets/2/take/"
    refused = browser_of(cast.member).post(path, {}, headers=HTMX)
    assert refused.status_code == 409
    assert "was not assigned" in refused.content.decode()
    assert 'name="override"' not in refused.content.decode()
    lead = browser_of(cast.lead)
    assert f'action="{path}"' in lead.post(path, {}, headers=HTMX).content.decode()
    assert lead.post(path, {"override": "Only tonight."}, headers=HTMX).status_code == 204
    limit(cast, hard=False)
    Ticket.objects.filter(number=2).update(assignee=None)
    answer = browser_of(cast.member).post(path, {}, headers=HTMX)
    assert "TST-2 is yours. Member Person has 1 under way already" in answer.headers["HX-Trigger"]


def test_many_ticked_in_the_backlog_heed_it_too(cast: Cast, sprint: Sprint):
    Ticket.objects.filter(number=5).update(status="in_progress")
    under_way(cast)
    limit(cast, hard=True, wip_per_person=1)
    sent = {"do": "edit", "pick": ["5"], "set_assignee": str(cast.member.uid)}
    refused = browser_of(cast.member).post("/p/TST/backlog/", sent)
    assert refused.status_code == 422
    assert "Member Person has 1 under way already" in refused.content.decode()
    assert 'name="override"' not in refused.content.decode()
    lead = browser_of(cast.lead)
    assert 'name="override"' in lead.post("/p/TST/backlog/", sent).content.decode()
    assert lead.post("/p/TST/backlog/", sent | {"override": "Hers."}).status_code == 302
    assert Ticket.objects.get(number=5).assignee == cast.member


def test_the_api_says_and_refuses_giving_alike(cast: Cast, sprint: Sprint):
    under_way(cast)
    limit(cast, hard=False, wip_per_person=1)
    api, sent = Api(cast.member), {"assignee": str(cast.member.uid)}
    noted = api.patch("tickets/2/", sent, version=1)
    assert noted["notes"] == ["Member Person has 1 under way already, the limit for one person is 1."]
    limit(cast, hard=True)
    problem = api.patch("tickets/3/", sent, version=1, status=409)
    assert problem["code"] == "wip_limit"
    assert [(error["pointer"], error["code"], error["limit"]) for error in problem["errors"]] == [
        ("/assignee", "person", 1)
    ]
    assert api.patch("tickets/3/", sent | {"override": "Mine."}, version=1, status=403)["code"] == "forbidden"
    assert api.patch("tickets/3/", sent | {"override": 7}, version=1, status=422)["code"] == "invalid"
    done = Api(cast.lead).patch("tickets/3/", sent | {"override": "Hers."}, version=1)
    assert done["assignee"]["name"] == "Member Person"
