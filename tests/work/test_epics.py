"""Epics and stories: edited for a version, ranked among each other, deleted while nothing hangs on them."""

import random
from typing import Any

import pytest

from agileml.journal.models import Change
from agileml.journal.rules.edits import Stale
from agileml.lib.fields import Invalid
from agileml.work import actions
from agileml.work.actions import Referenced
from agileml.work.models import Epic, Story
from tests.api.client import Api
from tests.api.replica import Replica, read
from tests.factories import NOW, Cast, make_ticket


@pytest.fixture
def by(cast: Cast) -> dict[str, Any]:
    return {"project": cast.project, "actor": cast.member, "now": NOW}


@pytest.fixture(autouse=True)
def two_of_each(by: dict[str, Any]) -> None:
    for title in ("Read faster", "Read letters"):
        actions.create_epic(sent={"title": title}, **by)
        actions.create_story(sent={"title": f"How to {title}", "epic": 1}, **by)


def test_an_edit_moves_the_version_and_tells_what_changed(by: dict[str, Any]):
    row = actions.edit_epic(number=1, sent={"goal": "Sooner", "title": "Read faster"}, expected_version=1, **by)
    assert (row.goal, row.version) == ("Sooner", 2)
    assert Change.objects.order_by("-pk")[0].diff == {"goal": ["", "Sooner"]}
    story = actions.edit_story(number=1, sent={"epic": 2, "description": "So"}, expected_version=1, **by)
    assert (story.epic, story.version) == (Epic.objects.get(number=2), 2)
    assert Change.objects.order_by("-pk")[0].diff == {"epic": [1, 2], "description": ["", "So"]}


def test_an_edit_that_changes_nothing_is_none(by: dict[str, Any]):
    before = Change.objects.count()
    assert actions.edit_epic(number=1, sent={"title": "Read faster"}, expected_version=1, **by).version == 1
    assert actions.edit_story(number=1, sent={"epic": 1}, expected_version=1, **by).version == 1
    assert Change.objects.count() == before


@pytest.mark.parametrize("kind", ["epic", "story"])
def test_an_edit_or_a_delete_for_an_older_version_is_refused(by: dict[str, Any], kind: str):
    edit, delete = getattr(actions, f"edit_{kind}"), getattr(actions, f"delete_{kind}")
    edit(number=2, sent={"title": "Mine"}, expected_version=1, **by)
    with pytest.raises(Stale) as stale:
        edit(number=2, sent={"title": "Yours"}, expected_version=1, **by)
    assert stale.value.current["title"] == "Mine"
    with pytest.raises(Stale):
        delete(number=2, expected_version=1, **by)


def test_a_story_goes_under_no_epic_that_is_not_there(by: dict[str, Any]):
    actions.delete_epic(number=2, expected_version=1, **by)
    for epic in (2, 9):
        with pytest.raises(Invalid):
            actions.edit_story(number=1, sent={"epic": epic}, expected_version=1, **by)


def test_what_has_something_under_it_is_not_deleted(cast: Cast, by: dict[str, Any]):
    make_ticket(cast, story=1)
    with pytest.raises(Referenced):
        actions.delete_epic(number=1, expected_version=1, **by)
    with pytest.raises(Referenced):
        actions.delete_story(number=1, expected_version=1, **by)
    actions.delete_story(number=2, expected_version=1, **by)
    actions.delete_epic(number=2, expected_version=1, **by)
    assert Story.objects.get(number=2).deleted_at == Epic.objects.get(number=2).deleted_at == NOW


@pytest.mark.parametrize("kind", ["epic", "story"])
def test_any_reordering_leaves_one_order_and_a_replica_follows(cast: Cast, by: dict[str, Any], kind: str):
    create, rank = getattr(actions, f"create_{kind}"), getattr(actions, f"rank_{kind}")
    model = Epic if kind == "epic" else Story
    create(sent={"title": "One more"}, **by)
    replica = Replica(Api(cast.member))
    wanted, chance = [1, 2, 3], random.Random(1)
    for _ in range(60):  # often enough that keys have to be laid out anew
        one, other = chance.sample(wanted, 2)
        side = chance.choice(["before", "after"])
        rank(number=one, **{side: other}, **by)
        wanted.remove(one)
        wanted.insert(wanted.index(other) + (side == "after"), one)
        assert list(model._default_manager.order_by("rank").values_list("number", flat=True)) == wanted
    assert set(model._default_manager.values_list("version", flat=True)) == {1}
    replica.follow(limit=500)
    assert replica.rows == read(replica.api)


def test_a_place_beside_nothing_is_refused(by: dict[str, Any]):
    sides: list[dict[str, Any]] = [{"before": 9}, {"after": 1}, {}]
    for beside in sides:
        with pytest.raises(Invalid):
            actions.rank_epic(number=1, **beside, **by)


def test_the_target_is_part_of_an_epic_everywhere(cast: Cast):
    api = Api(cast.member)
    replica = Replica(api)
    target = {"metric": "error", "op": "<=", "value": 0.01}
    made = api("PUT", "epics/1/target/", target).json()
    assert made["target"] == target
    assert api.get("epics/1/") == api.walk("epics/")[0] == made
    replica.follow()
    assert replica.rows == read(api)
