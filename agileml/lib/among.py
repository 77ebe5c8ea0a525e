"""Whether a column is one of many numbers, sent as one parameter: with hundreds the list itself is what costs."""

from collections.abc import Collection
from typing import Any

from django.db.models import BooleanField, F, Func, TextField, Value


class Among(Func):
    """A condition: the whole-number column `name` is one of `numbers`, of which there may be thousands."""

    output_field = BooleanField()
    template = "%(expressions)s::bigint[])"
    arg_joiner = " = ANY("

    def __init__(self, name: str, numbers: Collection[int]) -> None:
        super().__init__(F(name), Value(f"{{{','.join(map(str, numbers))}}}", output_field=TextField()))

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """The numbers are a JSON list there."""
        column, numbers = self.get_source_expressions()
        copy = self.copy()
        copy.set_source_expressions([column, Value(f"[{numbers.value[1:-1]}]", output_field=TextField())])
        return copy.as_sql(
            compiler,
            connection,
            template="%(expressions)s))",
            arg_joiner=" IN (SELECT value FROM json_each(",
            **extra,
        )
