"""The daily token budget in the admin: the owner sets it, staff see what was used."""

from datetime import date

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from loquent.agents.models import DailyTokenUsage
from loquent.organizations.models import Organization


@pytest.fixture
def usage(acme: Organization, globex: Organization) -> DailyTokenUsage:
    DailyTokenUsage.objects.create(organization=globex, day=date(2026, 3, 1), used=777)
    return DailyTokenUsage.objects.create(organization=acme, day=date(2026, 3, 1), used=1_234)


def test_the_owner_sets_the_budget(client: Client, alice: User, acme: Organization) -> None:
    client.force_login(alice)
    page = reverse("admin:agents_dailytokenusage_changelist")
    form = {"save-settings": "Save"}
    for given, expected in (("5000", 5_000), ("0", 0), ("", None)):
        assert client.post(page, form | {"daily_token_budget": given}).status_code == 302
        acme.refresh_from_db()
        assert acme.daily_token_budget == expected
    response = client.post(page, form | {"daily_token_budget": "-1"})
    assert "greater than or equal to 0" in response.content.decode()
    acme.refresh_from_db()
    assert acme.daily_token_budget is None


def test_viewer_cannot_set_the_budget(client: Client, bob: User, acme: Organization) -> None:
    client.force_login(bob)
    page = reverse("admin:agents_dailytokenusage_changelist")
    assert "Only an owner can change this." in client.get(page).content.decode()
    typed = {"save-settings": "Save", "daily_token_budget": "1"}
    assert client.post(page, typed).status_code == 403
    acme.refresh_from_db()
    assert acme.daily_token_budget is None


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_staff_see_only_their_usage_read_only(
    client: Client, usage: DailyTokenUsage, who: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(who))
    page = client.get(reverse("admin:agents_dailytokenusage_changelist")).content.decode()
    assert ">1234<" in page
    assert ">777<" not in page
    assert "no limit" in page
    detail = reverse("admin:agents_dailytokenusage_change", args=[usage.pk])
    assert client.get(detail).status_code == 200
    assert client.post(detail, {"used": "0"}).status_code == 403
    assert client.post(reverse("admin:agents_dailytokenusage_add"), {}).status_code == 403
    assert client.post(detail.replace("change", "delete"), {"post": "yes"}).status_code == 403
