"""A ticket as the texts of a form, and back.

Each field is one text, so that what was shown, what was written and what holds now can be compared field by field.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict

from agileml.work.fields import PLAN_FIELDS

Texts = dict[str, str]

LABELS = {
    "title": "Title", "question": "Question", "expected_benefit": "What it is good for",
    "riskiest_assumption": "Riskiest assumption", "stop_when": "Stop when", "description": "Description",
    "type": "Type", "story": "Story", "estimate": "Estimate", "criteria": "Criteria", "component": "Component",
    "assignee": "Assignee", "reviewer": "Reviewer", "labels": "Labels", "depends_on": "Needs",
    "checklist": "Checklist", "blocked": "Blocked by", "waiting_on_run": "Waiting on a run",
}  # fmt: skip
SAME = ("title", "question", "expected_benefit", "riskiest_assumption", "stop_when", "description", "type", "component")
CRITERION = ("uid", "role", "metric", "op", "against", "value", "judge", "expected_gain")
NUMBERS = ("value", "expected_gain")
SPARE = 2  # empty lines for criteria to come, so that one can be added without a script
MOST_CRITERIA = 20


class Unreadable(Exception):
    """A text says nothing that the field could hold; `errors` maps field names to what is wrong."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = errors


def texts_of(shape: Mapping[str, Any]) -> Texts:
    """A ticket's fields as the form shows them."""
    texts = {name: shape[name] for name in SAME}
    texts["story"] = str(shape["story"] or "")
    texts["estimate"] = "" if shape["estimate"] is None else f"{shape['estimate']:g}"
    for name in ("assignee", "reviewer"):
        texts[name] = shape[name]["id"] if shape[name] else ""
    texts["labels"] = ", ".join(shape["labels"])
    texts["depends_on"] = ", ".join(f"{shape['key'].rpartition('-')[0]}-{number}" for number in shape["depends_on"])
    texts["checklist"] = "\n".join(f"[{'x' if item['done'] else ' '}] {item['text']}" for item in shape["checklist"])
    texts["blocked"] = shape["blocked"]["why"] if shape["blocked"] else ""
    texts["waiting_on_run"] = "on" if shape["waiting_on_run"] else ""
    texts["criteria"] = json.dumps([_criterion_texts(item) for item in shape["criteria"]])
    return texts


def _criterion_texts(item: Mapping[str, Any]) -> Texts:
    texts = {name: str(item[name] or "") for name in CRITERION}
    texts |= {name: "" if item[name] is None else repr(item[name]) for name in NUMBERS}
    if item["against"] != "number":
        texts["value"] = repr(item["margin"]) if item["margin"] else ""  # there it is by how much it has to be better
    return texts


def readable(name: str, text: object) -> bool:
    """Whether a text that came along with a form is one that this form could have shown."""
    if name != "criteria" or not isinstance(text, str):
        return isinstance(text, str)
    try:
        lines = json.loads(text)
    except ValueError:
        return False
    return isinstance(lines, list) and all(isinstance(line, dict) and set(line) == set(CRITERION) for line in lines)


def posted(post: QueryDict, base: Texts) -> Texts:
    """What was written; a field that the form did not offer is as it was."""
    texts = {name: post.get(name, base[name]).replace("\r\n", "\n") for name in LABELS if name != "criteria"}
    texts["criteria"] = _posted_criteria(post) if "c-0-metric" in post else base["criteria"]
    return texts


def _posted_criteria(post: QueryDict) -> str:
    lines = []
    for at in range(MOST_CRITERIA + SPARE):
        line = {name: post.get(f"c-{at}-{name}", "").strip() for name in CRITERION}
        if line["metric"]:
            lines.append(line)
    return json.dumps(lines)


def new_criteria(post: QueryDict) -> list[dict[str, Any]]:
    """The criteria that were written for a ticket that is yet to be made. Raises ValueError for what is no number."""
    return _criteria(json.loads(_posted_criteria(post)), {"criteria": []})


