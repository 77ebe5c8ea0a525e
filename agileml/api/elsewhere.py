"""Finding things by what other systems call them."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request

from agileml.api import paging
from agileml.projects.models import ExternalRef, KnownElsewhere, Project

NAMES = ("ext_system", "ext_id")  # the parameters of every list of things that other systems may know


def by_name(request: Request, project: Project, rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """Those of `rows` that the system, or the name in it, or both, of the query mean; all when neither is given."""
    wanted = {"system": paging.text(request, "ext_system"), "external_id": paging.text(request, "ext_id", most=255)}
    wanted = {name: value for name, value in wanted.items() if value is not None}
    if not wanted:
        return rows
    model: type[KnownElsewhere] = rows.model
    refs = ExternalRef.objects.filter(project=project, kind=model.known_as, **wanted)
    return rows.filter(uid__in=refs.values("object_uid"))
