"""The example client keeps a true copy as it stands, against a server that is really there or in trouble."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from agileml.journal.models import Stream
from tests.api.client import Api
from tests.api.replica import read
from tests.examples.syncing import KeptCopy, assert_copied, assert_went_straight, example
from tests.factories import Cast, make_cast, make_sprint, make_ticket, make_tickets, measure
from tests.ingest.serving import Asked, Reply, Served, as_json, serve
from tests.web_server import WebServer


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    cast = make_cast()
    make_tickets(cast, 3)
    make_sprint(cast, [1, 2], active=True)
    measure(cast, make_ticket(cast), [0.5, 0.6])
    return cast


@pytest.fixture
def copy(cast: Cast, web: WebServer, tmp_path: Path) -> Iterator[KeptCopy]:
    """A copy of the project, not begun yet."""
    found = KeptCopy(tmp_path / "copy.sqlite3", url=web.url, token=Api(cast.stakeholder, scope="read").secret)
    yield found
    found.kill()


@pytest.mark.django_db(transaction=True)
def test_it_reads_the_lists_once_and_then_follows(cast: Cast, copy: KeptCopy):
    api = Api(cast.lead)
    copy.start()
    copy.waits_for(0)
    begun = copy.after()
    made = api.post("tickets/", {"type": "review", "title": "Watched", "labels": ["a"]})
    api.post(f"tickets/{made['number']}/comments/", {"text": "It was."})
    moves = [{"move": "skip", "ticket": 1}, {"move": "add", "ticket": made["number"]}]
    api.post("sprints/1/decisions/", {"base_version": 1, "reason_code": "other", "reason": "No.", "moves": moves})
    gone = api.post("tickets/", {"type": "review", "title": "Mistake"})
    api.post(f"tickets/{gone['number']}/comments/", {"text": "Indeed."})
    assert api("DELETE", f"tickets/{gone['number']}/", if_match='"1"').status_code == 204
    copy.waits_for(Stream.objects.get().revision)
    assert_copied(copy, read(api))
    assert_went_straight(copy.moves())
    assert copy.moves()[0][0] == begun


@pytest.mark.django_db(transaction=True)
def test_who_is_called_differently_is_so_wherever_her_id_stands_and_nowhere_else(cast: Cast, copy: KeptCopy):
    api = Api(cast.lead)
    service = api.post("members/", {"name": 'Nightly \u00fc "training"', "role": "member"})
    said = f'Her {{"id": "{service["user"]["id"]}", "name": "{service["user"]["name"]}"}}'
    api.post("tickets/", {"type": "review", "title": said, "assignee": service["user"]["id"]})
    copy.catch_up()
    api("PATCH", f"members/{service['uid']}/", {"name": "Night \\ shift"})
    copy.catch_up()
    lists = read(api)
    assert_copied(copy, lists)
    assert [row["assignee"]["name"] for row in lists["ticket"].values() if row["title"] == said] == ["Night \\ shift"]


@pytest.mark.django_db(transaction=True)
def test_when_the_history_began_anew_it_reads_the_lists_again(cast: Cast, copy: KeptCopy):
    copy.catch_up()
    Stream.objects.update(epoch="another", revision=3)
    copy.catch_up()
    assert copy.after() == 3
    assert_copied(copy, read(Api(cast.lead)))


PROJECT = "/api/v1/projects/TST/"
ROW = {"uid": "a", "number": 1, "title": "Old", "version": 1, "revision": 5}
CHANGE: dict[str, Any] = {
    "kind": "ticket", "action": "updated", "uid": "a", "number": 1, "version": 2, "revision": 6, "at": "now",
    "diff": {"title": ["Old", "New"]}, "resource": None,
}  # fmt: skip


@pytest.fixture
def served() -> Iterator[Served]:
    """A server with one ticket at revision 5, of which the feed says what became at 6."""
    with serve() as running:
        running.answers = {
            f"{PROJECT}tickets/": as_json(
                {"results": [ROW], "next": None}, headers={"X-Project-Epoch": "first", "X-Project-Revision": "5"}
            ),
            f"{PROJECT}changes/": as_json({"changes": [CHANGE], "next_after": 6, "has_more": False}),
        }
        yield running


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The example with one list, and without its pauses: `module.paused` has them."""
    found: Any = example()
    found.LISTS = {"ticket": "tickets/"}
    found.paused = []
    monkeypatch.setattr(found.time, "sleep", found.paused.append)
    return found


