"""What is changed while a request is under way, or while its retry waits."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from contacts.models import Contact
from contacts.services import delete_contact, save_contact
from loquent.jobs.models import Job
from loquent.organizations.models import Organization
from loquent.testing.clock import Time
from loquent.testing.jobs import run_due_jobs
from loquent.testing.receiver import Received, Receiver
from loquent.webhooks.models import WebhookDelivery, WebhookEndpoint
from loquent.webhooks.services.deliveries import resend_delivery
from loquent.webhooks.services.endpoints import rotate_secret, update_endpoint
from loquent.webhooks.services.secrets import endpoint_secret, sign
from loquent.webhooks.types import EndpointData

pytestmark = pytest.mark.django_db(transaction=True)
Subscribe = Callable[..., WebhookEndpoint]
Act = Callable[[WebhookEndpoint], object]


def change(**data: Any) -> Act:
    given: EndpointData = data  # type: ignore[assignment]
    return lambda endpoint: update_endpoint(endpoint=endpoint, data=given)


def off_and_on(endpoint: WebhookEndpoint) -> None:
    change(enabled=False)(endpoint)
    change(enabled=True)(endpoint)


def resend(endpoint: WebhookEndpoint) -> None:
    rows = WebhookDelivery.objects.select_related("endpoint")
    resend_delivery(delivery=rows.get())


def rotate(endpoint: WebhookEndpoint) -> None:
    rotate_secret(endpoint=endpoint)


def forget(endpoint: WebhookEndpoint) -> None:
    delete_contact(contact=Contact.objects.get())


def close(endpoint: WebhookEndpoint) -> None:
    Organization.objects.filter(id=endpoint.organization_id).delete()


def is_signed(request: Received, secret: str) -> bool:
    signature = sign(
        base64.b64decode(secret[6:]),
        event_id=request.event_id,
        timestamp=int(request.headers["webhook-timestamp"]),
        body=request.body,
    )
    return signature in request.headers["webhook-signature"].split(" ")


@pytest.fixture
def during(receiver: Receiver) -> Callable[[WebhookEndpoint, Act, int], None]:
    """Return a function that acts in the middle of the first request, and then answers it."""

    def arrange(endpoint: WebhookEndpoint, act: Act, status: int) -> None:
        def reply(request: Received) -> tuple[int, dict[str, str], bytes]:
            if len(receiver.requests) > 1:
                return 204, {}, b""
            act(endpoint)
            connections.close_all()
            return status, {}, b""

        receiver.reply = reply

    return arrange


@pytest.mark.parametrize("status", [204, 500])
@pytest.mark.parametrize(
    ("act", "requests"),
    [
        (change(events=["ping"]), {204: 1, 500: 2}),
        (change(include_text=False), {204: 1, 500: 2}),
        (change(format="slack"), {204: 1, 500: 2}),
        (rotate, {204: 1, 500: 2}),
        (off_and_on, {204: 2, 500: 2}),
        (resend, {204: 2, 500: 2}),
    ],
    ids=["events", "text", "format", "secret", "off and on", "resend"],
)
def test_event_arrives_whatever_is_changed_during_its_request(
    subscribe: Subscribe,
    acme: Organization,
    receiver: Receiver,
    clock: Time,
    during: Callable[[WebhookEndpoint, Act, int], None],
    act: Act,
    requests: dict[int, int],
    status: int,
) -> None:
    endpoint = subscribe(include_text=True)
    old = endpoint_secret(endpoint)
    during(endpoint, act, status)
    save_contact(contact=Contact(organization=acme), details={"name": "Jane"})
    run_due_jobs()
    clock.pass_(minutes=1)
    run_due_jobs()
    assert len(receiver.requests) == requests[status]
    assert len(set(receiver.ids())) == 1
    assert WebhookDelivery.objects.get().status == "succeeded"
    assert not Job.objects.exists()
    # A retry goes out as the webhook is now; the old secret signs it, too.
    endpoint.refresh_from_db()
    last, is_retry = receiver.requests[-1], len(receiver.requests) == 2
    assert is_signed(last, old)
    assert is_signed(last, endpoint_secret(endpoint)) is (is_retry or act is not rotate)
    assert (b"Jane" in last.body) is (endpoint.include_text or not is_retry)
    assert ("data" in json.loads(last.body)) is (endpoint.format == "standard" or not is_retry)


@pytest.mark.parametrize("status", [204, 410, 500])
@pytest.mark.parametrize("act", [forget, close])
def test_nothing_is_sent_again_of_what_was_deleted_during_the_request(
    subscribe: Subscribe,
    acme: Organization,
    receiver: Receiver,
    clock: Time,
    during: Callable[[WebhookEndpoint, Act, int], None],
    act: Act,
    status: int,
) -> None:
    during(subscribe(), act, status)
    save_contact(contact=Contact(organization=acme), details={"name": "Jane"})
    run_due_jobs()
    clock.pass_(hours=1)
    run_due_jobs()
    assert len(receiver.requests) == 1
    assert not WebhookDelivery.objects.exists()
    assert not Job.objects.exists()
