"""The reason of a decision, as clients send it: code, text and evidence."""

from collections.abc import Mapping
from typing import Any

from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.planning.actions.decide import Why

EVIDENCE = fields.record({"finding": fields.uid, "snapshot": fields.uid, "evaluation": fields.uid}, defaults={})
REASON: dict[str, fields.Check] = {
    "reason_code": fields.text(40),
    "reason": fields.text(10_000),
    "evidence": fields.many(EVIDENCE, most=50),
}


def why_of(sent: Any, *, pointer: str = "") -> Why:
    """The reason inside a body. Raises Invalid; whether it is enough, the decision itself says."""
    values = fields.clean(sent, fields=REASON, pointer=pointer)
    evidence = values.get("evidence", [])
    wrong = [
        FieldError(f"{pointer}/evidence/{at}", "invalid", "Name one finding, snapshot or evaluation.")
        for at, item in enumerate(evidence)
        if len(item) != 1
    ]
    if wrong:
        raise Invalid(wrong)
    return Why(code=values.get("reason_code", ""), text=values.get("reason", ""), evidence=evidence)


def apart(sent: Mapping[str, Any]) -> tuple[dict[str, Any], Why | None]:
    """The fields of an edit, and the reason that came with them as `decision`, if one did. Raises Invalid."""
    values = dict(sent)
    decision = values.pop("decision", None)
    return values, None if decision is None else why_of(decision, pointer="/decision")
