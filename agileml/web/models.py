"""The models of a project: who is champion and who was, what is being compared, and by which rules."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_GET, require_POST

from agileml.ingest.checks import InRegistry, champion_in_registry
from agileml.ingest.models import Source
from agileml.lib.charts import Chart
from agileml.lib.fields import FieldError, Invalid
from agileml.lib.figures import measured
from agileml.lib.levels import Level
from agileml.lib.numbers import whole
from agileml.lib.staircase import Step, staircase
from agileml.metrics.actions.evaluations import open_evaluation
from agileml.metrics.actions.promotions import promote, set_deployment
from agileml.metrics.actions.registered import register_model, set_policy
from agileml.metrics.models import Baseline, Evaluation, Metric, Policy, RegisteredModel, Target
from agileml.metrics.queries import reigns
from agileml.metrics.queries.reigns import Line, Reign
from agileml.metrics.rules.refusing import CannotBe
from agileml.projects.doors import Access, Hidden
from agileml.projects.rules import Need
from agileml.web.project import enter, frame
from agileml.work.models import Ticket

Act = Callable[[Access, QueryDict], Any]


@login_required
@require_GET
def show(request: HttpRequest, key: str) -> HttpResponse:
    """Every line of models."""
    return _page(request, enter(request, key))


@login_required
@require_POST
def registry(request: HttpRequest, key: str, slug: str) -> HttpResponse:
    """Ask the registry where a model is kept which version it calls champion."""
    access = enter(request, key, need=Need.WORK)
    model = RegisteredModel.objects.filter(project=access.project, slug=slug).first()
    if model is None or not model.registry_source:
        raise Hidden(slug)
    uid = model.registry_source
    source = Source.objects.filter(project=access.project, uid=uid).exclude(state=Source.State.REMOVED).first()
    said = champion_in_registry(source, model.registry_name) if source else InRegistry("Its source is removed.")
    return _page(request, access, slug, said=said)


@login_required
@require_POST
def register(request: HttpRequest, key: str) -> HttpResponse:
    """Begin a line of models."""
    return _do(request, enter(request, key, need=Need.LEAD), _register, "It is registered.")


@login_required
@require_POST
def policy(request: HttpRequest, key: str, slug: str) -> HttpResponse:
    """Agree how challengers of a model are compared from now on."""
    access = enter(request, key, need=Need.LEAD)
    return _do(request, access, lambda access, post: _set_policy(access, slug, post), "The policy is set.", slug)


@login_required
@require_POST
def crown(request: HttpRequest, key: str, slug: str) -> HttpResponse:
    """Make a candidate the champion: the first, or by a lead's word."""
    access = enter(request, key, need=Need.LEAD)
    return _do(request, access, lambda access, post: _crown(access, slug, post), "There is a new champion.", slug)


@login_required
@require_POST
def deploy(request: HttpRequest, key: str, slug: str, number: int) -> HttpResponse:
    """Name the ticket that brings a champion into use."""
    access = enter(request, key, need=Need.LEAD)

    def name(access: Access, post: QueryDict) -> Any:
        ticket = _whole(post.get("deployment", ""))
        if isinstance(ticket, str):
            raise Invalid([FieldError("/deployment", "invalid", "The number of a ticket.")])
        return set_deployment(
            project=access.project, model=slug, number=number, deployment=ticket, actor=access.user, now=timezone.now()
        )

    return _do(request, access, name, "Noted.", slug)


@login_required
@require_POST
def challenge(request: HttpRequest, key: str, slug: str) -> HttpResponse:
    """Register that a candidate is to be compared with the champion."""
    access = enter(request, key, need=Need.WORK)

    def begin(access: Access, post: QueryDict) -> Evaluation:
        sent = {"challenger": post.get("challenger", ""), "expects": post.get("expects", "")}
        return open_evaluation(project=access.project, model=slug, sent=sent, actor=access.user, now=timezone.now())

    try:
        made = begin(access, request.POST)
    except (Invalid, CannotBe) as refused:
        return _page(request, access, slug, _errors(refused), status=422)
    messages.success(request, "It is registered: from here on its terms stand.")
    return redirect("evaluation", key, slug, made.number)


def _do(request: HttpRequest, access: Access, act: Act, done: str, slug: str = "") -> HttpResponse:
    try:
        act(access, request.POST)
    except (Invalid, CannotBe) as refused:
        return _page(request, access, slug, _errors(refused), status=422)
    messages.success(request, done)
    return redirect("models", access.project.key)


