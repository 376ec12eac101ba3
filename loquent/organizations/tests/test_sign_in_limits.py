"""Wrong passwords are counted for each account and address; after some of them there is a pause."""

from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from loquent.organizations.site.account_forms import NewPasswordForm
from loquent.testing.people import PASSWORD

LOGIN = "/admin/login/"
WRONG = "wrong"


def sign_in(name: str = "alice@example.com", password: str = WRONG, **headers: str) -> Any:
    data = {"username": name, "password": password}
    return Client().post(LOGIN, data, headers=headers)


def lock(**headers: str) -> Any:
    for _ in range(4):
        assert sign_in(**headers).status_code == 200
    return sign_in(**headers)


def test_too_many_wrong_passwords_lock_the_account_for_a_while(alice: User) -> None:
    response = lock()
    assert response.status_code == 429
    assert 890 <= int(response["Retry-After"]) <= 900
    body = response.content.decode()
    assert "Too many wrong passwords. Try again in 15 minutes" in body
    # What was typed stays.
    assert 'value="alice@example.com"' in body
    assert sign_in(password=PASSWORD).status_code == 429


def test_spelling_and_browser_make_no_difference(alice: User) -> None:
    for number, name in enumerate(("ALICE@example.com", " alice@example.com", "Alice@Example.Com")):
        sign_in(name, **{"User-Agent": f"Browser {number}"})
    sign_in()
    assert sign_in().status_code == 429


def test_names_without_an_account_lock_alike(db: None) -> None:
    response = lock_of("nobody@example.com")
    assert response.status_code == 429
    assert "Too many wrong passwords" in response.content.decode()


def lock_of(name: str) -> Any:
    return [sign_in(name) for _ in range(5)][-1]


def test_other_accounts_are_not_locked(alice: User, bob: User, settings: Settings) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    lock(**{"X-Forwarded-For": "203.0.113.7"})
    here = {"X-Forwarded-For": "198.51.100.1"}
    assert sign_in(password=PASSWORD, **here).status_code == 302
    there = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
    assert sign_in(password=PASSWORD, **there).status_code == 429
    assert sign_in("bob@example.com", PASSWORD, **there).status_code == 302


def test_an_untrusted_header_changes_nothing(alice: User) -> None:
    for number in range(5):
        response = sign_in(**{"X-Forwarded-For": f"203.0.113.{number}"})
    assert response.status_code == 429


@pytest.mark.parametrize("entry", ["unknown", "", "203.0.113.7:1234", "x" * 300])
def test_invalid_forwarded_header_counts_as_the_proxy(
    alice: User, settings: Settings, entry: str
) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    assert lock(**{"X-Forwarded-For": entry}).status_code == 429


def test_lock_expires_and_is_not_extended(alice: User) -> None:
    lock()
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14, seconds=30))
    response = sign_in()
    assert response.status_code == 429
    assert int(response["Retry-After"]) <= 30
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15, seconds=1))
    assert sign_in(password=PASSWORD).status_code == 302


def test_correct_password_resets_the_count(alice: User) -> None:
    for _ in range(3):
        for _ in range(4):
            assert sign_in().status_code == 200
        assert sign_in(password=PASSWORD).status_code == 302
    assert AccessAttempt.objects.count() == 0


def test_command_lifts_a_lock(alice: User, capsys: pytest.CaptureFixture[str]) -> None:
    lock()
    call_command("unlock", "Alice@example.com")
    call_command("unlock", "alice@example.com")
    said = capsys.readouterr().out.splitlines()
    assert said == ["alice@example.com can log in again.", "alice@example.com was not locked."]
    assert sign_in(password=PASSWORD).status_code == 302


def test_password_reset_lifts_the_lock(alice: User) -> None:
    lock()
    new = "other 4 words"
    form = NewPasswordForm(alice, {"new_password1": new, "new_password2": new})
    assert form.is_valid()
    form.save()
    assert sign_in(password=new).status_code == 302


@pytest.mark.costly
def test_address_trying_many_accounts_is_refused(alice: User) -> None:
    for number in range(30):
        assert sign_in(f"{number}@example.com").status_code == 200
    response = sign_in(password=PASSWORD)
    assert response.status_code == 429
    assert "Too many login attempts from your network" in response.content.decode()
    assert int(response["Retry-After"]) <= 36


@pytest.mark.costly
def test_correct_logins_are_never_refused(alice: User) -> None:
    for _ in range(40):
        assert sign_in(password=PASSWORD).status_code == 302


def test_typed_credentials_are_not_logged(alice: User, caplog: pytest.LogCaptureFixture) -> None:
    lock()
    sign_in("my secret password by mistake", "hunter2")
    for typed in ("alice@example.com", "by mistake", "hunter2", "wrong"):
        assert f'"{typed}' not in caplog.text
        assert typed not in str(list(AccessAttempt.objects.values("post_data", "get_data")))
