"""System checks say what is misconfigured, and what to do about it."""

import pytest
from django.core.checks import CheckMessage
from pytest_django.fixtures import Settings

from loquent.checks import check_channel_layer, check_database, check_mail, check_secret_key


def all_checks() -> list[CheckMessage]:
    checks = (check_secret_key, check_database, check_channel_layer, check_mail)
    return [message for check in checks for message in check(None)]


def ids() -> set[str | None]:
    return {message.id for message in all_checks()}


@pytest.fixture(autouse=True)
def _good_settings(settings: Settings) -> None:
    settings.DEBUG = False
    settings.SECRET_KEY = "a real secret, long enough to be one"
    settings.DATABASE_IS_SQLITE = False
    settings.REDIS_URL = "redis://127.0.0.1:6379/0"
    settings.WORKERS = 4
    settings.EMAIL_URL = "submission://mail.example.com"
    settings.DEFAULT_FROM_EMAIL_IS_SET = True


def test_good_settings_are_silent() -> None:
    assert ids() == set()


def test_a_missing_secret_is_an_error_unless_debugging(settings: Settings) -> None:
    settings.SECRET_KEY = "insecure-no-secret-key-is-set"
    assert ids() == {"loquent.E001"}
    settings.DEBUG = True
    assert ids() == set()


@pytest.mark.parametrize(
    ("debug", "workers", "expected"),
    [
        (False, 1, {"loquent.W002"}),
        (True, 1, set()),
        (False, 2, {"loquent.E002"}),
        (True, 2, {"loquent.E002"}),
    ],
)
def test_sqlite_is_warned_about(
    settings: Settings, debug: bool, workers: int, expected: set[str]
) -> None:
    settings.DATABASE_IS_SQLITE = True
    settings.DEBUG, settings.WORKERS = debug, workers
    assert ids() == expected


@pytest.mark.parametrize(
    ("debug", "workers", "expected"),
    [
        (False, 1, {"loquent.W003"}),
        (True, 1, set()),
        (False, 2, {"loquent.E003"}),
        (True, 2, {"loquent.E003"}),
    ],
)
def test_missing_redis_is_warned_about(
    settings: Settings, debug: bool, workers: int, expected: set[str]
) -> None:
    settings.REDIS_URL = ""
    settings.DEBUG, settings.WORKERS = debug, workers
    assert ids() == expected


@pytest.mark.parametrize(
    ("url", "has_sender", "missing"),
    [("", True, "EMAIL_URL"), ("", False, "EMAIL_URL"), ("smtp://x", False, "DEFAULT_FROM_EMAIL")],
)
def test_missing_mail_server_is_warned_about(
    settings: Settings, url: str, has_sender: bool, missing: str
) -> None:
    settings.EMAIL_URL, settings.DEFAULT_FROM_EMAIL_IS_SET = url, has_sender
    [message] = all_checks()
    assert (message.id, message.msg) == ("loquent.W005", f"{missing} is not set.")
    settings.DEBUG = True
    assert ids() == set()


def test_every_check_message_has_a_hint(settings: Settings) -> None:
    settings.SECRET_KEY = "insecure-no-secret-key-is-set"
    settings.DATABASE_IS_SQLITE, settings.REDIS_URL, settings.EMAIL_URL = True, "", ""
    for settings.WORKERS in (1, 2):
        messages = all_checks()
        assert len(messages) == 4
        assert all(message.hint for message in messages)
