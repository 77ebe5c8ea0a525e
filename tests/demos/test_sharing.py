"""A link shows one demo to whoever has it, for as long as it works, and its token is nowhere but in it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from agileml import settings as product
from agileml.demos.actions.answers import guest_feedback
from agileml.demos.actions.begin import begin_demo
from agileml.demos.actions.publish import publish
from agileml.demos.actions.sharing import count_views, revoke, share, unlocks
from agileml.demos.models import ShareLink
from agileml.demos.queries import listed
from agileml.demos.queries import shown as queries
from agileml.demos.shapes import share_link
from agileml.journal.models import Audit, Change
from agileml.lib.fields import Invalid
from agileml.metrics.rules.refusing import CannotBe
from agileml.planning.actions.progress import progress
from agileml.projects.doors import Forbidden, Hidden
from tests.demos.showing import Shown
from tests.factories import NOW, make_cast, make_sprint, make_ticket


def make_shown_again(shown: Shown) -> None:
    """Another sprint with something done in it."""
    make_ticket(shown.cast, "Later")
    make_sprint(shown.cast, [6], active=True)
    progress(number=6, to="done", outcome="shipped", **shown.who)


def lead(shown: Shown) -> dict[str, Any]:
    return shown.as_(shown.cast.lead).who


def test_the_token_cannot_be_guessed_and_is_kept_nowhere(shown: Shown, settings: Any):
    settings.PASSWORD_HASHERS = product.PASSWORD_HASHERS
    shown.published()
    made = [share(demo=1, sent={}, **lead(shown)) for _ in range(3)]
    guarded = share(demo=1, sent={"passphrase": "open sesame"}, **lead(shown))
    assert len({token for _, token in made}) == 3
    for row, token in (*made, guarded):
        assert len(token) >= 43, "256 bits"
        link = ShareLink.objects.get(pk=row.pk)
        told = repr([*vars(link).values(), *map(vars, Audit.objects.all()), *map(vars, Change.objects.all())])
        assert token not in told + repr(share_link(link))
    row = guarded[0]
    assert row.passphrase.startswith("argon2")
    assert (unlocks(row, "open sesame"), unlocks(row, "Open sesame"), unlocks(made[0][0], "")) == (True, False, True)


def test_a_link_shows_its_demo_until_it_expires_or_is_revoked(shown: Shown):
    edition = shown.published()
    row, token = share(demo=1, sent={"expires_in_days": 2}, **lead(shown))
    assert queries.of_link(queries.working_link(token, now=NOW)) == edition
    queries.working_link(token, now=NOW + timedelta(days=2, microseconds=-1))
    with pytest.raises(Hidden):
        queries.working_link(token, now=NOW + timedelta(days=2))
    revoke(link=row.uid, **lead(shown))
    revoke(link=row.uid, **lead(shown))
    assert Audit.objects.filter(action="demo link revoked").count() == 1
    for wrong in (token, "", "é" * 43, "x" * 43, str(row.uid), row.digest):
        with pytest.raises(Hidden, match="link"):
            queries.working_link(wrong, now=NOW)
    with pytest.raises(Hidden):
        guest_feedback(token=token, name="Guest", sent={"kind": "agree"}, now=NOW)


def test_a_link_to_the_newest_shows_whatever_was_published_last(shown: Shown):
    _, token = share(demo=None, sent={}, **lead(shown))
    link = queries.working_link(token, now=NOW)
    with pytest.raises(Hidden):
        queries.of_link(link)
    assert shown.published() == queries.of_link(link)
    make_shown_again(shown)
    begin_demo(sprint=2, **shown.who)
    assert queries.of_link(link).demo.number == 1, "a draft is not what was published"
    second = publish(demo=2, **shown.who)
    publish(demo=1, **shown.who)
    assert queries.of_link(link) == second, "an older demo that is published again is no news"


def test_a_draft_is_not_shared(shown: Shown):
    shown.begun()
    with pytest.raises(CannotBe):
        share(demo=1, sent={}, **lead(shown))


def test_a_passphrase_opens_its_link_as_it_was_given(shown: Shown):
    shown.published()
    row, _ = share(demo=1, sent={"passphrase": " open sesame\n"}, **lead(shown))
    given = (" open sesame\n", "open sesame", "opensesame", "", " ")
    assert [unlocks(row, words) for words in given] == [True, True, False, False, False]


@pytest.mark.parametrize(
    "sent",
    [{"expires_in_days": 0}, {"expires_in_days": 366}, {"expires_in_days": True}, {"passphrase": "a\0"}, {"a": 1},
     {"passphrase": "  "}],
)  # fmt: skip
def test_what_a_link_cannot_be_is_refused(shown: Shown, sent: dict[str, Any]):
    shown.published()
    with pytest.raises(Invalid):
        share(demo=1, sent=sent, **lead(shown))


def test_only_leads_share_and_revoke_and_only_in_their_project(shown: Shown):
    shown.published()
    row, _ = share(demo=1, sent={}, **lead(shown))
    for actor, refused in ((shown.cast.member, Forbidden), (shown.cast.stakeholder, Forbidden)):
        with pytest.raises(refused):
            share(demo=1, sent={}, **shown.as_(actor).who)
        with pytest.raises(refused):
            revoke(link=row.uid, **shown.as_(actor).who)
    other = make_cast("OTH")
    with pytest.raises(Hidden):
        revoke(project=other.project, link=row.uid, actor=other.lead, now=NOW)
    with pytest.raises(Hidden):
        revoke(link=uuid4(), **lead(shown))


def test_views_are_counted_without_who_viewed(shown: Shown):
    shown.published()
    row, _ = share(demo=1, sent={}, **lead(shown))
    count_views(link=row.uid)
    count_views(link=row.uid, many=20)
    assert [link.views for link in listed.links(shown.project)] == [21]
