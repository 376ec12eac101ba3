"""Password reset pages."""

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth import views
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse_lazy

from loquent.organizations.services.known_networks import remember_network
from loquent.organizations.site.account_forms import NewPasswordForm, ResetForm
from loquent.server.addresses import request_key

TEMPLATES = "admin/account"


class ResetView(views.PasswordResetView):
    """Ask for the email, and send a link."""

    form_class = ResetForm
    template_name = f"{TEMPLATES}/reset.html"
    success_url = reverse_lazy("admin:password_reset_done")

    def form_valid(self, form: ResetForm) -> HttpResponse:  # type: ignore[override]
        if settings.MAIL_IS_ON and form.ask(self.request):
            return super().form_valid(form)
        response = self.form_invalid(form)
        if form.retry_after is not None:
            response.status_code = 429
            response["Retry-After"] = str(form.retry_after)
        return response


class ConfirmView(views.PasswordResetConfirmView):
    """Set the new password of the person with the link."""

    form_class = NewPasswordForm
    template_name = f"{TEMPLATES}/new_password.html"
    success_url = reverse_lazy("admin:password_reset_complete")

    def form_valid(self, form: NewPasswordForm) -> HttpResponse:  # type: ignore[override]
        response = super().form_valid(form)
        # The emailed link authenticates the user: guesses from elsewhere may not throttle this
        # network.
        remember_network(user=form.user, network=request_key(self.request))
        return response


def password_reset_urls(site: AdminSite) -> list[URLPattern]:
    """Return the addresses of these pages, for the admin site."""

    def page(view: type[Any], **options: Any) -> Any:
        def answer(request: HttpRequest, **arguments: Any) -> HttpResponse:
            context = {**without_frame(site, request), "mail_is_on": settings.MAIL_IS_ON}
            # Requests run concurrently, so per-request state may not be stored on shared objects.
            answering = view.as_view(**options, extra_context=context)
            response: HttpResponse = answering(request, **arguments)
            return response

        return answer

    done = page(views.PasswordResetDoneView, template_name=f"{TEMPLATES}/reset_done.html")
    complete = page(views.PasswordResetCompleteView, template_name=f"{TEMPLATES}/complete.html")
    return [
        path("password-reset/", page(ResetView), name="password_reset"),
        path("password-reset/sent/", done, name="password_reset_done"),
        path("password-reset/complete/", complete, name="password_reset_complete"),
        path("password-reset/<uidb64>/<token>/", page(ConfirmView), name="password_reset_confirm"),
    ]


def without_frame(site: AdminSite, request: HttpRequest) -> dict[str, Any]:
    """Return the context of a page styled like the login page, even if a user is logged in."""
    return {**site.each_context(request), "has_permission": False}
