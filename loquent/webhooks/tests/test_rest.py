"""Webhooks over REST: what is created, refused, hidden from others, and sent again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient
from standardwebhooks import Webhook

from contacts.models import Contact
from contacts.services import save_contact
from loquent.organizations.models import Organization
from loquent.testing.jobs import run_due_jobs
from loquent.testing.receiver import Receiver
from loquent.webhooks.models import WebhookDelivery, WebhookEndpoint
from loquent.webhooks.services.endpoints import MAX_ENDPOINTS
from loquent.webhooks.types import EventType

pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., APIClient]
LIST = "/api/v1/webhooks/"


@pytest.fixture
def client(api: Connect, acme_key: str) -> APIClient:
    return api(acme_key)


def create(client: APIClient, receiver: Receiver, **data: Any) -> dict[str, Any]:
    response = client.post(LIST, {"url": receiver.url, "events": ["*"], **data})
    assert response.status_code == 201, response.json()
    found: dict[str, Any] = response.json()
    return found


def test_created_webhook_has_its_secret_and_defaults(client: APIClient, receiver: Receiver) -> None:
    made = create(client, receiver)
    assert (made["format"], made["include_text"], made["enabled"]) == ("standard", False, True)
    shown = client.get(f"{LIST}{made['id']}/").json()
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    response = client.get(f"{LIST}{made['id']}/secret/")
    assert response.json() == {"secret": made["secret"]}
    assert response["Cache-Control"] == "no-store"
    assert client.get(LIST).json()["results"] == [shown]


def test_idempotent_creation_does_not_store_the_secret(
    client: APIClient, receiver: Receiver
) -> None:
    answers = [
        client.post(
            LIST, {"url": receiver.url, "events": ["*"]}, headers={"Idempotency-Key": "a"}
        ).json()
        for _ in range(2)
    ]
    assert answers[0]["secret"].startswith("whsec_")
    assert answers[1] == {**answers[0], "secret": None}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", None), ("url", ""), ("url", 5), ("url", "example.com"), ("url", "ftp://a.example/"),
        ("url", "http://10.0.0.1/"), ("url", "http://2130706433/"), ("url", "http://127.1/"),
        ("url", "https://user:x@example.com/"), ("url", "https://example.com:22/"),
        ("url", "https://[64:ff9b::a9fe:a9fe]/"), ("url", f"https://example.com/{'a' * 2_000}"),
        ("events", None), ("events", []), ("events", ["nothing.happened"]), ("events", "*"),
        ("events", [5]), ("events", {}), ("format", "xml"), ("format", None),
        ("include_text", "yes"), ("enabled", 0), ("enabled", None), ("description", "x" * 201),
    ],
)  # fmt: skip
def test_wrong_field_is_named(client: APIClient, field: str, value: Any) -> None:
    body = {"url": "https://example.com/", "events": ["*"], field: value}
    response = client.post(LIST, body)
    assert response.status_code == 400, response.json()
    assert {name.partition(".")[0] for name in response.json()["fields"]} == {field}
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize("url", ["example.com", "https://10.0.0.1/", "https://example.com:25/", 5])
def test_all_wrong_fields_are_named_at_once(client: APIClient, url: Any) -> None:
    wrong = {
        "url": url, "events": ["nothing.happened"], "format": "xml", "include_text": "yes",
        "enabled": 0, "description": "x" * 201,
    }  # fmt: skip
    response = client.post(LIST, wrong)
    assert response.status_code == 400
    assert {name.partition(".")[0] for name in response.json()["fields"]} == set(wrong)


def test_telegram_needs_a_chat(client: APIClient) -> None:
    body: dict[str, Any] = {"url": "https://api.telegram.org/botX/sendMessage", "events": ["*"]}
    response = client.post(LIST, {**body, "format": "telegram"})
    assert list(response.json()["fields"]) == ["url"]
    body["url"] += "?chat_id=-100"
    assert client.post(LIST, {**body, "format": "telegram"}).status_code == 201


def test_organization_can_have_20_webhooks(client: APIClient, receiver: Receiver) -> None:
    for _ in range(MAX_ENDPOINTS):
        create(client, receiver)
    response = client.post(LIST, {"url": receiver.url, "events": ["*"]})
    assert (response.status_code, response.json()["code"]) == (409, "conflict")


def test_every_type_of_the_contract_is_accepted(client: APIClient, receiver: Receiver) -> None:
    types = [
        "conversation.started", "message.created", "conversation.person_wanted",
        "conversation.taken_over", "conversation.released", "conversation.handed_back",
        "conversation.resolved", "contact.created", "contact.updated", "answer.failed",
        "feedback.received", "limit.reached", "ping",
    ]  # fmt: skip
    assert create(client, receiver, events=types)["events"] == types


def test_delivery_shows_request_and_answer(client: APIClient, receiver: Receiver) -> None:
    receiver.reply = lambda request: (500, {}, b"Broken")
    made = create(client, receiver)
    sent = client.post(f"{LIST}{made['id']}/test/")
    assert sent.status_code == 201
    assert (sent.json()["status"], sent.json()["attempts"]) == ("pending", 0)
    run_due_jobs()
    [row] = client.get(f"{LIST}{made['id']}/deliveries/?status=pending").json()["results"]
    assert row["id"] == sent.json()["id"]
    assert (row["type"], row["event"]) == ("ping", receiver.ids()[0])
    assert (row["attempts"], row["response_status"], row["response"]) == (1, 500, "Broken")
    assert row["duration_ms"] >= 0
    assert row["next_attempt_at"] > row["created_at"]
    assert client.get(f"{LIST}{made['id']}/deliveries/?status=failed").json()["results"] == []
    assert client.get(f"{LIST}{made['id']}/deliveries/?status=x").status_code == 400
    Webhook(made["secret"]).verify(receiver.requests[0].body, receiver.requests[0].headers)


def test_resend_and_resend_failed(client: APIClient, receiver: Receiver) -> None:
    made = create(client, receiver)
    address = f"{LIST}{made['id']}/"
    ids = [client.post(f"{address}test/").json()["id"] for _ in range(3)]
    run_due_jobs()
    response = client.post(f"{address}deliveries/{ids[0]}/resend/")
    assert (response.status_code, response.json()["status"]) == (200, "pending")
    run_due_jobs()
    assert len(receiver.requests) == 4
    WebhookDelivery.objects.update(status="failed")
    WebhookDelivery.objects.filter(id=ids[0]).update(created_at=timezone.now() - timedelta(days=2))
    since = (timezone.now() - timedelta(days=1)).isoformat()
    assert client.post(f"{address}resend-failed/", {"since": since}).json() == {"resent": 2}
    assert client.post(f"{address}resend-failed/", {"since": "x"}).status_code == 400
    assert client.post(f"{address}resend-failed/", {}).json() == {"resent": 1}
    run_due_jobs()
    assert len(receiver.requests) == 7


def test_rotated_secret_is_returned(client: APIClient, receiver: Receiver) -> None:
    made = create(client, receiver)
    rotated = client.post(f"{LIST}{made['id']}/rotate-secret/").json()["secret"]
    assert rotated != made["secret"]
    client.post(f"{LIST}{made['id']}/test/")
    run_due_jobs()
    for secret in (made["secret"], rotated):
        Webhook(secret).verify(receiver.requests[0].body, receiver.requests[0].headers)


def test_events_are_listed_after_a_time(
    client: APIClient, acme: Organization, receiver: Receiver
) -> None:
    create(client, receiver)
    for name in ("One", "Two"):
        save_contact(contact=Contact(organization=acme), details={"name": name})
    run_due_jobs()
    events = client.get("/api/v1/events/").json()["results"]
    assert [event["id"] for event in events] == receiver.ids()
    assert [event["type"] for event in events] == ["contact.created"] * 2
    after = events[0]["timestamp"]
    assert client.get("/api/v1/events/", {"after": after}).json()["results"] == events[1:]
    # As `datetime.isoformat` writes it; a plus sign that is not encoded is a space.
    for plus in ("%2B", "+"):
        found = client.get("/api/v1/events/?after=" + after.replace("Z", f"{plus}00:00"))
        assert found.json()["results"] == events[1:]
    assert client.get("/api/v1/events/", {"after": "x"}).status_code == 400


def test_other_organizations_see_nothing(
    api: Connect, client: APIClient, charlie: User, receiver: Receiver
) -> None:
    made = create(client, receiver)
    delivery = client.post(f"{LIST}{made['id']}/test/").json()["id"]
    other = api(charlie)
    own = create(other, receiver)
    for path in ("", "secret/", "deliveries/"):
        assert other.get(f"{LIST}{made['id']}/{path}").status_code == 404
    for path in ("test/", "rotate-secret/", "resend-failed/", f"deliveries/{delivery}/resend/"):
        assert other.post(f"{LIST}{made['id']}/{path}").status_code == 404
    # A delivery of another webhook.
    assert other.post(f"{LIST}{own['id']}/deliveries/{delivery}/resend/").status_code == 404
    assert other.get("/api/v1/events/").json()["results"] == []


def test_document_describes_every_event() -> None:
    document: Any = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    assert document["openapi"].startswith("3.1")
    assert set(document["webhooks"]) == set(EventType.values)
    data = document["webhooks"]["message.created"]["post"]["requestBody"]["content"]
    schema = data["application/json"]["schema"]["properties"]["data"]
    assert {"seq", "widget_id"} <= set(schema["required"])
    assert {"text", "is_truncated"} <= set(schema["properties"])
