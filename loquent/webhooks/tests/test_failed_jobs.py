"""A delivery whose job has failed for good says so, and can be sent again from both places."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from loquent.jobs.models import Job, JobState
from loquent.jobs.queue import DELETED, LOST, delete_job, retry_job
from loquent.testing.jobs import lose_due_jobs, run_due_jobs
from loquent.testing.receiver import Receiver
from loquent.webhooks import tasks
from loquent.webhooks.models import WebhookDelivery, WebhookEndpoint
from loquent.webhooks.services.deliveries import resend_delivery, resend_failed
from loquent.webhooks.services.endpoints import update_endpoint
from loquent.webhooks.services.events import send_ping

pytestmark = pytest.mark.django_db(transaction=True)
Subscribe = Callable[..., WebhookEndpoint]
UNEXPECTED = "An unexpected error (ZeroDivisionError). The server's log has the details."


def keep_failing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(tasks, "begin_delivery", fail)
        while Job.objects.filter(state=JobState.WAITING).exists():
            Job.objects.update(run_at="2020-01-01T00:00:00Z")
            run_due_jobs()


def lose(monkeypatch: pytest.MonkeyPatch) -> None:
    lose_due_jobs()


@pytest.mark.parametrize(("break_", "reason"), [(lose, LOST), (keep_failing, UNEXPECTED)])
@pytest.mark.parametrize("again", ["job", "delivery", "webhook"])
def test_delivery_of_a_failed_job_has_failed_and_can_be_sent_again(
    subscribe: Subscribe,
    receiver: Receiver,
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
    break_: Callable[[pytest.MonkeyPatch], None],
    reason: str,
    again: str,
) -> None:
    endpoint = subscribe()
    delivery = send_ping(endpoint=endpoint)
    break_(monkeypatch)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.error) == ("failed", reason)
    assert delivery.next_attempt_at is None
    job = Job.objects.get()
    staff = Client()
    staff.force_login(alice)
    page = staff.get(reverse("admin:webhooks_webhookdelivery_change", args=[delivery.id]))
    assert reason in page.content.decode().replace("&#x27;", "'")
    addresses = {
        "job": reverse("admin:jobs_job_retry", args=[job.id]),
        "delivery": reverse("admin:webhooks_webhookdelivery_resend", args=[delivery.id]),
        "webhook": reverse("admin:webhooks_webhookendpoint_resendfailed", args=[endpoint.id]),
    }
    assert staff.post(addresses[again]).status_code == 302
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("pending", 0)
    # The failed job is retried or replaced.
    assert Job.objects.get().state == JobState.WAITING
    run_due_jobs()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.error) == ("succeeded", "")
    assert (receiver.ids(), Job.objects.count()) == ([str(delivery.event_id)], 0)


def test_retried_job_of_a_disabled_webhook_waits_until_it_is_enabled(
    subscribe: Subscribe, receiver: Receiver
) -> None:
    endpoint = subscribe()
    delivery = send_ping(endpoint=endpoint)
    lose_due_jobs()
    update_endpoint(endpoint=endpoint, data={"enabled": False})
    assert retry_job(job_id=Job.objects.get().id)
    run_due_jobs()
    delivery.refresh_from_db()
    assert (delivery.status, receiver.requests) == ("pending", [])
    update_endpoint(endpoint=endpoint, data={"enabled": True})
    run_due_jobs()
    assert WebhookDelivery.objects.get().status == "succeeded"


def test_delivery_of_a_deleted_job_has_failed_and_can_be_sent_again(
    subscribe: Subscribe, receiver: Receiver
) -> None:
    delivery = send_ping(endpoint=subscribe())
    delete_job(job_id=Job.objects.get().id)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.error) == ("failed", DELETED)
    assert resend_failed(endpoint=delivery.endpoint) == 1
    run_due_jobs()
    assert receiver.ids() == [str(delivery.event_id)]


def test_resending_one_delivery_leaves_the_failed_jobs_of_others(
    subscribe: Subscribe, receiver: Receiver
) -> None:
    endpoint = subscribe()
    first, second = send_ping(endpoint=endpoint), send_ping(endpoint=endpoint)
    lose_due_jobs()
    resend_delivery(delivery=first)
    assert Job.objects.get(state=JobState.FAILED).args[0] == str(second.id)


def test_resend_at_the_moment_of_a_retry_sends_once(
    subscribe: Subscribe, receiver: Receiver
) -> None:
    delivery = send_ping(endpoint=subscribe())
    lose_due_jobs()
    job = Job.objects.get()
    assert retry_job(job_id=job.id)
    resend_delivery(delivery=delivery)
    assert Job.objects.count() == 2
    run_due_jobs()
    assert (receiver.ids(), Job.objects.count()) == ([str(delivery.event_id)], 0)
