"""Error pages for developers show no credentials, by whatever name and in whatever frame."""

from typing import Any

import pytest
from django.db.utils import ConnectionHandler
from django.test import Client
from pytest_django import Settings

PASSWORDS = [f"hunter{number}" for number in range(1, 9)]
DATABASE: dict[str, Any] = {
    "ENGINE": "django.db.backends.postgresql",
    "HOST": "127.0.0.1",
    "PORT": "9",
    "NAME": "loquent",
    "USER": "loquent",
    "PASSWORD": PASSWORDS[0],
    "TIME_ZONE": None,
    "CONN_HEALTH_CHECKS": False,
    "CONN_MAX_AGE": 0,
    "AUTOCOMMIT": True,
    "ATOMIC_REQUESTS": False,
    "OPTIONS": {},
    "TEST": {},
}


@pytest.fixture
def page(db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """The page of a request that finds the database away."""
    settings.DEBUG = True
    settings.DATABASE_URL = f"postgres://loquent:{PASSWORDS[0]}@127.0.0.1:9/loquent"
    settings.REDIS_URL = f"redis://:{PASSWORDS[1]}@127.0.0.1:9/0"
    settings.EMAIL_URL = f"submission://loquent:{PASSWORDS[2]}@127.0.0.1:9"
    settings.EMAIL_HOST_PASSWORD = PASSWORDS[2]
    settings.CHANNEL_LAYERS = {"default": {"CONFIG": {"hosts": [settings.REDIS_URL]}}}
    settings.SECRET_KEY = PASSWORDS[3]
    settings.METRICS_TOKEN = PASSWORDS[4]
    settings.OPENAI_API_KEY = PASSWORDS[5]

    def fail() -> None:
        # What a view, a library or the standard library may call what it holds.
        host = f"redis://user:{PASSWORDS[6]}@10.0.0.1:6379/0"
        nested: list[dict[str, Any]] = [{"hosts": (host,), "password": PASSWORDS[7]}]
        assert nested
        ConnectionHandler({"default": DATABASE})["default"].cursor()

    monkeypatch.setattr("widgets.views.load_bundle", fail)
    client = Client(raise_request_exception=False)
    response = client.get("/api/widget/embed.js", headers={"accept": "text/html"})
    assert response.status_code == 500
    return response.content.decode()


def test_debug_page_shows_settings_and_frames(page: str) -> None:
    assert "OperationalError" in page
    assert "DATABASE_URL" in page
    assert "nested" in page
    assert "10.0.0.1" in page


def test_debug_page_shows_no_password(page: str) -> None:
    assert [password for password in PASSWORDS if password in page] == []
