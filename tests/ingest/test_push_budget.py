"""A push of a thousand points costs a few statements."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agileml.ingest.actions import receive_push
from agileml.metrics.models import Snapshot
from tests.factories import NOW, make_cast, make_ticket

pytestmark = pytest.mark.django_db(transaction=True)

# Django gives SQLite at most 999 parameters a statement, so that there the same rows take more of them.
MOST = {"postgresql": 12, "sqlite": 35}
BODY: dict[str, Any] = {
    "external_id": "thousand",
    "points": [{"metric": f"m{at % 10}", "value": at / 1000, "step": at // 10} for at in range(1000)],
}


def test_a_thousand_points_cost_a_few_statements():
    cast = make_cast()
    ticket = make_ticket(cast)
    first = BODY | {"external_id": "before", "candidate": "before"}
    receive_push(project=cast.project, ticket=ticket.number, body=first, actor=cast.member, now=NOW)
    with CaptureQueriesContext(connection) as seen:
        receive_push(project=cast.project, ticket=ticket.number, body=BODY, actor=cast.member, now=NOW)
    asked = [query["sql"] for query in seen if not query["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))]
    assert Snapshot.objects.count() == 2000
    assert len(asked) <= MOST[connection.vendor], "\n".join(sql[:90] for sql in asked)
