"""SQLite takes many parameters a statement, so that what is one statement elsewhere is one there."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agileml.accounts.models import User
from tests.factories import NOW


@pytest.mark.django_db
def test_a_thousand_rows_are_one_statement():
    with CaptureQueriesContext(connection) as seen:
        User.objects.bulk_create(User(name=f"{at}", created_at=NOW) for at in range(1000))
    assert len([query for query in seen if query["sql"].startswith("INSERT")]) == 1
    assert User.objects.count() == 1000
