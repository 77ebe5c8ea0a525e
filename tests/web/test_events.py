"""Open pages are told that there is news, by one line a browser."""

import pytest
from django.test import Client

from agileml.accounts.models import User
from agileml.journal.models import Stream
from agileml.lib import sse
from tests.factories import Cast, make_cast, make_ticket
from tests.web_server import WebServer, events


@pytest.fixture
def here(transactional_db: None) -> Cast:
    return make_cast()


def cookie(user: User) -> str:
    client = Client()
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}"


@pytest.mark.django_db(transaction=True)
def test_it_says_the_revision_and_each_that_follows_and_nothing_else(here: Cast, web: WebServer):
    with events(f"{web.url}/events/TST/", cookie=cookie(here.stakeholder)) as found:
        stream = Stream.objects.get()
        for revision in range(stream.revision, stream.revision + 3):
            assert found.next() == {"id": f"{stream.epoch}:{revision}", "data": f'{{"revision":{revision}}}'}
            make_ticket(here)
        assert found.answer.headers["Cache-Control"] == "no-store"


@pytest.mark.django_db(transaction=True)
def test_without_the_event_loop_it_says_the_revision_and_ends(here: Cast, client: Client):
    client.force_login(here.member)
    answer = client.get("/events/TST/")
    assert b"".join(answer).count(b"data: ") == 1


@pytest.mark.django_db(transaction=True)
def test_a_person_has_so_many_open(here: Cast, client: Client):
    client.force_login(here.member)
    answers = [client.get("/events/TST/") for _ in range(sse.MOST_OPEN + 1)]
    assert [answer.status_code for answer in answers] == [200] * sse.MOST_OPEN + [429]
    for answer in answers:
        answer.close()
    again = client.get("/events/TST/")
    assert again.status_code == 200
    again.close()
