"""/api/v1/widgets/: create, read, replace, change, delete, reset."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from loquent.agents.models import TextAgent
from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from widgets.models import WidgetConfig
from widgets.services.configs import change_widget, config_data, update_widget

Connect = Callable[..., APIClient]
PATH = "/api/v1/widgets/"
DEFAULTS: dict[str, Any] = {
    "name": None,
    "greeting": None,
    "primary_color": "#6366f1",
    "text_color": "#ffffff",
    "position": "bottom_right",
    "contact_info_mode": "none",
    "collect_name": False,
    "collect_email": False,
    "collect_phone": False,
    "starters": [],
    "notice": None,
    "allowed_origins": None,
    "daily_message_cap": None,
    "handoff_enabled": True,
    "handoff_recipients": [],
    "enabled": True,
}
GIVEN: dict[str, Any] = {
    "name": "Shop",
    "greeting": "Hello! 👋\nHow can I help?",
    "primary_color": "#AABBCC",
    "text_color": "#000000",
    "position": "bottom_left",
    "contact_info_mode": "required",
    "collect_name": True,
    "collect_email": True,
    "collect_phone": True,
    "starters": ["Do you ship to Norway?", "¿Y a España?"],
    "notice": {"text": "An AI.\nSee:", "url": "https://example.com/privacy", "consent": True},
    "allowed_origins": ["https://example.com", "https://*.example.org"],
    "daily_message_cap": 0,
    "handoff_enabled": False,
    "handoff_recipients": [],
    "enabled": False,
}


@pytest.fixture
def client(api: Connect, alice: User) -> APIClient:
    return api(alice)


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return make_agent(acme)


@pytest.fixture
def widget(acme: Organization, agent: TextAgent) -> WidgetConfig:
    return make_widget(acme, agent=agent, **GIVEN)


def same(data: dict[str, Any], **but: Any) -> dict[str, Any]:
    """A widget's JSON with some of it changed, and with no time of change."""
    return {k: v for k, v in {**data, **but}.items() if k != "updated_at"}


def test_omitted_fields_have_defaults(
    client: APIClient, acme: Organization, agent: TextAgent
) -> None:
    response = client.post(PATH, {"text_agent_id": str(agent.id)})
    assert response.status_code == 201
    data = response.json()
    assert same(data) == {
        **DEFAULTS,
        "id": data["id"],
        "organization_id": str(acme.id),
        "widget_id": data["widget_id"],
        "text_agent_id": str(agent.id),
        "created_at": data["created_at"],
        "embed_code": '<script src="http://127.0.0.1:8000/api/widget/embed.js" '
        f'data-widget="{data["widget_id"]}"></script>',
    }
    assert data["widget_id"].startswith("wid_")
    assert len(data["widget_id"]) >= 20
    assert client.get(f"{PATH}{data['id']}/").json() == data
    assert client.get(PATH).json() == {"results": [data], "next": None}


def test_all_given_fields_are_stored(client: APIClient, agent: TextAgent) -> None:
    data = client.post(PATH, {"text_agent_id": str(agent.id), **GIVEN}).json()
    assert {**data, **GIVEN} == data


def test_texts_and_origins_are_normalized(client: APIClient, agent: TextAgent) -> None:
    given = {
        "name": "  Shop ",
        "greeting": " ",
        "starters": [" Do you\n ship?", "And\tback?", "do you  ship?"],
        "notice": {"text": " An AI. ", "url": ""},
        "allowed_origins": ["Example.com/", "https://example.com:443", "http://localhost:3000"],
    }
    data = client.post(PATH, {"text_agent_id": str(agent.id), **given}).json()
    assert (data["name"], data["greeting"]) == ("Shop", None)
    assert data["starters"] == ["Do you ship?", "And back?"]
    assert data["notice"] == {"text": "An AI.", "url": None, "consent": False}
    assert data["allowed_origins"] == ["https://example.com", "http://localhost:3000"]


def test_fifty_origins_and_long_texts_fit(client: APIClient, agent: TextAgent) -> None:
    given = {
        "name": "é" * 100,
        "greeting": "😀" * 2_000,
        "starters": [f"{n}{'é' * 119}" for n in range(6)],
        "notice": {"text": "😀" * 500, "url": f"http://example.com/{'p' * 481}", "consent": True},
        "allowed_origins": [f"https://site-{n}.example.com" for n in range(50)],
        "daily_message_cap": 2_147_483_647,
    }
    response = client.post(PATH, {"text_agent_id": str(agent.id), **given})
    assert response.status_code == 201
    assert {**response.json(), **given} == response.json()


READ_ONLY = {
    "id": "00000000-0000-0000-0000-000000000000",
    "organization_id": "00000000-0000-0000-0000-000000000000",
    "organization": "00000000-0000-0000-0000-000000000000",
    "widget_id": "wid_chosen_by_the_caller",
    "embed_code": "<b>",
    "created_at": "2001-01-01T00:00:00Z",
    "updated_at": "2001-01-01T00:00:00Z",
    "unknown": {"nested": [1]},
}


