"""Requests are signed as Standard Webhooks says, retried by schedule, and bounded."""

import base64
import json
import socket
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import connection
from pytest_django.fixtures import Settings
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from loquent.jobs.models import Job
from loquent.testing.clock import Time
from loquent.testing.jobs import run_due_jobs
from loquent.testing.ports import free_port
from loquent.testing.receiver import Received, Receiver
from loquent.webhooks import transport
from loquent.webhooks.models import WebhookDelivery, WebhookEndpoint
from loquent.webhooks.services import deliveries
from loquent.webhooks.services.deliveries import FAILING, resend_delivery, resend_failed
from loquent.webhooks.services.endpoints import rotate_secret, update_endpoint
from loquent.webhooks.services.events import send_ping
from loquent.webhooks.services.secrets import MOST_SECRETS, OVERLAP, endpoint_secret, sign

pytestmark = pytest.mark.django_db(transaction=True)
Subscribe = Callable[..., WebhookEndpoint]
SCHEDULE = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)


def verify(secret: str, request: Received) -> None:
    Webhook(secret).verify(request.body, request.headers)


def is_signed_with(secret: str, request: Received) -> bool:
    try:
        verify(secret, request)
    except WebhookVerificationError:
        return False
    return True


def the_delivery() -> WebhookDelivery:
    return WebhookDelivery.objects.get()


def test_signature_is_that_of_the_specification() -> None:
    key = b"\x30\x7c\x8a\xf4" * 8
    request = Received("/", {}, b'{"test": 2432232314}')
    now = int(time.time())
    request.headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(now),
        "webhook-signature": sign(key, event_id="msg_1", timestamp=now, body=request.body),
    }
    verify(f"whsec_{base64.b64encode(key).decode()}", request)


def test_ping_arrives_signed_whatever_the_events_are(
    subscribe: Subscribe, receiver: Receiver
) -> None:
    endpoint = subscribe(events=["contact.created"])
    delivery = send_ping(endpoint=endpoint)
    assert run_due_jobs() == ["webhook"]
    [request] = receiver.requests
    verify(endpoint_secret(endpoint), request)
    body = json.loads(request.body)
    assert (body["type"], body["data"]) == ("ping", {})
    assert body["timestamp"].endswith("Z")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept-encoding"] == "identity"
    assert request.event_id == str(delivery.event_id)
    assert int(request.headers["webhook-timestamp"]) > 0
    found = the_delivery()
    assert (found.status, found.attempts, found.response_status) == ("succeeded", 1, 204)
    assert (found.next_attempt_at, found.error) == (None, "")
    endpoint.refresh_from_db()
    assert endpoint.last_success_at is not None


def test_secret_is_derived_and_not_stored(subscribe: Subscribe) -> None:
    endpoint = subscribe()
    secret = endpoint_secret(endpoint)
    assert secret.startswith("whsec_")
    stored = json.dumps(WebhookEndpoint.objects.values().get(), default=str)
    assert secret[6:30] not in stored
    assert endpoint_secret(WebhookEndpoint.objects.get()) == secret


