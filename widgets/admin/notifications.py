"""Let members choose how they are told of waiting visitors, and try it."""

import json
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from loquent.errors import ApplicationError
from loquent.jobs.backend import NewJob, enqueue_jobs
from loquent.jobs.kinds import KINDS
from loquent.mailing.tasks import send_mail
from loquent.organizations.models import Membership
from loquent.organizations.site.current import current_organization
from widgets.models import PushDevice
from widgets.services.notify.push.base64url import encode
from widgets.services.notify.push.devices import (
    forget_device,
    register_device,
)
from widgets.services.notify.push.sending import TEST_KIND
from widgets.services.notify.staff import TEST_LETTER

WORKER = Path(__file__).parent.parent / "static/widgets/service-worker.js"


class NotificationsForm(forms.ModelForm[Membership]):
    """The channels of one member in one organization."""

    class Meta:
        model = Membership
        fields = ["wants_mail"]
        labels = {"wants_mail": "Email"}
        help_texts = {
            "wants_mail": "If a visitor has waited for three minutes and no one has looked at the "
            "conversation, one member gets an email: the one who has the conversation, otherwise "
            "one who is online, otherwise one of the widget's recipients, otherwise an owner."
        }


def notifications_page(request: HttpRequest) -> HttpResponse:
    """Show and save the member's channels in the current organization; send a test."""
    member = own_member(request)
    form = NotificationsForm(request.POST or None, instance=member, label_suffix="")
    if request.method == "POST" and member is not None and _act(request, member, form):
        return HttpResponseRedirect(reverse("admin:notifications"))
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Notifications",
        "form": form,
        "member": member,
    }
    if member is not None:
        context["devices"] = member.push_devices.order_by("created_at")
        from widgets.services.notify.push import server_key  # noqa: PLC0415 - see there

        context["push_key"] = encode(server_key.public_key_of_server())
    return TemplateResponse(request, "admin/notifications.html", context)


def _act(request: HttpRequest, member: Membership, form: NotificationsForm) -> bool:
    if "test_mail" in request.POST:
        _test_mail(request, member)
    elif "test_push" in request.POST:
        job = NewJob(args=(member.id,), organization_id=member.organization_id)
        enqueue_jobs(KINDS[TEST_KIND], [job])
        messages.success(request, "Sending a test. If it fails, the list of devices says why.")
    elif "remove" in request.POST:
        devices = [each for each in member.push_devices.all() if str(each.id) in _removed(request)]
        PushDevice.objects.filter(id__in=[each.id for each in devices]).delete()
    elif form.is_valid():
        form.save()
        messages.success(request, "Your notifications were saved.")
    else:
        return False
    return True


def _removed(request: HttpRequest) -> list[str]:
    return request.POST.getlist("remove")


@require_http_methods(["POST", "DELETE"])
def register_push(request: HttpRequest) -> HttpResponse:
    """Store the subscription of the browser; 400 with `message` if it is not one.

    DELETE forgets the one with this `endpoint`, in all of the user's organizations.
    """
    member = own_member(request)
    try:
        data = json.loads(request.body)
        if request.method == "DELETE":
            forget_device(user_id=request.user.pk or 0, endpoint=str(data["endpoint"]))
            return JsonResponse({})
        endpoint, keys = data["endpoint"], data["keys"]
        given = {"endpoint": endpoint, "p256dh": keys["p256dh"], "auth": keys["auth"]}
        given["name"] = data.get("name", "")
        if member is None or not all(isinstance(value, str) for value in given.values()):
            raise TypeError
        register_device(member=member, **given)
    except ApplicationError as error:
        return JsonResponse({"message": error.message}, status=400)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return JsonResponse({"message": "This is not a browser's push subscription."}, status=400)
    return JsonResponse({})


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """`/admin/manifest.webmanifest`: makes the admin an app, which iPhones need for push."""
    icon = {"src": static("loquent/icon.svg"), "sizes": "any", "type": "image/svg+xml"}
    document = {
        "name": "Loquent",
        "short_name": "Loquent",
        "id": reverse("admin:index"),
        "start_url": reverse("admin:inbox"),
        "scope": reverse("admin:index"),
        "display": "standalone",
        "icons": [icon],
    }
    response = JsonResponse(document, content_type="application/manifest+json")
    response["Cache-Control"] = "public, max-age=3600"
    return response


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """`/admin/service-worker.js`: shows push messages; its address gives it the whole admin."""
    response = HttpResponse(WORKER.read_bytes(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


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
    messages.success(request, f"Sending a test to {address}. If it doesn't arrive, ask an owner.")
