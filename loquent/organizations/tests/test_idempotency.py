"""A POST under an Idempotency-Key happens once, however often it is sent."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone
from psycopg.errors import LockNotAvailable
from rest_framework.test import APIClient

from contacts.models import Contact
from loquent.organizations.models import ApiKey, IdempotentRequest, Organization
from loquent.organizations.services import idempotency
from loquent.organizations.services.organizations import create_api_key
from loquent.testing.people import make_widget
from widgets.models import ErasureReceipt

Connect = Callable[..., APIClient]
CONTACTS = "/api/v1/contacts/"
KEYS = "/api/v1/api-keys/"
JANE = {"name": "Jane", "email": "jane@example.com"}


def post(client: APIClient, path: str, body: Any = None, key: str = "order-1") -> Any:
    return client.post(path, body, headers={"Idempotency-Key": key})


@pytest.fixture
def client(api: Connect, acme_key: str) -> APIClient:
    return api(acme_key)


def test_repeated_request_gets_the_same_response(client: APIClient) -> None:
    first = post(client, CONTACTS, JANE)
    assert (first.status_code, "Idempotent-Replayed" in first) == (201, False)
    again = post(client, CONTACTS, {"email": JANE["email"], "name": JANE["name"]})
    assert (again.status_code, again["Idempotent-Replayed"]) == (201, "true")
    assert again.json() == first.json()
    assert again["Location"] == first["Location"] == f"{CONTACTS}{first.json()['id']}/"
    assert Contact.objects.count() == 1


def test_response_is_kept_even_if_the_row_changes(client: APIClient, acme: Organization) -> None:
    widget = make_widget(acme)
    path = f"/api/v1/widgets/{widget.id}/reset-widget-id/"
    first = post(client, path)
    client.patch(f"/api/v1/widgets/{widget.id}/", {"name": "Later"})
    again = post(client, path)
    assert again.json() == first.json()
    assert again["ETag"] == first["ETag"]
    widget.refresh_from_db()
    assert widget.widget_id == first.json()["widget_id"]


def test_erasure_is_executed_once(client: APIClient) -> None:
    contact = post(client, CONTACTS, JANE).json()
    path = f"{CONTACTS}{contact['id']}/erase/"
    first, again = post(client, path, key="erase"), post(client, path, key="erase")
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert ErasureReceipt.objects.count() == 1
    # What was answered when the contact was made is gone with it.
    assert "jane" not in str(list(IdempotentRequest.objects.values()))


def test_stored_responses_forget_a_deleted_contact(client: APIClient) -> None:
    contact = post(client, CONTACTS, JANE).json()
    client.delete(f"{CONTACTS}{contact['id']}/")
    assert not IdempotentRequest.objects.exists()


@pytest.mark.parametrize(
    ("path", "body"), [(CONTACTS, {"name": "Joe"}), ("/api/v1/agents/", JANE), (CONTACTS, {})]
)
def test_key_reused_for_another_request_is_refused(client: APIClient, path: str, body: Any) -> None:
    post(client, CONTACTS, JANE)
    response = post(client, path, body)
    assert response.status_code == 422
    assert response.json()["code"] == "idempotency_key_reused"
    assert list(response.json()["fields"]) == ["Idempotency-Key"]
    assert Contact.objects.count() == 1


def test_refused_request_is_not_stored(client: APIClient) -> None:
    assert post(client, CONTACTS, {"email": "jane"}).status_code == 400
    assert not IdempotentRequest.objects.exists()
    assert post(client, CONTACTS, JANE).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256])
def test_invalid_key_is_refused(client: APIClient, key: str) -> None:
    response = post(client, CONTACTS, JANE, key=key)
    assert response.status_code == 400
    assert list(response.json()["fields"]) == ["Idempotency-Key"]
    assert Contact.objects.count() == 0


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000])
def test_malformed_body_is_400(client: APIClient, body: bytes) -> None:
    response = client.post(
        CONTACTS, body, content_type="application/json", headers={"Idempotency-Key": "x"}
    )
    assert response.status_code == 400


def test_each_caller_has_its_own_keys(
    api: Connect, client: APIClient, acme: Organization, alice: User
) -> None:
    other = api(create_api_key(organization=acme, name="Other")[1])
    ids = {post(c, CONTACTS, {"name": "x"}).json()["id"] for c in (client, other, api(alice))}
    assert len(ids) == 3


def test_new_api_key_is_not_stored(api: Connect, alice: User) -> None:
    first = post(api(alice), KEYS, {"name": "Shop"}).json()
    again = post(api(alice), KEYS, {"name": "Shop"})
    assert again.json() == {**first, "key": None}
    assert again["Cache-Control"] == "no-store"
    assert ApiKey.objects.filter(name="Shop").count() == 1
    kept = str(list(IdempotentRequest.objects.values()))
    assert first["key"] not in kept
    assert first["key"][10:] not in kept


def test_keys_expire_after_a_day(client: APIClient) -> None:
    first = post(client, CONTACTS, {"name": "x"}).json()
    age = timezone.now() - idempotency.KEPT
    IdempotentRequest.objects.update(created_at=age + timedelta(minutes=1))
    call_command("prune", stdout=None)
    assert post(client, CONTACTS, {"name": "x"}).json() == first
    IdempotentRequest.objects.update(created_at=age)
    assert post(client, CONTACTS, {"name": "x"}).json()["id"] != first["id"]
    IdempotentRequest.objects.update(created_at=age)
    call_command("prune")
    assert not IdempotentRequest.objects.exists()


def test_repeat_during_a_slow_first_request_is_409(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(*args: object, **kwargs: object) -> None:
        # What PostgreSQL says after `lock_timeout`.
        raise OperationalError("canceled") from LockNotAvailable()

    monkeypatch.setattr(IdempotentRequest.objects, "bulk_create", wait)
    response = post(client, CONTACTS, JANE)
    assert (response.status_code, response["Retry-After"]) == (409, "1")
    assert response.json()["code"] == "request_in_progress"
    assert Contact.objects.count() == 0


def test_unreachable_database_is_not_reported_as_409(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(IdempotentRequest.objects, "bulk_create", fail)
    assert post(client, CONTACTS, JANE).json()["code"] == "unavailable"


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_execute_once(api: Connect, acme_key: str) -> None:
    together = threading.Barrier(8)

    def send(_: int) -> Any:
        client = api(acme_key)
        together.wait()
        try:
            return post(client, CONTACTS, JANE)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(send, range(8)))
    assert Contact.objects.count() == 1
    assert {response.status_code for response in responses} == {201}
    assert len({response.content for response in responses}) == 1
    assert sum("Idempotent-Replayed" not in response for response in responses) == 1
