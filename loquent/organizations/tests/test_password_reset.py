"""Who forgot a password gets a link by mail; nobody learns who has an account."""

import re
from email.message import EmailMessage
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordResetDoneView
from django.core import mail
from django.test import Client
from pytest_django.fixtures import Settings

from loquent.testing.jobs import run_due_jobs
from loquent.testing.people import PASSWORD

PAGE = "/admin/password-reset/"
NEW = "a quite different battery"


@pytest.fixture(autouse=True)
def _with_mail(settings: Settings) -> None:
    settings.MAIL_IS_ON = True
    settings.SITE_URL = "https://chat.example.com"


def ask(client: Client, email: str = "alice@example.com", **headers: str) -> Any:
    return client.post(PAGE, {"email": email}, headers=headers)


def sent() -> list[Any]:
    run_due_jobs()
    return mail.outbox


def mailed_link() -> str:
    [message] = sent()
    [link] = re.findall(r"https://chat\.example\.com(/admin/password-reset/\S+)", message.body)
    return str(link)


def choose(client: Client, link: str, password: str = NEW) -> Any:
    form = client.get(link, follow=True)
    path = form.redirect_chain[-1][0]
    return client.post(path, {"new_password1": password, "new_password2": password})


def sign_in(client: Client, password: str) -> int:
    data = {"username": "alice@example.com", "password": password}
    return client.post("/admin/login/", data).status_code


def test_login_page_links_to_password_reset(client: Client, db: None) -> None:
    assert f'href="{PAGE}"' in client.get("/admin/login/").content.decode()
    assert client.get(PAGE).status_code == 200


def test_mailed_link_sets_a_new_password_once(client: Client, alice: User) -> None:
    assert ask(client, "\u200bALICE@example.com\ufeff ").status_code == 302
    link = mailed_link()
    message: EmailMessage = mail.outbox[0]  # type: ignore[assignment]
    assert message.to == ["alice@example.com"]  # type: ignore[attr-defined]
    assert choose(client, link)["Location"] == f"{PAGE}complete/"
    assert sign_in(Client(), PASSWORD) == 200
    assert sign_in(Client(), NEW) == 302
    again = Client().get(link, follow=True)
    assert "This link is no longer valid" in again.content.decode()


def test_weak_password_is_refused_and_the_link_stays_valid(client: Client, alice: User) -> None:
    ask(client)
    link = mailed_link()
    response = choose(client, link, "12345")
    assert "too short" in response.content.decode()
    assert choose(client, link).status_code == 302


def test_the_link_does_not_follow_the_host_of_the_request(
    client: Client, alice: User, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["testserver", "localhost"]
    ask(client, Host="localhost")
    assert mailed_link().startswith(PAGE)
    assert "localhost" not in mail.outbox[0].body


def test_unknown_addresses_get_the_same_response_and_no_email(client: Client, alice: User) -> None:
    known, unknown = ask(client), ask(client, "nobody@example.com")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [message.to for message in sent()] == [["alice@example.com"]]


def test_inactive_user_gets_no_email(client: Client, alice: User) -> None:
    User.objects.update(is_active=False)
    assert ask(client).status_code == 302
    assert sent() == []


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_frequent_requests_for_an_account_are_refused(
    client: Client, alice: User, email: str
) -> None:
    for _ in range(5):
        assert ask(client, email).status_code == 302
    response = ask(client, email.upper())
    assert response.status_code == 429
    assert 600 <= int(response["Retry-After"]) <= 720
    body = response.content.decode()
    assert "Try again in 12 minutes." in body
    assert email.upper() in body
    assert len(sent()) <= 5
    assert ask(client, "charlie@example.com").status_code == 302


def test_ip_address_requesting_many_resets_is_refused(client: Client, db: None) -> None:
    for number in range(20):
        assert ask(client, f"{number}@example.com").status_code == 302
    assert ask(client, "21@example.com").status_code == 429


def test_page_says_so_if_mail_is_not_configured(
    client: Client, alice: User, settings: Settings
) -> None:
    settings.MAIL_IS_ON = False
    assert "Ask its operator for a new password" in client.get(PAGE).content.decode()
    assert ask(client).status_code == 200
    assert sent() == []


def test_failing_mail_server_is_not_revealed(
    client: Client, alice: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "loquent.no_such.Backend"
    assert ask(client).status_code == 302
    run_due_jobs()
    assert "A mail could not be sent" in caplog.text
    assert "alice" not in caplog.text


def test_invalid_link_is_refused(client: Client, db: None) -> None:
    assert "This link is no longer valid" in client.get(f"{PAGE}MQ/abc-def/").content.decode()


def test_concurrent_requests_keep_their_contexts_apart(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second comes while the first one's page is being put together."""
    signed_in = Client()
    signed_in.force_login(alice)
    seen: list[Any] = []
    make_view = PasswordResetDoneView.as_view

    class Interrupted:
        def __get__(self, instance: Any, owner: Any) -> Any:
            if not seen:
                seen.append(None)
                seen.append(signed_in.get("/admin/password-reset/sent/"))
            return make_view

    monkeypatch.setattr(PasswordResetDoneView, "as_view", Interrupted())
    answer: Any = client.get("/admin/password-reset/sent/")
    assert answer.context_data["available_apps"] == []
    assert seen[1].context_data["available_apps"] != []