def test_both_secrets_sign_for_a_day_after_each_rotation(
    subscribe: Subscribe, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = subscribe()
    secrets = [endpoint_secret(endpoint)]
    secrets += [endpoint_secret(rotate_secret(endpoint=endpoint)) for _ in range(2)]
    assert len(set(secrets)) == 3
    send_ping(endpoint=endpoint)
    run_due_jobs()
    assert [is_signed_with(secret, receiver.requests[0]) for secret in secrets] == [True] * 3
    assert receiver.requests[0].headers["webhook-signature"].count("v1,") == 3
    row = WebhookEndpoint.objects.get()
    late = timedelta(hours=25)
    row.retired_secrets = [
        [number, str(row.created_at - late + OVERLAP)] for number, _ in row.retired_secrets
    ]
    row.save()
    send_ping(endpoint=endpoint)
    run_due_jobs()
    signed = [is_signed_with(secret, receiver.requests[1]) for secret in secrets]
    assert signed == [False, False, True]


def test_header_stays_short_however_often_secrets_rotate(
    subscribe: Subscribe, receiver: Receiver
) -> None:
    endpoint = subscribe()
    secrets = [endpoint_secret(rotate_secret(endpoint=endpoint)) for _ in range(MOST_SECRETS + 5)]
    send_ping(endpoint=endpoint)
    run_due_jobs()
    signed = [is_signed_with(secret, receiver.requests[0]) for secret in secrets]
    assert signed == [False] * 5 + [True] * MOST_SECRETS
    assert len(receiver.requests[0].headers["webhook-signature"]) < 600


def test_earlier_secret_key_signs_as_well(
    subscribe: Subscribe, receiver: Receiver, settings: Settings
) -> None:
    endpoint = subscribe()
    before = endpoint_secret(endpoint)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key for tests only, as long as a key should be"
    send_ping(endpoint=endpoint)
    run_due_jobs()
    assert endpoint_secret(endpoint) != before
    for secret in (before, endpoint_secret(endpoint)):
        verify(secret, receiver.requests[0])


def test_failure_is_retried_by_schedule_under_one_id_with_new_times(
    subscribe: Subscribe, receiver: Receiver, clock: Time
) -> None:
    receiver.reply = lambda request: (503, {}, b"later")
    send_ping(endpoint=subscribe())
    waits = []
    for number in range(len(SCHEDULE)):
        assert run_due_jobs() == ["webhook"], number
        found = the_delivery()
        assert found.attempts == number + 1
        if found.next_attempt_at is not None:
            wait = (found.next_attempt_at - clock.now).total_seconds()
            waits.append(wait)
            clock.pass_(seconds=wait - 0.5)
            assert run_due_jobs() == []
            clock.pass_(seconds=0.5)
    for wait, planned in zip(waits, SCHEDULE[1:], strict=True):
        assert 0.9 * planned <= wait <= 1.1 * planned
    # Jitter.
    assert waits != list(SCHEDULE[1:])
    found = the_delivery()
    assert (found.status, found.response_status, found.response) == ("failed", 503, "later")
    assert (found.next_attempt_at, Job.objects.count()) == (None, 0)
    assert len(set(receiver.ids())) == 1
    times = [int(request.headers["webhook-timestamp"]) for request in receiver.requests]
    assert times == sorted(set(times))
    assert len(times) == 10


def test_as_many_attempts_as_the_setting_has_numbers(
    subscribe: Subscribe, receiver: Receiver, settings: Settings
) -> None:
    settings.WEBHOOK_RETRY_SECONDS = (0, 0, 0)
    receiver.reply = lambda request: (500, {}, b"")
    send_ping(endpoint=subscribe())
    run_due_jobs()
    assert (len(receiver.requests), the_delivery().status) == (3, "failed")


def test_first_attempt_and_a_resend_are_due_after_the_first_number(
    subscribe: Subscribe, settings: Settings, clock: Time
) -> None:
    settings.WEBHOOK_RETRY_SECONDS = (60, 60)
    delivery = send_ping(endpoint=subscribe())
    due = clock.now + timedelta(seconds=60)
    assert delivery.next_attempt_at == Job.objects.get().run_at == due
    delivery = WebhookDelivery.objects.select_related("endpoint").get()
    assert resend_delivery(delivery=delivery).next_attempt_at == due
    assert set(Job.objects.values_list("run_at", flat=True)) == {due}


@pytest.mark.promise(17)
@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 429, 500, 502])
def test_only_2xx_is_a_success_and_no_redirect_is_followed(
    subscribe: Subscribe, receiver: Receiver, status: int
) -> None:
    receiver.reply = lambda request: (status, {"Location": f"{receiver.url}/other"}, b"")
    send_ping(endpoint=subscribe())
    run_due_jobs()
    found = the_delivery()
    assert (found.status, found.response_status, found.attempts) == ("pending", status, 1)
    assert [request.path for request in receiver.requests] == ["/hook"]
    assert found.error.endswith(".")


def test_retry_after_makes_the_next_attempt_later(
    subscribe: Subscribe, receiver: Receiver, clock: Time
) -> None:
    receiver.reply = lambda request: (429, {"Retry-After": "120"}, b"")
    send_ping(endpoint=subscribe())
    run_due_jobs()
    assert the_delivery().next_attempt_at == clock.now + timedelta(seconds=120)


def test_410_disables_the_endpoint_and_mails_the_owners(
    subscribe: Subscribe, receiver: Receiver, settings: Settings, alice: User, bob: User
) -> None:
    settings.MAIL_IS_ON = True
    receiver.reply = lambda request: (410, {}, b"")
    endpoint = subscribe()
    send_ping(endpoint=endpoint)
    run_due_jobs()
    assert (the_delivery().status, the_delivery().attempts) == ("failed", 1)
    endpoint.refresh_from_db()
    assert (endpoint.enabled, endpoint.disabled_reason) == (False, "gone")
    [letter] = mail.outbox
    assert letter.to == [alice.email]
    assert f"/admin/webhooks/webhookendpoint/{endpoint.id}/change/" in letter.body


