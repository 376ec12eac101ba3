"""What a receiver answers concerns the URL that was asked, not the one entered since."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import connections
from pytest_django.fixtures import Settings

from loquent.testing.clock import Time
from loquent.testing.jobs import run_due_jobs
from loquent.testing.receiver import Received, Receiver
from loquent.webhooks.models import WebhookDelivery, WebhookEndpoint
from loquent.webhooks.services.deliveries import FAILING
from loquent.webhooks.services.endpoints import delete_endpoint, update_endpoint
from loquent.webhooks.services.events import send_ping

pytestmark = pytest.mark.django_db(transaction=True)
Subscribe = Callable[..., WebhookEndpoint]


@pytest.mark.parametrize(
    ("status", "later"),
    [(410, timedelta(0)), (500, timedelta(0)), (500, FAILING), (200, timedelta(0))],
    ids=["gone", "failure", "five days of failures", "success"],
)
def test_late_answer_of_an_earlier_url_says_nothing_of_the_new_one(
    subscribe: Subscribe,
    receiver: Receiver,
    settings: Settings,
    clock: Time,
    alice: User,
    status: int,
    later: timedelta,
) -> None:
    settings.MAIL_IS_ON = True
    endpoint = subscribe()
    WebhookEndpoint.objects.update(failing_since=clock.now)
    clock.pass_(seconds=later.total_seconds() + 1)

    def answer_after_the_edit(request: Received) -> tuple[int, dict[str, str], bytes]:
        if request.path == "/hook":
            update_endpoint(endpoint=endpoint, data={"url": f"{receiver.url}/new"})
            connections.close_all()
            return status, {}, b""
        return 204, {}, b""

    receiver.reply = answer_after_the_edit
    send_ping(endpoint=endpoint)
    run_due_jobs()
    endpoint.refresh_from_db()
    assert (endpoint.enabled, endpoint.disabled_reason) == (True, "")
    assert (endpoint.failing_since, endpoint.last_success_at) == (None, None)
    assert mail.outbox == []
    clock.pass_(hours=1)
    run_due_jobs()
    assert WebhookDelivery.objects.get().status == "succeeded"
    paths = ["/hook"] if status == 200 else ["/hook", "/hook/new"]
    assert [request.path for request in receiver.requests] == paths


def test_410_of_the_new_url_disables_the_webhook(subscribe: Subscribe, receiver: Receiver) -> None:
    receiver.reply = lambda request: (410, {}, b"")
    endpoint = subscribe()
    update_endpoint(endpoint=endpoint, data={"url": f"{receiver.url}/new"})
    send_ping(endpoint=endpoint)
    run_due_jobs()
    endpoint.refresh_from_db()
    assert (endpoint.enabled, endpoint.disabled_reason) == (False, "gone")
    assert WebhookDelivery.objects.get().status == "failed"


@pytest.mark.parametrize("status", [200, 410, 500])
def test_answer_for_a_webhook_that_was_deleted_meanwhile_is_ignored(
    subscribe: Subscribe, receiver: Receiver, status: int
) -> None:
    endpoint = subscribe()

    def answer_after_the_deletion(request: Received) -> tuple[int, dict[str, str], bytes]:
        delete_endpoint(endpoint=WebhookEndpoint.objects.get(id=endpoint.id))
        connections.close_all()
        return status, {}, b""

    receiver.reply = answer_after_the_deletion
    send_ping(endpoint=endpoint)
    assert run_due_jobs() == ["webhook"]
    assert len(receiver.requests) == 1
    assert not WebhookDelivery.objects.exists()
