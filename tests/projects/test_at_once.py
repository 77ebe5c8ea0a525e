"""Several leads and guests at once, each on a connection of her own."""

from functools import partial
from typing import Any

import pytest

from agileml.accounts.actions import prepare_person
from agileml.accounts.models import User
from agileml.projects.actions import edit_member, invite, join, join_anew, remove_member
from agileml.projects.doors import Hidden
from agileml.projects.models import Invitation, Membership
from tests.factories import NOW, PASSWORD, Cast, make_cast, make_user
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def names(results: list[Any]) -> list[str]:
    return sorted(type(result).__name__ for result in results)


@pytest.fixture
def two_leads() -> Cast:
    cast = make_cast()
    edit_member(
        project=cast.project, member=membership(cast, cast.member), sent={"role": "lead"}, actor=cast.lead, now=NOW
    )
    return cast


def membership(cast: Cast, user: User) -> Any:
    return Membership.objects.get(project=cast.project, user=user).uid


def test_two_leads_who_show_each_other_out_at_once_leave_one(two_leads: Cast):
    first, second = two_leads.lead, two_leads.member
    out = partial(remove_member, project=two_leads.project, now=NOW)
    results = at_once(partial(out, user=second, actor=first), partial(out, user=first, actor=second))
    assert names(results) == ["Hidden", "NoneType"]
    assert Membership.objects.filter(project=two_leads.project, role="lead").count() == 1


def test_two_leads_who_step_down_at_once_leave_one(two_leads: Cast):
    down = partial(edit_member, project=two_leads.project, sent={"role": "member"}, now=NOW)
    results = at_once(
        *[partial(down, member=membership(two_leads, user), actor=user) for user in (two_leads.lead, two_leads.member)]
    )
    assert names(results) == ["LastLead", "Membership"]


def test_an_invitation_that_several_accept_at_once_lets_one_in():
    cast = make_cast()
    _, secret = invite(project=cast.project, sent={"role": "member"}, actor=cast.lead, now=NOW)
    guests = [make_user(f"Guest {number}") for number in range(3)]
    anew = {"name": "New", "email": "new@example.com"}
    results = at_once(
        *[partial(join, secret=secret, user=guest, now=NOW) for guest in guests],
        partial(join_anew, secret=secret, sent=anew, password=PASSWORD, now=NOW),
    )
    assert names(results).count("Hidden") == 3
    assert Membership.objects.filter(project=cast.project).count() == 4
    assert Invitation.objects.get().used_by is not None
    assert User.objects.filter(email="new@example.com").exists() is isinstance(results[3], User)


def test_an_invitation_that_is_used_up_while_an_account_is_made_makes_none(monkeypatch: pytest.MonkeyPatch):
    cast = make_cast()
    _, secret = invite(project=cast.project, sent={"role": "member"}, actor=cast.lead, now=NOW)
    guest = make_user("Faster")

    def slowly(**told: Any) -> User:
        join(secret=secret, user=guest, now=NOW)
        return prepare_person(**told)

    monkeypatch.setattr("agileml.projects.actions.invitations.prepare_person", slowly)
    with pytest.raises(Hidden):
        join_anew(secret=secret, sent={"name": "New", "email": "new@example.com"}, password=PASSWORD, now=NOW)
    assert Invitation.objects.get().used_by == guest
    assert not User.objects.filter(email="new@example.com").exists()


def test_one_address_that_joins_twice_at_once_becomes_one_account():
    cast = make_cast()
    secrets = [invite(project=cast.project, sent={"role": "member"}, actor=cast.lead, now=NOW)[1] for _ in range(2)]
    anew = {"name": "New", "email": "new@example.com"}
    results = at_once(*[partial(join_anew, secret=secret, sent=anew, password=PASSWORD, now=NOW) for secret in secrets])
    assert names(results) == ["Unfit", "User"]
    assert Invitation.objects.filter(used_at=None).count() == 1
