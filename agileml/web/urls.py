"""The pages. A url's name is its module in `web/` and its folder in `templates/`."""

from django.urls import URLPattern, path

from agileml.web import health

urlpatterns: list[URLPattern] = [
    path("healthz/", health.health, name="health"),
]
