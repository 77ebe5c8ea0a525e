"""The tokens of whoever asks, and those of a project's service accounts. No token may come near them.

A token that could make another would never really expire, and a leaked one could not be taken back; so everything here
asks for a browser's session.
"""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from agileml.accounts.models import User
from agileml.api import columns, paging
from agileml.api.views import ApiView, ProjectView
from agileml.projects import shapes
from agileml.projects.actions import end_token, make_service_token, make_token, revoke_service_token
from agileml.projects.doors import Hidden
from agileml.projects.models import Membership, Token
from agileml.projects.rules import Need


def made(row: Token, secret: str) -> Response:
    """A token with its secret, this once."""
    return Response(shapes.token(row) | {"secret": secret}, status=201)


class OwnTokens(ApiView):
    """One's own tokens."""

    takes = {"get": paging.PAGE}
    takes_tokens = False

    def get(self, request: Request) -> Response:
        """List them, those that ended too."""
        rows = Token.objects.filter(user=self.person).select_related("project")
        return paging.page(request, rows, _tokens, columns.TOKEN, by="pk")

    def post(self, request: Request) -> Response:
        """Make one."""
        return made(*make_token(holder=self.person, sent=self.sent(), now=self.now))


class OwnToken(ApiView):
    """One of one's own tokens."""

    takes_tokens = False

    def delete(self, request: Request, uid: UUID) -> Response:
        """Revoke it."""
        end_token(holder=self.person, uid=uid, now=self.now)
        return Response(status=204)


class ServiceTokens(ProjectView):
    """The tokens of a service account."""

    takes = {"get": paging.PAGE}
    takes_tokens = False
    done_once = False  # or the answer, and the secret in it, would be kept to be given again

    def get(self, request: Request, key: str, member: UUID) -> Response:
        """List them, which leads may."""
        self.access.require(Need.LEAD)
        services = Membership.objects.filter(project=self.project, user__kind=User.Kind.SERVICE)
        row = services.filter(uid=member).first()
        if row is None:
            raise Hidden(member)
        rows = Token.objects.filter(user=row.user_id).select_related("project")
        return self.vouched(paging.page(request, rows, _tokens, columns.TOKEN, by="pk"))

    def post(self, request: Request, key: str, member: UUID) -> Response:
        """Make one."""
        sent: dict[str, Any] = self.sent()
        row, secret = make_service_token(
            project=self.project, member=member, sent=sent, actor=self.person, now=self.now
        )
        return made(row, secret)


class ServiceToken(ProjectView):
    """A token of a service account."""

    takes_tokens = False

    def delete(self, request: Request, key: str, member: UUID, token: UUID) -> Response:
        """Revoke it."""
        revoke_service_token(project=self.project, member=member, token=token, actor=self.person, now=self.now)
        return Response(status=204)


def _tokens(rows: list[Token]) -> list[dict[str, Any]]:
    return [shapes.token(row) for row in rows]
