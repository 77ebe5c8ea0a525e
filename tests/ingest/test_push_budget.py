"""A push of a thousand points costs a few statements, from the token to the answer."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agileml.metrics.models import Criterion, Snapshot
from tests.api.client import Api
from tests.factories import make_cast, make_ticket

pytestmark = pytest.mark.django_db(transaction=True)

MOST, MOST_A_CRITERION = 12, 7
BODY: dict[str, Any] = {
    "points": [{"metric": f"m{at % 10}", "value": at / 1000, "step": at // 10} for at in range(1000)],
}
UNTESTED = [{"metric": "another", "op": "<=", "value": 0.5}]
TESTED = [{"metric": "m0", "op": "<=", "value": 1}]


@pytest.mark.parametrize(("criteria", "most"), [(UNTESTED, MOST), (TESTED, MOST + MOST_A_CRITERION)])
def test_a_thousand_points_cost_a_few_statements(criteria: Any, most: int):
    cast = make_cast()
    make_ticket(cast, criteria=criteria)
    api = Api(cast.member)
    assert (
        api.post("tickets/1/snapshots/", BODY | {"external_id": "a", "candidate": "a"}, status=200)["created"] == 1000
    )
    with CaptureQueriesContext(connection) as seen:
        api.post("tickets/1/snapshots/", BODY | {"external_id": "b", "candidate": "b"}, status=200)
    asked = [query["sql"] for query in seen if not query["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))]
    assert Snapshot.objects.count() == 2000
    assert len(asked) <= most, "\n".join(sql[:90] for sql in asked)
    assert set(Criterion.objects.values_list("state", flat=True)) == {"met" if criteria is TESTED else "pending"}
