"""Owners manage webhooks in the admin, and see requests with their answers."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from loquent.organizations.audit_entry import AuditEntry
from loquent.testing.jobs import run_due_jobs
from loquent.testing.receiver import Receiver
from loquent.webhooks.models import WebhookDelivery, WebhookEndpoint
from loquent.webhooks.services.deliveries import resend_delivery
from loquent.webhooks.services.events import send_ping
from loquent.webhooks.services.secrets import endpoint_secret

pytestmark = pytest.mark.django_db(transaction=True)
Subscribe = Callable[..., WebhookEndpoint]
LIST = "/admin/webhooks/webhookendpoint/"


@pytest.fixture
def owner(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def page_of(endpoint: WebhookEndpoint, page: str = "change") -> str:
    return reverse(f"admin:webhooks_webhookendpoint_{page}", args=[endpoint.pk])


def test_webhook_is_created_and_its_page_shows_the_secret(
    owner: Client, alice: User, receiver: Receiver
) -> None:
    organization = alice.memberships.get().organization_id
    form = {
        "organization": str(organization), "url": receiver.url, "events": ["message.created"],
        "format": "standard", "enabled": "on", "description": "CRM",
    }  # fmt: skip
    response = owner.post(f"{LIST}add/", form, follow=True)
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.events, endpoint.description) == (["message.created"], "CRM")
    assert endpoint_secret(endpoint) in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    endpoint.organization.refresh_from_db()
    assert endpoint.organization.has_webhooks


def test_refused_url_is_an_error_of_its_field(owner: Client, alice: User) -> None:
    form = {
        "organization": str(alice.memberships.get().organization_id),
        "url": "https://10.0.0.1/", "events": ["*"], "format": "standard",
    }  # fmt: skip
    response = owner.post(f"{LIST}add/", form)
    assert "This address is not on the public internet." in response.content.decode()
    assert not WebhookEndpoint.objects.exists()


def test_test_event_leads_to_its_delivery_with_request_and_answer(
    owner: Client, subscribe: Subscribe, receiver: Receiver
) -> None:
    receiver.reply = lambda request: (500, {}, b"<b>Broken</b>")
    endpoint = subscribe()
    response = owner.post(page_of(endpoint, "test"))
    run_due_jobs()
    page = owner.get(response["Location"]).content.decode()
    signature = receiver.requests[0].headers["webhook-signature"]
    assert "&lt;b&gt;Broken&lt;/b&gt;" in page
    assert "The receiver answered with status 500." in page
    assert signature.replace("+", "&#x2B;") in page or signature in page
    assert "failing" in owner.get(LIST).content.decode()


def test_resend_all_failed_and_resend_one(
    owner: Client, subscribe: Subscribe, receiver: Receiver
) -> None:
    endpoint = subscribe()
    deliveries = [send_ping(endpoint=endpoint) for _ in range(2)]
    run_due_jobs()
    WebhookDelivery.objects.update(status="failed")
    response = owner.post(page_of(endpoint, "resendfailed"), follow=True)
    assert "2 failed deliveries are sent again now." in response.content.decode()
    run_due_jobs()
    address = reverse("admin:webhooks_webhookdelivery_resend", args=[deliveries[0].pk])
    owner.post(address)
    run_due_jobs()
    assert len(receiver.requests) == 5
    assert owner.get(address).status_code == 405


def test_rotation_is_audited_without_the_secret(owner: Client, subscribe: Subscribe) -> None:
    endpoint = subscribe(url="https://example.com/path-that-is-a-secret")
    old = endpoint_secret(endpoint)
    owner.post(page_of(endpoint, "rotate"))
    endpoint.refresh_from_db()
    assert endpoint_secret(endpoint) != old
    log = str(list(AuditEntry.objects.values_list("changes", flat=True)))
    assert "no. 2" in log
    assert "path-that-is-a-secret" not in log
    assert "whsec_" not in log


def test_viewers_and_other_organizations_can_do_nothing(
    client: Client, bob: User, charlie: User, subscribe: Subscribe, receiver: Receiver
) -> None:
    endpoint = subscribe()
    delivery = send_ping(endpoint=endpoint)
    run_due_jobs()
    pages = [page_of(endpoint, page) for page in ("test", "rotate", "resendfailed")]
    pages.append(reverse("admin:webhooks_webhookdelivery_resend", args=[delivery.pk]))
    for person in (bob, charlie):
        client.force_login(person)
        assert {client.post(page).status_code for page in pages} <= {403, 404}
    run_due_jobs()
    assert len(receiver.requests) == 1
    endpoint.refresh_from_db()
    assert endpoint.secret_number == 1


def test_disabled_webhook_says_why(owner: Client, subscribe: Subscribe, receiver: Receiver) -> None:
    receiver.reply = lambda request: (410, {}, b"")
    endpoint = subscribe()
    delivery = send_ping(endpoint=endpoint)
    run_due_jobs()
    assert "The receiver answered 410 Gone" in owner.get(LIST).content.decode()
    resend_delivery(delivery=WebhookDelivery.objects.select_related("endpoint").get())
    page = owner.get(reverse("admin:webhooks_webhookdelivery_change", args=[delivery.pk]))
    assert "when the webhook is enabled" in page.content.decode()
