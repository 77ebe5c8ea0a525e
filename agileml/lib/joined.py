"""Texts of many rows as one, so that they can ride on a query that is made anyway."""

from typing import Any

from django.db.models import Aggregate, TextField


class Joined(Aggregate):
    """The texts of a group's rows, with spaces between them; NULL for none. For texts without spaces."""

    function = "GROUP_CONCAT"
    template = "%(function)s(%(expressions)s, ' ')"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """The same under its name there."""
        return self.as_sql(compiler, connection, function="STRING_AGG", **extra)
