"""What a ticket's fields may hold, checked once for pages, API, imports and decisions alike."""

from typing import Any

from agileml.lib.fields import (
    Check,
    clean,
    many,
    many_or_changes,
    maybe,
    number,
    one_of,
    positive,
    record,
    reference,
    refuse,
    schema_of,
    takes,
    text,
    uid,
    user_id,
    web_address,
    yes_or_no,
)
from agileml.work import links
from agileml.work.types import TicketType

PLAN_FIELDS = ("type", "story", "estimate", "criteria")

_link = record(
    {"url": web_address, "title": text(200), "kind": maybe(one_of(*links.KINDS))},
    required=("url",),
    defaults={"title": "", "kind": None},
)


@takes(**schema_of(_link))
def one_link(value: Any) -> links.Link:
    """An address with a title and a kind, which is told by the address where none is given."""
    link: dict[str, Any] = _link(value)
    return {"url": link["url"], "title": link["title"], "kind": link["kind"] or links.kind_of(link["url"])}


@takes(type="array", items=schema_of(one_link), maxItems=links.AT_MOST)
def _links(value: Any) -> list[links.Link]:
    found: list[links.Link] = many(one_link, most=links.AT_MOST)(value)
    for position, link in enumerate(found):
        if any(link["url"] == other["url"] for other in found[:position]):
            refuse("This address is there twice.", "twice", f"/{position}/url")
    return found


_check_item = record({"text": text(300, least=1), "done": yes_or_no}, required=("text",), defaults={"done": False})
_blocked = record({"since": lambda value: None, "why": text(500, least=1)}, required=("why",), defaults={})
_criterion = record(
    {
        "uid": maybe(uid),
        "role": one_of("success", "kill"),
        "metric": text(200, least=1),
        "dataset": text(128),
        "split": text(64),
        "op": one_of(">=", "<="),
        "against": one_of("number", "baseline", "champion"),
        "value": maybe(number),
        "margin": positive,
        "judge": one_of("mean", "worst", "one"),
        "expected_gain": maybe(number),
        # What a client read back comes along when it sends the list again; both follow from the snapshots.
        "state": lambda value: None,
        "measured": lambda value: None,
    },
    required=("metric", "op"),
    defaults={
        "uid": None, "role": "success", "dataset": "", "split": "", "against": "number", "value": None, "margin": 0.0,
        "judge": "mean", "expected_gain": None,
    },
)  # fmt: skip


@takes(**schema_of(_criterion))
def _one_criterion(value: Any) -> dict[str, Any]:
    item: dict[str, Any] = _criterion(value)
    item.pop("state", None)
    item.pop("measured", None)
    if item["against"] == "number" and item["value"] is None:
        refuse("A criterion against a number needs the number.", "required", "/value")
    return item


@takes(type="array", items=schema_of(_criterion), maxItems=20)
def _criteria(value: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = many(_one_criterion, most=20)(value)
    known = [item["uid"] for item in items if item["uid"] is not None]
    for position, item in enumerate(items):
        if known.count(item["uid"]) > 1:
            refuse("This criterion is named twice.", "twice", f"/{position}/uid")
    return items


@takes(anyOf=[schema_of(web_address), {"type": "string", "maxLength": 0}, {"type": "null"}])
def _address_or_none(value: Any) -> str:
    return "" if value is None or value == "" else web_address(value)


_ref = record(
    {"system": text(64, least=1), "id": text(255, least=1), "url": _address_or_none},
    required=("system", "id"),
    defaults={"url": ""},
)
MOST_REFS = 20


@takes(type="array", items=schema_of(_ref), maxItems=MOST_REFS)
def external_refs(value: Any) -> list[dict[str, str]]:
    """What something is called in other systems, each name once."""
    found: list[dict[str, str]] = many(_ref, most=MOST_REFS)(value)
    names = [(ref["system"], ref["id"]) for ref in found]
    for position, name in enumerate(names):
        if name in names[:position]:
            refuse("This is there twice.", "twice", f"/{position}")
    return found


MOST_LABELS = 20
MOST_NEEDS = 50
_label = text(40, least=1)

TICKET_FIELDS: dict[str, Check] = {
    "type": one_of(*TicketType.values),
    "title": text(200, least=1),
    "question": text(2_000),
    "description": text(50_000),
    "expected_benefit": text(2_000),
    "riskiest_assumption": text(2_000),
    "stop_when": text(2_000),
    "component": text(40),
    "story": maybe(reference),
    "labels": many(_label, most=MOST_LABELS),
    "estimate": maybe(positive),
    "assignee": maybe(user_id),
    "reviewer": maybe(user_id),
    "blocked": maybe(_blocked),
    "waiting_on_run": yes_or_no,
    "links": _links,
    "checklist": many(_check_item, most=100),
    "depends_on": many(reference, most=MOST_NEEDS),
    "criteria": _criteria,
    "external_refs": external_refs,
}

LISTS = {"labels": MOST_LABELS, "depends_on": MOST_NEEDS}  # what several people put things into, one by one
EDIT_FIELDS = TICKET_FIELDS | {
    "labels": many_or_changes(_label, most=MOST_LABELS),
    "depends_on": many_or_changes(reference, most=MOST_NEEDS),
}


def ticket_fields(sent: Any, *, new: bool, pointer: str = "") -> dict[str, Any]:
    """Check a ticket's fields as sent; a new ticket needs a title and a type. Raises Invalid.

    Of one that is there already, `labels` and `depends_on` may be Changes.
    """
    fields = TICKET_FIELDS if new else EDIT_FIELDS
    return clean(sent, fields=fields, required=("title", "type") if new else (), pointer=pointer)
