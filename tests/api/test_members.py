"""Who takes part, by the API: roles that hold at once, service accounts, and what a removed one finds."""

from typing import Any

import pytest
from django.test import Client

from agileml.accounts.models import User
from agileml.journal.models import Answer, Audit
from agileml.projects.actions import add_member, issue_token, make_service
from agileml.projects.models import Token
from tests.api.client import Api
from tests.api.replica import Replica, read
from tests.factories import NOW, Cast, make_cast, make_ticket, make_user
from tests.web.browsing import browser_of


def uid_of(api: Api, name: str) -> str:
    return next(row["uid"] for row in api.walk("members/") if row["user"]["name"] == name)


def service_token(cast: Cast, service: dict[str, Any]) -> Api:
    sent = {"name": "Nightly", "scope": "write"}
    path = f"/api/v1/projects/TST/members/{service['uid']}/tokens/"
    made = browser_of(cast.lead).post(path, sent, content_type="application/json")
    assert made.status_code == 201
    api = Api(None)
    api.headers = {"Authorization": f"Bearer {made.json()['secret']}"}
    return api


@pytest.fixture
def service(cast: Cast) -> dict[str, Any]:
    return Api(cast.lead).post("members/", {"name": "Nightly training", "role": "member"})


def test_a_service_account_acts_under_its_own_name_and_only_here(cast: Cast, service: dict[str, Any]):
    other = make_cast("OTH")
    add_member(project=other.project, user=cast.lead, role="lead", actor=other.lead, now=NOW)
    api = service_token(cast, service)
    me = api.get("/api/v1/me/")
    assert (me["kind"], me["email"], me["token"]["project"]) == ("service", None, "TST")
    assert me["projects"] == [{"key": "TST", "role": "member"}]
    api.post("tickets/", {"type": "review", "title": "Look"})
    assert api.get("changes/")["changes"][-1]["actor"]["name"] == "Nightly training"
    assert api("GET", "/api/v1/projects/OTH/").status_code == 404
    row = User.objects.get(uid=service["user"]["id"])
    assert (row.kind, row.email, row.has_usable_password()) == ("service", None, False)


def test_it_cannot_log_in_nor_be_let_into_another_project(cast: Cast, service: dict[str, Any]):
    for name in ("", "None", "Nightly training", service["user"]["id"]):
        assert Client().post("/login/", {"username": name, "password": ""}).status_code == 422
    other = make_cast("OTH")
    with pytest.raises(ValueError, match="one project"):
        add_member(project=other.project, user=User.objects.get(kind="service"), role="lead", actor=other.lead, now=NOW)


def test_a_stopped_service_account_is_unknown_and_waking_it_brings_no_old_token_back(
    cast: Cast, service: dict[str, Any]
):
    lead, api = Api(cast.lead), service_token(cast, service)
    path = f"members/{service['uid']}/"
    assert lead("PATCH", path, {"active": False}).json()["active"] is False
    assert api("GET", "tickets/").status_code == 401
    assert lead("PATCH", path, {"active": True}).json()["active"] is True
    assert api("GET", "tickets/").status_code == 401
    assert service_token(cast, service)("GET", "tickets/").status_code == 200


def test_a_stopped_one_is_given_no_token(cast: Cast, service: dict[str, Any]):
    Api(cast.lead)("PATCH", f"members/{service['uid']}/", {"active": False})
    answer = browser_of(cast.lead).post(
        f"/api/v1/projects/TST/members/{service['uid']}/tokens/", {"name": "n", "scope": "read"},
        content_type="application/json",
    )  # fmt: skip
    assert answer.status_code == 422
    assert "stopped" in answer.json()["errors"][0]["message"]


def test_a_removed_one_leaves_its_name_behind_and_nothing_that_works(cast: Cast, service: dict[str, Any]):
    api, lead = service_token(cast, service), Api(cast.lead)
    api.post("tickets/", {"type": "review", "title": "Look"})
    assert lead("DELETE", f"members/{service['uid']}/").status_code == 204
    assert api("GET", "/api/v1/me/").status_code == 401
    made = [change for change in lead.get("changes/")["changes"] if change["kind"] == "ticket"]
    assert made[-1]["actor"]["name"] == "Nightly training"
    assert lead("GET", f"members/{service['uid']}/").status_code == 404


