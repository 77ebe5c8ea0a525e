"""Who asks, and what a token lets its holder do. What she may do in a project is the doors' business."""

import re
from typing import Any

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from agileml.accounts.models import User
from agileml.api.rates import note_bad_token
from agileml.projects.actions import digest, touch_token
from agileml.projects.models import Token

SECRET = re.compile(rf"{Token.BEGINS}[\w-]{{43}}", re.ASCII)  # 32 bytes in base 64


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer aml_…`."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        """The token's holder; None without a bearer token.

        Raises AuthenticationFailed for one that is no good, and
        Throttled (429) for too many of those.
        """
        scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        secret = secret.strip()
        # What cannot be a token, be it a megabyte of it, does not reach the database.
        known = Token.objects.select_related("user", "project")
        token = known.filter(digest=digest(secret)).first() if SECRET.fullmatch(secret) else None
        now = timezone.now()
        if token is None or not token.user.is_active:
            note_bad_token(request)
            raise AuthenticationFailed("No such token.")
        if token.revoked_at is not None:
            note_bad_token(request)
            raise AuthenticationFailed("This token has been revoked.", code="token_revoked")
        if token.expires_at is not None and token.expires_at <= now:
            note_bad_token(request)
            raise AuthenticationFailed("This token has expired.", code="token_expired")
        touch_token(token=token, now=now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """What an answer 401 tells the client to send."""
        return "Bearer"


class BrowserSessionAuthentication(SessionAuthentication):
    """The browser's own session, with its CSRF token on everything that writes."""

    def enforce_csrf(self, request: Request) -> None:
        """Raise PermissionDenied without a good CSRF token."""
        try:
            super().enforce_csrf(request)
        except PermissionDenied as denied:
            raise PermissionDenied(str(denied.detail), code="csrf") from None


class TokenMayDoThis(BasePermission):
    """A token reads, writes (and reads), or only pushes metrics; a session may do all that its person may."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """False for nobody, which is answered 401. Raises PermissionDenied where the token's scope does not reach."""
        if not isinstance(request.user, User):
            return False
        token = request.auth
        if isinstance(token, Token) and not getattr(view, "takes_tokens", True):
            raise PermissionDenied("No token may do this: log in with a browser.", code="session_only")
        if isinstance(token, Token) and not _reaches(token.scope, request.method or "", view):
            raise PermissionDenied(f"A token with the scope “{token.scope}” may not do this.", code="scope")
        return True


def _reaches(scope: str, method: str, view: Any) -> bool:
    if scope == Token.Scope.METRICS:
        return method == "POST" and getattr(view, "takes_metrics", False)
    return scope == Token.Scope.WRITE or method in SAFE_METHODS
