"""Where everything is."""

from django.urls import include, path

from agileml.web import reference

urlpatterns = [
    # Beside the addresses that it describes, before the one that answers for all that are none.
    path("api/docs/", reference.reference, name="reference"),
    path("api/docs/<slug:name>/", reference.guide, name="reference-guide"),
    path("api/", include("agileml.api.urls")),
    path("", include("agileml.web.urls")),
]
