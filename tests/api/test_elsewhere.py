"""What things are called in other systems: set, shown, found, and never meaning two things."""

from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agileml.planning.models import Sprint
from agileml.projects.models import ExternalRef
from tests.api.client import Api
from tests.api.replica import Replica, read
from tests.factories import Cast, make_cast, make_ticket, make_tickets
from tests.threads import at_once

URL = "https://jira.example.com/OCR-1"
REF = {"system": "jira", "id": "OCR-1", "url": URL}
FINDING = {"kind": "confirms", "text": "Yes."}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "epic": ("epics/", {"title": "99 of 100"}),
    "story": ("stories/", {"title": "Why"}),
    "ticket": ("tickets/", {"type": "review", "title": "Look"}),
    "sprint": ("sprints/", {"start": "2026-12-14", "end": "2026-12-25"}),
    "finding": ("tickets/1/findings/", FINDING),
    "comment": ("tickets/1/comments/", {"text": "Yes."}),
}


def refs(*ids: str, url: str = "") -> list[dict[str, str]]:
    return [{"system": "jira", "id": name, "url": url} for name in ids]


@pytest.fixture
def api(cast: Cast, sprint: Sprint) -> Api:
    return Api(cast.member)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_set_shown_everywhere_and_found(api: Api, kind: str):
    path, sent = KINDS[kind]
    replica = Replica(api)
    other = api.post(path, sent | {"external_refs": refs("OCR-2")})
    made = api.post(path, sent | {"external_refs": [REF, {"system": "github", "id": "7"}]})
    assert made["external_refs"] == [REF, {"system": "github", "id": "7", "url": ""}]
    for query, expected in [
        ("?ext_system=jira&ext_id=OCR-1", [made]),
        ("?ext_system=jira", [other, made]),
        ("?ext_id=7", [made]),
        ("?ext_system=github&ext_id=OCR-1", []),
        ("?ext_system=&ext_id=", []),
    ]:
        assert api.get(path + query)["results"] == expected, query
    replica.follow()
    assert replica.rows == read(api)


@pytest.mark.parametrize("kind", ["epic", "story", "ticket", "sprint"])
def test_an_edit_sets_the_whole_list_counts_as_a_version_and_is_in_the_diff(api: Api, kind: str):
    path, sent = KINDS[kind]
    replica = Replica(api)
    made = api.post(path, sent | {"external_refs": refs("OCR-1", "OCR-2")})
    here = f"{path}{made['number']}/"
    same = api.patch(here, {"external_refs": refs("OCR-2", "OCR-1")}, version=1)
    assert (same["version"], same["revision"]) == (1, made["revision"])
    wanted = [*refs("OCR-3"), *refs("OCR-2", url=URL)]
    edited = api.patch(here, {"external_refs": wanted}, version=1)
    assert (edited["version"], edited["external_refs"]) == (2, [*refs("OCR-2", url=URL), *refs("OCR-3")])
    assert api.get(here) == edited
    change = api.get("changes/?limit=1000")["changes"][-1]
    assert change["diff"]["external_refs"] == [refs("OCR-1", "OCR-2"), edited["external_refs"]]
    assert api.patch(here, {"external_refs": []}, version=2)["external_refs"] == []
    assert ExternalRef.objects.count() == 0
    replica.follow()
    assert replica.rows == read(api)


@pytest.mark.parametrize("url", [0, False, [], {}, "jira", "javascript:alert(1)", " "])
def test_what_is_no_address_is_refused_where_one_is_told(api: Api, url: Any):
    problem = api.post("epics/", {"title": "x", "external_refs": [REF | {"url": url}]}, status=422)
    assert [error["pointer"] for error in problem["errors"]] == ["/external_refs/0/url"]


def test_no_address_is_told_by_an_empty_one_or_by_null(api: Api):
    named = [{"system": "jira", "id": "1", "url": ""}, {"system": "jira", "id": "2", "url": None}]
    made = api.post("epics/", {"title": "x", "external_refs": named})
    assert [ref["url"] for ref in made["external_refs"]] == ["", ""]


@pytest.mark.parametrize("kind", ["finding", "comment"])
def test_what_was_written_on_a_ticket_can_be_named_later_by_who_works_here(cast: Cast, api: Api, kind: str):
    path, sent = KINDS[kind]
    made = api.post(path, sent)
    replica = Replica(api)
    here = f"{path}{made['uid']}/"
    assert api.get(here) == made
    assert Api(cast.stakeholder)("PATCH", here, {"external_refs": [REF]}).status_code == 403
    named = api("PATCH", here, {"external_refs": [REF]}).json()
    assert named == made | {"external_refs": [REF], "revision": made["revision"] + 1}
    assert api("PATCH", here, {"external_refs": [REF]}).json() == named
    assert api("PATCH", here, {"external_refs": [], "text": "No."}).status_code == 422
    assert api("PATCH", f"{path}{cast.lead.uid}/", {"external_refs": [REF]}).status_code == 404
    assert api("PATCH", here.replace("tickets/1", "tickets/2"), {"external_refs": [REF]}).status_code == 404
    assert api("GET", here.replace("tickets/1", "tickets/2")).status_code == 404
    assert api.get("tickets/1/" + path.split("/")[2] + "/?ext_id=OCR-1")["results"] == [named]
    change = api.get("changes/?limit=1000")["changes"][-1]
    assert (change["kind"], change["action"], change["diff"]) == (kind, "updated", {"external_refs": [[], [REF]]})
    replica.follow()
    assert replica.rows == read(api)


