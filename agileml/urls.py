"""Where everything is."""

from django.urls import include, path

urlpatterns = [
    path("api/", include("agileml.api.urls")),
    path("", include("agileml.web.urls")),
]
