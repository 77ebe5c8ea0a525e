"""Everybody who may knock at an address: each role, in a browser or with a token, and tokens that are no good."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoDbBlocker

from agileml.demos.models import ShareLink
from agileml.projects.actions import create_project, edit_member, issue_token, make_service, revoke_token
from agileml.projects.models import Token
from agileml.web.by_link import COOKIE, SALT
from tests.api.routes import undone
from tests.api.world import World, make_world
from tests.factories import NOW

ROLES = ("outsider", "stakeholder", "member", "lead")
NOBODY = {"anonymous", "expired", "revoked", "deactivated", "stopped service", "guest", "guest, unlocked"}


# A module that takes these two has one world for all of its tests, and each of them takes back what it did. It is
# marked `django_db` as ever; what pytest-django does for a marked test is done here, inside of the world's transaction.


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """What there is."""
    with django_db_blocker.unblock(), undone():
        yield make_world()


@pytest.fixture
def _django_db_helper(world: World) -> Iterator[None]:
    with undone():
        yield


def bearer(secret: str) -> dict[str, str]:
    """The headers of a client with a token."""
    return {"Authorization": f"Bearer {secret}"}


def tokens(world: World) -> dict[str, dict[str, str]]:
    """Who asks with a token (or with none at all), and the headers that she sends."""
    cast, project = world.cast, world.cast.project
    other = create_project(key="OTH", name="Another", lead=cast.lead, now=NOW)

    def issued(user: Any, scope: str = "write", **more: Any) -> dict[str, str]:
        return bearer(issue_token(user=user, name="test", scope=scope, now=NOW, **more))

    found = {role: issued(getattr(cast, role)) for role in ROLES}
    found |= {
        "anonymous": {},
        "lead, read token": issued(cast.lead, "read"),
        "lead, metrics token": issued(cast.lead, "metrics"),
        "lead, token of this project": issued(cast.lead, project=project),
        "lead, token of another project": issued(cast.lead, project=other),
        "service": issued(world.service.user, project=project),
        "expired": issued(cast.lead, expires_at=NOW + timedelta(hours=1)),
        "revoked": issued(cast.lead),
    }
    revoke_token(token=Token.objects.latest("pk"), now=NOW)
    for name in ("deactivated", "stopped service"):
        row = make_service(project=project, sent={"name": name, "role": "lead"}, actor=cast.lead, now=NOW)
        found[name] = issued(row.user, project=project)
        if name == "stopped service":
            edit_member(project=project, member=row.uid, sent={"active": False}, actor=cast.lead, now=NOW)
        else:  # whose tokens were not ended, as those of a person are not
            row.user.is_active = False
            row.user.save()
    # Whoever came by a share link has its token, and a cookie that says that she knew the passphrase.
    link = ShareLink.objects.get(project=project)
    cookie = HttpResponse()
    cookie.set_signed_cookie(COOKIE, str(link.uid), salt=SALT)
    found["guest"] = bearer(world.link)
    found["guest, unlocked"] = {"Cookie": f"{COOKIE}={cookie.cookies[COOKIE].value}"}
    return found


def browsers(world: World) -> dict[str, Client]:
    """Who asks with a browser in which she is logged in."""
    found = {}
    for role in ROLES:
        found[role] = Client()
        found[role].force_login(getattr(world.cast, role))
    return found
