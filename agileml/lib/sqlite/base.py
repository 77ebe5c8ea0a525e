"""Django's SQLite back end, with as many parameters a statement as the library takes.

Django 5.2 stops at 999, the limit of SQLite before 3.32 (2020), and cuts a push of 1,000 points into 25 statements.
"""

import sqlite3

from django.db.backends.sqlite3 import base, features
from django.utils.functional import cached_property


class DatabaseFeatures(features.DatabaseFeatures):
    """What this SQLite can do."""

    @cached_property
    def max_query_params(self) -> int:  # type: ignore[override]  # a plain number in Django, told before any connection
        """The limit that the library was built with: 32,766 unless its packager chose another."""
        self.connection.ensure_connection()
        return int(self.connection.connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER))


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to SQLite."""

    features_class = DatabaseFeatures
