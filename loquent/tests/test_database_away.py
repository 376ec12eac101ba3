"""The REST API while the database doesn't answer: one sentence, and when to try again."""

import logging
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, connection
from rest_framework.test import APIClient


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize("method", ["get", "post"])
def test_unreachable_database_returns_503(
    api: Callable[..., APIClient],
    alice: User,
    caplog: pytest.LogCaptureFixture,
    error: type[Exception],
    method: str,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error("canceling statement: name = 'Jane'")

    client = api(alice)
    caplog.set_level(logging.ERROR)
    with connection.execute_wrapper(fail):
        response = getattr(client, method)("/api/v1/contacts/", {"name": "Jane"})
    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert response.json() == {
        "code": "unavailable",
        "message": "The database is not responding. Please try again in a moment.",
        "fields": {},
    }
    assert error.__name__ in caplog.text
    assert "Jane" not in caplog.text
