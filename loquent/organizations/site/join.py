"""Accept invitations, with a new or an existing account."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import (
    password_validators_help_text_html,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from loquent.errors import ApplicationError
from loquent.organizations.models import Invitation, Membership
from loquent.organizations.services.invitations import (
    accept_as_new,
    accept_invitation,
    find_invitation,
)
from loquent.organizations.services.organizations import staff_username
from loquent.organizations.site.account_forms import PastedNameField
from loquent.organizations.site.accounts import without_frame
from loquent.organizations.site.current import choose_organization
from loquent.tokens import token_digests

SESSION_KEY = "invitation"


class NewAccountForm(forms.Form):
    """The name and password for a new account."""

    name = PastedNameField(
        max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}), label="Your name"
    )
    password = forms.CharField(
        strip=False,
        help_text=password_validators_help_text_html(),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        strip=False,
        label="Repeat password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, invitation: Invitation, data: Any = None) -> None:
        super().__init__(data, label_suffix="")
        self._email = invitation.email

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        password = data.get("password")
        if password and data.get("again") and password != data["again"]:
            raise ValidationError({"again": "The two passwords don't match."})
        if password:
            person = User(username=self._email, email=self._email, first_name=data.get("name", ""))
            try:
                validate_password(password, person)
            except ValidationError as error:
                self.add_error("password", error)
        return data


def join_urls(site: AdminSite) -> list[URLPattern]:
    """Return the addresses of these pages, for the admin site."""

    def join(request: HttpRequest) -> HttpResponse:
        return join_page(request, site)

    return [
        path("join/", join, name="join"),
        path("join/<str:token>/", join_link, name="join_link"),
    ]


def join_link(request: HttpRequest, token: str) -> HttpResponse:
    """Remember an open invitation, and redirect to an address without its secret.

    Only a valid token is remembered, because anyone can request this address and each session is a
    database row.
    """
    found = [each for each in token_digests(token) if find_invitation(digest=each) is not None]
    if not found:
        request.session.pop(SESSION_KEY, None)
    else:
        request.session[SESSION_KEY] = found[0]
    return HttpResponseRedirect(reverse("admin:join"))


def join_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Describe the invitation, and process the answer."""
    digest = request.session.get(SESSION_KEY, "")
    invitation = find_invitation(digest=digest) if digest else None
    context = {
        **without_frame(site, request),
        "title": "Invitation",
        "invitation": invitation,
        "mail_is_on": settings.MAIL_IS_ON,
    }
    if invitation is None:
        return TemplateResponse(request, "admin/account/join.html", context, status=404)
    user = request.user
    if isinstance(user, User):
        context["is_for_somebody_else"] = staff_username(user.get_username()) != invitation.email
    form = NewAccountForm(invitation, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        try:
            if isinstance(user, User):
                return _welcome(request, accept_invitation(digest=digest, user=user))
            if form.is_valid():
                data = form.cleaned_data
                membership = accept_as_new(
                    digest=digest, name=data["name"], password=data["password"]
                )
                backend = settings.AUTHENTICATION_BACKENDS[-1]
                login(request, membership.user, backend=backend)
                return _welcome(request, membership)
        except ApplicationError as error:
            if form.is_bound:
                form.full_clean()
                form.add_error(None, error.message)
    return TemplateResponse(request, "admin/account/join.html", {**context, "form": form})


def _welcome(request: HttpRequest, membership: Membership) -> HttpResponse:
    request.session.pop(SESSION_KEY, None)
    choose_organization(request, str(membership.organization_id))
    messages.success(request, f"You are now a member of {membership.organization}.")
    return HttpResponseRedirect(reverse("admin:index"))