def test_five_days_of_failures_disable_the_endpoint(
    subscribe: Subscribe, receiver: Receiver, settings: Settings, clock: Time, alice: User
) -> None:
    settings.MAIL_IS_ON = True
    receiver.reply = lambda request: (500, {}, b"")
    endpoint = subscribe()
    send_ping(endpoint=endpoint)
    run_due_jobs()
    clock.pass_(seconds=FAILING.total_seconds() - 60)
    run_due_jobs()
    endpoint.refresh_from_db()
    assert endpoint.enabled
    clock.pass_(seconds=120)
    send_ping(endpoint=endpoint)
    run_due_jobs()
    endpoint.refresh_from_db()
    assert (endpoint.enabled, endpoint.disabled_reason) == (False, "failing")
    assert [letter.to for letter in mail.outbox] == [[alice.email]]


def test_failures_of_an_earlier_address_do_not_disable_a_new_one(
    subscribe: Subscribe, receiver: Receiver, clock: Time
) -> None:
    receiver.reply = lambda request: (200 if request.path == "/hook" else 500, {}, b"")
    endpoint = subscribe()
    send_ping(endpoint=endpoint)
    run_due_jobs()
    update_endpoint(endpoint=endpoint, data={"url": f"{receiver.url}/one"})
    endpoint.refresh_from_db()
    assert (endpoint.failing_since, endpoint.last_success_at) == (None, None)
    send_ping(endpoint=endpoint)
    run_due_jobs()
    clock.pass_(seconds=FAILING.total_seconds() + 60)
    update_endpoint(endpoint=endpoint, data={"url": f"{receiver.url}/two"})
    send_ping(endpoint=endpoint)
    run_due_jobs()
    endpoint.refresh_from_db()
    assert (endpoint.enabled, endpoint.failing_since) == (True, clock.now)
    update_endpoint(endpoint=endpoint, data={"description": "Same address"})
    endpoint.refresh_from_db()
    assert endpoint.failing_since == clock.now


