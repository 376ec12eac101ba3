"""Applications of other origins that call the REST API with a key."""

from collections.abc import Callable

import pytest
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

Connect = Callable[..., APIClient]
APP = "https://app.example.com"


@pytest.fixture(autouse=True)
def _allowed(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [APP]


def test_allowed_origin_can_send_and_read_all_api_headers(api: Connect, acme_key: str) -> None:
    asked = {
        "origin": APP,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,idempotency-key,if-match",
    }
    preflight = api().options("/api/v1/contacts/", headers=asked)
    allowed = set(preflight["Access-Control-Allow-Headers"].replace(" ", "").split(","))
    assert {"authorization", "content-type", "idempotency-key", "if-match"} <= allowed
    answer = api(acme_key).get("/api/v1/contacts/", headers={"origin": APP})
    assert answer["Access-Control-Allow-Origin"] == APP
    assert {"ETag", "Retry-After"} <= set(answer["Access-Control-Expose-Headers"].split(", "))


def test_other_origins_get_no_cors_headers(api: Connect, acme_key: str) -> None:
    answer = api(acme_key).get("/api/v1/contacts/", headers={"origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer
