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
def link(cast: Cast) -> str:
    """The path of an invitation of a member."""
    answer = browser_of(cast.lead).post("/p/TST/members/invitation/", {"role": "member"})
    found = re.search(r"/join/[\w-]{43}/", answer.content.decode())
    assert found
    return found[0]


def test_somebody_without_an_account_makes_one_and_is_in(cast: Cast, link: str):
    guest = Client()
    asked = guest.get(link).content.decode()
    assert "Join Test project" in asked
    assert 'type="password"' in asked
    assert guest.post(link, NEW)["Location"] == "/p/TST/"
    assert guest.get("/p/TST/").status_code == 200
    user = User.objects.get(email="new@example.com")
    assert user.check_password(PASSWORD)
    change = Change.objects.latest("pk")
    assert (change.kind, change.action, change.actor) == ("member", "created", user)
    assert Audit.objects.filter(action="member added", actor=user).exists()


def test_somebody_with_an_account_joins_with_one_button(cast: Cast, link: str):
    browser = browser_of(cast.outsider)
    assert "Outsider Person" in browser.get(link).content.decode()
    assert browser.post(link)["Location"] == "/p/TST/"
    assert Membership.objects.get(user=cast.outsider).role == "member"


def test_looking_uses_nothing_up_and_joining_does(cast: Cast, link: str):
    for _ in range(2):
        assert Client().get(link).status_code == 200
    browser_of(cast.outsider).post(link)
    assert Client().get(link).status_code == 404
    assert Client().post(link, NEW).status_code == 404
    assert not User.objects.filter(email="new@example.com").exists()


def test_who_is_in_already_uses_it_up_for_nobody_and_keeps_her_role(cast: Cast, link: str):
    assert browser_of(cast.lead).post(link)["Location"] == "/p/TST/"
    assert Membership.objects.get(user=cast.lead).role == "lead"
    assert Client().get(link).status_code == 200


def test_it_ends_by_itself_when_called_back_and_with_its_makers_lead(cast: Cast, link: str):
    row = Invitation.objects.get()
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().get(link).status_code == 404
    Invitation.objects.update(expires_at=timezone.now() + timedelta(days=1))
    add_member(project=cast.project, user=cast.outsider, role="lead", actor=cast.lead, now=NOW)
    lead = Membership.objects.get(user=cast.lead)
    told: dict[str, Any] = {"project": cast.project, "member": lead.uid, "actor": cast.outsider, "now": NOW}
    edit_member(sent={"role": "member"}, **told)
    assert Client().get(link).status_code == 404
    edit_member(sent={"role": "lead"}, **told)
    assert Client().get(link).status_code == 200
    assert browser_of(cast.lead).post(f"/p/TST/members/invitations/{row.uid}/").status_code == 302
    assert Client().get(link).status_code == 404


@pytest.mark.parametrize("secret", ["x", "a" * 43, "%00", "é", "a" * 5000])
def test_a_link_that_none_was_given_leads_nowhere(cast: Cast, link: str, secret: str):
    assert Client().get(f"/join/{secret}/").status_code == 404
    assert Client().post(f"/join/{secret}/", NEW).status_code == 404


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
def test_what_is_wrong_is_said_and_the_invitation_still_holds(cast: Cast, link: str, name: str, value: str, said: str):
    guest, people = Client(), User.objects.count()
    answer = guest.post(link, NEW | {name: value})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert said in html
    assert PASSWORD not in html
    assert User.objects.count() == people
    assert guest.get("/").status_code == 302
    assert guest.post(link, NEW).status_code == 302


def test_the_link_is_shown_once_and_not_kept(cast: Cast, link: str):
    assert link not in browser_of(cast.lead).get("/p/TST/members/").content.decode()
    assert link.split("/")[2] not in str(Invitation.objects.values()) + str(Audit.objects.values())


def test_a_page_of_another_site_joins_nobody(cast: Cast, link: str):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.outsider)
    assert browser.post(link).status_code == 403
    assert not Membership.objects.filter(user=cast.outsider).exists()
