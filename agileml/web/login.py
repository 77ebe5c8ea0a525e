"""Logging in."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest


def who_tries(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """Whose password is being guessed: capitals in the address must not open a fresh count."""
    told = (credentials or {}).get("username") or request.POST.get("username", "")
    return str(told).strip().lower()


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

    def form_invalid(self, form: Any) -> Any:
        """The form again, with what is wrong."""
        return self.render_to_response(self.get_context_data(form=form), status=422)
