"""The admin pages of open invitations."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timeuntil

from loquent.errors import ApplicationError
from loquent.organizations.access import made_by_an_owner
from loquent.organizations.admin.base import TenantAdmin
from loquent.organizations.admin.forms import ServiceForm, take_over
from loquent.organizations.models import Invitation, Role
from loquent.organizations.services.invitations import (
    invitation_link,
    invite,
    mail_invitation,
    renew_invitation,
    revoke_invitation,
)
from loquent.organizations.services.organizations import MAX_STAFF_EMAIL
from loquent.organizations.site.account_forms import PastedEmailField
from loquent.organizations.site.staff_site import Nav

LIST = "admin:organizations_invitation_changelist"


class InvitationForm(ServiceForm[Invitation]):
    """The email to invite, and the role."""

    refusal_field = "email"
    email = PastedEmailField(
        max_length=MAX_STAFF_EMAIL,
        help_text="They get a link that can be used once and expires after a week.",
    )
    role = forms.ChoiceField(
        choices=Role.choices,
        initial=Role.VIEWER,
        help_text="Viewers can read. Operators also answer visitors. Admins also change settings. "
        "Owners also manage members and API keys.",
    )

    class Meta:
        model = Invitation
        fields = ["organization", "email", "role"]

    def _get_validation_exclusions(self) -> set[str]:
        """Leave the duplicate check to the service, whose message says what to do."""
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return excluded | {"email"}


class InvitationAdmin(TenantAdmin):
    """Invitations that are not accepted yet: resend or withdraw them."""

    is_often_short = True
    empty_text = "No open invitations."
    nav = Nav("Settings", 32, "Invitations", "mail", section="Settings", tab="Team")
    form = InvitationForm
    list_display = ["email", "organization", "role", "inviter", "state"]
    list_select_related = ["organization", "invited_by"]
    list_filter = ["role"]
    search_fields = ["email"]
    fields = ["organization", "email", "role", "inviter", "created_at", "state"]
    readonly_fields = ["inviter", "created_at", "state"]

    @admin.display(description="invited by", ordering="invited_by__username")
    def inviter(self, obj: Invitation) -> str:
        return str(obj.invited_by or "–")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Invitation]:
        rows: models.QuerySet[Invitation] = super().get_queryset(request)
        return rows.annotate(may_invite=made_by_an_owner("invited_by"))

    @admin.display(description="link", ordering="expires_at")
    def state(self, obj: Any) -> str:
        if obj.expires_at <= timezone.now() or not obj.may_invite:
            return format_html('<span class="lq-badge lq-warn">{}</span>', "no longer valid")
        return f"valid for {timeuntil(obj.expires_at, depth=1)}"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Invitation | None = None) -> Any:
        return self.fields if obj else ["organization", "email", "role"]

    def get_urls(self) -> list[URLPattern]:
        name = "organizations_invitation_resend"
        view = self.admin_site.admin_view(self.resend_view)
        return [path("<uuid:object_id>/resend/", view, name=name), *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:
        made, token = invite(
            organization=obj.organization,
            email=obj.email,
            role=Role(obj.role),
            invited_by=cast("User", request.user),
        )
        take_over(obj, made)
        # Only for the response to this request; not a database column.
        obj.__dict__["shown_once"] = token

    def response_add(
        self, request: HttpRequest, obj: Invitation, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._show_link(request, obj, obj.__dict__.pop("shown_once"))

    def resend_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Replace the invitation's link by a new one."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        invitation = self.get_object(request, str(object_id))
        if invitation is None:
            raise Http404
        if not self.has_delete_permission(request, invitation):
            raise PermissionDenied
        try:
            token = renew_invitation(invitation=invitation, invited_by=cast("User", request.user))
        except ApplicationError as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(reverse(LIST))
        return self._show_link(request, invitation, token)

    def delete_model(self, request: HttpRequest, obj: Invitation) -> None:
        revoke_invitation(invitation=obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Invitation]) -> None:
        for invitation in queryset:
            revoke_invitation(invitation=invitation)

    def _show_link(self, request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
        """Show the link in this response only, and email it if email is configured."""
        if settings.MAIL_IS_ON:
            mail_invitation(invitation=invitation)
        context = {
            **self.admin_site.each_context(request),
            "title": "Invitation",
            "opts": self.opts,
            "invitation": invitation,
            "link": invitation_link(token),
            "mail_is_on": settings.MAIL_IS_ON,
            # The mail backend of a demo.
            "mail_is_printed": settings.EMAIL_BACKEND.endswith(".console.EmailBackend"),
            "list_url": reverse(LIST),
        }
        template = "admin/organizations/invitation/created.html"
        response = TemplateResponse(request, template, context).render()
        response["Cache-Control"] = "no-store"
        return response
