"""The log of deliveries: each request with its answer, and a way to send it again."""

import json
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http import HttpResponseRedirect as Redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from loquent.organizations.admin.base import TenantAdmin
from loquent.organizations.admin.moments import date_and_time
from loquent.organizations.site.staff_site import Nav
from loquent.webhooks.models import WebhookDelivery
from loquent.webhooks.services.deliveries import resend_delivery, write_attempt
from loquent.webhooks.types import DeliveryStatus

BADGES = {DeliveryStatus.FAILED: "lq-bad", DeliveryStatus.SUCCEEDED: "lq-good"}
NOTHING = "–"


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(TenantAdmin):
    """What was sent to webhooks in the last 30 days."""

    empty_text = "Nothing has been sent yet."
    nav = Nav("Settings", 35, "Webhook deliveries", "history", section="Settings", tab="Webhooks")
    organization_path = "endpoint__organization"
    list_display = [
        "event", "endpoint", "state", "attempts", "response_status", "duration", "reason",
        "next_attempt", "created_at",
    ]  # fmt: skip
    list_select_related = ["endpoint__organization", "event"]
    list_filter = ["status", "event__type", ("endpoint", admin.RelatedOnlyFieldListFilter)]
    fields = (
        "event", "endpoint", "created_at", "state", "attempts", "next_attempt", "reason",
        "response_status", "duration", "request", "answer",
    )  # fmt: skip
    readonly_fields = fields
    ordering = ["-created_at", "-id"]
    change_form_template = "admin/webhooks/webhookdelivery/change_form.html"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[WebhookDelivery]:
        rows: models.QuerySet[WebhookDelivery] = super().get_queryset(request)
        return rows.select_related("endpoint__organization", "event")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.resend)
        name = "webhooks_webhookdelivery_resend"
        return [path("<uuid:object_id>/resend/", view, name=name), *super().get_urls()]

    @admin.display(description="status", ordering="status")
    def state(self, obj: WebhookDelivery) -> str:
        badge = '<span class="lq-badge {}">{}</span>'
        kind = BADGES.get(DeliveryStatus(obj.status), "")
        return format_html(badge, kind, obj.get_status_display())

    @admin.display(description="duration", ordering="duration_ms")
    def duration(self, obj: WebhookDelivery) -> str:
        return NOTHING if obj.duration_ms is None else f"{obj.duration_ms} ms"

    @admin.display(description="reason")
    def reason(self, obj: WebhookDelivery) -> str:
        return obj.error or NOTHING

    @admin.display(description="next attempt", ordering="next_attempt_at")
    def next_attempt(self, obj: WebhookDelivery) -> str:
        if obj.status == DeliveryStatus.PENDING and not obj.endpoint.enabled:
            return "when the webhook is enabled"
        return date_and_time(obj.next_attempt_at) if obj.next_attempt_at else NOTHING

    @admin.display(description="request")
    def request(self, obj: WebhookDelivery) -> str:
        """Return the request as the next attempt would send it, or the last one sent it."""
        attempt = write_attempt(obj.endpoint, obj.event, now=obj.sent_at or timezone.now())
        lines = [f"POST {obj.endpoint.host}"]
        lines += [f"{name}: {value}" for name, value in attempt.headers.items()]
        body = json.dumps(json.loads(attempt.body), ensure_ascii=False, indent=2)
        return _block("Request", "\n".join([*lines, "", body]))

    @admin.display(description="answer")
    def answer(self, obj: WebhookDelivery) -> str:
        return _block("Answer", obj.response) if obj.response else NOTHING

    def resend(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Send one delivery again, now."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        delivery: WebhookDelivery | None = self.get_object(request, str(object_id))
        if delivery is None or not self.has_view_permission(request, delivery):
            raise Http404
        resend_delivery(delivery=delivery)
        if delivery.endpoint.enabled:
            messages.success(request, "The event is sent again now.")
        else:
            messages.warning(request, "The event is sent when the webhook is enabled.")
        return Redirect(reverse("admin:webhooks_webhookdelivery_change", args=[delivery.pk]))


def _block(name: str, text: str) -> str:
    """Return text as it is, in a block that the keyboard can scroll."""
    return format_html('<pre tabindex="0" role="region" aria-label="{}">{}</pre>', name, text)
