"""Reading what teams work on."""

from typing import Any

from django.db.models import BooleanField, F, Func, Value

LABELS = "labels"


class HasLabel(Func):
    """Whether a ticket carries a label; the two back ends look into a JSON list each in its own way."""

    output_field = BooleanField()
    template = "(%(expressions)s)"
    arg_joiner = " ? "

    def __init__(self, label: str) -> None:
        super().__init__(F(LABELS), Value(label))

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """One row of the list is the label."""
        return self.as_sql(
            compiler,
            connection,
            template="EXISTS (SELECT 1 FROM json_each(%(expressions)s))",
            arg_joiner=") AS label WHERE label.value = (",
            **extra,
        )
