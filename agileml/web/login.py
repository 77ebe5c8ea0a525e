"""Logging in."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from agileml.lib import rates


def who_tries(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """Whose password is being guessed: capitals in the address must not open a fresh count."""
    told = (credentials or {}).get("username") or request.POST.get("username", "")
    return str(told).strip().lower()


def wait_for(request: HttpRequest) -> HttpResponse | None:
    """The answer to an address from which too many attempts failed in this minute; None while it may go on."""
    failed = rates.look("failed", rates.address_of(request))
    if failed is None or failed.used < failed.limit:
        return None
    answer = render(request, "shared/slow.html", {"seconds": failed.reset}, status=429)
    answer["Retry-After"] = str(failed.reset)
    return answer


class LoginForm(AuthenticationForm):
    """E-mail address and password; the field is called username, as every password manager expects."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": "This e-mail address and password do not belong together.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "E-mail address"
        self.fields["username"].widget = forms.EmailInput(
            attrs={"autofocus": True, "autocomplete": "username", "maxlength": 254}
        )


class Login(LoginView):
    """The form; whoever is logged in already goes on to where she was going."""

    form_class = LoginForm
    template_name = "login/page.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Log in; from an address that failed too often in this minute no password is even looked at."""
        return wait_for(request) or super().post(request, *args, **kwargs)

    def form_invalid(self, form: Any) -> Any:
        """The form again, with what is wrong."""
        rates.count("failed", rates.address_of(self.request))
        return self.render_to_response(self.get_context_data(form=form), status=422)
