"""A project's metrics: which way is better, what a difference must be to matter, what they are worth without the work.

Below them stands what work of each kind was expected to gain and what it did, over all closed sprints.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agileml.lib import fields
from agileml.lib.fields import FieldError, Invalid
from agileml.lib.figures import gap, measured, scale_of
from agileml.lib.numbers import whole
from agileml.metrics.actions.settings import edit_metric, remove_baseline, set_baseline
from agileml.metrics.models import Baseline, Candidate, Metric
from agileml.metrics.queries.listed import Base, Listed, Place, listed, of_metrics, places_of
from agileml.metrics.rules.refusing import CannotBe
from agileml.planning.queries.gains import gains
from agileml.projects.doors import Access, Hidden
from agileml.projects.rules import Need
from agileml.web.edit_form import number
from agileml.web.project import enter, frame
from agileml.web.report import AGAINST
from agileml.web.telling import Teller

LABEL: dict[str, fields.Check] = {"label": fields.text(120, least=1), "constant": fields.number}
MADE_OF = ("measured", "constant")
Texts = Mapping[str, str]


@login_required
@require_safe
def show(request: HttpRequest, key: str) -> HttpResponse:
    """All metrics, and the gains by kind of work."""
    access = enter(request, key)
    page, rows = listed(access.project, whole(request.GET.get("page")) or 1)
    teller = Teller(access.project)
    context = frame(
        access, "metrics", page=page, lines=[_line(teller, one) for one in rows],
        gains=[_gain(one) for one in gains(access.project)], may_lead=Need.LEAD in access.can,
    )  # fmt: skip
    return render(request, "metrics/page.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, key: str, uid: UUID) -> HttpResponse:
    """One metric, which leads change: direction, unit, smallest difference. Its baseline is a form of its own."""
    access = enter(request, key, need=Need.LEAD)
    row = _metric(access, uid)
    if request.method == "GET":
        return _one(request, access, row)
    written = {name: request.POST.get(name, "") for name in ("direction", "unit", "smallest_difference")}
    try:
        edit_metric(
            metric=str(uid), sent=_settings(written), project=access.project, actor=access.user, now=timezone.now()
        )
    except Invalid as invalid:
        return _one(request, access, row, settings=written, wrong=invalid.errors)
    except CannotBe as refused:
        return _one(request, access, row, settings=written, refused=str(refused))
    messages.success(request, "The metric is saved.")
    return redirect("metrics", key)


@login_required
@require_POST
def baseline(request: HttpRequest, key: str, uid: UUID) -> HttpResponse:
    """Say what the metric is worth without the work: by a candidate that was measured, or by a constant."""
    access = enter(request, key, need=Need.LEAD)
    row = _metric(access, uid)
    written = {name: request.POST.get(name, "") for name in ("made_of", "place", "constant", "holds_for", "label")}
    try:
        chosen = _chosen(written, row)
    except Invalid as invalid:
        return _one(request, access, row, base=written, wrong=invalid.errors)
    set_baseline(metric=row.key, project=access.project, actor=access.user, now=timezone.now(), **chosen)
    messages.success(request, "The baseline is set, and what is judged against it was judged anew.")
    return redirect("metrics", key)


@login_required
@require_POST
def remove(request: HttpRequest, key: str, uid: UUID, base: UUID) -> HttpResponse:
    """Take a baseline of the metric away."""
    access = enter(request, key, need=Need.LEAD)
    if not Baseline.objects.filter(metric=_metric(access, uid), uid=base).exists():
        raise Hidden(base)
    remove_baseline(project=access.project, baseline=base, actor=access.user, now=timezone.now())
    messages.success(request, "The baseline is removed, and what was judged against it was judged anew.")
    return redirect("metrics_edit", key, uid)


def _metric(access: Access, uid: UUID) -> Metric:
    row = Metric.objects.filter(project=access.project, uid=uid).first()
    if row is None:
        raise Hidden(uid)
    return row


def _one(
    request: HttpRequest, access: Access, row: Metric, *, settings: Texts | None = None, base: Texts | None = None,
    wrong: list[FieldError] | None = None, refused: str = "",
) -> HttpResponse:  # fmt: skip
    """The page of one metric, with what was written where that could not be kept."""
    teller, places = Teller(access.project), places_of(row)
    context = frame(
        access, "metrics", metric=row, line=_line(teller, of_metrics([row])[0]),
        directions=[(value, label) for value, label in Metric.Direction.choices if value]
        + [("", Metric.Direction.UNKNOWN.label)],
        settings=settings or _texts(row),
        base=base or {"made_of": MADE_OF[0] if places else MADE_OF[1], "place": "", "holds_for": ""},
        places=[(_name(place), _words(access, place)) for place in places],
        measurements=[(_measurement(place), _on(place.dataset, place.digest, place.split)) for place in _apart(places)],
        wrong={error.pointer.strip("/"): error.message for error in wrong or []}, refused=refused,
    )  # fmt: skip
    return render(request, "metrics/one.html", context, status=409 if refused else 422 if wrong else 200)


def _texts(row: Metric) -> dict[str, str]:
    """What is said of a metric, as people write it: a fraction whose unit is % as percent."""
    least = row.smallest_difference
    shown = "" if least is None else f"{round(least * 100, 10) if row.unit == '%' else least:.12g}"
    return {"direction": row.direction, "unit": row.unit, "smallest_difference": shown}


def _settings(written: Texts) -> dict[str, Any]:
    """The form as the action takes it. Raises Invalid for what is no number."""
    text = written["smallest_difference"]
    value = _value(text, "smallest_difference", written["unit"].strip()) if text.strip() else None
    return {"direction": written["direction"], "unit": written["unit"], "smallest_difference": value}


def _chosen(written: Texts, row: Metric) -> dict[str, Any]:
    """The baseline's form as the action takes it. Raises Invalid with all that is wrong."""
    errors: list[FieldError] = []
    chosen: dict[str, Any] = {}
    places = places_of(row)
    try:
        chosen |= fields.clean({"label": written["label"]}, fields=LABEL)
    except Invalid as invalid:
        errors += invalid.errors
    if written["made_of"] == "measured":
        place = next((one for one in places if _name(one) == written["place"]), None)
        if place is None:
            errors.append(FieldError("/place", "invalid", "Choose what was measured."))
        else:
            candidate = Candidate.objects.select_related("ticket").get(pk=place.candidate)
            chosen |= {"candidate": candidate, "dataset_digest": place.digest, "split": place.split}
    elif written["made_of"] == "constant":
        try:
            value = _value(written["constant"], "constant", row.unit)
            chosen |= fields.clean({"constant": value}, fields=LABEL)
        except Invalid as invalid:
            errors += invalid.errors
        named = next((one for one in places if _measurement(one) == written["holds_for"]), None)
        if named:
            chosen |= {"dataset_digest": named.digest, "split": named.split}
        elif written["holds_for"]:
            errors.append(FieldError("/holds_for", "invalid", "Nothing was measured there."))
    else:
        errors.append(FieldError("/made_of", "invalid", "A measured candidate, or a constant?"))
    if errors:
        raise Invalid(errors)
    return chosen


