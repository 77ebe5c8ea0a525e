"""Demos over the API: begun, published, shared and answered, by the rules of the pages."""

from typing import Any

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


def test_every_edition_can_be_read_as_it_was(world: World):
    api, stakeholder = Api(world.cast.member), Api(world.cast.stakeholder)
    first = stakeholder.get("demos/1/edition/")
    api.patch("demos/1/", {"title": "Later words"}, version=1)
    second = api.post("demos/1/publish/", {"expected": 1})
    assert second["body"]["title"] == "Later words"
    assert stakeholder.walk("demos/1/editions/?limit=1") == [first, second]
    assert [stakeholder.get(f"demos/1/editions/{number}/") for number in (1, 2)] == [first, second]
    assert stakeholder.get("demos/1/edition/") == second
    for path in ("demos/1/editions/3/", "demos/2/editions/1/", "demos/2/editions/"):
        assert stakeholder("GET", path).status_code == 404


def test_a_preview_is_what_would_be_published_and_writes_nothing(world: World):
    api = Api(world.cast.member)
    api.patch("demos/1/", {"title": "Later words"}, version=1)
    revision = api("GET", "demos/")["X-Project-Revision"]
    seen = api.get("demos/1/preview/")
    assert (seen["demo"], seen["edition"], seen["body"]["title"]) == (1, 2, "Later words")
    assert api("GET", "demos/")["X-Project-Revision"] == revision
    published = api.post("demos/1/publish/", {})
    assert [words(body) for body in (seen["body"], published["body"])] == [words(seen["body"])] * 2


def words(body: dict[str, Any]) -> dict[str, Any]:
    """A body without when it was."""
    return {name: value for name, value in body.items() if not name.startswith("as_of")}


def test_an_answer_without_text_is_taken_back(world: World):
    api = Api(world.cast.member)
    here = f"demos/1/feedback/{world.feedback.uid}/answer/"
    assert api.post(here, {"text": "Not yet."}, status=200)["answered_by"]["id"] == str(world.cast.member.uid)
    assert api.post(here, {"text": ""}, status=200)["answered_at"] is None
    assert api.walk("demos/1/feedback/")[0]["answer"] == ""


def test_a_draft_has_no_edition_yet(world: World):
    api = Api(world.cast.member)
    api.post("demos/", {"sprint": 3})
    assert api.walk("demos/2/editions/") == []
    assert api("GET", "demos/2/edition/").status_code == 404


def test_a_link_of_the_project_shows_whatever_was_published_last_until_it_is_ended(world: World):
    lead = Api(world.cast.lead)
    made = lead.post("share-links/", {"expires_in_days": 30})
    path = made["url"].removeprefix("http://testserver")
    assert made["demo"] is None
    assert "Later words" not in lead.client.get(path).content.decode()
    lead.patch("demos/1/", {"title": "Later words"}, version=1)
    lead.post("demos/1/publish/", {})
    assert "Later words" in lead.client.get(path).content.decode()
    assert lead("DELETE", f"share-links/{made['id']}/").status_code == 204
    assert lead.client.get(path).status_code == 404


def test_the_links_of_the_project_are_all_of_them_and_those_of_a_demo_its_own(world: World):
    lead = Api(world.cast.lead)
    newest = lead.post("share-links/", {})
    own = str(world.shared.uid)
    assert [(row["id"], row["demo"]) for row in lead.walk("share-links/?limit=1")] == [(own, 1), (newest["id"], None)]
    assert [row["id"] for row in lead.walk("demos/1/share-links/")] == [own]
    assert lead("DELETE", f"demos/1/share-links/{newest['id']}/").status_code == 404
    assert lead("DELETE", f"share-links/{own}/").status_code == 204
    assert ShareLink.objects.get(uid=newest["id"]).revoked_at is None


@pytest.mark.parametrize("days", [0, -1, 366, 2**31, True, "7", 7.0, None])
def test_a_link_works_for_whole_days_and_at_most_a_year(world: World, days: object):
    answer = Api(world.cast.lead)("POST", "share-links/", {"expires_in_days": days})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/expires_in_days")
    assert "days" in answer.json()["errors"][0]["message"]


def test_a_link_of_another_demo_is_not_ended_here(world: World):
    lead = Api(world.cast.lead)
    lead.post("demos/", {"sprint": 3})
    assert lead("DELETE", f"demos/2/share-links/{world.shared.uid}/").status_code == 404
    assert ShareLink.objects.get(pk=world.shared.pk).revoked_at is None