@pytest.mark.parametrize("method", ["patch", "put"])
def test_read_only_and_unknown_fields_are_ignored(
    client: APIClient, widget: WidgetConfig, method: str
) -> None:
    path = f"{PATH}{widget.id}/"
    before = client.get(path).json()
    given = {"text_agent_id": before["text_agent_id"], **GIVEN, **READ_ONLY}
    response = getattr(client, method)(path, given)
    assert response.status_code == 200
    assert same(response.json()) == same(before)
    assert response.json()["updated_at"] > before["updated_at"]


def test_patch_changes_only_named_fields(client: APIClient, widget: WidgetConfig) -> None:
    path = f"{PATH}{widget.id}/"
    before = client.get(path).json()
    changes: list[dict[str, Any]] = [
        {"name": "New"},
        {"name": None},
        {"allowed_origins": None},
        {"starters": ["One?"]},
        {"starters": []},
        {"notice": {"text": "Short", "url": None, "consent": False}},
        {"notice": None},
        {"daily_message_cap": None},
        {"contact_info_mode": "none", "collect_name": False},
        {"enabled": True},
        {},
    ]
    for change in changes:
        before = same(before, **change)
        response = client.patch(path, change)
        assert response.status_code == 200
        assert same(response.json()) == before
        assert same(client.get(path).json()) == before


def test_put_resets_omitted_fields_to_defaults(
    client: APIClient, widget: WidgetConfig, agent: TextAgent
) -> None:
    path = f"{PATH}{widget.id}/"
    response = client.put(path, {"text_agent_id": str(agent.id), "name": "New"})
    assert response.status_code == 200
    assert {**response.json(), **DEFAULTS, "name": "New"} == response.json()
    assert response.json()["widget_id"] == widget.widget_id


def test_notice_is_replaced_whole_with_defaults(client: APIClient, widget: WidgetConfig) -> None:
    path = f"{PATH}{widget.id}/"
    response = client.patch(path, {"notice": {"text": "New"}})
    assert response.json()["notice"] == {"text": "New", "url": None, "consent": False}
    assert client.patch(path, {"notice": {"consent": True}}).status_code == 400
    assert client.get(path).json()["notice"]["text"] == "New"


def test_empty_notice_is_null(client: APIClient, widget: WidgetConfig) -> None:
    path = f"{PATH}{widget.id}/"
    response = client.patch(path, {"notice": {"text": " \u200b", "url": " ", "consent": False}})
    assert (response.status_code, response.json()["notice"]) == (200, None)


def test_put_requires_the_agent(client: APIClient, widget: WidgetConfig) -> None:
    response = client.put(f"{PATH}{widget.id}/", {"name": "New"})
    assert response.status_code == 400
    assert list(response.json()["fields"]) == ["text_agent_id"]


def test_reset_gives_a_new_public_identifier(client: APIClient, widget: WidgetConfig) -> None:
    path = f"{PATH}{widget.id}/"
    before = client.get(path).json()
    response = client.post(f"{path}reset-widget-id/")
    assert response.status_code == 200
    after = response.json()
    assert after["widget_id"] != before["widget_id"]
    assert after["widget_id"] in after["embed_code"]
    assert same(after) == same(before, widget_id=after["widget_id"], embed_code=after["embed_code"])
    assert client.get(path).json() == after
    for method in (client.get, client.put, client.delete):
        assert method(f"{path}reset-widget-id/").status_code == 405


def test_widget_is_deleted(client: APIClient, widget: WidgetConfig) -> None:
    path = f"{PATH}{widget.id}/"
    response = client.delete(path)
    assert (response.status_code, response.content) == (204, b"")
    for again in (client.get(path), client.delete(path), client.post(f"{path}reset-widget-id/")):
        assert again.status_code == 404
        assert again.json()["code"] == "not_found"
    assert client.get(PATH).json()["results"] == []


def test_concurrent_changes_of_different_fields_are_both_kept(widget: WidgetConfig) -> None:
    seen_earlier = WidgetConfig.objects.get(id=widget.id)
    change_widget(widget=widget, name="By Alice")
    change_widget(widget=seen_earlier, greeting="By Bob")
    widget.refresh_from_db()
    assert (widget.name, widget.greeting) == ("By Alice", "By Bob")


def test_concurrently_deleted_widget_is_not_recreated(widget: WidgetConfig) -> None:
    data = config_data(widget, name="New")
    WidgetConfig.objects.all().delete()
    with pytest.raises(ApplicationError) as caught:
        update_widget(widget=widget, data=data)
    assert caught.value.code is ErrorCode.NOT_FOUND
    with pytest.raises(ApplicationError) as caught:
        change_widget(widget=widget, name="New")
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert WidgetConfig.objects.count() == 0
