"""The REST API of actions: what an owner may enter, and what is never shown again."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from loquent.agents.agent_action import AgentAction
from loquent.agents.models import TextAgent
from loquent.organizations.audit_entry import AuditEntry
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent

pytestmark = pytest.mark.django_db
URL = "https://shop.example.com/api/orders/{order_number}"
NUMBER = {"name": "order_number", "description": "your order number", "pattern": "[0-9]{4,10}"}
ORDER_STATUS = {"name": "order_status", "url": URL, "parameters": [NUMBER]}
HIDDEN = "s3cr3t-value"


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return make_agent(acme)


@pytest.fixture
def client(api: Callable[..., APIClient], acme_key: str) -> APIClient:
    return api(acme_key)


def address(agent: TextAgent, row: str = "") -> str:
    return f"/api/v1/agents/{agent.id}/actions/{row}"


def test_action_is_created_with_defaults_and_read_again(
    client: APIClient, agent: TextAgent
) -> None:
    response = client.post(address(agent), ORDER_STATUS)
    assert response.status_code == 201, response.json()
    body = response.json()
    assert body["title"] == "Order status"
    assert (body["kind"], body["method"], body["risk"]) == ("http", "GET", "read")
    assert body["enabled"] is True
    assert body["parameters"] == [
        {**NUMBER, "type": "string", "required": True, "enum": [], "source": "visitor",
         "value": None}
    ]  # fmt: skip
    assert client.get(address(agent, f"{body['id']}/")).json() == body
    assert client.get(address(agent)).json()["results"] == [body]


def test_secrets_are_encrypted_and_never_shown(client: APIClient, agent: TextAgent) -> None:
    data = {**ORDER_STATUS, "secret": HIDDEN, "headers": {"X-Key": HIDDEN}}
    response = client.post(address(agent), data)
    body = response.json()
    assert (body["headers"], body["has_secret"]) == ({"X-Key": None}, True)
    assert HIDDEN not in response.content.decode()
    row = address(agent, f"{body['id']}/")
    assert HIDDEN not in client.get(row).content.decode()
    assert HIDDEN not in client.patch(row, {"title": "Where is it?"}).content.decode()
    with connection.cursor() as cursor:
        for model in (AgentAction, AuditEntry):
            cursor.execute(f"SELECT * FROM {model._meta.db_table}")  # noqa: S608
            assert HIDDEN not in str(cursor.fetchall())
    # What was read can be written again, and keeps them.
    stored = AgentAction.objects.get()
    assert client.put(row, {**ORDER_STATUS, "headers": {"X-Key": None}}).status_code == 200
    kept = AgentAction.objects.get()
    assert kept.encrypted_secret == stored.encrypted_secret
    assert kept.encrypted_headers == stored.encrypted_headers
    assert client.patch(row, {"secret": "", "headers": {}}).json()["has_secret"] is False
    assert AgentAction.objects.get().encrypted_headers == {}


@pytest.mark.parametrize(
    ("url", "is_refused"),
    [
        ("https://evil.example.com/api/orders/{order_number}", True),
        ("https://shop.example.com:8443/api/orders/{order_number}", True),
        ("https://shop.example.com/v2/orders/{order_number}", False),
    ],
)
def test_another_host_needs_the_secrets_again(
    client: APIClient, agent: TextAgent, url: str, is_refused: bool
) -> None:
    data = {**ORDER_STATUS, "secret": HIDDEN, "headers": {"X-Key": HIDDEN}}
    row = address(agent, client.post(address(agent), data).json()["id"] + "/")
    response = client.patch(row, {"url": url})
    assert response.status_code == (400 if is_refused else 200)
    if is_refused:
        assert set(response.json()["fields"]) == {"secret", "headers"}
        again = {"url": url, "secret": "new", "headers": {"X-Key": "new"}}
        assert client.patch(row, again).status_code == 200


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": "order status"}, "name"),
    ({"name": ""}, "name"),
    ({"name": "ask_person"}, "name"),
    ({"url": ""}, "url"),
    ({"url": "http://shop.example.com/"}, "url"),
    ({"url": "https://127.0.0.1/"}, "url"),
    ({"url": "https://169.254.169.254/latest/"}, "url"),
    ({"url": "https://[::1]/"}, "url"),
    ({"url": "https://localhost/"}, "url"),
    ({"url": "https://0x7f.1/"}, "url"),
    ({"url": "https://user:pass@shop.example.com/"}, "url"),
    ({"url": "https://shop.example.com:25/"}, "url"),
    ({"url": "https://{order_number}.example.com/"}, "url"),
    ({"url": "https://shop.example.com{order_number}/"}, "url"),
    ({"url": "{order_number}://shop.example.com/"}, "url"),
    ({"url": "https://shop.example.com/{other}"}, "url"),
    ({"url": "https://shop.example.com/{order_number"}, "url"),
    ({"url": "https://shop.example.com/{order number}"}, "url"),
    ({"parameters": [{**NUMBER, "required": False}]}, "url"),
    ({"parameters": [NUMBER, NUMBER]}, "parameters"),
    ({"parameters": [{**NUMBER, "name": "a b"}]}, "parameters"),
    ({"parameters": [{**NUMBER, "type": "object"}]}, "parameters"),
    ({"parameters": [{**NUMBER, "source": "model"}]}, "parameters"),
    ({"parameters": [{**NUMBER, "pattern": r"(.)\1"}]}, "parameters"),
    ({"parameters": [{**NUMBER, "pattern": "["}]}, "parameters"),
    ({"parameters": [{**NUMBER, "type": "integer"}]}, "parameters"),
    ({"parameters": [{**NUMBER, "enum": [5]}]}, "parameters"),
    ({"parameters": [{**NUMBER, "source": "fixed"}]}, "parameters"),
    ({"parameters": [{**NUMBER, "source": "fixed", "value": "abc"}]}, "parameters"),
    ({"parameters": [{**NUMBER, "value": "1234"}]}, "parameters"),
    ({"parameters": "order_number"}, "parameters"),
    ({"method": "TRACE"}, "method"),
    ({"kind": "ftp"}, "kind"),
    ({"risk": "none"}, "risk"),
    ({"response_fields": ["a b"]}, "response_fields"),
    ({"response_fields": ["a..b"]}, "response_fields"),
    ({"headers": {"Host": "evil.example.com"}}, "headers"),
    ({"headers": {"X-Key": "a\r\nHost: evil"}}, "headers"),
    ({"headers": {"X Key": "a"}}, "headers"),
    ({"headers": {"X-Key": None}}, "headers"),
    ({"headers": {"X-Key": "a", "x-key": "b"}}, "headers"),
    ({"headers": ["X-Key"]}, "headers"),
    ({"secret": "a\nb"}, "secret"),
    ({"secret": "ä"}, "secret"),
]


@pytest.mark.parametrize(("changes", "field"), REFUSED)
def test_wrong_field_is_named_with_one_sentence(
    client: APIClient, agent: TextAgent, changes: dict[str, Any], field: str
) -> None:
    response = client.post(address(agent), {**ORDER_STATUS, **changes})
    assert response.status_code == 400
    fields = response.json()["fields"]
    assert [name.partition(".")[0] for name in fields] == [field]
    assert AgentAction.objects.count() == 0


def test_names_are_unique_and_their_number_is_bounded(client: APIClient, agent: TextAgent) -> None:
    assert client.post(address(agent), ORDER_STATUS).status_code == 201
    again = client.post(address(agent), ORDER_STATUS)
    assert again.json()["fields"] == {"name": ["Another action of this agent has this name."]}
    for number in range(19):
        client.post(address(agent), {**ORDER_STATUS, "name": f"lookup_{number}"})
    assert client.post(address(agent), {**ORDER_STATUS, "name": "more"}).status_code == 400
    assert AgentAction.objects.count() == 20


def test_dry_run_shows_the_request_without_secrets(client: APIClient, agent: TextAgent) -> None:
    shop = {"name": "shop", "source": "fixed", "value": "main & more"}
    data = {
        **ORDER_STATUS, "parameters": [NUMBER, shop], "secret": HIDDEN,
        "headers": {"X-Key": HIDDEN},
    }  # fmt: skip
    row = address(agent, client.post(address(agent), data).json()["id"] + "/dry-run/")
    response = client.post(row, {"arguments": {"order_number": "10023"}})
    assert response.status_code == 200
    assert HIDDEN not in response.content.decode()
    assert response.json() == {
        "request": {
            "method": "GET",
            "url": "https://shop.example.com/api/orders/10023?shop=main%20%26%20more",
            "headers": ["X-Key", "Authorization"],
            "body": None,
        },
        "schema": {
            "type": "object",
            "properties": {
                "order_number": {
                    "type": "string",
                    "description": "your order number",
                    "pattern": "^(?:[0-9]{4,10})$",
                }
            },
            "required": ["order_number"],
            "additionalProperties": False,
        },
        "error": "",
    }
    refused = client.post(row, {"arguments": {"order_number": "1", "shop": "other"}}).json()
    assert refused["request"] is None
    assert refused["error"]
