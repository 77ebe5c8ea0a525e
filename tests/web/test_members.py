"""A project's people on their page: leads let in, invite, change and show out, and look after the service accounts."""

import re
from typing import Any

import pytest
from django.test import Client

from agileml.accounts.models import User
from agileml.projects.actions import add_member, make_service, make_service_token
from agileml.projects.models import Invitation, Membership, Token
from tests.factories import NOW, Cast, make_cast
from tests.web.browsing import browser_of, queries

PATH = "/p/TST/members/"
ME = "/api/v1/me/"
TOKEN = {"name": "Night", "scope": "metrics", "life": "90"}


def uid(cast: Cast, user: User) -> str:
    return str(Membership.objects.get(project=cast.project, user=user).uid)


@pytest.fixture
def robot(cast: Cast) -> Membership:
    return make_service(project=cast.project, sent={"name": "Robot", "role": "member"}, actor=cast.lead, now=NOW)


def act(cast: Cast, who: Any, do: str, **more: str) -> Any:
    return browser_of(cast.lead).post(f"{PATH}{who}/", {"do": do} | more, follow=True)


def test_everybody_in_the_project_sees_who_takes_part_and_only_leads_see_addresses(cast: Cast, robot: Membership):
    for user in (cast.lead, cast.stakeholder):
        html = browser_of(user).get(PATH).content.decode()
        assert "Stakeholder Person" in html
        assert "Robot" in html
        assert ("member-tst@example.com" in html) is (user == cast.lead)
        assert ("Make a service account" in html) is (user == cast.lead)
    assert browser_of(cast.outsider).get(PATH).status_code == 404


def test_a_lead_changes_a_role_and_shows_somebody_out(cast: Cast):
    member = uid(cast, cast.member)
    assert "role is changed" in act(cast, member, "role", role="stakeholder").content.decode()
    assert Membership.objects.get(user=cast.member).role == "stakeholder"
    assert "takes no part any more" in act(cast, member, "remove").content.decode()
    assert browser_of(cast.member).get("/p/TST/").status_code == 404


def test_the_last_lead_is_told_and_stays(cast: Cast):
    for do, more in (("remove", {}), ("role", {"role": "member"})):
        answer = act(cast, uid(cast, cast.lead), do, **more)
        assert answer.status_code == 409
        assert "make somebody else lead first" in answer.content.decode()


def test_a_lead_who_shows_herself_out_is_led_home(cast: Cast):
    act(cast, uid(cast, cast.member), "role", role="lead")
    answer = act(cast, uid(cast, cast.lead), "remove")
    assert answer.redirect_chain == [("/", 302)]


@pytest.mark.parametrize(("do", "status"), [("boss", 404), ("", 404), ("rename", 422), ("stop", 422)])
def test_what_cannot_be_done_to_a_person_is_not_done(cast: Cast, do: str, status: int):
    assert act(cast, uid(cast, cast.member), do, name="Changed").status_code == status
    cast.member.refresh_from_db()
    assert (cast.member.name, cast.member.is_active) == ("Member Person", True)


def test_somebody_of_another_project_is_added_by_her_address(cast: Cast):
    other = make_cast("OTH")
    add_member(project=other.project, user=cast.lead, role="member", actor=other.lead, now=NOW)
    browser = browser_of(cast.lead)
    answer = browser.post(PATH, {"email": "member-oth@example.com", "role": "member"}, follow=True)
    assert "Member Person takes part now." in answer.content.decode()
    refused = browser.post(PATH, {"email": "who@example.com", "role": "member"})
    assert refused.status_code == 422
    assert "Make an invitation instead" in refused.content.decode()
    assert 'value="who@example.com"' in refused.content.decode()


def test_a_service_account_is_made_given_a_token_that_works_renamed_and_stopped(cast: Cast):
    browser = browser_of(cast.lead)
    assert browser.post(f"{PATH}service/", {"name": "Robot", "role": "member"}).status_code == 302
    row = Membership.objects.get(user__kind="service")
    answer = browser.post(f"{PATH}{row.uid}/tokens/", TOKEN | {"scope": "write"})
    secret = answer.context["secret"]
    assert secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert secret not in browser.get(PATH).content.decode()
    bearer = {"Authorization": f"Bearer {secret}"}
    assert Client().get(ME, headers=bearer).json()["name"] == "Robot"
    assert "last used" in browser.get(PATH).content.decode()
    assert "is called Night shift now" in act(cast, row.uid, "rename", name="Night shift").content.decode()
    assert "is stopped" in act(cast, row.uid, "stop").content.decode()
    assert Client().get(ME, headers=bearer).status_code == 401
    assert "needs a new token" in act(cast, row.uid, "wake").content.decode()
    assert Client().get(ME, headers=bearer).status_code == 401


def test_a_service_accounts_token_is_revoked(cast: Cast, robot: Membership):
    sent = {"name": "Night", "scope": "read"}
    row, secret = make_service_token(project=cast.project, member=robot.uid, sent=sent, actor=cast.lead, now=NOW)
    path = f"{PATH}{robot.uid}/tokens/{row.uid}/"
    assert browser_of(cast.member).post(path).status_code == 403
    assert browser_of(cast.lead).post(path).status_code == 302
    assert Client().get(ME, headers={"Authorization": f"Bearer {secret}"}).status_code == 401


def test_what_is_wrong_with_a_token_is_said_beside_its_own_form(cast: Cast, robot: Membership):
    answer = browser_of(cast.lead).post(f"{PATH}{robot.uid}/tokens/", TOKEN | {"scope": "all"})
    assert answer.status_code == 422
    assert answer.content.decode().count("One of read, write, metrics.") == 2  # on top, and at the field
    assert Token.objects.count() == 0


def test_only_leads_may(cast: Cast, robot: Membership):
    sent: dict[str, dict[str, str]] = {
        PATH: {"email": "outsider-tst@example.com", "role": "lead"},
        f"{PATH}invitation/": {"role": "lead"},
        f"{PATH}service/": {"name": "Mine", "role": "lead"},
        f"{PATH}{robot.uid}/": {"do": "stop"},
        f"{PATH}{robot.uid}/tokens/": TOKEN,
    }
    for path, form in sent.items():
        assert browser_of(cast.member).post(path, form).status_code == 403
        assert browser_of(cast.outsider).post(path, form).status_code == 404
    assert (Membership.objects.count(), Token.objects.count(), Invitation.objects.count()) == (4, 0, 0)


def test_many_people_take_no_more_queries(cast: Cast, robot: Membership):
    browser = browser_of(cast.lead)
    browser.get(PATH)
    _, few = queries(browser, PATH)
    for number in range(4):
        sent = {"name": f"R{number}", "role": "member"}
        more = make_service(project=cast.project, sent=sent, actor=cast.lead, now=NOW)
        token = {"name": "n", "scope": "read"}
        make_service_token(project=cast.project, member=more.uid, sent=token, actor=cast.lead, now=NOW)
        browser.post(f"{PATH}invitation/", {"role": "member"})
    answer, many = queries(browser, PATH)
    assert len(re.findall("An open invitation", answer.content.decode())) == 4
    assert many == few


def test_hostile_names_are_shown_as_text(cast: Cast):
    browser_of(cast.lead).post(f"{PATH}service/", {"name": "<script>alert(1)</script>", "role": "member"})
    assert "<script>alert" not in browser_of(cast.lead).get(PATH).content.decode()
