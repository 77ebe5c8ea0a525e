"""What a demo shows is read, written, ordered, left out and added to over the API, and no follower misses any of it."""

from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from agileml.demos.models import DemoItem
from agileml.lib import ranks
from agileml.planning.actions.progress import progress
from tests.api.client import Api, codes
from tests.api.replica import Replica, read
from tests.demos.pictures import PNG
from tests.demos.showing import Shown, item_of, make_shown
from tests.factories import Cast, make_sprint

HERE = "demos/1/items/"
PICTURE = {"picture": PNG.decode("latin-1"), "alt": "A point"}


@pytest.fixture
def shown(cast: Cast) -> Shown:
    """A draft that shows tickets 1 to 4."""
    shown = make_shown(cast)
    shown.begun()
    return shown


@pytest.fixture
def api(shown: Shown) -> Api:
    return Api(shown.cast.member)


def place(ticket: int | None) -> str:
    return f"{HERE}{item_of(ticket).uid}/"


def order(api: Api) -> list[tuple[int | None, str]]:
    rows = sorted(api.walk(HERE), key=lambda row: row["rank"])
    return [(row["ticket"], row["section"]) for row in rows]


def test_an_item_is_read_alone_and_edited_for_the_version_that_was_seen(api: Api):
    answer = api("GET", place(1))
    assert (answer.json(), answer["ETag"]) == (api.walk(HERE)[0], '"1"')
    assert api("PATCH", place(1), {"headline": "Mine"}).status_code == 428
    assert api.patch(place(1), {"headline": "Mine"}, version=1)["version"] == 2
    assert api.patch(place(1), {"story": "Merged."}, version=1)["headline"] == "Mine"
    refused = api.patch(place(1), {"headline": "Other"}, version=1, status=412)
    assert [line["field"] for line in refused["conflicting_fields"]] == ["headline"]
    assert refused["current"]["uid"] == str(item_of(1).uid)


def test_an_item_is_put_before_or_after_another_and_into_its_section(api: Api):
    uid = {number: str(item_of(number).uid) for number in range(1, 5)}
    moved = api.post(f"{place(4)}rank/", {"before": uid[1]}, status=200)
    assert (moved["ticket"], moved["version"]) == (4, 1), "a place in the order is no edit"
    assert [ticket for ticket, _ in order(api)] == [4, 1, 2, 3]
    moved = api.post(f"{place(1)}rank/", {"after": uid[3], "section": "shipped"}, status=200)
    assert (moved["section"], moved["version"]) == ("shipped", 2)
    assert order(api) == [(4, "not_done"), (2, "better"), (3, "shipped"), (1, "shipped")]


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({}, ""),
        ({"section": "better"}, ""),
        ({"before": str(uuid4()), "after": str(uuid4())}, ""),
        ({"before": str(uuid4())}, "/before"),
        ({"after": "first"}, "/after"),
        ({"after": None}, "/after"),
        ({"before": str(uuid4()), "section": "elsewhere"}, "/section"),
        ({"position": 1}, "/position"),
    ],
)
def test_a_place_that_is_none_is_told_and_nothing_moves(api: Api, sent: Any, pointer: str):
    answer = api("POST", f"{place(1)}rank/", sent)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert [ticket for ticket, _ in order(api)] == [1, 2, 3, 4]


def test_an_item_comes_beside_none_of_another_demo(shown: Shown, api: Api):
    make_sprint(shown.cast, active=True)
    other = api.post("demos/", {"sprint": 2})["number"]
    there = api.post(f"demos/{other}/items/", {"section": "learned", "headline": "Elsewhere"})["uid"]
    answer = api("POST", f"{place(1)}rank/", {"before": there})
    assert codes(answer.json()) == ["unknown"]
    for path in ("", "rank/", "left-out/"):
        method = "POST" if path else "GET"
        sent = [{"before": there} if path == "rank/" else {"left_out": True}] if path else []
        assert api(method, f"{HERE}{there}/{path}", *sent).status_code == 404


def test_what_is_left_out_is_not_published_until_it_is_taken_back(api: Api):
    left = api.post(f"{place(2)}left-out/", {"left_out": True}, status=200)
    assert (left["left_out"], left["version"]) == (True, 1)
    api.post(f"{place(2)}left-out/", {"left_out": True}, status=200)
    assert tickets(api.post("demos/1/publish/", {})) == [1, 3, 4]
    assert api.post(f"{place(2)}left-out/", {"left_out": False}, status=200)["left_out"] is False
    assert tickets(api.post("demos/1/publish/", {})) == [1, 2, 3, 4]
    for sent in ({}, {"left_out": "yes"}, {"left_out": None}, {"out": True}):
        assert api("POST", f"{place(2)}left-out/", sent).status_code == 422


