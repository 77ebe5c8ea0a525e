"""The stream of changes, over a server that is really there."""

import json
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from django.test import Client

from agileml.accounts.models import User
from agileml.journal.models import Stream
from agileml.lib import sse
from agileml.projects.actions import add_member, digest, issue_token, remove_member, revoke_token
from agileml.projects.models import Token
from tests.factories import NOW, Cast, make_cast, make_ticket, make_user
from tests.web_server import Events, WebServer, events

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return make_cast()


@pytest.fixture
def address(web: WebServer) -> str:
    return f"{web.url}/api/v1/projects/TST/changes/stream/"


def head(cast: Cast) -> Stream:
    return Stream.objects.get(pk=cast.project.stream_id)


def token(cast: Cast, who: str = "member", scope: str = "read") -> str:
    return issue(getattr(cast, who), scope)


def issue(user: User, scope: str = "read") -> str:
    return issue_token(user=user, name="sync", scope=scope, now=NOW)


def row(secret: str) -> Token:
    return Token.objects.get(digest=digest(secret))


def revisions(found: Events, many: int) -> list[int]:
    return [json.loads(found.next()["data"])["revision"] for _ in range(many)]


def test_it_says_what_happened_and_what_happens_as_the_feed_does(cast: Cast, address: str):
    secret = token(cast)
    before = head(cast).revision
    make_ticket(cast, "Before")
    with events(f"{address}?after={before}&epoch={head(cast).epoch}", secret) as found:
        told = [found.next()]
        make_ticket(cast, "Meanwhile")
        told.append(found.next())
    feed = httpx.get(
        f"{address.removesuffix('stream/')}?after={before}", headers={"Authorization": f"Bearer {secret}"}
    ).json()
    assert [json.loads(event["data"]) for event in told] == feed["changes"]
    assert [event["id"] for event in told] == [f"{feed['epoch']}:{before + 1}", f"{feed['epoch']}:{before + 2}"]


def test_it_goes_on_after_the_last_event_seen_whatever_the_address_says(cast: Cast, address: str):
    secret = token(cast)
    with events(f"{address}?after=0", secret) as found:
        assert revisions(found, 2) == [1, 2]
        last = found.last_id
    make_ticket(cast)
    with events(f"{address}?after=0", secret, last_event_id=last) as found:
        assert revisions(found, 2) == [3, 4]


def test_several_readers_each_read_everything(cast: Cast, address: str):
    after = head(cast).revision
    with ExitStack() as stack:
        found = [
            stack.enter_context(events(f"{address}?after={after}", token(cast, who)))
            for who in ("lead", "member", "stakeholder")
        ]
        for number in range(3):
            make_ticket(cast, f"Try {number}")
        assert [revisions(one, 3) for one in found] == [[after + 1, after + 2, after + 3]] * 3


def test_ones_own_changes_can_be_left_out_and_still_move_the_last_id(cast: Cast, address: str):
    after = head(cast).revision
    secret = token(cast, scope="write")
    with events(f"{address}?after={after}&exclude_origin=me", secret) as found:
        sent = {"type": "review", "title": "Mine"}
        made = httpx.post(
            f"{address.removesuffix('changes/stream/')}tickets/",
            json=sent,
            headers={"Authorization": f"Bearer {secret}"},
        )
        assert made.status_code == 201
        make_ticket(cast, "Somebody else's")
        assert json.loads(found.next()["data"])["resource"]["title"] == "Somebody else's"
        last = found.last_id
    assert last == f"{head(cast).epoch}:{after + 2}"


def test_it_ends_for_whoever_may_no_longer_read_and_goes_on_for_all_others(cast: Cast, address: str, client: Client):
    after = head(cast).revision
    gone = make_user("Gone Person")
    add_member(project=cast.project, user=gone, role="member", actor=cast.lead, now=NOW)
    client.force_login(cast.lead)
    cookie = f"sessionid={client.cookies['sessionid'].value}"
    secrets = {name: token(cast) for name in ("stays", "revoked", "expired", "pushes")}
    secrets |= {"removed": token(cast, "stakeholder"), "inactive": issue(gone)}
    with ExitStack() as stack:
        found = {
            name: stack.enter_context(events(f"{address}?after={after + 1}", secret))
            for name, secret in secrets.items()
        }
        found["logged out"] = stack.enter_context(events(f"{address}?after={after + 1}", cookie=cookie))
        revoke_token(token=row(secrets["revoked"]), now=NOW)
        Token.objects.filter(pk=row(secrets["expired"]).pk).update(expires_at=NOW)
        Token.objects.filter(pk=row(secrets["pushes"]).pk).update(scope="metrics")
        remove_member(project=cast.project, user=cast.stakeholder, actor=cast.lead, now=NOW)
        User.objects.filter(pk=gone.pk).update(is_active=False)
        client.logout()
        stays = found.pop("stays")
        assert revisions(stays, 1) == [after + 2]
        for one in found.values():
            while one.next():
                pass
        make_ticket(cast)
        assert revisions(stays, 1) == [after + 3]


