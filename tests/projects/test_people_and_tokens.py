"""People come and go on record; a token is kept as a hash and nothing else."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.serializers import serialize
from django.db import IntegrityError

from agileml.journal.models import Audit, Change
from agileml.projects.actions import (
    LastLead,
    add_member,
    create_project,
    digest,
    issue_token,
    remove_member,
    revoke_token,
    touch_token,
)
from agileml.projects.doors import Forbidden, Hidden
from agileml.projects.models import Membership, Token
from tests.factories import NOW, Cast


def test_a_new_project_tells_its_journal_of_itself_and_its_lead(cast: Cast) -> None:
    told = Change.objects.filter(stream=cast.project.stream).order_by("revision").values_list("kind", "action")
    assert list(told)[:2] == [("project", "created"), ("member", "created")]


@pytest.mark.parametrize("key", ["tst", "T", "1ST", "TOOLONGAKEY", "A-B", "TST\n"])
def test_a_key_that_could_not_stand_in_a_tickets_name_is_refused(cast: Cast, key: str) -> None:
    with pytest.raises(ValidationError):
        create_project(key=key, name="Another", lead=cast.lead, now=NOW)


def test_a_key_is_given_once(cast: Cast) -> None:
    with pytest.raises(ValidationError):
        create_project(key="TST", name="Another", lead=cast.lead, now=NOW)


def test_only_leads_let_people_in_and_out_and_both_are_on_record(cast: Cast) -> None:
    with pytest.raises(Forbidden):
        add_member(project=cast.project, user=cast.outsider, role="member", actor=cast.member, now=NOW)
    add_member(project=cast.project, user=cast.outsider, role="member", actor=cast.lead, now=NOW)
    remove_member(project=cast.project, user=cast.outsider, actor=cast.lead, now=NOW)
    acts = Audit.objects.filter(detail__user=str(cast.outsider.uid)).order_by("pk").values_list("action", flat=True)
    assert list(acts) == ["member added", "member removed"]
    assert Change.objects.order_by("-revision").values_list("kind", "action")[0] == ("member", "deleted")


def test_nobody_takes_part_twice(cast: Cast) -> None:
    with pytest.raises(IntegrityError):
        add_member(project=cast.project, user=cast.member, role="lead", actor=cast.lead, now=NOW)


def test_the_last_lead_stays(cast: Cast) -> None:
    with pytest.raises(LastLead):
        remove_member(project=cast.project, user=cast.lead, actor=cast.lead, now=NOW)
    assert Membership.objects.filter(user=cast.lead).exists()


def test_who_takes_no_part_cannot_be_removed(cast: Cast) -> None:
    with pytest.raises(Hidden):
        remove_member(project=cast.project, user=cast.outsider, actor=cast.lead, now=NOW)


def test_a_tokens_secret_is_nowhere_in_the_database(cast: Cast) -> None:
    secret = issue_token(user=cast.lead, name="Nightly", scope="metrics", now=NOW, project=cast.project)
    token = Token.objects.get()
    assert token.digest == digest(secret)
    kept = serialize("json", [token]) + serialize("json", Audit.objects.all())
    assert secret not in kept
    assert len(secret) > 40


def test_a_token_is_revoked_once_and_its_use_is_noted_at_most_once_a_minute(cast: Cast) -> None:
    issue_token(user=cast.lead, name="Nightly", scope="read", now=NOW)
    token = Token.objects.get()
    for seconds, noted in ((0, 0), (59, 0), (60, 60)):
        touch_token(token=token, now=NOW + timedelta(seconds=seconds))
        token.refresh_from_db()
        assert token.last_used_at == NOW + timedelta(seconds=noted)
    revoke_token(token=token, now=NOW)
    revoke_token(token=token, now=NOW + timedelta(days=1))
    token.refresh_from_db()
    assert token.revoked_at == NOW
    assert Audit.objects.filter(action="token revoked").count() == 1
