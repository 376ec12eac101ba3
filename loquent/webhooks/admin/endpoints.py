"""The admin pages of webhooks: their health, a test, the secret, and what failed."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http import HttpResponseRedirect as Redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from loquent.organizations.admin.base import TenantAdmin
from loquent.organizations.admin.forms import ServiceForm, take_over
from loquent.organizations.admin.moments import ago, date_and_time
from loquent.organizations.site.staff_site import Nav
from loquent.webhooks.models import WebhookDelivery, WebhookEndpoint
from loquent.webhooks.services.deliveries import resend_failed
from loquent.webhooks.services.endpoints import (
    ENDPOINT_FIELDS,
    create_endpoint,
    delete_endpoint,
    rotate_secret,
    update_endpoint,
)
from loquent.webhooks.services.events import send_ping
from loquent.webhooks.services.secrets import endpoint_secret
from loquent.webhooks.types import ALL_EVENTS, DeliveryStatus, EndpointData, EventType

CHANGE = "admin:webhooks_webhookendpoint_change"
DELIVERIES = "admin:webhooks_webhookdelivery_changelist"
NEVER = "never"


class WebhookForm(ServiceForm[WebhookEndpoint]):
    """What an owner sets of a webhook."""

    events = forms.MultipleChoiceField(
        choices=[
            (ALL_EVENTS, "All events, also future ones"),
            *((kind.value, f"{kind.value}: {kind.label}") for kind in EventType),
        ],
        widget=forms.CheckboxSelectMultiple,
        initial=[ALL_EVENTS],
    )

    class Meta:
        model = WebhookEndpoint
        fields = ["organization", *ENDPOINT_FIELDS]
        widgets = {"url": forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://"})}
        labels = {"include_text": "Send texts and contact details"}
        help_texts = {
            "url": "Where events are sent. Only https, and only public addresses, unless the "
            "operator of this server allows others.",
            "format": "Slack, Discord, Telegram and Teams get a message for people. For "
            "everything else, use the first choice.",
            "enabled": "A disabled webhook gets no new events. Waiting ones are kept, and sent "
            "when you enable it.",
            "description": "Only your staff see it.",
        }


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(TenantAdmin):
    """Webhooks, for owners alone."""

    is_often_short = True
    empty_text = "No webhooks yet. A webhook tells another program what happens in your chats."
    nav = Nav("Settings", 34, "Webhooks", "webhook", section="Settings")
    form = WebhookForm
    list_display = ["name", "organization", "host", "wanted", "health", "waiting", "failed"]
    list_select_related = ["organization"]
    list_filter = ["enabled", "format"]
    fields = ["organization", *ENDPOINT_FIELDS]
    change_form_template = "admin/webhooks/webhookendpoint/change_form.html"

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[WebhookEndpoint]:
        rows: models.QuerySet[WebhookEndpoint] = super().get_queryset(request)
        return rows.annotate(
            waiting_count=_count(DeliveryStatus.PENDING), failed_count=_count(DeliveryStatus.FAILED)
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["organization"] if obj else []

    def get_urls(self) -> list[URLPattern]:
        views = {"test": self.test, "rotate": self.rotate, "resendfailed": self.resend_failed}
        return [
            path(
                f"<uuid:object_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"webhooks_webhookendpoint_{name}",
            )
            for name, view in views.items()
        ] + super().get_urls()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        data = cast("EndpointData", {name: form.cleaned_data[name] for name in ENDPOINT_FIELDS})
        if change:
            take_over(obj, update_endpoint(endpoint=obj, data=data))
        else:
            take_over(obj, create_endpoint(organization=obj.organization, data=data))

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go to the page of the new webhook, which shows its secret."""
        messages.success(request, "The webhook was created. Its secret is below.")
        return Redirect(reverse(CHANGE, args=[obj.pk]))

    def delete_model(self, request: HttpRequest, obj: WebhookEndpoint) -> None:
        delete_endpoint(endpoint=obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        for endpoint in queryset:
            delete_endpoint(endpoint=endpoint)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row = context.get("original")
        if row is not None:
            context["lq_secret"] = endpoint_secret(row)
            context["lq_health"] = self.health(row)
            context["lq_deliveries"] = f"{reverse(DELIVERIES)}?endpoint__id__exact={row.pk}"
        response = super().render_change_form(request, context, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    @admin.display(description="webhook")
    def name(self, obj: WebhookEndpoint) -> str:
        return str(obj)

    @admin.display(description="events")
    def wanted(self, obj: WebhookEndpoint) -> str:
        if ALL_EVENTS in obj.events:
            return "all"
        return obj.events[0] if len(obj.events) == 1 else f"{len(obj.events)} types"

    @admin.display(description="health")
    def health(self, obj: WebhookEndpoint) -> str:
        badge = '<span class="lq-badge {}">{}</span> {}'
        success = ago(obj.last_success_at) if obj.last_success_at else NEVER
        last = f"last success: {success}"
        if not obj.enabled:
            why = obj.get_disabled_reason_display()
            return format_html(badge, "lq-bad" if why else "", "disabled", why or last)
        if obj.failing_since is not None:
            since = f"since {date_and_time(obj.failing_since)}; {last}"
            return format_html(badge, "lq-bad", "failing", since)
        if obj.last_success_at is None:
            return format_html(badge, "", "not used yet", "")
        return format_html(badge, "lq-good", "works", last)

    @admin.display(description="waiting", ordering="waiting_count")
    def waiting(self, obj: Any) -> str:
        return _link(obj, obj.waiting_count, DeliveryStatus.PENDING)

    @admin.display(description="failed", ordering="failed_count")
    def failed(self, obj: Any) -> str:
        return _link(obj, obj.failed_count, DeliveryStatus.FAILED)

    def test(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Send a test event."""
        endpoint = self._posted(request, object_id)
        if isinstance(endpoint, HttpResponse):
            return endpoint
        delivery = send_ping(endpoint=endpoint)
        if not endpoint.enabled:
            messages.warning(request, "The test waits until the webhook is enabled.")
        return Redirect(reverse("admin:webhooks_webhookdelivery_change", args=[delivery.pk]))

    def rotate(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Replace the secret."""
        endpoint = self._posted(request, object_id)
        if isinstance(endpoint, HttpResponse):
            return endpoint
        rotate_secret(endpoint=endpoint)
        messages.success(
            request, "There is a new secret. The old one stays valid for 24 hours as well."
        )
        return Redirect(reverse(CHANGE, args=[endpoint.pk]))

    def resend_failed(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        """Send again what failed."""
        endpoint = self._posted(request, object_id)
        if isinstance(endpoint, HttpResponse):
            return endpoint
        count = resend_failed(endpoint=endpoint)
        plural = "delivery is" if count == 1 else "deliveries are"
        messages.success(request, f"{count} failed {plural} sent again now.")
        return Redirect(reverse(CHANGE, args=[endpoint.pk]))

    def _posted(self, request: HttpRequest, object_id: Any) -> WebhookEndpoint | HttpResponse:
        """Return the webhook of a form that was posted by an owner."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        endpoint: WebhookEndpoint | None = self.get_object(request, str(object_id))
        if endpoint is None or not self.has_change_permission(request, endpoint):
            raise Http404
        return endpoint


def _count(status: DeliveryStatus) -> models.Subquery:
    rows = WebhookDelivery.objects.filter(endpoint=models.OuterRef("pk"), status=status)
    count = rows.order_by().values("endpoint").annotate(count=models.Count("pk")).values("count")
    return models.Subquery(count)


def _link(endpoint: WebhookEndpoint, count: int | None, status: DeliveryStatus) -> str:
    if not count:
        return "0"
    query = f"?endpoint__id__exact={endpoint.pk}&status__exact={status.value}"
    return format_html('<a href="{}{}">{}</a>', reverse(DELIVERIES), query, count)
