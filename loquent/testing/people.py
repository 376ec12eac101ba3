"""Create the users of the tests, and their data."""

import itertools
from typing import Any

from django.contrib.auth.models import User
from rest_framework.test import APIClient

from loquent.agents.models import TextAgent
from loquent.agents.services import create_agent
from loquent.organizations.models import Membership, Organization, Role
from widgets.models import WidgetConfig
from widgets.services.configs import create_widget
from widgets.types import WidgetConfigData

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)


def make_member(organization: Organization, name: str, role: Role) -> User:
    """Create a staff user `name@example.com` with a role in an organization."""
    email = f"{name}@example.com"
    user = User(username=email, email=email, is_staff=True)
    user.set_password(PASSWORD)
    user.save()
    Membership.objects.create(organization=organization, user=user, role=role)
    return user


def make_agent(organization: Organization, **data: Any) -> TextAgent:
    """Create a text agent; by default one that answers offline from two entries.

    `knowledge=[{"title": …, "content": …, "url": …}]`, `model="test:any"` with `scripted`, …
    """
    data.setdefault("name", f"Agent {next(_numbers)}")
    if "model" not in data:
        data.setdefault("knowledge", KNOWLEDGE)
    return create_agent(organization=organization, data=data)  # type: ignore[arg-type]


def make_widget(
    organization: Organization, *, agent: TextAgent | None = None, **data: Any
) -> WidgetConfig:
    """Create a widget, with a new agent if none is given; `data` are fields of WidgetConfigData."""
    agent = agent or make_agent(organization)
    return create_widget(
        organization=organization, data=WidgetConfigData(text_agent_id=agent.id, **data)
    )


def api_client(
    caller: User | str | None = None, *, enforce_csrf: bool = False, **headers: str
) -> APIClient:
    """Return a REST client with a user's session, an API key `lqk_…`, or no credentials.

    `enforce_csrf` makes it a browser's client: unsafe methods then need the CSRF token.
    """
    client = APIClient(enforce_csrf_checks=enforce_csrf, headers=headers)
    client.default_format = "json"
    if isinstance(caller, User):
        client.force_login(caller)
    elif caller is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {caller}")
    return client


KNOWLEDGE = [
    {
        "title": "Shipping",
        "content": "We ship every working day. Parcels arrive within two days.",
        "url": "https://shop.example.com/shipping",
    },
    {
        "title": "Returns",
        "content": "You can return anything unused within 30 days.",
        "url": "https://shop.example.com/returns",
    },
]
