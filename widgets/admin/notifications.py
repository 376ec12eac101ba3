"""Let members choose how they are told of waiting visitors, and try it."""

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from loquent.mailing.tasks import send_mail
from loquent.organizations.models import Membership
from loquent.organizations.site.current import current_organization
from widgets.services.notify.staff import TEST_LETTER


class NotificationsForm(forms.ModelForm[Membership]):
    """The channels of one member in one organization."""

    class Meta:
        model = Membership
        fields = ["wants_mail"]
        labels = {"wants_mail": "Email"}
        help_texts = {
            "wants_mail": "If a visitor has waited for three minutes and nobody has looked at the "
            "conversation, one member gets an email: the assignee, else somebody who is online, "
            "else an owner."
        }


def notifications_page(request: HttpRequest) -> HttpResponse:
    """Show and save the member's channels in the current organization; send a test."""
    member = own_member(request)
    form = NotificationsForm(request.POST or None, instance=member, label_suffix="")
    if request.method == "POST" and member is not None:
        if "test_mail" in request.POST:
            _test_mail(request, member)
            return HttpResponseRedirect(reverse("admin:notifications"))
        if form.is_valid():
            form.save()
            messages.success(request, "Your notifications were saved.")
            return HttpResponseRedirect(reverse("admin:notifications"))
    context = {
        **admin.site.each_context(request),
        "title": "Notifications",
        "form": form,
        "member": member,
    }
    return TemplateResponse(request, "admin/notifications.html", context)


def own_member(request: HttpRequest) -> Membership | None:
    """Return the user's membership in the current organization; None for an outsider."""
    organization = current_organization(request)
    if organization is None or not isinstance(request.user, User):
        return None
    rows = Membership.objects.filter(organization=organization, user=request.user)
    return rows.select_related("user", "organization").first()


def _test_mail(request: HttpRequest, member: Membership) -> None:
    address = member.user.email
    if not address:
        messages.error(request, "Your account has no email address.")
        return
    send_mail(letter=TEST_LETTER, to=address, organization_id=member.organization_id)
    messages.success(
        request, f"A test is on its way to {address}. If it doesn't arrive, ask an owner."
    )