def test_a_service_account_of_a_person_is_not_a_thing(cast: Cast):
    lead = Api(cast.lead)
    member = uid_of(lead, "Member Person")
    for sent in ({"name": "Robot"}, {"active": False}, {"role": "boss"}, {"user": {"name": "x"}}):
        answer = lead("PATCH", f"members/{member}/", sent)
        assert answer.status_code == 422
    path = f"/api/v1/projects/TST/members/{member}/tokens/"
    assert browser_of(cast.lead).get(path).status_code == 404
    answer = browser_of(cast.lead).post(path, {"name": "n", "scope": "read"}, content_type="application/json")
    assert answer.status_code == 404
    assert Token.objects.filter(user=cast.member).count() == 0


def test_a_role_holds_at_once_for_tokens_that_are_there(cast: Cast):
    lead, member = Api(cast.lead), Api(cast.member)
    uid = uid_of(lead, "Member Person")
    assert member("POST", "epics/", {"title": "A"}).status_code == 201
    lead("PATCH", f"members/{uid}/", {"role": "stakeholder"})
    assert member("POST", "epics/", {"title": "B"}).status_code == 403
    lead("PATCH", f"members/{uid}/", {"role": "lead"})
    assert member("PATCH", f"members/{uid}/", {"role": "member"}).status_code == 200
    change = lead.get("changes/")["changes"][-1]
    assert (change["kind"], change["action"], change["diff"]) == ("member", "updated", {"role": ["lead", "member"]})
    assert change["actor"]["name"] == "Member Person"
    assert Audit.objects.filter(action="member changed").count() == 3


def test_the_same_role_again_is_no_change(cast: Cast):
    lead = Api(cast.lead)
    uid = uid_of(lead, "Member Person")
    before = lead.get("changes/")["next_after"]
    assert lead("PATCH", f"members/{uid}/", {"role": "member"}).status_code == 200
    assert lead.get("changes/")["next_after"] == before


def test_somebody_who_was_removed_finds_nothing_with_any_token(cast: Cast):
    lead, member = Api(cast.lead), Api(cast.member)
    held = Api(cast.member, project=cast.project)
    lead("DELETE", f"members/{uid_of(lead, 'Member Person')}/")
    for api in (member, held):
        assert api("GET", "tickets/").status_code == 404
        assert api.get("/api/v1/me/")["projects"] == []
    assert lead.get("changes/")["changes"][-1]["action"] == "deleted"


def test_the_last_lead_who_can_log_in_stays(cast: Cast):
    lead = Api(cast.lead)
    make_service(project=cast.project, sent={"name": "Robot", "role": "lead"}, actor=cast.lead, now=NOW)
    uid = uid_of(lead, "Lead Person")
    for method, sent in (("DELETE", {}), ("PATCH", {"role": "member"})):
        answer = lead(method, f"members/{uid}/", sent)
        assert (answer.status_code, answer.json()["code"]) == (409, "last_lead")
    lead("PATCH", f"members/{uid_of(lead, 'Member Person')}/", {"role": "lead"})
    assert lead("PATCH", f"members/{uid}/", {"role": "member"}).status_code == 200


def test_whom_a_lead_shares_a_project_with_is_let_in_by_her_address(cast: Cast):
    other = make_cast("OTH")
    add_member(project=other.project, user=cast.lead, role="stakeholder", actor=other.lead, now=NOW)
    made = Api(cast.lead).post("members/", {"email": " Member-OTH@example.com", "role": "member"})
    assert made["user"]["name"] == "Member Person"
    again = Api(cast.lead).post("members/", {"email": "member-oth@example.com", "role": "lead"}, status=422)
    assert "takes part already" in again["errors"][0]["message"]


