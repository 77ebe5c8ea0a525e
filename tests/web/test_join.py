"""An invitation lets one person in, once, while it holds, and tells nobody who has an account here."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from agileml.accounts.models import User
from agileml.journal.models import Audit, Change
from agileml.projects.actions import add_member, edit_member
from agileml.projects.models import Invitation, Membership
from tests.factories import NOW, PASSWORD, Cast
from tests.web.browsing import browser_of

NEW = {"name": "New Person", "email": "New@Example.com", "password": PASSWORD}


@pytest.fixture
def key(cast: Cast) -> str:
    """What the link of an invitation of a member holds."""
    answer = browser_of(cast.lead).post("/p/TST/members/invitation/", {"role": "member"})
    found = re.search(r"/join/\?key=([\w-]{43})", answer.content.decode())
    assert found
    return found[1]


def look(browser: Client, key: str) -> Any:
    return browser.get("/join/", {"key": key})


def accept(browser: Client, key: str, sent: dict[str, str] | None = None) -> Any:
    return browser.post("/join/", {"key": key} | (sent or {}))


def test_somebody_without_an_account_makes_one_and_is_in(cast: Cast, key: str):
    guest = Client()
    asked = look(guest, key).content.decode()
    assert "Join Test project" in asked
    assert 'type="password"' in asked
    assert accept(guest, key, NEW)["Location"] == "/p/TST/"
    assert guest.get("/p/TST/").status_code == 200
    user = User.objects.get(email="new@example.com")
    assert user.check_password(PASSWORD)
    change = Change.objects.latest("pk")
    assert (change.kind, change.action, change.actor) == ("member", "created", user)
    assert Audit.objects.filter(action="member added", actor=user).exists()


def test_somebody_with_an_account_joins_with_one_button(cast: Cast, key: str):
    browser = browser_of(cast.outsider)
    assert "Outsider Person" in look(browser, key).content.decode()
    assert accept(browser, key)["Location"] == "/p/TST/"
    assert Membership.objects.get(user=cast.outsider).role == "member"


def test_looking_uses_nothing_up_and_joining_does(cast: Cast, key: str):
    for _ in range(2):
        assert look(Client(), key).status_code == 200
    accept(browser_of(cast.outsider), key)
    assert look(Client(), key).status_code == 404
    assert accept(Client(), key, NEW).status_code == 404
    assert not User.objects.filter(email="new@example.com").exists()


def test_who_is_in_already_uses_it_up_for_nobody_and_keeps_her_role(cast: Cast, key: str):
    assert accept(browser_of(cast.lead), key)["Location"] == "/p/TST/"
    assert Membership.objects.get(user=cast.lead).role == "lead"
    assert look(Client(), key).status_code == 200


def test_it_ends_by_itself_when_called_back_and_with_its_makers_lead(cast: Cast, key: str):
    row = Invitation.objects.get()
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert look(Client(), key).status_code == 404
    Invitation.objects.update(expires_at=timezone.now() + timedelta(days=1))
    add_member(project=cast.project, user=cast.outsider, role="lead", actor=cast.lead, now=NOW)
    lead = Membership.objects.get(user=cast.lead)
    told: dict[str, Any] = {"project": cast.project, "member": lead.uid, "actor": cast.outsider, "now": NOW}
    edit_member(sent={"role": "member"}, **told)
    assert look(Client(), key).status_code == 404
    edit_member(sent={"role": "lead"}, **told)
    assert look(Client(), key).status_code == 200
    assert browser_of(cast.lead).post(f"/p/TST/members/invitations/{row.uid}/").status_code == 302
    assert look(Client(), key).status_code == 404


@pytest.mark.parametrize("wrong", ["", "x", "a" * 43, "\0", "é", "a" * 5000])
def test_a_link_that_none_was_given_leads_nowhere(cast: Cast, key: str, wrong: str):
    assert look(Client(), wrong).status_code == 404
    assert accept(Client(), wrong, NEW).status_code == 404


def test_no_log_of_what_went_wrong_holds_what_opens_the_project(cast: Cast, key: str, caplog: pytest.LogCaptureFixture):
    strict = Client(enforce_csrf_checks=True)
    assert accept(strict, key, NEW).status_code == 403
    assert accept(Client(), key, NEW | {"name": ""}).status_code == 422
    assert "/join/" in caplog.text
    assert key not in caplog.text


def test_whoever_logs_in_first_comes_back_to_her_invitation(cast: Cast, key: str):
    guest = Client()
    found = re.search(r'href="(/login/[^"]+)"', look(guest, key).content.decode())
    assert found
    answer = guest.post(found[1], {"username": "outsider-tst@example.com", "password": PASSWORD})
    assert answer["Location"] == f"/join/?key={key}"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("password", "short", "too short"),
        ("email", "lead-tst@example.com", "cannot be used"),
        ("email", "nothing", "An e-mail address"),
        ("email", "a\0@example.com", "An e-mail address"),
        ("name", " ", "A name of 1 to 120"),
    ],
)
def test_what_is_wrong_is_said_and_the_invitation_still_holds(cast: Cast, key: str, name: str, value: str, said: str):
    guest, people = Client(), User.objects.count()
    answer = accept(guest, key, NEW | {name: value})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert said in html
    assert PASSWORD not in html
    assert User.objects.count() == people
    assert guest.get("/").status_code == 302
    assert accept(guest, key, NEW).status_code == 302


def test_the_link_is_shown_once_and_not_kept(cast: Cast, key: str):
    assert key not in browser_of(cast.lead).get("/p/TST/members/").content.decode()
    assert key not in str(Invitation.objects.values()) + str(Audit.objects.values())


def test_a_page_of_another_site_joins_nobody(cast: Cast, key: str):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.outsider)
    assert accept(browser, key).status_code == 403
    assert not Membership.objects.filter(user=cast.outsider).exists()
