"""Of one caller's searches and exports two run at once: the others keep their threads."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connections
from django.test import AsyncClient
from pytest_django import Settings
from rest_framework.test import APIClient

from contacts.models import Contact
from loquent.db.threads import in_database
from loquent.organizations.api import slow_requests
from loquent.organizations.models import Organization
from loquent.organizations.services.organizations import create_api_key
from loquent.testing.threads import settle_database_threads
from loquent.testing.waiting import WAIT_SECONDS
from widgets.api.filters import SessionFilter

Connect = Callable[..., APIClient]
CONTACTS, SESSIONS = "/api/v1/contacts/", "/api/v1/sessions/"
SLOW = (f"{CONTACTS}export/", f"{SESSIONS}export/", f"{CONTACTS}?search=x", f"{SESSIONS}?search=x")


@pytest.fixture
def contact(acme: Organization) -> Contact:
    return Contact.objects.create(organization=acme, name="Jane")


@pytest.fixture(autouse=True)
def _all_end() -> Iterator[None]:
    yield
    assert not slow_requests._running


def assert_refused(response: Any) -> None:
    assert response.status_code == 429
    assert response["Retry-After"] == "1"
    assert response["Content-Type"] == "application/json"
    assert response.json() == {
        "code": "rate_limited",
        "message": "At most 2 searches and exports may run at once. Retry after the time in "
        "Retry-After.",
        "fields": {},
    }


def test_third_slow_request_is_refused(
    api: Connect, acme: Organization, acme_key: str, alice: User, contact: Contact
) -> None:
    client = api(acme_key)
    exports: list[Any] = [client.get(f"{CONTACTS}export/") for _ in range(2)]
    for path in (*SLOW, f"{CONTACTS}{contact.id}/export/"):
        assert_refused(client.get(path))
        # Other callers, also of the same organization, have a count of their own.
        for other in (api(alice), api(create_api_key(organization=acme, name="Other")[1])):
            response: Any = other.get(path)
            assert response.status_code == 200
            if response.streaming:
                b"".join(response)
    # What is quick goes on.
    assert client.get(CONTACTS).status_code == 200
    assert client.get(CONTACTS, {"email": "jane@example.com"}).status_code == 200
    assert b"Jane" in b"".join(exports.pop())
    assert client.get(f"{CONTACTS}?search=x").status_code == 200
    b"".join(exports.pop())


@pytest.mark.django_db(transaction=True)
def test_concurrent_searches_are_bounded(
    api: Connect, acme_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, go_on = threading.Semaphore(0), threading.Event()
    search = SessionFilter.filter_search

    def slow(self: Any, queryset: Any, name: str, value: str) -> Any:
        inside.release()
        assert go_on.wait(WAIT_SECONDS)
        return search(self, queryset, name, value)

    monkeypatch.setattr(SessionFilter, "filter_search", slow)

    def get() -> int:
        try:
            return int(api(acme_key).get(f"{SESSIONS}?search=x").status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        running = [threads.submit(get) for _ in range(2)]
        for _ in running:
            assert inside.acquire(timeout=WAIT_SECONDS)
        assert_refused(api(acme_key).get(f"{SESSIONS}?search=x"))
        go_on.set()
        assert [answer.result() for answer in running] == [200, 200]
    assert api(acme_key).get(f"{SESSIONS}?search=x").status_code == 200


def test_failed_search_releases_its_slot(api: Connect, acme_key: str) -> None:
    client = api(acme_key)
    for _ in range(5):
        assert client.get(f"{CONTACTS}?search=x&unknown=1").status_code == 400


def test_limit_is_off_if_rate_limits_are_off(
    api: Connect, acme_key: str, contact: Contact, settings: Settings
) -> None:
    settings.RATE_LIMITS = False
    exports = [api(acme_key).get(f"{CONTACTS}export/") for _ in range(3)]
    assert [response.status_code for response in exports] == [200] * 3


@pytest.mark.django_db(transaction=True)
async def test_aborted_export_releases_its_slot(acme: Organization) -> None:
    def make() -> str:
        Contact.objects.bulk_create(
            Contact(organization=acme, name=f"{n} {'x' * 150}") for n in range(3_000)
        )
        return create_api_key(organization=acme, name="x")[1]

    key = await in_database(make)
    for _ in range(3):
        headers = {"authorization": f"Bearer {key}"}
        response: Any = await AsyncClient().get(f"{CONTACTS}export/", headers=headers)
        batches = aiter(response)
        assert b"0 x" in await anext(batches)
        assert slow_requests._running
        # As Django's handler does when the client is gone.
        await batches.aclose()
        await sync_to_async(response.close)()
        assert not slow_requests._running
    settle_database_threads()
