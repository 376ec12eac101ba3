"""How often one key or person may call the REST API."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from loquent.limits import Limits
from loquent.organizations.api import throttling
from loquent.organizations.models import Organization
from loquent.organizations.services.organizations import create_api_key
from loquent.ratelimit.shared import SharedLimiter
from loquent.testing.clock import Clock

Connect = Callable[..., APIClient]
CONTACTS = "/api/v1/contacts/"


@pytest.fixture
def clock(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Three requests at once, one more every two seconds; counted in this process."""
    settings.REDIS_URL = ""
    settings.LIMITS = replace(Limits(), api_requests_burst=3, api_requests_per_minute=30)
    clock = Clock()
    monkeypatch.setattr(throttling, "limiter", SharedLimiter(clock))
    return clock


def statuses(client: APIClient, count: int) -> list[int]:
    return [client.get(CONTACTS).status_code for _ in range(count)]


def test_exceeding_the_rate_returns_429_with_retry_after(
    api: Connect, acme_key: str, clock: Clock
) -> None:
    client = api(acme_key)
    assert statuses(client, 4) == [200, 200, 200, 429]
    refused: Any = client.post(CONTACTS, {"name": "x"})
    assert refused.status_code == 429
    assert refused["Retry-After"] == "2"
    assert refused.json()["code"] == "rate_limited"
    clock.now += 2
    assert statuses(client, 2) == [200, 429]


def test_each_caller_has_its_own_rate(
    api: Connect, acme: Organization, acme_key: str, alice: User, bob: User, clock: Clock
) -> None:
    other = create_api_key(organization=acme, name="Other")[1]
    for caller in (acme_key, other, alice, bob):
        assert statuses(api(caller), 4) == [200, 200, 200, 429]


@pytest.mark.parametrize("off", ["rates", "limit"])
def test_rate_limit_can_be_disabled(
    api: Connect, acme_key: str, clock: Clock, settings: Settings, off: str
) -> None:
    if off == "rates":
        settings.RATE_LIMITS = False
    else:
        settings.LIMITS = replace(Limits(), api_requests_per_minute=0)
    assert statuses(api(acme_key), 10) == [200] * 10