def test_whether_anybody_else_has_an_account_is_not_told(cast: Cast):
    make_user("Somebody", email="somebody@example.com")
    answers = [
        Api(cast.lead).post("members/", {"email": email, "role": "member"}, status=422)
        for email in ("somebody@example.com", "nobody@example.com", "outsider-tst@example.com")
    ]
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize(
    "sent",
    [
        {}, {"name": "Robot"}, {"role": "member"}, {"name": "", "role": "member"}, {"name": "x", "role": "owner"},
        {"email": "a\tb@example.com", "role": "member"}, {"email": 5, "role": "member"}, {"email": "x", "role": "lead"},
        {"name": "a\u202eb", "role": "lead"}, {"name": "x", "email": "a@example.com", "role": "lead"},
        {"name": ["x"], "role": {"a": 1}},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(cast: Cast, sent: dict[str, Any]):
    assert Api(cast.lead)("POST", "members/", sent).status_code == 422


def test_names_of_service_accounts_differ(cast: Cast, service: dict[str, Any]):
    problem = Api(cast.lead).post("members/", {"name": "Nightly training", "role": "lead"}, status=422)
    assert problem["errors"][0]["pointer"] == "/name"


def test_a_copy_follows_who_comes_changes_is_renamed_and_goes(cast: Cast, service: dict[str, Any]):
    lead = Api(cast.lead)
    make_ticket(cast, assignee=service["user"]["id"])
    copy = Replica(lead)
    lead("PATCH", f"members/{service['uid']}/", {"name": "Night shift", "role": "lead"})
    lead("PATCH", f"members/{service['uid']}/", {"active": False})
    lead.post("members/", {"name": "Another", "role": "member"})
    lead("DELETE", f"members/{uid_of(lead, 'Stakeholder Person')}/")
    copy.follow()
    assert copy.rows == read(lead)
    assert lead.get("tickets/1/")["assignee"]["name"] == "Night shift"


def test_no_answer_with_a_secret_is_kept_to_be_given_again(cast: Cast, service: dict[str, Any]):
    path, sent = f"/api/v1/projects/TST/members/{service['uid']}/tokens/", {"name": "Nightly", "scope": "read"}
    browser, key = browser_of(cast.lead), {"Idempotency-Key": "one"}
    made = browser.post(path, sent, content_type="application/json", headers=key)
    assert made.status_code == 201
    again = browser.post(path, sent, content_type="application/json", headers=key)
    assert again.status_code == 422
    assert made.json()["secret"] not in str(list(Answer.objects.values()))


def test_only_leads_see_a_service_accounts_tokens(cast: Cast, service: dict[str, Any]):
    service_token(cast, service)
    path = f"/api/v1/projects/TST/members/{service['uid']}/tokens/"
    assert [row["project"] for row in browser_of(cast.lead).get(path).json()["results"]] == ["TST"]
    assert browser_of(cast.member).get(path).status_code == 403
    assert browser_of(cast.outsider).get(path).status_code == 404


def test_another_projects_lead_reaches_no_service_account_or_token_of_this_one(cast: Cast, service: dict[str, Any]):
    service_token(cast, service)
    other, token = make_cast("OTH"), Token.objects.get(user__kind="service")
    browser, base = browser_of(other.lead), f"/api/v1/projects/OTH/members/{service['uid']}/"
    for method, path in (("GET", "tokens/"), ("DELETE", f"tokens/{token.uid}/"), ("PATCH", ""), ("DELETE", "")):
        answer = browser.generic(method, base + path, "{}", content_type="application/json")
        assert answer.status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_a_token_of_the_service_account_itself_cannot_make_another(cast: Cast):
    row = make_service(project=cast.project, sent={"name": "Robot", "role": "lead"}, actor=cast.lead, now=NOW)
    api = Api(None)
    api.headers = {"Authorization": f"Bearer {issue_token(user=row.user, name='n', scope='write', now=NOW)}"}
    sent = {"name": "m", "scope": "write"}
    assert api("POST", f"members/{row.uid}/tokens/", sent).json()["code"] == "session_only"
    assert api("POST", "/api/v1/me/tokens/", sent).json()["code"] == "session_only"
