"""What every page of a project starts with: the door, and what the frame around the page shows."""

from typing import Any

from django.http import HttpRequest

from agileml.accounts.models import User
from agileml.projects import doors
from agileml.projects.doors import Access
from agileml.projects.rules import Need


def person(request: HttpRequest) -> User:
    """The person who is logged in; pages behind `login_required` have one."""
    assert isinstance(request.user, User)
    return request.user


def enter(request: HttpRequest, key: str, *, need: Need = Need.READ) -> Access:
    """Pass the project's door; raises Hidden (404) or Forbidden (403)."""
    if "\0" in key:
        raise doors.Hidden(key)  # PostgreSQL takes no such text, not even to look for it
    return doors.enter(person(request), key, need=need)


def frame(access: Access, nav: str, **context: Any) -> dict[str, Any]:
    """A page's context with what base.html needs: the project, what this person may do, and where we are."""
    return {"project": access.project, "can": access.can, "role": access.role, "nav": nav} | context