def tickets(edition: dict[str, Any]) -> list[int]:
    return sorted(int(item["ticket"]["number"]) for section in edition["body"]["sections"] for item in section["items"])


def test_tickets_that_ended_since_are_taken_in_once_and_told(shown: Shown, api: Api):
    assert api.post(f"{HERE}refresh/", status=200) == {"items": []}
    progress(number=5, to="done", outcome="shipped", **shown.who)
    taken = api.post(f"{HERE}refresh/", status=200)["items"]
    assert [(item["ticket"], item["section"]) for item in taken] == [(5, "shipped")]
    assert api.walk(HERE)[-1:] == taken
    assert api.post(f"{HERE}refresh/", status=200) == {"items": []}


def test_who_only_follows_has_every_place_picture_and_what_is_left_out_as_it_is(shown: Shown, api: Api):
    replica = Replica(api)
    api.post(f"{place(4)}rank/", {"before": str(item_of(1).uid), "section": "learned"}, status=200)
    api.post(f"{place(2)}left-out/", {"left_out": True}, status=200)
    one = api.post(f"{place(1)}images/", PICTURE)["uid"]
    api.post(f"{place(1)}images/", PICTURE | {"alt": "Another"})
    api("PATCH", f"{place(1)}images/{one}/", {"alt": "A point, far away"})
    follow(replica, api)
    assert [image["alt"] for image in replica.rows["demo_item"][str(item_of(1).uid)]["images"]] == [
        "A point, far away", "Another",
    ]  # fmt: skip
    api.post("demos/1/publish/", {})
    assert api("DELETE", f"{place(1)}images/{one}/").status_code == 204
    progress(number=5, to="done", outcome="shipped", **shown.who)
    api.post(f"{HERE}refresh/", status=200)
    said = api.post("demos/1/feedback/", {"kind": "question", "text": "Why?", "item": str(item_of(1).uid)})["uid"]
    api.post(f"demos/1/feedback/{said}/finding/", {}, status=200)
    api.post("demos/1/goals/", {"epic": 1, "verdict": "keep"})
    follow(replica, api)
    squeeze()
    replica = Replica(api)
    api.post(f"{place(4)}rank/", {"after": str(item_of(2).uid)}, status=200)
    assert max(len(rank) for rank in DemoItem.objects.values_list("rank", flat=True)) < 5, "all were ranked anew"
    follow(replica, api)


def follow(replica: Replica, api: Api) -> None:
    replica.follow()
    assert replica.rows == read(api)


def squeeze() -> None:
    """Leave no room for another key between two items."""
    close = "a2"
    while len(close) < ranks.REBALANCE_FROM:
        close = ranks.between("a1", close)
    DemoItem.objects.filter(pk=item_of(2).pk).update(rank="a1")
    DemoItem.objects.filter(pk=item_of(3).pk).update(rank=close)


# Who asks, the project's door, the demo where the list is one of it, its rows; of items their pictures, too.
STATEMENTS = {
    "demos/": 3,
    "demos/1/items/": 5,
    "demos/1/editions/": 4,
    "demos/1/feedback/": 4,
    "demos/1/goals/": 4,
    "demos/1/share-links/": 4,
    "share-links/": 3,
}


@pytest.mark.parametrize("path", STATEMENTS)
def test_a_list_is_as_few_statements_for_many_rows_as_for_few(
    shown: Shown, path: str, django_assert_num_queries: DjangoAssertNumQueries
):
    api = Api(shown.cast.lead)
    for times in (1, 4):
        fill(api, times)
        with django_assert_num_queries(STATEMENTS[path]):
            api.get(path)


def fill(api: Api, times: int) -> None:
    for _ in range(times):
        made = api.post(HERE, {"section": "learned", "headline": "Thanks"})["uid"]
        for uid in (made, item_of(1).uid):
            api.post(f"{HERE}{uid}/images/", PICTURE)
        api.post("demos/1/publish/", {})
        api.post("demos/1/feedback/", {"kind": "agree", "item": made})
        api.post("demos/1/goals/", {"epic": 1, "verdict": "keep"})
        api.post("demos/1/share-links/", {})
        api.post("share-links/", {})