def test_it_ends_when_another_history_begins_and_then_says_so(cast: Cast, address: str):
    secret = token(cast)
    with events(f"{address}?after=0", secret) as found:
        last = (found.next(), found.last_id)[1]
        Stream.objects.filter(pk=cast.project.stream_id).update(epoch="another")
        while found.next():
            pass
    answer = httpx.get(address, headers={"Authorization": f"Bearer {secret}", "Last-Event-ID": last})
    assert (answer.status_code, answer.json()["code"]) == (410, "resync")


@pytest.mark.parametrize(
    ("who", "query", "status", "code"),
    [
        ("outsider", "", 404, "not_found"),
        (None, "", 401, "not_authenticated"),
        ("member", "?after=x", 400, "bad_parameter"),
        ("member", "?limit=1", 400, "unknown_parameter"),
        ("member", "?after=999", 410, "resync"),
        ("member", "?epoch=another", 410, "resync"),
    ],
)
def test_what_cannot_be_opened_is_a_problem(
    who: str | None, query: str, status: int, code: str, cast: Cast, address: str
):
    headers = {"Authorization": f"Bearer {token(cast, who)}"} if who else {}
    answer = httpx.get(address + query, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_last_event_of_somebody_elses_is_refused(cast: Cast, address: str):
    answer = httpx.get(address, headers={"Authorization": f"Bearer {token(cast)}", "Last-Event-ID": "7"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "Last-Event-ID")


def test_nothing_in_between_keeps_or_gathers_it(cast: Cast, address: str):
    with events(address, token(cast)) as found:
        headers = found.answer.headers
    assert headers["Content-Type"] == "text/event-stream"
    assert (headers["Cache-Control"], headers["X-Accel-Buffering"]) == ("no-store", "no")
    assert headers["X-Project-Epoch"] == head(cast).epoch


def test_who_asks_for_the_head_alone_gets_no_body_and_takes_no_place(cast: Cast, address: str):
    headers = {"Authorization": f"Bearer {token(cast)}"}
    with httpx.Client(headers=headers) as client:
        answers = [client.head(address) for _ in range(sse.MOST_OPEN + 1)]
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, b"")}
    assert {answer.headers["Content-Type"] for answer in answers} == {"text/event-stream"}


def test_a_token_has_so_many_open_and_gets_its_places_back(cast: Cast, address: str):
    secret = token(cast)
    with ExitStack() as stack:
        for _ in range(sse.MOST_OPEN):
            stack.enter_context(events(address, secret))
        answer = httpx.get(address, headers={"Authorization": f"Bearer {secret}"})
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_streams")
        assert int(answer.headers["Retry-After"]) > 0
        stack.enter_context(events(address, token(cast)))
    assert open_again(address, secret)


def open_again(address: str, secret: str) -> bool:
    """Whether it opens, as soon as the server has seen that its readers have left."""
    for _ in range(600):
        with httpx.stream("GET", address, headers={"Authorization": f"Bearer {secret}"}, timeout=60) as answer:
            if answer.status_code == 200:
                return True
    return False


def test_two_hundred_open_streams_cost_no_threads(cast: Cast, web: WebServer, address: str):
    with ExitStack() as stack:

        def opened(secret: str) -> Iterator[Events]:
            for _ in range(sse.MOST_OPEN):
                yield stack.enter_context(events(f"{address}?after={after}", secret))

        after = head(cast).revision
        found = list(opened(token(cast)))
        few = web.threads()
        for _ in range(9):
            found += opened(token(cast))
        assert len(found) == 200
        make_ticket(cast)
        assert [revisions(one, 1) for one in found] == [[after + 1]] * 200
        assert web.threads() - few <= sse.THREADS, "one for each would be two hundred more"


def test_open_streams_do_not_hold_up_the_stop_and_resume_after_the_start(cast: Cast, web: WebServer, address: str):
    secret = token(cast)
    with events(f"{address}?after=0", secret) as found:
        revisions(found, 3)
        last = found.last_id
        web.restart()
    make_ticket(cast)
    with events(address, secret, last_event_id=last) as found:
        assert revisions(found, 1) == [4]
