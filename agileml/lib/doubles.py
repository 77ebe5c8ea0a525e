"""Large numbers that come back from JSON columns as they went in.

PostgreSQL keeps the numbers of a jsonb as decimals and writes 1e23 as 100000000000000000000000. Python reads that as an
integer, which is not equal to the double that was stored, and which no JSON writer with 64-bit integers can send.
"""

import json
from typing import Any

from django.db import models


def _reader(largest: int) -> type[json.JSONDecoder]:
    """A decoder that reads whole numbers beyond `largest` as the doubles that they were."""

    def whole(text: str) -> int | float:
        number = int(text) if len(text) < 25 else None
        return number if number is not None and abs(number) <= largest else float(text)

    class Reader(json.JSONDecoder):
        def __init__(self, **options: Any) -> None:
            super().__init__(**{**options, "parse_int": whole})

    return Reader


class _Field(models.JSONField):
    """A JSONField to the database and its migrations; only reading differs."""

    largest: int

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "decoder": _reader(self.largest)})

    def deconstruct(self) -> Any:
        name, _, args, options = super().deconstruct()
        options.pop("decoder", None)
        return name, "django.db.models.JSONField", args, options


class DoublesField(_Field):
    """JSON whose large numbers were doubles: whole numbers that a double need not hold exactly are read as doubles."""

    largest = 2**53


class WideField(_Field):
    """JSON that may hold 64-bit integers (steps, seeds): only what lies beyond them is read as a double."""

    largest = 2**63 - 1
