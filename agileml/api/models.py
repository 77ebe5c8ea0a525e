"""Registered models, their policies, evaluations and champions, and the candidates that could become one."""

from typing import Any

from django.db.models import Count
from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import columns, paging
from agileml.api.views import ProjectView, tagged
from agileml.lib import fields
from agileml.metrics import shapes
from agileml.metrics.actions import evaluations as acts
from agileml.metrics.actions.promotions import promote, set_deployment
from agileml.metrics.actions.registered import register_model, set_policy
from agileml.metrics.models import Candidate, Evaluation, Look, Policy, Promotion, RegisteredModel, Snapshot
from agileml.metrics.queries import champions
from agileml.projects.doors import Hidden

LOOK: dict[str, fields.Check] = {"look": fields.reference}
DEPLOYMENT: dict[str, fields.Check] = {"deployment": fields.maybe(fields.reference)}


class OfModel(ProjectView):
    """Something that hangs on a registered model."""

    def model(self, slug: str) -> RegisteredModel:
        """The model. Raises Hidden when there is none."""
        row = RegisteredModel.objects.filter(project=self.project, slug=slug).first()
        if row is None:
            raise Hidden(slug)
        return row

    def evaluation(self, slug: str, number: int) -> Evaluation:
        """One of its evaluations, with all that its shape needs. Raises Hidden when there is none."""
        rows = champions.evaluations().filter(model__project=self.project, model__slug=slug, number=number)
        row: Evaluation | None = rows.first()
        if row is None:
            raise Hidden(number)
        return row


class Models(ProjectView):
    """The lines of models of a project."""

    follows_history = True
    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str) -> Response:
        """List them."""
        rows = RegisteredModel.objects.filter(project=self.project)
        return self.vouched(paging.page(request, rows, _models, columns.MODEL, by="pk"))

    def post(self, request: Request, key: str) -> Response:
        """Register one."""
        row = register_model(sent=self.sent(), **self.doing())
        return tagged(_models([row])[0], status=201, location=f"{request.path}{row.slug}/")


class OneModel(OfModel):
    """A registered model."""

    def get(self, request: Request, key: str, slug: str) -> Response:
        """Read it."""
        return self.vouched(tagged(_models([self.model(slug)])[0]))


class NextPolicy(OfModel):
    """How challengers are compared from now on."""

    def post(self, request: Request, key: str, slug: str) -> Response:
        """Set the next version of the policy."""
        return Response(shapes.policy(set_policy(model=slug, sent=self.sent(), **self.doing())), status=201)


class Policies(OfModel):
    """Every version of a model's policy."""

    follows_history = True
    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str, slug: str) -> Response:
        """List them."""
        rows = Policy.objects.filter(model=self.model(slug)).select_related("metric")
        return self.vouched(paging.page(request, rows, _policies, columns.POLICY, by="version"))


class Evaluations(OfModel):
    """Champion against challenger."""

    follows_history = True
    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str, slug: str) -> Response:
        """List them."""
        rows = champions.evaluations().filter(model=self.model(slug))
        return self.vouched(paging.page(request, rows, _evaluations, columns.EVALUATION))

    def post(self, request: Request, key: str, slug: str) -> Response:
        """Register one, before anybody looks."""
        row = acts.open_evaluation(model=slug, sent=self.sent(), **self.doing())
        shape = _evaluations([self.evaluation(slug, row.number)])[0]
        return tagged(shape, status=201, location=f"{request.path}{row.number}/")


class OneEvaluation(OfModel):
    """An evaluation with its looks."""

    def get(self, request: Request, key: str, slug: str, number: int) -> Response:
        """Read it."""
        return self.vouched(tagged(_evaluations([self.evaluation(slug, number)])[0]))


class TakeLook(OfModel):
    """A look at an evaluation."""

    def post(self, request: Request, key: str, slug: str, number: int) -> Response:
        """Take the look whose number is named; it is counted."""
        values = fields.clean(self.sent(), fields=LOOK, required=("look",))
        acts.look(model=slug, number=number, expected=values["look"], **self.doing())
        return tagged(_evaluations([self.evaluation(slug, number)])[0])


