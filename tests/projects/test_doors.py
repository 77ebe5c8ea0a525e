"""The doors: who may not see a project cannot tell that it exists, and a role is read again under the lock."""

import pytest

from agileml.accounts.models import User
from agileml.projects import doors
from agileml.projects.actions import remove_member
from agileml.projects.doors import Forbidden, Hidden
from agileml.projects.models import Membership, Project
from agileml.projects.rules import Need, capabilities
from tests.factories import NOW, Cast

ROLES = {
    "lead": set(Need),
    "member": {Need.READ, Need.COMMENT, Need.WORK, Need.DECIDE},
    "stakeholder": {Need.READ, Need.COMMENT},
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("need", Need)
def test_each_role_may_do_what_it_may_and_nothing_else(cast: Cast, role: str, need: Need) -> None:
    user = getattr(cast, role)
    if need in ROLES[role]:
        assert doors.enter(user, "TST", need=need).role == role
        with doors.writing(cast.project, actor=user, now=NOW, need=need) as w:
            assert w.access is not None
    else:
        with pytest.raises(Forbidden):
            doors.enter(user, "TST", need=need)
        with pytest.raises(Forbidden), doors.writing(cast.project, actor=user, now=NOW, need=need):
            pass


def test_where_leads_decide_members_work_and_do_not_decide() -> None:
    assert Need.DECIDE not in capabilities("member", replanners="leads")
    assert Need.WORK in capabilities("member", replanners="leads")
    assert Need.DECIDE in capabilities("lead", replanners="leads")


@pytest.mark.parametrize("key", ["TST", "NOT", "", "tst"])
def test_an_outsider_cannot_tell_a_project_from_none(cast: Cast, key: str) -> None:
    with pytest.raises(Hidden):
        doors.enter(cast.outsider, key)
    assert not Project.objects.visible_to(cast.outsider).exists()


def test_an_outsider_writes_nothing(cast: Cast) -> None:
    with pytest.raises(Hidden), doors.writing(cast.project, actor=cast.outsider, now=NOW, need=Need.READ):
        pass


def test_who_was_removed_after_the_page_was_opened_finds_no_project_under_the_lock(cast: Cast) -> None:
    access = doors.enter(cast.member, "TST", need=Need.WORK)
    remove_member(project=cast.project, user=cast.member, actor=cast.lead, now=NOW)
    with pytest.raises(Hidden), doors.writing(access.project, actor=cast.member, now=NOW, need=Need.WORK):
        pass


def test_who_was_made_a_stakeholder_meanwhile_works_no_more(cast: Cast) -> None:
    access = doors.enter(cast.member, "TST", need=Need.WORK)
    Membership.objects.filter(user=cast.member).update(role="stakeholder")
    with pytest.raises(Forbidden), doors.writing(access.project, actor=cast.member, now=NOW, need=Need.WORK):
        pass


def test_who_is_no_longer_active_sees_nothing(cast: Cast) -> None:
    User.objects.filter(pk=cast.lead.pk).update(is_active=False)
    with pytest.raises(Hidden):
        doors.enter(cast.lead, "TST")
