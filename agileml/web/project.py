"""What every page of a project starts with: the door, and what the frame around the page shows."""

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from agileml.accounts.models import User
from agileml.planning.queries.backlog import running
from agileml.projects import doors
from agileml.projects.doors import Access
from agileml.projects.rules import Need


def person(request: HttpRequest) -> User:
    """The person who is logged in; pages behind `login_required` have one."""
    assert isinstance(request.user, User)
    return request.user


def enter(request: HttpRequest, key: str, *, need: Need = Need.READ) -> Access:
    """Pass the project's door; from here on pages tell times by its clock. Raises Hidden (404) or Forbidden (403)."""
    if "\0" in key:
        raise doors.Hidden(key)  # PostgreSQL takes no such text, not even to look for it
    access = doors.enter(person(request), key, need=need)
    timezone.activate(ZoneInfo(access.project.time_zone))
    return access


def frame(access: Access, nav: str, **context: Any) -> dict[str, Any]:
    """A page's context with what base.html needs: the project, what this person may do, and where we are.

    A page that is about no sprint leads to the history of the running one, so that the bar on top is the same on
    every page; it is looked for only where the bar is drawn.
    """
    shared = {"project": access.project, "can": access.can, "role": access.role, "nav": nav}
    if not {"sprint", "nav_sprint"} & context.keys():
        shared["nav_sprint"] = SimpleLazyObject(lambda: running(access.project))
    return shared | context
