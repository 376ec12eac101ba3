"""The page *Usage and limits* says what the server bounds, and what that overrules."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from loquent.agents.models import DailyTokenUsage
from loquent.organizations.models import Organization

FORM = {"save-settings": "Save"}
OVERRULED = "Your budget of 5,000 tokens per day is higher than this server allows"


@pytest.fixture
def page(acme: Organization) -> str:
    return reverse("admin:agents_dailytokenusage_changelist")


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_ceilings_are_shown(
    client: Client, page: str, who: str, settings: Settings, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(who))
    assert "Server limits" not in client.get(page).content.decode()
    settings.MAX_DAILY_TOKENS = 1_000
    body = client.get(page).content.decode()
    assert "Server limits" in body
    assert "At most 1,000 tokens per day." in body
    assert "higher than this server allows" not in body


def test_budget_above_the_ceiling_is_kept_with_a_notice(
    client: Client, alice: User, acme: Organization, page: str, settings: Settings
) -> None:
    settings.MAX_DAILY_TOKENS = 1_000
    client.force_login(alice)
    response = client.post(page, {**FORM, "daily_token_budget": "5000"}, follow=True)
    assert OVERRULED in response.content.decode()
    acme.refresh_from_db()
    assert acme.daily_token_budget == 5_000
    assert OVERRULED in client.get(page).content.decode()
    response = client.post(page, {**FORM, "daily_token_budget": "900"}, follow=True)
    assert OVERRULED not in response.content.decode()


def test_ceilings_cannot_be_edited(
    client: Client, alice: User, acme: Organization, page: str, settings: Settings
) -> None:
    settings.MAX_DAILY_TOKENS = 1_000
    client.force_login(alice)
    data = {**FORM, "daily_token_budget": "", "server_ceilings": "9", "MAX_DAILY_TOKENS": "9"}
    assert client.post(page, data).status_code == 302
    assert settings.MAX_DAILY_TOKENS == 1_000


def test_usage_days_show_the_effective_limit(
    client: Client, alice: User, acme: Organization, settings: Settings
) -> None:
    settings.MAX_DAILY_TOKENS = 1_000
    DailyTokenUsage.objects.create(organization=acme, day="2026-03-01", used=7)
    client.force_login(alice)
    body = client.get(reverse("admin:agents_dailytokenusage_changelist")).content.decode()
    assert ">1000<" in body


def test_widget_and_socket_ceilings_are_shown(
    client: Client, alice: User, page: str, settings: Settings
) -> None:
    settings.MAX_WIDGETS, settings.MAX_SOCKETS = 1, 500
    client.force_login(alice)
    body = client.get(page).content.decode()
    assert "At most 1 widget." in body
    assert "At most 500 open chats at the same time on each server process." in body