def test_refs_of_a_running_or_closed_sprint_are_no_plan(cast: Cast, api: Api):
    assert api.patch("sprints/1/", {"external_refs": [REF]}, version=1)["external_refs"] == [REF]
    Api(cast.lead).post("sprints/1/close/", {"destinations": {str(n): {"to": "backlog"} for n in range(1, 5)}})
    assert api.patch("sprints/1/", {"external_refs": []}, version=2)["external_refs"] == []


@pytest.mark.parametrize(
    ("kind", "whose"),
    [
        ("epic", "epic 1"), ("story", "story 1"), ("ticket", "TST-6"), ("sprint", "sprint 2"),
        ("finding", "a finding on TST-1"), ("comment", "a comment on TST-1"),
    ],
)  # fmt: skip
def test_a_name_that_something_else_has_is_refused_and_says_whose_it_is(api: Api, kind: str, whose: str):
    path, sent = KINDS[kind]
    holder = api.post(path, sent | {"external_refs": [REF]})
    head = api.get("changes/?limit=1000")["next_after"]
    problem = api.post(path, sent | {"external_refs": [*refs("OCR-9"), REF]}, status=409)
    assert (problem["code"], problem["detail"]) == ("external_ref_taken", f"jira OCR-1 is {whose} already.")
    (error,) = problem["errors"]
    assert (error["pointer"], error["uid"], error["number"]) == (
        "/external_refs/1",
        holder["uid"],
        holder.get("number"),
    )
    assert api.get("changes/?limit=1000")["next_after"] == head
    assert ExternalRef.objects.count() == 1


def test_one_name_may_mean_things_of_other_kinds_and_of_other_projects(api: Api):
    for path, sent in KINDS.values():
        assert api.post(path, sent | {"external_refs": [REF]})["external_refs"] == [REF]
    other = make_cast("OTH")
    answer = Api(other.lead, "OTH").post("tickets/", KINDS["ticket"][1] | {"external_refs": [REF]})
    assert answer["key"] == "OTH-1"
    assert len(api.get("tickets/?ext_id=OCR-1")["results"]) == 1


@pytest.mark.parametrize("kind", ["epic", "story", "ticket"])
def test_what_is_deleted_gives_its_names_back(api: Api, kind: str):
    path, sent = KINDS[kind]
    made = api.post(path, sent | {"external_refs": [REF]})
    assert api("DELETE", f"{path}{made['number']}/", if_match='"1"').status_code == 204
    assert api.post(path, sent | {"external_refs": [REF]})["number"] == made["number"] + 1


def test_a_ticket_that_a_decision_makes_is_known_elsewhere_too(api: Api):
    new = {"type": "review", "title": "Look", "external_refs": [REF]}
    sent = {"base_version": 1, "reason_code": "priority", "moves": [{"move": "add", "new": new}]}
    api.post("sprints/1/decisions/", sent)
    assert [row["number"] for row in api.get("tickets/?ext_id=OCR-1")["results"]] == [6]
    again = sent | {"base_version": 2}
    assert api.post("sprints/1/decisions/", again, status=409)["code"] == "external_ref_taken"


@pytest.mark.parametrize(
    ("wrong", "pointer", "code"),
    [
        ("x", "", "invalid"),
        ([{"system": "jira"}], "/0/id", "required"),
        ([{"system": "", "id": "1"}], "/0/system", "required"),
        ([{"system": "x" * 65, "id": "1"}], "/0/system", "too_long"),
        ([{"system": "jira", "id": "x" * 256}], "/0/id", "too_long"),
        ([{"system": "jira", "id": 7}], "/0/id", "invalid"),
        ([{"system": "jira", "id": "1", "url": "javascript:alert(1)"}], "/0/url", "invalid"),
        ([{"system": "jira", "id": "1", "key": "x"}], "/0/key", "unknown_field"),
        ([REF, REF | {"url": ""}], "/1", "twice"),
        (refs(*map(str, range(21))), "", "too_many"),
    ],
)
def test_what_is_no_reference_is_refused(api: Api, wrong: Any, pointer: str, code: str):
    problem = api.post("tickets/", KINDS["ticket"][1] | {"external_refs": wrong}, status=422)
    assert (problem["errors"][0]["pointer"], problem["errors"][0]["code"]) == (f"/external_refs{pointer}", code)


@pytest.mark.parametrize("path", ["epics/", "stories/", "tickets/", "sprints/", "tickets/1/findings/"])
def test_lists_take_as_many_statements_for_many_as_for_few(api: Api, path: str):
    sent = next(sent for here, sent in KINDS.values() if here == path)

    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            api.get(path)
        return len(queries)

    api.post(path, sent | {"external_refs": refs("1", "2")})
    few = statements()
    for name in "345":
        api.post(path, sent | {"external_refs": refs(name)})
    assert statements() == few


def test_of_two_at_once_who_give_one_name_one_is_told_whose_it_is(transactional_db: None):
    cast = make_cast()
    make_tickets(cast, 2)
    apis = [Api(cast.member), Api(cast.lead)]
    answers = at_once(
        *[
            lambda at=at: apis[at]("PATCH", f"tickets/{at + 1}/", {"external_refs": [REF]}, if_match='"1"')
            for at in (0, 1)
        ]
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert ExternalRef.objects.count() == 1


def test_the_longest_names_are_stored_and_found(cast: Cast):
    name = {"system": "ж" * 64, "id": "…" * 255, "url": ""}
    make_ticket(cast, external_refs=[name])
    api = Api(cast.member)
    query = f"tickets/?ext_system={quote(name['system'])}&ext_id={quote(name['id'])}"
    assert api.get(query)["results"][0]["external_refs"] == [name]
    assert api("GET", "tickets/?ext_id=%00").status_code == 400