def in_turn(served: Served, path: str, *replies: Reply | None) -> None:
    """These answers first, None being a connection that is dropped; then the one that is there already."""
    then, waiting = served.answers[path], list(replies)

    def answer(asked: Asked) -> Reply | None:
        if waiting:
            return waiting.pop(0)
        return then if isinstance(then, Reply) else then(asked)

    served.answers[path] = answer


def titles(copy: Any) -> list[str]:
    return [row["title"] for row in copy.rows("kind = 'ticket'")]


def test_whatever_passes_is_asked_again_and_a_server_that_says_when_is_obeyed(
    served: Served, module: Any, tmp_path: Path
):
    busy = [Reply(status=429, headers={"Retry-After": "7"}), Reply(status=503, headers={"Retry-After": "9"})]
    in_turn(served, f"{PROJECT}tickets/", *busy, Reply(status=500), None)
    in_turn(served, f"{PROJECT}changes/", None, Reply(status=502))
    copy = module.Copy(str(tmp_path / "copy"), "TST", served.url, "aml_x")
    copy.keep(once=True)
    assert titles(copy) == ["New"]
    assert module.paused[0] >= 7, "later than it said, not sooner"
    assert module.paused[1] >= 9
    assert len(module.paused) == 6
    assert max(module.paused[2:]) < 7


def test_another_history_in_the_middle_of_it_makes_it_begin_anew(served: Served, module: Any, tmp_path: Path):
    in_turn(served, f"{PROJECT}changes/", Reply(status=410))
    copy = module.Copy(str(tmp_path / "copy"), "TST", served.url, "aml_x")
    copy.keep(once=True)
    assert titles(copy) == ["New"]
    assert [asked.path.removeprefix(PROJECT) for asked in served.asked] == [
        "tickets/", "tickets/", "changes/", "tickets/", "tickets/", "changes/",
    ]  # fmt: skip


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_no_asking_mends_ends_it(status: int, served: Served, module: Any, tmp_path: Path):
    served.answers[f"{PROJECT}changes/"] = Reply(status=status)
    copy = module.Copy(str(tmp_path / "copy"), "TST", served.url, "aml_x")
    with pytest.raises(httpx.HTTPStatusError):
        copy.keep(once=True)
    assert titles(copy) == ["Old"]


@pytest.mark.parametrize("there", [True, False], ids=["a ticket has gone", "the project has gone"])
def test_a_list_that_is_gone_is_empty_but_only_while_the_project_is_there(
    there: bool, served: Served, module: Any, tmp_path: Path
):
    module.LISTS["comment"] = "tickets/{number}/comments/"
    served.answers[PROJECT] = Reply() if there else Reply(status=404)
    copy = module.Copy(str(tmp_path / "copy"), "TST", served.url, "aml_x")
    if there:
        copy.keep(once=True)
        assert titles(copy) == ["New"]
    else:
        with pytest.raises(httpx.HTTPStatusError):
            copy.keep(once=True)
        assert titles(copy) == [], "half a copy would look like a whole one"


def test_a_page_is_kept_whole_or_not_at_all(served: Served, module: Any, tmp_path: Path):
    copy = module.Copy(str(tmp_path / "copy"), "TST", served.url, "aml_x")
    copy.read_lists()
    broken = {**CHANGE, "revision": 7, "action": "deleted", "resource": {"children": [None]}}
    with pytest.raises(TypeError):
        copy.apply({"changes": [CHANGE, broken], "next_after": 7})
    assert titles(copy) == ["Old"]
    for _ in range(2):
        copy.apply({"changes": [CHANGE], "next_after": 6})
    assert titles(copy) == ["New"]
