"""Logging out: by POST only, since a link could be followed by whatever loads pages ahead."""

from django.contrib.auth.views import LogoutView


class Logout(LogoutView):
    """Ends the session and leads to the log-in page."""
