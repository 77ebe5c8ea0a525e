"""A POST with an Idempotency-Key is done once, however often it is sent, and answered the same each time."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from agileml.api import idempotency
from agileml.journal.actions import ANSWERS_ARE_KEPT, forget_answers
from agileml.journal.models import Answer, Change
from agileml.planning.models import Sprint
from agileml.projects import doors
from agileml.projects.actions import remove_member
from agileml.projects.models import Token
from agileml.tasks import journal
from agileml.work.models import Comment, Ticket
from tests.api.client import Api
from tests.api.routes import ROUTES, patterns, undone, view_of
from tests.api.world import make_world
from tests.factories import NOW, Cast, make_cast, make_ticket
from tests.threads import at_once

TICKET = {"type": "review", "title": "Look at it"}
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
ASKING = {"source-check", "webhook-ping", "webhook-redeliver"}  # what asks other machines


def keyed(api: Api, path: str = "tickets/", sent: Any = TICKET, key: str = KEY) -> Any:
    return api("POST", path, sent, idempotency_key=key)


def test_what_is_sent_again_is_not_done_again_and_is_answered_the_same(cast: Cast):
    api = Api(cast.member)
    first = keyed(api)
    assert (first.status_code, "Idempotency-Replayed" in first) == (201, False)
    api.patch("tickets/1/", {"title": "Another"}, version=1)
    again = keyed(api, sent=dict(reversed(TICKET.items())))
    assert (again.status_code, again["Idempotency-Replayed"]) == (201, "true")
    assert again.content == first.content
    for name in ("ETag", "Location", "Content-Type"):
        assert again[name] == first[name]
    assert Ticket.objects.count() == 1


def test_under_one_key_nothing_else_can_be_sent(cast: Cast, sprint: Sprint):
    api = Api(cast.lead)
    assert keyed(api).status_code == 201
    for path, sent in [("tickets/", TICKET | {"title": "More"}), ("stories/", {"title": "Why"})]:
        answer = keyed(api, path, sent)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    skip = {"base_version": 1, "reason_code": "other", "reason": "No.", "moves": [{"move": "skip", "ticket": 1}]}
    assert keyed(api, "sprints/1/decisions/?dry_run=true", skip, key="2").status_code == 200
    assert keyed(api, "sprints/1/decisions/", skip, key="2").status_code == 422
    assert keyed(api, "sprints/1/decisions/", skip, key="3").status_code == 201


def test_a_key_is_its_users_and_its_projects(cast: Cast):
    other = make_cast("OTH")
    answers = [keyed(Api(cast.member)), keyed(Api(cast.lead)), keyed(Api(other.lead, "OTH"))]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert [answer.json()["key"] for answer in answers] == ["TST-1", "TST-2", "OTH-1"]


def test_what_was_refused_is_not_kept_and_may_be_sent_right(cast: Cast):
    api = Api(cast.member)
    assert keyed(api, sent={"type": "review"}).status_code == 422
    assert keyed(api, "tickets/1/comments/", {"text": "x"}).status_code == 404
    assert keyed(Api(cast.stakeholder)).status_code == 403
    assert Answer.objects.count() == 0
    assert keyed(api).json()["number"] == 1


@pytest.mark.parametrize("key", ["", "   ", "x" * 201, "a\x01b", "a\x7f", "a\tb", "clé", "\x85"])
def test_a_bad_key_is_400_and_nothing_is_done(cast: Cast, key: str):
    answer = keyed(Api(cast.member), key=key)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")
    assert Ticket.objects.count() == 0


def test_the_longest_key_is_taken_and_the_feed_names_token_and_key(cast: Cast):
    api = Api(cast.member)
    key = '"' + "~" * 197 + " "
    assert keyed(api, key=key + "!").status_code == 201
    token = Token.objects.get()
    assert Change.objects.get(kind="ticket").origin == f"{token.uid}:{key}!"
    api("PATCH", "tickets/1/", {"title": "New"}, if_match='"1"', idempotency_key="edit-7")
    assert Change.objects.order_by("-revision")[0].origin == f"{token.uid}:edit-7"
    api.patch("tickets/1/", {"title": "Newer"}, version=2)
    assert Change.objects.order_by("-revision")[0].origin == str(token.uid)


def test_whoever_left_the_project_is_not_even_told_what_she_was_answered(cast: Cast):
    api = Api(cast.member)
    keyed(api)
    remove_member(project=cast.project, user=cast.member, actor=cast.lead, now=NOW)
    assert keyed(api).status_code == 404


def test_answers_are_kept_for_a_day_and_then_forgotten_in_bites(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("agileml.journal.actions.AT_ONCE", 2)
    api = Api(cast.member)
    for key in "abcde":
        keyed(api, key=key)
    Answer.objects.exclude(key="e").update(at=timezone.now() - ANSWERS_ARE_KEPT)
    assert keyed(api, sent=TICKET | {"title": "New"}, key="a").json()["number"] == 6
    assert keyed(api, sent=TICKET | {"title": "New"}, key="a")["Idempotency-Replayed"] == "true"
    assert Answer.objects.count() == 5
    assert forget_answers(now=timezone.now()) == 3
    assert list(Answer.objects.order_by("key").values_list("key", flat=True)) == ["a", "e"]
    Answer.objects.update(at=timezone.now() - timedelta(days=2))
    journal.forget_answers()
    assert Answer.objects.count() == 0


def test_every_post_inside_a_project_is_done_once(db: None):
    world = make_world()
    api = Api(world.cast.lead)
    for route in ROUTES:
        if route.method != "post" or route.name in ASKING or route.is_session:
            continue
        with undone():
            first = keyed(api, route.address(world), route.sent)
            head = Change.objects.count()
            again = keyed(api, route.address(world), route.sent)
            assert (first.status_code, again.status_code) == (route.status, route.status), route.id
            assert again["Idempotency-Replayed"] == "true", route.id
            assert (again.content, Change.objects.count()) == (first.content, head), route.id


def test_only_what_asks_other_machines_or_answers_with_a_secret_is_done_each_time():
    exempt = {
        str(pattern.name)
        for pattern in patterns()
        if not getattr(view_of(pattern), "done_once", True) and hasattr(view_of(pattern), "post")
    }
    assert exempt == ASKING | {"member-tokens"}


def test_the_check_of_a_source_takes_a_key_and_is_asked_anew(db: None):
    world = make_world()
    route = next(route for route in ROUTES if route.name == "source-check")
    for _ in range(2):
        answer = keyed(Api(world.cast.lead), route.address(world), {})
        assert (answer.status_code, "Idempotency-Replayed" in answer) == (200, False)


def test_a_browser_may_send_again_too_and_what_is_no_json_is_told_so(cast: Cast):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.member)
    browser.cookies["csrftoken"] = token = "a" * 32
    headers = {"X-CSRFToken": token, "Idempotency-Key": KEY}
    address = "/api/v1/projects/TST/tickets/"
    for replayed in (False, True):
        answer = browser.post(address, TICKET, content_type="application/json", headers=headers)
        assert (answer.status_code, "Idempotency-Replayed" in answer) == (201, replayed)
    assert Change.objects.get(kind="ticket").origin == f":{KEY}"
    for body in ({"content_type": "application/x-www-form-urlencoded", "data": "a=b"}, {"data": {"a": "b"}}):
        answer = browser.post(address, headers=headers | {"Idempotency-Key": "2"}, **body)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("size", [1_500_000, 3_000_000])
def test_a_body_too_large_is_told_so(cast: Cast, size: int):
    assert keyed(Api(cast.member), sent={"title": "x" * size}).status_code == 413
    assert Answer.objects.count() == 0


def test_an_answer_is_kept_encrypted_and_where_the_key_is_gone_nothing_is_done_twice(cast: Cast, settings: Settings):
    api = Api(cast.member)
    keyed(api, sent=TICKET | {"title": "Ours alone"})
    assert "Ours" not in Answer.objects.get().body
    settings.FIELD_KEYS = ["another"]
    answer = keyed(api, sent=TICKET | {"title": "Ours alone"})
    assert (answer.status_code, answer.json()["code"]) == (409, "answer_lost")
    assert Ticket.objects.count() == 1


def test_what_was_sent_cannot_be_tried_out_without_the_secret_key(cast: Cast, settings: Settings):
    digests = set()
    for secret in ("one" * 20, "two" * 20):
        settings.SECRET_KEY = secret
        keyed(Api(cast.member))
        digests.add(Answer.objects.get().digest)
        Answer.objects.all().delete()
    assert len(digests) == 2


@pytest.fixture
def committed(transactional_db: None) -> Cast:
    cast = make_cast()
    make_ticket(cast)
    return cast


def test_of_twins_at_once_one_is_done_and_the_others_wait_for_its_answer(committed: Cast):
    apis = [Api(committed.member) for _ in range(4)]
    ready = Barrier(4)

    def send(api: Api) -> Any:
        ready.wait()
        return keyed(api, "tickets/1/comments/", {"text": "Once."})

    answers = at_once(*[lambda api=api: send(api) for api in apis])
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.content for answer in answers}) == 1
    assert sorted("Idempotency-Replayed" in answer for answer in answers) == [False, True, True, True]
    assert Comment.objects.count() == 1


def test_a_twin_that_has_waited_long_enough_is_told_so_and_may_ask_again(
    committed: Cast, monkeypatch: pytest.MonkeyPatch
):
    assert idempotency.PATIENCE == 5
    monkeypatch.setattr(idempotency, "PATIENCE", 0.05)
    api = Api(committed.member)
    api.get("tickets/")  # notes that the token was used, which is a write of its own
    taken, done = Event(), Event()

    def first() -> None:
        with doors.together(committed.project):
            taken.set()
            done.wait(10)

    def twin() -> Any:
        taken.wait(10)
        answer = keyed(api)
        done.set()
        return answer

    _, answer = at_once(first, twin)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_progress")
    assert keyed(api).json()["number"] == 2


def test_what_breaks_off_half_way_leaves_nothing_and_is_done_when_it_is_sent_again(committed: Cast):
    api = Api(committed.member)

    def broken(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith('INSERT INTO "journal_answer"'):
            raise OperationalError("The server went away.")
        return execute(sql, *rest)

    head = Change.objects.count()
    with connection.execute_wrapper(broken):
        assert keyed(api).status_code == 503
    assert (Ticket.objects.count(), Change.objects.count(), Answer.objects.count()) == (1, head, 0)
    assert keyed(api).json()["number"] == 2
    assert keyed(api)["Idempotency-Replayed"] == "true"