def lines_of(post: QueryDict) -> list[Texts]:
    """The lines of the criteria's part of a form that makes a ticket."""
    return criteria_lines({"criteria": _posted_criteria(post)})


def criteria_lines(texts: Texts) -> list[Texts]:
    """The lines of the criteria's part of the form, with some to spare."""
    lines = list(json.loads(texts["criteria"]))
    spare = {"role": "success", "op": ">=", "against": "number", "judge": "mean"}
    return lines + [spare] * max(min(SPARE, MOST_CRITERIA - len(lines)), 0)


def sent(texts: Texts, names: list[str], shape: Mapping[str, Any]) -> dict[str, Any]:
    """These fields as actions take them; `shape` is the ticket as it is. Raises Unreadable."""
    errors: dict[str, str] = {}
    values: dict[str, Any] = {}
    for name in names:
        try:
            values[name] = _value(name, texts[name].strip(), shape)
        except ValueError as error:
            errors[name] = str(error)
    if errors:
        raise Unreadable(errors)
    return values


def _value(name: str, text: str, shape: Mapping[str, Any]) -> Any:
    if name in {"story", "assignee", "reviewer"}:
        return (int(text) if name == "story" else text) if text else None
    if name == "estimate":
        return number(text) if text else None
    if name == "labels":
        return [word for part in text.split(",") if (word := part.strip())]
    if name == "depends_on":
        return [_ticket(word) for word in re.split(r"[\s,]+", text) if word]
    if name == "checklist":
        return [_item(line) for line in text.splitlines() if line.strip()]
    if name == "blocked":
        return {"why": text} if text else None
    if name == "waiting_on_run":
        return bool(text)
    if name == "criteria":
        return _criteria(json.loads(text), shape)
    return text


def number(text: str) -> float:
    """The number that stands in a field. Raises ValueError, in words for whoever wrote it."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise ValueError(f"“{text}” is not a number.") from None


def _ticket(word: str) -> int:
    number = word.rpartition("-")[2].lstrip("#")
    if not number.isascii() or not number.isdecimal():
        raise ValueError(f"“{word}” is not a ticket.")
    return int(number)


def _item(line: str) -> dict[str, Any]:
    found = re.fullmatch(r"\s*(?:[-*]\s*)?(?:\[([ xX]?)\]\s*)?(.*?)\s*", line)
    assert found is not None
    return {"text": found[2], "done": (found[1] or "").lower() == "x"}


def _criteria(lines: list[Texts], shape: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Criteria as sent: what the form does not show of one that stands (dataset, margin) stays."""
    known = {item["uid"]: item for item in shape["criteria"]}
    result = []
    for line in lines:
        stands = {
            name: value for name, value in known.get(line["uid"], {}).items() if name not in {"state", "measured"}
        }
        said = {name: line[name] for name in ("role", "metric", "op", "against", "judge")}
        value = number(line["value"]) if line["value"] else None
        gain = number(line["expected_gain"]) if line["expected_gain"] else None
        bound = {"value": value} if line["against"] == "number" else {"value": None, "margin": value or 0.0}
        result.append({**stands, **said, **bound, "uid": line["uid"] or None, "expected_gain": gain})
    return result


def _bound(line: Texts) -> str:
    if line["against"] == "number":
        return line["value"]
    return f"{line['against']} by {line['value']}" if line["value"] else line["against"]


def planned(names: list[str]) -> list[str]:
    """Those of these fields that are part of the plan."""
    return [name for name in names if name in PLAN_FIELDS]


def said(name: str, text: str, names: Mapping[str, str]) -> str:
    """A field's text as a person reads it; `names` tells what people and stories are called."""
    if name == "criteria":
        return "; ".join(f"{line['metric']} {line['op']} {_bound(line)}" for line in json.loads(text))
    if name in {"assignee", "reviewer", "story"}:
        return names.get(text, text)
    if name == "waiting_on_run":
        return "yes" if text else "no"
    return text
