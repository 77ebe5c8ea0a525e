"""What was said of demos: feedback and what becomes of it, and whether the goals are still the right ones."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from agileml.api import columns, paging
from agileml.api.demos import OfDemo
from agileml.demos import shapes
from agileml.demos.actions import answers, becoming
from agileml.demos.models import Feedback, GoalAnswer
from agileml.demos.queries import listed
from agileml.lib import fields
from agileml.planning.actions.notes import FINDING_FIELDS

FINDING: dict[str, fields.Check] = {"kind": FINDING_FIELDS["kind"]}


class FeedbackOnDemo(OfDemo):
    """What was said of a demo."""

    follows_history = True
    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str, number: int) -> Response:
        """List it."""

        def shaped(found: list[Feedback]) -> list[dict[str, Any]]:
            return [shapes.feedback(row, demo=number) for row in found]

        rows = listed.feedback(self.demo(number)).order_by()
        return self.vouched(paging.page(request, rows, shaped, columns.FEEDBACK, by="pk"))

    def post(self, request: Request, key: str, number: int) -> Response:
        """Say something of the newest edition."""
        row = answers.give_feedback(demo=number, sent=self.sent(), **self.doing())
        return Response(shapes.feedback(row, demo=number), status=201)


class AnswerFeedback(OfDemo):
    """The answer to what was said of a demo."""

    def post(self, request: Request, key: str, number: int, feedback: UUID) -> Response:
        """Give it, or give it anew."""
        values = fields.clean(self.sent(), fields=answers.ANSWER_FIELDS, required=("text",))
        row = answers.answer_feedback(demo=number, feedback=feedback, text=values["text"], **self.doing())
        return Response(shapes.feedback(row, demo=number))


class FeedbackToTicket(OfDemo):
    """The ticket that feedback becomes."""

    def post(self, request: Request, key: str, number: int, feedback: UUID) -> Response:
        """Make it in the backlog, once; what is sent are fields that are to be other than proposed."""
        row = becoming.feedback_to_ticket(demo=number, feedback=feedback, sent=self.sent(), **self.doing())
        return Response(shapes.feedback(row, demo=number))


class FeedbackToFinding(OfDemo):
    """The finding that feedback becomes."""

    def post(self, request: Request, key: str, number: int, feedback: UUID) -> Response:
        """Write it down on the ticket that it was said of, once."""
        values = fields.clean(self.sent(), fields=FINDING)
        row = becoming.feedback_to_finding(demo=number, feedback=feedback, **values, **self.doing())
        return Response(shapes.feedback(row, demo=number))


class Goals(OfDemo):
    """Whether the goals are still the right ones, as those say who saw a demo."""

    follows_history = True
    takes = {"get": paging.PAGE}

    def get(self, request: Request, key: str, number: int) -> Response:
        """List what they say."""

        def shaped(found: list[GoalAnswer]) -> list[dict[str, Any]]:
            return [shapes.goal_answer(row, demo=number) for row in found]

        rows = listed.goal_answers(self.demo(number)).order_by()
        return self.vouched(paging.page(request, rows, shaped, columns.GOAL_ANSWER, by="pk"))

    def post(self, request: Request, key: str, number: int) -> Response:
        """Say it of an epic."""
        row = answers.answer_goal(demo=number, sent=self.sent(), **self.doing())
        return Response(shapes.goal_answer(row, demo=number), status=201)
