"""Supervisors and load balancers ask whether the process serves; the answer needs nothing else to be up."""

from django.db import connection
from django.test import Client


def test_it_answers_anybody_without_the_database_or_a_session(client: Client) -> None:
    def no_database(*asked: object) -> None:
        raise AssertionError("The health of the process does not hang on the database.")

    with connection.execute_wrapper(no_database):
        answer = client.get("/healthz/")
    assert (answer.status_code, answer.content) == (200, b"ok")
    assert not answer.cookies


def test_it_is_only_looked_at(client: Client) -> None:
    assert client.post("/healthz/").status_code == 405
