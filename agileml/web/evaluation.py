"""One evaluation: its terms, what is in, what it says, and what may follow from that."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from agileml.lib.charts import Chart
from agileml.lib.differences import Bounds, differences
from agileml.lib.fields import Invalid
from agileml.lib.numbers import whole
from agileml.metrics.actions.evaluations import look, withdraw_evaluation
from agileml.metrics.actions.promotions import promote
from agileml.metrics.queries import reigns
from agileml.metrics.queries.champions import champion_of
from agileml.metrics.queries.reigns import Standing
from agileml.metrics.rules.refusing import CannotBe
from agileml.metrics.rules.saying import figures, title_of_pairs
from agileml.projects.doors import Access, Hidden
from agileml.projects.rules import Need
from agileml.web.project import enter, frame

NEEDS = {"look": Need.WORK, "withdraw": Need.WORK, "promote": Need.LEAD, "override": Need.LEAD}


@login_required
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, key: str, slug: str, number: int) -> HttpResponse:
    """What it says; a POST looks, withdraws, or makes the challenger champion."""
    if request.method == "GET":
        return _page(request, enter(request, key), slug, number)
    do = request.POST.get("do", "")
    access = enter(request, key, need=NEEDS.get(do, Need.WORK))
    try:
        done = _act(access, slug, number, do, request)
    except (Invalid, CannotBe) as refused:
        said = [error.message for error in refused.errors] if isinstance(refused, Invalid) else [str(refused)]
        return _page(request, access, slug, number, said, status=422)
    messages.success(request, done)
    return redirect("evaluation", key, slug, number)


def _act(access: Access, slug: str, number: int, do: str, request: HttpRequest) -> str:
    who: dict[str, Any] = {"project": access.project, "model": slug, "actor": access.user, "now": timezone.now()}
    match do:
        case "look":
            look(number=number, expected=whole(request.POST.get("look")) or 0, **who)
            return "This look is counted, and kept with all that it saw."
        case "withdraw":
            withdraw_evaluation(number=number, **who)
            return "It is withdrawn. It keeps its place among the challengers."
        case "promote":
            promote(sent={"kind": "evaluation", "evaluation": number}, **who)
            return "The challenger is champion now."
        case "override":
            challenger = str(_standing(access, slug, number).evaluation.challenger.uid)
            reason = request.POST.get("reason", "")
            promote(sent={"kind": "override", "candidate": challenger, "reason": reason}, **who)
            return "The challenger is champion now, by your word."
    raise Hidden(do)


def _standing(access: Access, slug: str, number: int) -> Standing:
    found = reigns.standing(access.project, slug, number)
    if found is None:
        raise Hidden(number)
    return found


def _page(
    request: HttpRequest,
    access: Access,
    slug: str,
    number: int,
    errors: list[str] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    standing = _standing(access, slug, number)
    champion = champion_of(standing.evaluation.model)
    reigning = champion is not None and champion.pk == standing.evaluation.champion_id
    leads = Need.LEAD in access.can
    context = frame(
        access,
        "models",
        standing=standing,
        chart=_chart(standing),
        figures=figures(standing.answer, standing.unit) if standing.answer else [],
        may_work=Need.WORK in access.can,
        may_promote=leads and standing.won and reigning,
        may_override=leads and reigning and bool(standing.looks) and not standing.won,
        crowned=champion is not None and champion.candidate_id == standing.evaluation.challenger_id,
        errors=errors,
        reason=request.POST.get("reason", ""),
    )
    return render(request, "evaluation/page.html", context, status=status)


def _chart(standing: Standing) -> Chart | None:
    answer = standing.answer
    if answer is None or answer.mean is None or not answer.differences:
        return None
    return differences(
        answer.differences,
        Bounds(answer.mean, answer.lower, answer.upper),
        margin=answer.margin,
        title=title_of_pairs(standing.unit),
        desc=f"{len(answer.differences)} pairs; {standing.sentence}",
        unit=standing.unit,
    )
