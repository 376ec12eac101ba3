"""Browsers end lines with CR LF: what nobody touched is stored as it was, and fits as it did."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from loquent.agents.models import TextAgent
from loquent.organizations.audit_entry import AuditEntry
from loquent.organizations.models import Organization
from loquent.testing.people import api_client, make_agent, make_widget
from widgets.models import WidgetConfig

AGENTS, WIDGETS = "/admin/agents/textagent/", "/admin/widgets/widgetconfig/"


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return make_agent(acme, name="Helper")


@pytest.fixture
def widget(acme: Organization, agent: TextAgent) -> WidgetConfig:
    return make_widget(acme, agent=agent, name="Shop")


def sent_by_a_browser(client: Client, address: str) -> dict[str, Any]:
    """The form as it is loaded, and as a browser sends it."""
    form = client.get(address).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    return {
        name: "on" if value is True else str(value).replace("\n", "\r\n")
        for name, value in values.items()
        if value not in (None, False, [])
    }


def lines(length: int, count: int) -> str:
    """A text of this length in so many lines."""
    line = "x" * (length // count - 1)
    return "\n".join([line] * count).ljust(length, "x")


def test_saving_an_unchanged_agent_keeps_its_line_ends(
    client: Client, alice: User, acme_key: str, agent: TextAgent
) -> None:
    text = lines(19_999, 200)
    api = api_client(acme_key)
    patched = api.patch(f"/api/v1/agents/{agent.pk}/", {"instructions": text}, format="json")
    assert patched.status_code == 200
    client.force_login(alice)
    address, before = f"{AGENTS}{agent.pk}/change/", AuditEntry.objects.count()
    response = client.post(address, sent_by_a_browser(client, address))
    assert response.status_code == 302, response.context["adminform"].form.errors
    agent.refresh_from_db()
    assert agent.instructions == text
    assert AuditEntry.objects.count() == before


def test_saving_an_unchanged_widget_keeps_its_line_ends(
    client: Client, alice: User, acme_key: str, widget: WidgetConfig
) -> None:
    settings = {
        "greeting": lines(2_000, 20),
        "notice": {"text": lines(500, 5), "url": None, "consent": False},
        "starters": ["One?", "Two?"],
        "allowed_origins": ["https://a.example.com", "https://b.example.com"],
    }
    api = api_client(acme_key)
    path = f"/api/v1/widgets/{widget.pk}/"
    assert api.patch(path, settings, format="json").status_code == 200
    client.force_login(alice)
    address, before = f"{WIDGETS}{widget.pk}/change/", AuditEntry.objects.count()
    response = client.post(address, sent_by_a_browser(client, address))
    assert response.status_code == 302, response.context["adminform"].form.errors
    stored = api.get(path).json()
    assert {name: stored[name] for name in settings} == settings
    assert AuditEntry.objects.count() == before


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_rest_accepts_crlf_line_ends(
    acme_key: str, agent: TextAgent, widget: WidgetConfig, end: str
) -> None:
    api = api_client(acme_key)
    text = f"One{end}two"
    entry = {"title": "T", "content": text}
    told = api.patch(
        f"/api/v1/agents/{agent.pk}/", {"instructions": text, "knowledge": [entry]}, format="json"
    ).json()
    assert told["instructions"] == told["knowledge"][0]["content"] == "One\ntwo"
    settings = {"greeting": text, "notice": {"text": text, "url": None, "consent": False}}
    told = api.patch(f"/api/v1/widgets/{widget.pk}/", settings, format="json").json()
    assert told["greeting"] == told["notice"]["text"] == "One\ntwo"
