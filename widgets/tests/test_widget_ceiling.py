"""MAX_WIDGETS: no organization creates more, by whatever door."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from contacts.tests.parallel import in_parallel
from loquent.agents.models import TextAgent
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from widgets.models import WidgetConfig

Connect = Callable[..., APIClient]
PATH, LIST = "/api/v1/widgets/", "/admin/widgets/widgetconfig/"
REFUSAL = (
    "An organization may have at most 2 widgets on this server. Delete one first, or ask the "
    "server's operator for more."
)


@pytest.fixture(autouse=True)
def _ceiling(settings: Settings) -> None:
    settings.MAX_WIDGETS = 2


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return make_agent(acme)


def names() -> list[str | None]:
    return sorted(WidgetConfig.objects.values_list("name", flat=True), key=str)


def test_rest_refuses_the_third(
    api: Connect, acme_key: str, globex: Organization, agent: TextAgent
) -> None:
    make_widget(globex)
    client = api(acme_key)
    statuses = []
    for name in "abc":
        response = client.post(PATH, {"text_agent_id": str(agent.id), "name": name})
        statuses.append(response.status_code)
    assert statuses == [201, 201, 409]
    assert response.json() == {"code": "conflict", "message": REFUSAL, "fields": {}}
    # Those that are there stay usable, and make room when they go.
    first = client.get(PATH).json()["results"][0]
    assert client.patch(f"{PATH}{first['id']}/", {"name": "d"}).status_code == 200
    assert client.delete(f"{PATH}{first['id']}/").status_code == 204
    assert client.post(PATH, {"text_agent_id": str(agent.id)}).status_code == 201


def test_invalid_data_is_reported_before_the_ceiling(
    api: Connect, acme_key: str, agent: TextAgent
) -> None:
    for _ in range(2):
        make_widget(agent.organization, agent=agent)
    response = api(acme_key).post(PATH, {"text_agent_id": str(agent.id), "primary_color": "red"})
    assert response.status_code == 400


def test_form_refuses_the_third_and_keeps_the_input(
    client: Client, alice: User, agent: TextAgent
) -> None:
    client.force_login(alice)
    form = {
        "organization": str(agent.organization_id), "text_agent": str(agent.id), "enabled": "on",
        "primary_color": "#112233", "text_color": "#ffffff", "position": "bottom_left",
        "contact_info_mode": "none",
    }  # fmt: skip
    for name in "ab":
        assert client.post(f"{LIST}add/", {**form, "name": name}).status_code == 302
    response: Any = client.post(f"{LIST}add/", {**form, "name": "c"})
    assert response.status_code == 200
    assert response.context["adminform"].form.errors == {"__all__": [REFUSAL]}
    assert 'value="c"' in response.content.decode()
    # A change is none too many.
    page = f"{LIST}{WidgetConfig.objects.get(name='a').id}/change/"
    assert client.post(page, {**form, "name": "d"}).status_code == 302
    assert names() == ["b", "d"]


def test_copying_stops_at_the_ceiling(client: Client, alice: User, agent: TextAgent) -> None:
    widget = make_widget(agent.organization, agent=agent, name="a")
    client.force_login(alice)
    data = {"action": "duplicate", "_selected_action": [str(widget.pk)]}
    assert REFUSAL not in client.post(LIST, data, follow=True).content.decode()
    page = client.post(LIST, data, follow=True).content.decode()
    assert REFUSAL.replace("'", "&#x27;") in page
    assert "duplicated" not in page
    assert names() == ["a", "a (copy)"]


@pytest.mark.django_db(transaction=True)
def test_12_concurrent_requests_do_not_exceed_the_ceiling(
    api: Connect, acme_key: str, agent: TextAgent
) -> None:
    data = {"text_agent_id": str(agent.id)}
    answers = in_parallel(lambda _: api(acme_key).post(PATH, data).status_code, range(12))
    assert sorted(answers, key=str) == [201] * 2 + [409] * 10
    assert WidgetConfig.objects.count() == 2


def test_zero_means_no_ceiling(settings: Settings, agent: TextAgent) -> None:
    settings.MAX_WIDGETS = 0
    for _ in range(3):
        make_widget(agent.organization, agent=agent)
