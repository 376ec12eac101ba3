"""The form of a new widget proposes a daily cap; over REST there is none unless one is sent."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from loquent.agents.models import TextAgent
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from widgets.models import WidgetConfig

LIST = "/admin/widgets/widgetconfig/"


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return make_agent(acme)


def proposed(client: Client, page: str) -> Any:
    response: Any = client.get(page)
    assert "500 messages use at most about 3.5 million tokens per day" in response.content.decode()
    return response.context["adminform"].form["daily_message_cap"].value()


def test_new_widget_form_proposes_500(client: Client, alice: User, agent: TextAgent) -> None:
    client.force_login(alice)
    assert proposed(client, f"{LIST}add/") == 500


@pytest.mark.parametrize("cap", [None, 0, 7])
def test_existing_widget_keeps_its_cap(
    client: Client, alice: User, agent: TextAgent, cap: int | None
) -> None:
    widget = make_widget(agent.organization, agent=agent, daily_message_cap=cap)
    client.force_login(alice)
    assert proposed(client, f"{LIST}{widget.id}/change/") == cap


@pytest.mark.parametrize(("typed", "stored"), [("", None), ("500", 500), ("0", 0)])
def test_entered_cap_is_stored(
    client: Client, alice: User, agent: TextAgent, typed: str, stored: int | None
) -> None:
    client.force_login(alice)
    form = {
        "organization": str(agent.organization_id), "text_agent": str(agent.id), "enabled": "on",
        "primary_color": "#112233", "text_color": "#ffffff", "position": "bottom_left",
        "contact_info_mode": "none", "daily_message_cap": typed,
    }  # fmt: skip
    assert client.post(f"{LIST}add/", form).status_code == 302
    assert WidgetConfig.objects.get().daily_message_cap == stored


def test_rest_has_no_cap_by_default(
    api: Callable[..., APIClient], acme_key: str, agent: TextAgent
) -> None:
    response = api(acme_key).post("/api/v1/widgets/", {"text_agent_id": str(agent.id)})
    assert response.json()["daily_message_cap"] is None