class WithdrawEvaluation(OfModel):
    """The end of an evaluation without a verdict."""

    def post(self, request: Request, key: str, slug: str, number: int) -> Response:
        """Withdraw it."""
        fields.clean(self.sent(), fields={})
        acts.withdraw_evaluation(model=slug, number=number, **self.doing())
        return tagged(_evaluations([self.evaluation(slug, number)])[0])


class ModelPromotions(OfModel):
    """The champions of a model."""

    follows_history = True
    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str, slug: str) -> Response:
        """List them, the first one first."""
        rows = champions.promotions().filter(model=self.model(slug))
        return self.vouched(paging.page(request, rows, _promotions, columns.PROMOTION))

    def post(self, request: Request, key: str, slug: str) -> Response:
        """Make a candidate the champion."""
        return Response(shapes.promotion(promote(model=slug, sent=self.sent(), **self.doing())), status=201)


class OnePromotion(OfModel):
    """A champion."""

    def patch(self, request: Request, key: str, slug: str, number: int) -> Response:
        """Name the ticket that brings it into use, or none."""
        values = fields.clean(self.sent(), fields=DEPLOYMENT, required=("deployment",))
        row = set_deployment(model=slug, number=number, deployment=values["deployment"], **self.doing())
        return Response(shapes.promotion(row))


class Promotions(ProjectView):
    """The champions of all models of a project."""

    follows_history = True
    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str) -> Response:
        """List them, in the order in which they were made."""
        rows = champions.promotions().filter(model__project=self.project)
        return self.vouched(paging.page(request, rows, _promotions, columns.PROMOTION, by="pk"))


class Candidates(ProjectView):
    """What was measured, and could be compared."""

    follows_history = True
    takes = {"get": (*paging.PAGE, "ticket", "metric")}

    def get(self, request: Request, key: str) -> Response:
        """List it, of one ticket or metric if they are named."""
        rows = Candidate.objects.filter(ticket__project=self.project).select_related("ticket")
        ticket, metric = paging.number(request, "ticket"), paging.text(request, "metric")
        if ticket is not None:
            rows = rows.filter(ticket__number=ticket)
        if metric is not None:
            measured = Snapshot.objects.corrected().filter(ticket__project=self.project, metric__key=metric)
            rows = rows.filter(pk__in=measured.values("as_candidate"))
        return self.vouched(paging.page(request, rows, _candidates, columns.CANDIDATE, by="pk"))


def _models(rows: list[RegisteredModel]) -> list[shapes.Shape]:
    newest = Policy.objects.filter(model__in=rows).select_related("metric").order_by("version")
    policies = {row.model_id: shapes.policy(row) for row in newest}
    reigning = dict(Promotion.objects.filter(model__in=rows).order_by("number").values_list("model", "number"))
    return [shapes.model(row, policy=policies.get(row.pk), champion=reigning.get(row.pk)) for row in rows]


def _policies(rows: list[Policy]) -> list[shapes.Shape]:
    return [shapes.policy(row) for row in rows]


def _evaluations(rows: list[Evaluation]) -> list[shapes.Shape]:
    taken: dict[int, list[Look]] = {row.pk: [] for row in rows}
    for one in Look.objects.filter(evaluation__in=rows).select_related("actor").order_by("number"):
        taken[one.evaluation_id].append(one)
    return [shapes.evaluation(row, taken[row.pk]) for row in rows]


def _promotions(rows: list[Promotion]) -> list[shapes.Shape]:
    return [shapes.promotion(row) for row in rows]


def _candidates(rows: list[Candidate]) -> list[shapes.Shape]:
    measured: dict[int, list[dict[str, Any]]] = {row.pk: [] for row in rows}
    counted = Snapshot.objects.current().of_candidates([row.pk for row in rows]).order_by()
    for of, metric, digest, split, pairs in (
        counted.values_list("as_candidate", "metric__key", "dataset_digest", "as_split")
        .annotate(pairs=Count("as_pair", distinct=True))
        .order_by("as_candidate", "metric__key", "dataset_digest", "as_split")
    ):
        measured[of].append({"metric": metric, "dataset": digest, "split": split, "pairs": pairs})
    return [shapes.candidate(row) | {"measured": measured[row.pk]} for row in rows]
