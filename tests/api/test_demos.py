"""Demos over the API: begun, published, shared and answered, by the rules of the pages."""

import pytest

from agileml.demos.models import ShareLink
from tests.api.client import Api, codes
from tests.api.world import World, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.mark.parametrize("sent", [False, True, 0.0, -1, "0", 2**31, None])
def test_an_edition_that_is_no_number_is_not_taken_for_none(world: World, sent: object):
    answer = Api(world.cast.member)("POST", "demos/1/publish/", {"expected": sent})
    assert (answer.status_code, codes(answer.json())) == (422, ["invalid"])


def test_who_knows_an_older_edition_publishes_nothing_and_gets_the_newest(world: World):
    api = Api(world.cast.member)
    assert api.post("demos/1/publish/", {"expected": 0})["edition"] == 1
    assert api.post("demos/1/publish/", {"expected": 1})["edition"] == 2
    assert api.get("demos/1/")["edition"] == api.get("demos/1/edition/")["edition"] == 2


def test_the_address_of_a_link_is_told_once_and_ends_with_it(world: World):
    lead = Api(world.cast.lead)
    made = lead.post("demos/1/share-links/", {"expires_in_days": 7, "passphrase": None})
    path = made["url"].removeprefix("http://testserver")
    assert lead.client.get(path).status_code == 200
    told = lead("GET", "demos/1/share-links/").content.decode() + lead("GET", "changes/?limit=1000").content.decode()
    assert path.split("/")[2] not in told
    assert ShareLink.objects.filter(uid=made["id"], digest__contains=path.split("/")[2]).count() == 0
    assert lead("DELETE", f"demos/1/share-links/{made['id']}/").status_code == 204
    assert lead.client.get(path).status_code == 404


def test_a_link_of_another_demo_is_not_ended_here(world: World):
    lead = Api(world.cast.lead)
    lead.post("demos/", {"sprint": 3})
    assert lead("DELETE", f"demos/2/share-links/{world.shared.uid}/").status_code == 404
    assert ShareLink.objects.get(pk=world.shared.pk).revoked_at is None