def _value(text: str, name: str, unit: str) -> float:
    """A number as people write it: where the unit is %, 0.4 and "0.4 %" are stored as 0.004. Raises Invalid."""
    try:
        value = number(text.strip().removesuffix("%").strip())
    except ValueError:
        raise Invalid([FieldError(f"/{name}", "invalid", "This must be a number.")]) from None
    return round(value / scale_of(unit), 15) if unit == "%" else value


def _name(place: Place) -> str:
    """A place as the form names it; nothing in it is looked up but by comparing."""
    return f"{place.candidate}|{_measurement(place)}"


def _measurement(place: Place) -> str:
    return f"{place.digest}|{place.split}"


def _apart(places: list[Place]) -> list[Place]:
    """One place for each measurement."""
    return list({_measurement(place): place for place in reversed(places)}.values())[::-1]


def _words(access: Access, place: Place) -> str:
    on = _on(place.dataset, place.digest, place.split)
    pairs = f", {place.pairs} pairs" if place.pairs > 1 else ""
    return f"{access.project.key}-{place.ticket} {place.name} · {on}{pairs}"


def _on(dataset: str, digest: str, split: str) -> str:
    """A measurement in words."""
    data = dataset or digest[:24] or "no dataset named"
    return f"{data}, {split}" if split else data


def _line(teller: Teller, one: Listed) -> dict[str, Any]:
    row, newest = one.row, one.newest
    least = row.smallest_difference
    return {
        "uid": row.uid,
        "key": row.key,
        "direction": row.get_direction_display(),
        "watched": row.watched,
        "unit": row.unit,
        "least": "" if least is None else measured(least, row.unit),
        "baselines": [_baseline(teller, base, row.unit) for base in one.baselines],
        "snapshots": one.snapshots,
        "newest": newest
        and {
            "value": measured(newest.value, row.unit, state=newest.value_state),
            "ticket": f"{teller.project.key}-{newest.ticket.number}",
            "url": teller.ticket_url(newest.ticket.number),
            "candidate": newest.as_name,
            "when": teller.when(newest.observed_at),
        },
    }


def _baseline(teller: Teller, base: Base, unit: str) -> dict[str, Any]:
    row = base.row
    of = row.candidate
    named = bool(row.dataset_digest or row.split)
    return {
        "uid": row.uid,
        "label": row.label,
        "value": measured(base.value, unit),
        "on": _on(base.dataset, row.dataset_digest, row.split) if named or of else "any dataset",
        "ticket": f"{teller.project.key}-{of.ticket.number}" if of else "",
        "url": teller.ticket_url(of.ticket.number) if of else "",
        "candidate": of.name if of else "",
    }


def _gain(one: Mapping[str, Any]) -> dict[str, Any]:
    """A line of gains as it is shown, good where at least what was expected came."""
    unit, got, expected = one["unit"], one["measured"], one["expected"]
    return {
        **one,
        "against": AGAINST[one["against"]],
        "expected": gap(expected, unit) if expected is not None else "–",
        "measured": gap(got, unit) if got is not None else "",
        "tone": "" if got is None else "good" if got >= (expected or 0) else "wait",
    }
