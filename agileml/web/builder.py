"""Building a demo: what it says, what it shows of each ticket, in which order, and publishing it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from agileml.demos.actions.begin import refresh_items
from agileml.demos.actions.edit import add_item, edit_demo, edit_item, leave_out, move_item
from agileml.demos.actions.images import add_image, describe_image, remove_image
from agileml.demos.actions.publish import publish
from agileml.demos.models import Demo, DemoItem
from agileml.demos.queries import listed
from agileml.demos.queries.choices import Choices, choices
from agileml.demos.queries.ended import over
from agileml.demos.queries.shown import unpublished
from agileml.demos.rules.images import LARGEST, MOST
from agileml.journal.rules.edits import Stale
from agileml.lib.fields import FieldError, Invalid
from agileml.lib.htmx import varies, wants_fragment
from agileml.metrics.rules.refusing import CannotBe
from agileml.planning.queries.backlog import people
from agileml.planning.queries.wording import how_many
from agileml.projects.doors import Access, Hidden
from agileml.projects.rules import Need
from agileml.web import merging
from agileml.web.merging import Form
from agileml.web.project import enter, frame

LABELS = {"title": "Title", "intro": "Introduction"}
ITEM_LABELS = {
    "section": "Section", "headline": "Headline", "story": "Story", "presenter": "Presenter", "findings": "Findings",
    "charts": "Charts", "evaluations": "Verdicts",
}  # fmt: skip
SHOWN = ("findings", "charts", "evaluations")
ADDED = ("section", "headline", "story")


@dataclass(frozen=True)
class Line:
    """An item in the builder: its row, what it could show, its form, and what was wrong with that."""

    row: DemoItem
    there: Choices
    form: Form
    wrong: Mapping[str, str]
    conflict: Mapping[str, Any] | None
    opened: bool

    @property
    def chosen(self) -> dict[str, list[tuple[str, str, bool]]]:
        """For findings, charts and verdicts: what is stored, words, and whether it is ticked."""
        ticked = {name: self.form.mine[name].split("\n") for name in SHOWN}
        return {
            name: [(code, words, code in ticked[name]) for code, words in getattr(self.there, name)] for name in SHOWN
        }


@login_required
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """The builder; a POST does one thing and comes back to where it was done."""
    access = enter(request, key, need=Need.WORK)
    row = listed.demo(access, number)
    if request.method == "GET":
        return _page(request, access, row)
    doing, _, which = request.POST.get("do", "").partition(":")
    if doing not in ACTIONS:
        raise Hidden(doing)
    by: dict[str, Any] = {"project": access.project, "demo": number, "actor": access.user, "now": timezone.now()}
    item = _item(which) if doing not in WHOLE else None
    try:
        place = ACTIONS[doing](Deed(request, access, row, item, by))
    except (Invalid, CannotBe, Stale) as refused:
        return _refused(request, access, listed.demo(access, number), doing, item, refused)
    if doing == "place" and wants_fragment(request):
        return varies(render(request, "builder/_placed.html", {"project": access.project, **_facts(row)}))
    return redirect(place or _at(access, number, f"item-{item}" if item else ""))


def _item(which: str) -> UUID:
    try:
        return UUID(which)
    except ValueError:
        raise Hidden(which) from None


def _at(access: Access, number: int, place: str) -> str:
    page = reverse("builder", args=[access.project.key, number])
    return f"{page}#{place}" if place else page


@dataclass(frozen=True)
class Deed:
    """One thing that is done: with the demo, or with one of its items; `by` is who does it, where and when.

    What does it answers with the page to go on to, empty for the place where it was done.
    """

    request: HttpRequest
    access: Access
    row: Demo
    item: UUID | None
    by: Mapping[str, Any]

    @cached_property
    def found(self) -> DemoItem:
        """The item. Raises Hidden."""
        return _found(self.row, self.item)


Act = Callable[[Deed], str]


def _demo(deed: Deed) -> str:
    form = merging.sent(deed.request.POST, _texts(deed.row))
    edit_demo(sent=form.written, expected_version=form.version, **deed.by)
    messages.success(deed.request, "Saved.")
    return ""


def _edit(deed: Deed) -> str:
    found = deed.found
    there = choices([found])[found.pk]
    form = _sent(deed.request, found, there)
    edit_item(item=found.uid, sent=_values(form, there), expected_version=form.version, **deed.by)
    messages.success(deed.request, "Saved.")
    return ""


def _step(deed: Deed) -> str:
    """Up or down by one; the first of a section goes to the end of the section before, the last to the next one."""
    up = deed.request.POST["do"].startswith("up:")
    beside: dict[str, Any]
    rows = listed.items(deed.row)  # read once: meanwhile somebody else may put it into another section
    found = next((one for one in rows if one.uid == deed.item), None)
    if found is None:
        raise Hidden(deed.item)
    sections = _by_section(rows)
    codes = list(sections)
    mine = [one.uid for one in sections[found.section]]
    at = mine.index(found.uid) + (-1 if up else 1)
    if 0 <= at < len(mine):
        beside = {"before" if up else "after": mine[at]}
        move_item(item=found.uid, **beside, **deed.by)
        return ""
    other = codes.index(found.section) + (-1 if up else 1)
    if 0 <= other < len(codes):
        there = sections[codes[other]]
        beside = {"after" if up else "before": there[-1 if up else 0].uid} if there else {}
        move_item(item=found.uid, section=codes[other], **beside, **deed.by)
    return ""


def _place(deed: Deed) -> str:
    """Where it was dropped: in a section, right before or right after another one."""
    found = deed.found
    beside: dict[str, Any] = {
        name: _item(said) for name in ("before", "after") if (said := deed.request.POST.get(name, ""))
    }
    move_item(item=found.uid, section=deed.request.POST.get("section") or None, **beside, **deed.by)
    return ""


def _leave(deed: Deed) -> str:
    leave_out(item=deed.found.uid, out=deed.request.POST["do"].startswith("out:"), **deed.by)
    return ""


def _add(deed: Deed) -> str:
    made = add_item(sent={name: deed.request.POST.get(name, "") for name in ADDED}, **deed.by)
    return _at(deed.access, deed.row.number, f"item-{made.uid}")


def _refresh(deed: Deed) -> str:
    made = refresh_items(**deed.by)
    messages.success(deed.request, f"{how_many(len(made), 'ticket')} taken in, at the end of their sections.")
    return ""


def _publish(deed: Deed) -> str:
    said = deed.request.POST.get("edition", "")
    edition = publish(expected=int(said) if said.isdecimal() and len(said) < 10 else None, **deed.by)
    messages.success(deed.request, f"Edition {edition.number} is published.")
    return reverse("demo", args=[deed.access.project.key, deed.row.number])


def _picture(deed: Deed) -> str:
    sent = deed.request.FILES.get("picture")
    if sent is None:
        raise Invalid([FieldError("/picture", "required", "Choose a picture first.")])
    content = sent.read(LARGEST + 1)  # one byte more than may be, so that it is refused without being kept whole
    add_image(
        item=deed.found.uid, name=(sent.name or "picture")[-120:], content=content,
        alt=deed.request.POST.get("alt", ""), **deed.by,
    )  # fmt: skip
    return ""


def _describe(deed: Deed) -> str:
    post = deed.request.POST
    describe_image(item=deed.found.uid, image=_item(post.get("image", "")), alt=post.get("alt", ""), **deed.by)
    return ""


def _unpicture(deed: Deed) -> str:
    remove_image(item=deed.found.uid, image=_item(deed.request.POST.get("image", "")), **deed.by)
    return ""


ACTIONS: dict[str, Act] = {
    "demo": _demo, "item": _edit, "up": _step, "down": _step, "place": _place, "out": _leave, "in": _leave, "add": _add,
    "refresh": _refresh, "publish": _publish, "picture": _picture, "describe": _describe, "unpicture": _unpicture,
}  # fmt: skip
WHOLE = {"demo", "add", "refresh", "publish"}


def _found(row: Demo, item: UUID | None) -> DemoItem:
    if item is None:
        raise Hidden(item)
    found = DemoItem.objects.select_related("ticket", "presenter").filter(demo=row, uid=item).first()
    if found is None:
        raise Hidden(item)
    return found


def _texts(row: Demo) -> dict[str, str]:
    return {"title": row.title, "intro": row.intro}


def _item_texts(row: DemoItem, there: Choices) -> dict[str, str]:
    """The fields of an item as texts; of what it shows, one a line what is ticked."""
    ticked = {}
    for name in SHOWN:
        kept, all_of = getattr(row, name), [code for code, _ in getattr(there, name)]
        if kept is None:
            ticked[name] = there.usual if name == "charts" else all_of
        else:
            ticked[name] = [code for code in all_of if code in kept]
    return {
        "section": row.section,
        "headline": row.headline,
        "story": row.story,
        "presenter": str(row.presenter.uid) if row.presenter else "",
        **{name: "\n".join(codes) for name, codes in ticked.items()},
    }


def _sent(request: HttpRequest, row: DemoItem, there: Choices) -> Form:
    post = request.POST
    ticks = {name: "\n".join(code for code, _ in getattr(there, name) if code in post.getlist(name)) for name in SHOWN}
    texts = _item_texts(row, there)
    return merging.sent(post, texts, {name: post.get(name, text) for name, text in texts.items()} | ticks)


def _values(form: Form, there: Choices) -> dict[str, Any]:
    """What was written, as the action takes it: all findings or verdicts are also those that are still to come."""
    values: dict[str, Any] = dict(form.written)
    if "presenter" in values:
        values["presenter"] = values["presenter"] or None
    for name in SHOWN & values.keys():
        codes = [code for code in values[name].split("\n") if code]
        whole = name != "charts" and len(codes) == len(getattr(there, name))
        values[name] = None if whole else codes
    return values


def _by_section(rows: Sequence[DemoItem]) -> dict[str, list[DemoItem]]:
    return {code: [row for row in rows if row.section == code] for code in DemoItem.Section.values}


def _refused(
    request: HttpRequest, access: Access, row: Demo, doing: str, item: UUID | None, refused: Exception
) -> HttpResponse:
    """The builder with why, and with what was written."""
    if isinstance(refused, Stale):
        return _stale(request, access, row, item, refused)
    errors = refused.errors if isinstance(refused, Invalid) else [FieldError("", "cannot", str(refused))]
    wrong = {error.pointer.strip("/").partition("/")[0]: error.message for error in errors}
    if doing == "item":
        found = _found(row, item)
        form = _sent(request, found, choices([found])[found.pk])
        return _page(request, access, row, item=item, item_form=form, item_wrong=wrong, status=422)
    if doing == "demo":
        form = merging.sent(request.POST, _texts(row))
        return _page(request, access, row, form=form, wrong=wrong, status=422)
    if doing in {"picture", "describe", "unpicture"}:
        return _page(request, access, row, item=item, item_wrong={"picture": "; ".join(wrong.values())}, status=422)
    more = {"added": request.POST, "added_wrong": wrong} if doing == "add" else {"errors": list(wrong.values())}
    return _page(request, access, row, status=422, **more)


def _stale(request: HttpRequest, access: Access, row: Demo, item: UUID | None, stale: Stale) -> HttpResponse:
    if item is None:
        form = merging.sent(request.POST, _texts(row)).again(theirs=_texts(row), version=row.version)
        told = merging.conflict(access.project, stale, labels=LABELS, mine=form.mine, theirs=form.was)
        return _page(request, access, row, form=form, conflict=told, status=409)
    found = _found(row, item)
    there = choices([found])[found.pk]
    form = _sent(request, found, there).again(theirs=_item_texts(found, there), version=found.version)
    words = {"presenter": dict(people(access.project)), "section": dict(DemoItem.Section.choices)}
    words |= {name: dict(getattr(there, name)) for name in SHOWN}
    told = merging.conflict(
        access.project, stale, labels=ITEM_LABELS, mine=form.mine, theirs=form.was,
        said=lambda name, text: "; ".join(words.get(name, {}).get(line, line) for line in text.split("\n"))
        if name in words else text,
    )  # fmt: skip
    return _page(request, access, row, item=item, item_form=form, item_conflict=told, status=409)


def _facts(row: Demo) -> dict[str, Any]:
    """How the draft stands to what was published, and how much of it would be."""
    return {"demo": row, "to_publish": unpublished(row), "may_show": row.items.filter(left_out=False).count()}


def _page(
    request: HttpRequest,
    access: Access,
    row: Demo,
    *,
    form: Form | None = None,
    item: UUID | None = None,
    item_form: Form | None = None,
    item_wrong: Mapping[str, str] | None = None,
    item_conflict: Mapping[str, Any] | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    rows = listed.items(row)
    there = choices(rows)
    told = {
        one.uid: Line(
            one,
            there[one.pk],
            (item_form if one.uid == item else None) or merging.shown(_item_texts(one, there[one.pk]), one.version),
            (item_wrong if one.uid == item else None) or {},
            item_conflict if one.uid == item else None,
            opened=one.uid == item,
        )
        for one in rows
    }
    known = {one.ticket_id for one in rows}
    titles = dict(DemoItem.Section.choices)
    context = {
        **_facts(row),
        "form": form or merging.shown(_texts(row), row.version),
        "sections": [(code, titles[code], [told[one.uid] for one in mine]) for code, mine in _by_section(rows).items()],
        "choosable": DemoItem.Section.choices,
        "people": people(access.project),
        "ended_since": sum(ticket.pk not in known for ticket in over(row.sprint)),
        "pictures_at_most": MOST,
        "wrong": {},
        **more,
    }
    return render(request, "builder/page.html", frame(access, "demos", **context), status=status)
