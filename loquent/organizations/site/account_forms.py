"""The forms with which somebody signs in or gets a new password."""

from typing import Any

from axes.utils import reset as lift_lock
from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.template import loader

from loquent.mail import send_in_background
from loquent.organizations.services.organizations import staff_username
from loquent.organizations.site.sign_in import (
    seconds_locked,
    take_password_reset,
    take_sign_in,
    wait_in_words,
)

TOO_MANY_ATTEMPTS = "Too many login attempts from your network."
TOO_MANY_PASSWORDS = "Too many wrong passwords."


class LoginForm(AdminAuthenticationForm):
    """Members sign in with their email. `retry_after`: seconds, once it was tried too often."""

    request: HttpRequest
    retry_after: int | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["username"].label = "Email"

    def clean(self) -> dict[str, Any]:
        name = self.cleaned_data.get("username", "")
        attempt = take_sign_in(self.request, name)
        if attempt.wait is not None:
            raise self._too_often(
                TOO_MANY_PASSWORDS if attempt.is_of_account else TOO_MANY_ATTEMPTS, attempt.wait
            )
        try:
            data: dict[str, Any] = super().clean()
        except ValidationError:
            if not getattr(self.request, "axes_locked_out", False):
                raise
            # The attempt that makes the pause has a number, those within it have none.
            if getattr(self.request, "axes_failures_since_start", None) is None:
                attempt.was_not_checked()
            wait = seconds_locked(self.request, name)
            raise self._too_often(TOO_MANY_PASSWORDS, wait) from None
        attempt.succeeded()
        return data

    def _too_often(self, why: str, wait: int) -> ValidationError:
        self.retry_after = wait
        return ValidationError(
            f"{why} Try again in {wait_in_words(wait)}, or reset your password.", code="locked"
        )


class ResetForm(PasswordResetForm):
    """Asks for a link by mail. It says the same whether there is such an account or not."""

    retry_after: int | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": ""})
        self.fields["email"].widget.attrs["autofocus"] = True

    def ask(self, request: HttpRequest) -> bool:
        """Count the wish; False, with an error in the form, where it is one too many."""
        self.retry_after = take_password_reset(request, self.cleaned_data["email"])
        if self.retry_after is None:
            return True
        wait = wait_in_words(self.retry_after)
        self.add_error(None, f"Too many password reset requests. Try again in {wait}.")
        return False

    def send_mail(
        self,
        subject_template_name: str,
        email_template_name: str,
        context: dict[str, Any],
        from_email: str | None,
        to_email: str,
        html_email_template_name: str | None = None,
    ) -> None:
        """Hand the mail to the background, so that nobody can tell by the time that it took."""
        context["site_url"] = settings.SITE_URL
        body = loader.render_to_string(email_template_name, context)
        send_in_background(to=to_email, subject="Reset your password", body=body)


class NewPasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """A new password, twice; it also lifts the lock of wrong passwords."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["new_password1"].widget.attrs["autofocus"] = True

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=commit)
        lift_lock(username=staff_username(user.get_username()))
        return user
