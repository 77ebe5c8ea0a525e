"""Proposals through the API: made on one plan version, tried and answered on another, by the rules of the pages."""

from typing import Any

import pytest

from agileml.planning.models import Sprint
from tests.api.client import Api, codes
from tests.factories import Cast, make_cast, make_sprint, make_tickets, replan
from tests.threads import at_once

HERE = "sprints/1/proposals/"
SKIP_BOTH = {
    "base_version": 1, "reason_code": "other", "reason": "It is refuted.",
    "moves": [{"move": "skip", "ticket": 1}, {"move": "skip", "ticket": 2}],
}  # fmt: skip


@pytest.fixture
def led(db: None) -> Cast:
    """A project where only leads decide, with an active sprint of tickets 1 to 4 at plan v1."""
    return make_led()


def make_led() -> Cast:
    cast = make_cast(replanners="leads")
    make_tickets(cast, 4)
    make_sprint(cast, [1, 2, 3, 4], active=True)
    return cast


def propose(cast: Cast) -> str:
    return f"{HERE}{Api(cast.member).post(HERE, SKIP_BOTH)['uid']}/"


def test_a_member_proposes_and_a_lead_decides_on_it(led: Cast):
    member, lead = Api(led.member), Api(led.lead)
    answer = member("POST", HERE, SKIP_BOTH)
    made = answer.json()
    assert answer["Location"].endswith(f"{HERE}{made['uid']}/")
    assert (made["state"], made["author"]["name"], made["moves"]) == ("open", "Member Person", SKIP_BOTH["moves"])
    assert [row["uid"] for row in lead.walk(f"{HERE}?state=open&limit=1")] == [made["uid"]]

    decision = lead.post(f"{HERE}{made['uid']}/decide/")

    assert (decision["version"], decision["actor"]["name"]) == (2, "Lead Person")
    now = member.get(f"{HERE}{made['uid']}/")
    assert (now["state"], now["decision"], now["answered_by"]["name"]) == ("decided", decision["uid"], "Lead Person")
    assert member.get(f"{HERE}?state=open")["results"] == []
    assert codes(lead.post(f"{HERE}{made['uid']}/decide/", status=409)) == ["answered"]


def test_what_no_longer_fits_is_foretold_and_left_out_where_that_is_asked_for(led: Cast):
    here = propose(led)
    replan(led, Sprint.objects.get(), {"move": "skip", "ticket": 2})
    lead = Api(led.lead)
    seen = lead.post(f"{here}decide/?dry_run=true", status=200)
    assert (seen["would"]["from"], seen["would"]["skipped"]) == (2, [1])
    assert [(line["pointer"], line["code"]) for line in seen["refusals"]] == [("/moves/1", "already_skipped")]
    stale = lead.post(f"{here}decide/", {"base_version": 1, "partial": True}, status=409)
    assert (stale["code"], stale["current"]) == ("stale_version", 2)
    problem = lead.post(f"{here}decide/", {"base_version": 2}, status=409)
    assert (problem["code"], problem["errors"]) == ("already_skipped", seen["refusals"])
    decision = lead.post(f"{here}decide/", {"partial": True})
    assert [move["ticket"] for move in decision["moves"]] == [1]


def test_where_nothing_fits_the_problem_says_so_and_why(led: Cast):
    here = propose(led)
    replan(led, Sprint.objects.get(), {"move": "skip", "ticket": 1}, {"move": "skip", "ticket": 2})
    problem = Api(led.lead).post(f"{here}decide/", {"partial": True}, status=409)
    assert codes(problem) == ["nothing_fits", "already_skipped", "already_skipped"]


def test_a_proposal_for_a_plan_that_moved_on_is_stale_and_a_look_at_it_writes_nothing(led: Cast):
    api = Api(led.member)
    seen = api.post(f"{HERE}?dry_run=true", SKIP_BOTH, status=200)
    assert (seen["would"]["skipped"], seen["refusals"]) == ([1, 2], [])
    replan(led, Sprint.objects.get(), {"move": "skip", "ticket": 3})
    problem = api.post(HERE, SKIP_BOTH, status=409)
    assert (problem["code"], problem["current"], len(problem["since"])) == ("stale_version", 2, 1)
    assert api.get(HERE)["results"] == []
    assert api.post(HERE, SKIP_BOTH | {"sprint": 2}, status=422)["errors"][0]["pointer"] == "/sprint"
    lacking = {name: value for name, value in SKIP_BOTH.items() if name != "base_version"}
    assert api.post(HERE, lacking, status=422)["errors"][0]["pointer"] == "/base_version"


def test_it_is_declined_with_a_word_or_withdrawn_by_its_author(led: Cast):
    first, second = propose(led), propose(led)
    member, lead = Api(led.member), Api(led.lead)
    assert codes(lead.post(f"{first}decline/", {}, status=409)) == ["reason_required"]
    assert lead.post(f"{first}decline/", {"answer": "Not yet."}, status=200)["answer"] == "Not yet."
    assert codes(lead.post(f"{second}withdraw/", status=409)) == ["not_yours"]
    assert member.post(f"{second}withdraw/", status=200)["state"] == "withdrawn"
    assert [row["state"] for row in member.walk(HERE)] == ["declined", "withdrawn"]


@pytest.mark.parametrize("text", ["\0", "\ud800", "x" * 10_001], ids=["NUL", "surrogate", "long"])
def test_what_cannot_be_stored_is_refused(led: Cast, text: str):
    here = propose(led)
    assert Api(led.lead)("POST", f"{here}decline/", {"answer": text}).status_code in {400, 422}
    assert Api(led.member)("POST", HERE, SKIP_BOTH | {"reason": text}).status_code in {400, 422}
    assert [row["state"] for row in Api(led.member).walk(HERE)] == ["open"]


def test_under_another_sprints_or_projects_address_it_is_not_there(led: Cast):
    here = propose(led)
    make_sprint(led, [])
    other = make_cast("OTH")
    make_tickets(other, 1)
    make_sprint(other, [1], active=True)
    assert Api(led.lead)("GET", here.replace("sprints/1", "sprints/2")).status_code == 404
    assert Api(led.lead)("POST", f"{here.replace('sprints/1', 'sprints/2')}decide/", {}).status_code == 404
    assert Api(other.lead, "OTH")("GET", here).status_code == 404
    assert Api(other.lead, "OTH")("POST", f"{here}decline/", {"answer": "No."}).status_code == 404


def test_of_two_leads_at_once_one_decides_and_the_other_is_told(transactional_db: None):
    cast = make_led()
    here = propose(cast)
    clients = [Api(cast.lead) for _ in range(2)]
    answers: list[Any] = at_once(*[lambda api=api: api("POST", f"{here}decide/", {}) for api in clients])
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert Sprint.objects.get().plan_version == 2
