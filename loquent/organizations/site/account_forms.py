"""Forms to log in and to reset a password."""

from typing import Any

from axes.utils import reset as lift_lock
from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import PasswordResetForm, SetPasswordForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from loquent.mailing.tasks import send_mail
from loquent.organizations.services.organizations import staff_username
from loquent.organizations.site.sign_in import (
    humanize_wait,
    seconds_locked,
    take_password_reset,
    take_sign_in,
)
from loquent.text import strip_invisible

TOO_MANY_ATTEMPTS = "Too many login attempts from your network."
TOO_MANY_PASSWORDS = "Too many wrong passwords."


class LoginForm(AdminAuthenticationForm):
    """Log in by email. `retry_after`: seconds to wait after too many attempts."""

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
            # Only the attempt that starts the lock has a failure count; later ones have none.
            if getattr(self.request, "axes_failures_since_start", None) is None:
                attempt.was_not_checked()
            wait = seconds_locked(self.request, name)
            raise self._too_often(TOO_MANY_PASSWORDS, wait) from None
        attempt.succeeded()
        return data

    def _too_often(self, why: str, wait: int) -> ValidationError:
        self.retry_after = wait
        return ValidationError(
            f"{why} Try again in {humanize_wait(wait)}, or reset your password.", code="locked"
        )


class PastedEmailField(forms.EmailField):
    """An email address, without the invisible characters that are pasted around it."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(strip_invisible(value) if isinstance(value, str) else value)


class PastedNameField(forms.CharField):
    """A name, without the invisible characters that are pasted around it."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(strip_invisible(value) if isinstance(value, str) else value)


class ResetForm(PasswordResetForm):
    """Request a reset link by email. The response doesn't reveal whether the account exists."""

    email = PastedEmailField(
        label="Email",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    retry_after: int | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": ""})
        self.fields["email"].widget.attrs["autofocus"] = True

    def ask(self, request: HttpRequest) -> bool:
        """Count the request; return False, with a form error, if the rate is exceeded."""
        self.retry_after = take_password_reset(request, self.cleaned_data["email"])
        if self.retry_after is None:
            return True
        wait = humanize_wait(self.retry_after)
        self.add_error(None, f"Too many password reset requests. Try again in {wait}.")
        return False

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Mail a link to the account, if there is one: a job looks it up when it is sent.

        So the response takes equally long for addresses with and without an account.
        """
        with transaction.atomic():
            send_mail(letter="password-reset", to=self.cleaned_data["email"])


class NewPasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """Set a new password, entered twice; also resets the lock after wrong passwords."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.fields["new_password1"].widget.attrs["autofocus"] = True

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=commit)
        lift_lock(username=staff_username(user.get_username()))
        return user