def _page(
    request: HttpRequest,
    access: Access,
    slug: str = "",
    errors: list[str] | None = None,
    *,
    said: InRegistry | None = None,
    status: int = 200,
) -> HttpResponse:
    project = access.project
    lines = reigns.lines(project)
    leads, works = Need.LEAD in access.can, Need.WORK in access.can
    keys = list(
        Metric.objects.filter(project=project).exclude(direction="").order_by("key").values_list("key", flat=True)
    )
    baselines = list(
        Baseline.objects.filter(project=project, candidate__isnull=False).select_related("candidate__ticket")
    )
    aims = {row.metric_id: row for row in Target.objects.filter(epic__project=project).select_related("metric")}
    deploys = Ticket.objects.alive().filter(project=project, type="deployment").order_by("number") if leads else []
    shown = [
        {
            "line": line,
            "chart": _chart(line, aims),
            "challengers": reigns.challengers(line.policy) if works and line.policy and line.champion else [],
            "firsts": [row for row in baselines if line.policy and row.metric_id == line.policy.metric_id],
            "wrong": errors if line.model.slug == slug else None,
            "said": said if line.model.slug == slug else None,
            "sent": request.POST if line.model.slug == slug else {},
        }
        for line in lines
    ]
    context = frame(
        access, "models", lines=shown, leads=leads, works=works, metrics=keys, deploys=list(deploys),
        designs=Policy.Design.choices,
        registries=_registries(access) if leads else [],
        errors=errors if not slug else None, sent=request.POST if not slug else {},
    )  # fmt: skip
    return render(request, "models/page.html", context, status=status)


def _registries(access: Access) -> list[Source]:
    """The sources that may keep models."""
    rows = Source.objects.filter(project=access.project, kind="mlflow").exclude(state=Source.State.REMOVED)
    return list(rows.order_by("pk"))


def _chart(line: Line, aims: dict[int, Target]) -> Chart | None:
    if line.policy is None or not line.reigns:
        return None
    metric = line.policy.metric
    aim = aims.get(metric.pk)
    levels = [Level("target", aim.value, "target")] if aim else []
    oldest_first = list(reversed(line.reigns))
    return staircase(
        [_step(reign) for reign in oldest_first],
        title=f"Champions of {line.model.name} by {metric.key}",
        desc=f"From {measured(oldest_first[0].mean, metric.unit)} to {measured(oldest_first[-1].mean, metric.unit)} "
        f"over {len(oldest_first)} champions.",
        levels=levels,
        unit=metric.unit,
    )


def _step(reign: Reign) -> Step:
    row = reign.promotion
    how = str(row.get_kind_display()) + (", for now" if row.provisional else "")
    return Step(row.number, row.candidate.name, how, date_format(timezone.localtime(row.at), "j M Y"), reign.mean)


def _register(access: Access, post: QueryDict) -> None:
    sent = {name: post.get(name, "") for name in ("slug", "name", "purpose", "registry_source", "registry_name")}
    register_model(project=access.project, sent=sent, actor=access.user, now=timezone.now())


def _set_policy(access: Access, slug: str, post: QueryDict) -> None:
    guardrails = [
        {"metric": metric, "largest_regression": _number(worst)}
        for metric, worst in zip(post.getlist("guarded"), post.getlist("worst"), strict=False)
        if metric
    ]
    sent = {
        "metric": post.get("metric", ""),
        "margin": _number(post.get("margin", "")),
        "dataset": {"name": post.get("dataset_name", ""), "digest": post.get("dataset_digest", "")},
        "split": post.get("split", ""),
        "design": post.get("design", ""),
        "folds": _whole(post.get("folds", "")),
        "planned_n": _whole(post.get("planned_n", "")),
        "looks": _whole(post.get("looks", "1")),
        "guardrails": guardrails,
    }
    set_policy(project=access.project, model=slug, sent=sent, actor=access.user, now=timezone.now())


def _crown(access: Access, slug: str, post: QueryDict) -> None:
    sent = {"kind": post.get("kind", ""), "candidate": post.get("candidate", ""), "reason": post.get("reason", "")}
    promote(project=access.project, model=slug, sent=sent, actor=access.user, now=timezone.now())


def _errors(refused: Invalid | CannotBe) -> list[str]:
    if isinstance(refused, CannotBe):
        return [str(refused)]
    return [f"{error.pointer.strip('/').replace('_', ' ').capitalize()}: {error.message}" for error in refused.errors]


def _number(text: str) -> float | str:
    """What somebody typed as a number; what is none stays text, which the action refuses by its name."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return text


def _whole(text: str) -> int | str | None:
    """A whole number as it was typed; nothing is None, and what is none stays text, which the action refuses."""
    return whole(text.strip()) or text.strip() or None