def test_no_delivery_is_locked_while_its_endpoint_is(
    subscribe: Subscribe, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Enabling locks the endpoint and then its deliveries: the reverse order would be a deadlock.
    seen: list[bool] = []
    note = deliveries._note_health

    def look(*args: Any) -> None:
        seen.append(connection.in_atomic_block)
        note(*args)

    monkeypatch.setattr(deliveries, "_note_health", look)
    send_ping(endpoint=subscribe())
    run_due_jobs()
    assert (seen, the_delivery().status) == ([False], "succeeded")


def test_success_ends_a_row_of_failures(
    subscribe: Subscribe, receiver: Receiver, clock: Time
) -> None:
    receiver.reply = lambda request: (500, {}, b"")
    endpoint = subscribe()
    send_ping(endpoint=endpoint)
    run_due_jobs()
    endpoint.refresh_from_db()
    assert endpoint.failing_since == clock.now
    receiver.reply = lambda request: (200, {}, b"")
    clock.pass_(seconds=10)
    run_due_jobs()
    health = WebhookEndpoint.objects.values_list("failing_since", "last_success_at").get()
    assert health == (None, clock.now)


@pytest.mark.promise(16)
def test_receiver_that_is_down_for_an_hour_gets_its_events(
    subscribe: Subscribe, receiver: Receiver, clock: Time
) -> None:
    port = free_port()
    endpoint = subscribe(url=f"http://127.0.0.1:{port}/")
    sent = [str(send_ping(endpoint=endpoint).event_id) for _ in range(3)]
    for _ in range(60):
        run_due_jobs()
        clock.pass_(minutes=1)
    assert set(WebhookDelivery.objects.values_list("status", "attempts")) == {("pending", 4)}
    with Receiver(port) as back:
        clock.pass_(hours=2)
        run_due_jobs()
        assert sorted(back.ids()) == sorted(sent)
    assert set(WebhookDelivery.objects.values_list("status", "attempts")) == {("succeeded", 5)}


def test_disabled_endpoint_keeps_its_deliveries_until_it_is_enabled(
    subscribe: Subscribe, receiver: Receiver
) -> None:
    receiver.reply = lambda request: (500, {}, b"")
    endpoint = subscribe()
    send_ping(endpoint=endpoint)
    run_due_jobs()
    update_endpoint(endpoint=endpoint, data={"enabled": False})
    send_ping(endpoint=endpoint)
    assert run_due_jobs() == ["webhook"]
    assert len(receiver.requests) == 1
    assert set(WebhookDelivery.objects.values_list("status", flat=True)) == {"pending"}
    receiver.reply = lambda request: (200, {}, b"")
    update_endpoint(endpoint=endpoint, data={"enabled": True, "url": f"{receiver.url}/moved"})
    run_due_jobs()
    assert [request.path for request in receiver.requests[1:]] == ["/hook/moved"] * 2
    assert set(WebhookDelivery.objects.values_list("status", flat=True)) == {"succeeded"}


def test_resent_delivery_has_the_same_id_and_all_attempts(
    subscribe: Subscribe, receiver: Receiver, settings: Settings
) -> None:
    settings.WEBHOOK_RETRY_SECONDS = (0, 0)
    receiver.reply = lambda request: (500, {}, b"")
    endpoint = subscribe()
    for _ in range(2):
        send_ping(endpoint=endpoint)
    run_due_jobs()
    assert len(receiver.requests) == 4
    assert resend_failed(endpoint=endpoint) == 2
    run_due_jobs()
    assert len(receiver.requests) == 8
    receiver.reply = lambda request: (200, {}, b"")
    delivery = WebhookDelivery.objects.select_related("endpoint").first()
    assert delivery is not None
    for _ in range(2):
        # Also one that succeeded.
        assert resend_delivery(delivery=delivery).status == "pending"
        run_due_jobs()
    assert receiver.ids()[-2:] == [str(delivery.event_id)] * 2
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("succeeded", 1)
    assert resend_failed(endpoint=endpoint) == 1
    assert resend_failed(endpoint=endpoint) == 0


def test_resend_while_a_retry_waits_sends_once(
    subscribe: Subscribe, receiver: Receiver, clock: Time
) -> None:
    receiver.reply = lambda request: (500, {}, b"")
    send_ping(endpoint=subscribe())
    run_due_jobs()
    receiver.reply = lambda request: (200, {}, b"")
    resend_delivery(delivery=WebhookDelivery.objects.select_related("endpoint").get())
    clock.pass_(hours=1)
    run_due_jobs()
    assert (len(receiver.requests), Job.objects.count()) == (2, 0)


@pytest.mark.promise(17)
def test_shown_answer_has_at_most_1_kib_and_no_control_characters(
    subscribe: Subscribe, receiver: Receiver
) -> None:
    receiver.reply = lambda request: (200, {}, b"\x00\xff<b>" + b"x" * 10_000_000)
    send_ping(endpoint=subscribe())
    run_due_jobs()
    found = the_delivery()
    assert found.status == "succeeded"
    assert found.response == "\ufffd<b>" + "x" * (1_024 - 5)


@pytest.mark.promise(17)
def test_receiver_that_never_answers_times_out(
    subscribe: Subscribe, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert transport.TIMEOUT_SECONDS == 15
    monkeypatch.setattr(transport, "TIMEOUT_SECONDS", 0.2)

    def reply(request: Received) -> tuple[int, dict[str, str], bytes]:
        time.sleep(1)
        return 200, {}, b""

    receiver.reply = reply
    send_ping(endpoint=subscribe())
    run_due_jobs()
    found = the_delivery()
    assert (found.status, found.response_status) == ("pending", None)
    assert "did not answer" in found.error


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://10.0.0.1/", "not allowed"),
        ("http://rebind.example/", "not on the public internet"),
        ("http://127.0.0.1:PORT/", "refused"),
        ("http://name.invalid/", "could not be resolved"),
    ],
)
def test_unreachable_receiver_is_a_failed_attempt_with_its_reason(
    subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch, url: str, reason: str
) -> None:
    def look_up(host: str, *args: object, **_: object) -> list[object]:
        if host == "name.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.168.0.1", 80))]

    monkeypatch.setattr("loquent.egress.connecting.socket.getaddrinfo", look_up)
    endpoint = subscribe()
    WebhookEndpoint.objects.update(url=url.replace("PORT", str(free_port())))
    send_ping(endpoint=endpoint)
    run_due_jobs()
    found = the_delivery()
    assert (found.status, found.response_status, found.attempts) == ("pending", None, 1)
    assert reason in found.error
