"""The settings: tabs of one entry, the team with its invitations, and how long data is kept."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from loquent.organizations.models import Invitation, Organization, Role
from loquent.organizations.services.invitations import invite
from loquent.testing.people import make_agent, make_member, make_widget

TEAM = "/admin/organizations/membership/"


def current_tab(client: Client, path: str) -> str:
    page: Any = client.get(path)
    entries = [item for group in page.context["lq_navigation"] for item in group["items"]]
    assert [item["label"] for item in entries if item["is_current"]] == ["Settings"]
    [tab] = [tab["label"] for tab in page.context["lq_tabs"] if tab["is_current"]]
    return str(tab)


def test_settings_are_tabs_of_one_entry(client: Client, alice: User, acme: Organization) -> None:
    client.force_login(alice)
    for path, tab in (
        (f"/admin/organizations/organization/{acme.pk}/change/", "General"),
        (TEAM, "Team"),
        ("/admin/organizations/invitation/", "Team"),
        ("/admin/organizations/invitation/add/", "Team"),
        ("/admin/organizations/apikey/", "API keys"),
        ("/admin/agents/dailytokenusage/", "Usage and limits"),
        ("/admin/widgets/erasurereceipt/", "Privacy"),
        ("/admin/organizations/auditentry/", "Audit log"),
        ("/admin/jobs/job/", "Background jobs"),
    ):
        assert current_tab(client, path) == tab


def test_viewer_has_the_tabs_of_the_role(client: Client, bob: User) -> None:
    client.force_login(bob)
    page: Any = client.get(TEAM)
    tabs = [tab["label"] for tab in page.context["lq_tabs"]]
    assert tabs == ["General", "Team", "Usage and limits", "Privacy"]


def test_team_lists_who_is_invited(
    client: Client, alice: User, bob: User, acme: Organization
) -> None:
    invite(organization=acme, email="new@example.com", role=Role.ADMIN, invited_by=alice)
    old, _ = invite(organization=acme, email="old@example.com", role=Role.ADMIN, invited_by=alice)
    Invitation.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(days=1))
    client.force_login(alice)
    page = client.get(TEAM).content.decode()
    assert "new@example.com" in page
    assert page.count("Link no longer valid") == 1
    resend = f"/admin/organizations/invitation/{old.pk}/resend/"
    assert f'action="{resend}"' in page
    client.post(resend)
    assert "Link no longer valid" not in client.get(TEAM).content.decode()
    client.force_login(bob)
    assert "new@example.com" not in client.get(TEAM).content.decode()


def test_privacy_sets_how_long_conversations_are_kept(
    client: Client, alice: User, bob: User, acme: Organization
) -> None:
    client.force_login(alice)
    path = "/admin/widgets/erasurereceipt/"
    saved = client.post(path, {"save-settings": "Save", "retention_days": "90"}, follow=True)
    assert "Saved." in saved.content.decode()
    acme.refresh_from_db()
    assert (acme.retention_days, acme.name) == (90, "Acme")
    refused = client.post(path, {"save-settings": "Save", "retention_days": "0"}).content.decode()
    assert 'id="id_retention_days_error"' in refused
    assert "Please check what you entered." in refused
    client.force_login(bob)
    assert 'name="retention_days" value="90"' in client.get(path).content.decode()
    assert client.post(path, {"save-settings": "Save", "retention_days": "1"}).status_code == 403
    acme.refresh_from_db()
    assert acme.retention_days == 90


@pytest.mark.parametrize(
    ("zone", "country", "saved"),
    [
        ("Zurich", "Switzerland", ("Europe/Zurich", "CH")),
        ("europe/zurich", "ch", ("Europe/Zurich", "CH")),
        ("new york", "united states", ("America/New_York", "US")),
        ("Reunion", "Réunion", ("Indian/Reunion", "RE")),
        (" UTC ", "", ("UTC", "")),
        ("Atlantis", "Narnia", None),
        ("", "CHE", None),
    ],
)
def test_general_takes_places_as_people_write_them(
    client: Client,
    alice: User,
    acme: Organization,
    zone: str,
    country: str,
    saved: tuple[str, str] | None,
) -> None:
    client.force_login(alice)
    path = f"/admin/organizations/organization/{acme.pk}/change/"
    typed = {"name": "Acme", "timezone": zone, "default_phone_region": country}
    phone = "044 668 18 00" if saved == ("Europe/Zurich", "CH") else ""
    page = client.post(path, {**typed, "phone": phone}).content.decode()
    acme.refresh_from_db()
    if saved is None:
        assert "Choose a country from the list" in page
        assert f'value="{zone}"' in page or not zone
    else:
        assert (acme.timezone, acme.default_phone_region) == saved
        assert acme.phone == ("+41 44 668 18 00" if phone else "")


@pytest.mark.parametrize(
    ("label", "path"),
    [("Widgets", "/admin/widgets/widgetconfig/"), ("Assistants", "/admin/agents/textagent/")],
)
def test_entry_opens_the_only_row_directly(
    client: Client, acme: Organization, globex: Organization, label: str, path: str
) -> None:
    client.force_login(make_member(acme, "dora", Role.VIEWER))

    def entry() -> str:
        page: Any = client.get("/admin/password_change/")
        items = [item for group in page.context["lq_navigation"] for item in group["items"]]
        return str(next(item["url"] for item in items if item["label"] == label))

    make_widget(globex, agent=make_agent(globex))
    assert entry() == path
    agent = make_agent(acme)
    widget = make_widget(acme, agent=agent)
    assert entry() == f"{path}{widget.pk if label == 'Widgets' else agent.pk}/change/"
    make_widget(acme, agent=make_agent(acme))
    assert entry() == path
