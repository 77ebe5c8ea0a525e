"""How often a token, or a person in a browser, may ask: cheap for what reads, stricter for what writes."""

from typing import Any

from rest_framework.exceptions import Throttled
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from agileml.lib import rates
from agileml.lib.rates import Rate
from agileml.projects.models import Token


class ByToken(BaseThrottle):
    """Counts by the token, else by the person; how that stands is kept on the view for the answer's headers."""

    def __init__(self) -> None:
        self.rate: Rate | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether there is some left; always while nothing can be counted."""
        holder: Any = request.auth if isinstance(request.auth, Token) else request.user
        kind = "read" if request.method in SAFE_METHODS else "write"
        self.rate = view.rate = rates.count(kind, str(holder.uid))
        return self.rate is None or not self.rate.exceeded

    def wait(self) -> float | None:
        """Seconds until it may ask again."""
        return self.rate.reset if self.rate else None


def note_bad_token(request: Request) -> None:
    """Count a token that is no good against the address it came from. Raises Throttled after too many.

    Good tokens from the same address are let through: a job whose token ran out must not lock out its whole office.
    """
    rate = rates.count("failed", rates.address_of(request))
    if rate is not None and rate.exceeded:
        if request.parser_context:
            request.parser_context["view"].rate = rate
        raise Throttled(wait=rate.reset)
