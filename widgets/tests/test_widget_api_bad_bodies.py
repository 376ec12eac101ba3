"""Every bad body is a 400 that names the field, and changes nothing."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from widgets.models import WidgetConfig

Connect = Callable[..., APIClient]
PATH = "/api/v1/widgets/"
JSON = "application/json"
FOREIGN = object()
BAD_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"text_agent_id": None}, "text_agent_id"),
    ({"text_agent_id": ""}, "text_agent_id"),
    ({"text_agent_id": "agent"}, "text_agent_id"),
    ({"text_agent_id": "a\ud800"}, "text_agent_id"),
    ({"text_agent_id": 7}, "text_agent_id"),
    ({"text_agent_id": -1}, "text_agent_id"),
    ({"text_agent_id": 10**60}, "text_agent_id"),
    ({"text_agent_id": 1.5}, "text_agent_id"),
    ({"text_agent_id": True}, "text_agent_id"),
    ({"text_agent_id": ["x"]}, "text_agent_id"),
    ({"text_agent_id": {"id": "x"}}, "text_agent_id"),
    ({"text_agent_id": str(uuid.uuid4())}, "text_agent_id"),
    ({"text_agent_id": FOREIGN}, "text_agent_id"),
    ({"name": "x" * 101}, "name"),
    ({"name": ["Shop"]}, "name"),
    ({"name": {}}, "name"),
    ({"name": True}, "name"),
    ({"name": "Shop\x00"}, "name"),
    ({"name": "Shop\ud83d"}, "name"),
    ({"greeting": "x" * 2_001}, "greeting"),
    ({"greeting": []}, "greeting"),
    ({"greeting": "\x00"}, "greeting"),
    ({"greeting": "\udfff"}, "greeting"),
    ({"primary_color": None}, "primary_color"),
    ({"primary_color": ""}, "primary_color"),
    ({"primary_color": "red"}, "primary_color"),
    ({"primary_color": "#fff"}, "primary_color"),
    ({"primary_color": "#12345g"}, "primary_color"),
    ({"primary_color": "#1234567"}, "primary_color"),
    ({"primary_color": "1234567"}, "primary_color"),
    ({"primary_color": "#١٢٣٤٥٦"}, "primary_color"),
    ({"text_color": "#fffff;"}, "text_color"),
    ({"text_color": "url(x)"}, "text_color"),
    ({"text_color": 0}, "text_color"),
    ({"text_color": ["#ffffff"]}, "text_color"),
    ({"position": "top"}, "position"),
    ({"position": None}, "position"),
    ({"position": ""}, "position"),
    ({"position": 1}, "position"),
    ({"position": ["bottom_left"]}, "position"),
    ({"position": "\ud800"}, "position"),
    ({"position": "BOTTOM_LEFT"}, "position"),
    ({"contact_info_mode": "always"}, "contact_info_mode"),
    ({"contact_info_mode": None}, "contact_info_mode"),
    ({"contact_info_mode": {}}, "contact_info_mode"),
    ({"contact_info_mode": "required"}, "contact_info_mode"),
    ({"contact_info_mode": "required", "collect_name": False}, "contact_info_mode"),
    ({"collect_name": None}, "collect_name"),
    ({"collect_email": "perhaps"}, "collect_email"),
    ({"collect_phone": []}, "collect_phone"),
    ({"collect_phone": 2}, "collect_phone"),
    ({"enabled": None}, "enabled"),
    ({"enabled": {"value": True}}, "enabled"),
    ({"starters": None}, "starters"),
    ({"starters": "Do you ship?"}, "starters"),
    ({"starters": {"0": "Do you ship?"}}, "starters"),
    ({"starters": [7]}, "starters"),
    ({"starters": [None]}, "starters"),
    ({"starters": [["Do you ship?"]]}, "starters"),
    ({"starters": [""]}, "starters"),
    ({"starters": ["Do you ship?", " \n "]}, "starters"),
    ({"starters": ["\u200b"]}, "starters"),
    ({"starters": ["a\x00b"]}, "starters"),
    ({"starters": ["a\ud800b"]}, "starters"),
    ({"starters": ["x" * 121]}, "starters"),
    ({"starters": ["x" * 5_000]}, "starters"),
    ({"starters": [f"{n}?" for n in range(7)]}, "starters"),
    ({"notice": "An AI."}, "notice"),
    ({"notice": []}, "notice"),
    ({"notice": True}, "notice"),
    ({"notice": {}}, "notice.text"),
    ({"notice": {"url": "https://example.com"}}, "notice.text"),
    ({"notice": {"text": None}}, "notice.text"),
    ({"notice": {"text": 7}}, "notice.text"),
    ({"notice": {"text": "x" * 501}}, "notice.text"),
    ({"notice": {"text": "a\x00"}}, "notice.text"),
    ({"notice": {"text": " ", "url": "https://example.com"}}, "notice.text"),
    ({"notice": {"text": "", "consent": True}}, "notice.text"),
    ({"notice": {"text": "An AI.", "url": "javascript:alert(1)"}}, "notice.url"),
    ({"notice": {"text": "An AI.", "url": "JavaScript://example.com/%0aalert(1)"}}, "notice.url"),
    ({"notice": {"text": "An AI.", "url": "data:text/html,x"}}, "notice.url"),
    ({"notice": {"text": "An AI.", "url": "/privacy"}}, "notice.url"),
    ({"notice": {"text": "An AI.", "url": "example.com/privacy"}}, "notice.url"),
    ({"notice": {"text": "An AI.", "url": "ftp://example.com"}}, "notice.url"),
    ({"notice": {"text": "An AI.", "url": "https://"}}, "notice.url"),
    ({"notice": {"text": "An AI.", "url": "https://example.com/\nx"}}, "notice.url"),
    ({"notice": {"text": "An AI.", "url": "https://example.com/" + "x" * 481}}, "notice.url"),
    ({"notice": {"text": "An AI.", "url": 7}}, "notice.url"),
    ({"notice": {"text": "An AI.", "consent": None}}, "notice.consent"),
    ({"notice": {"text": "An AI.", "consent": "perhaps"}}, "notice.consent"),
    ({"allowed_origins": []}, "allowed_origins"),
    ({"allowed_origins": "https://example.com"}, "allowed_origins"),
    ({"allowed_origins": {"0": "https://example.com"}}, "allowed_origins"),
    ({"allowed_origins": 7}, "allowed_origins"),
    ({"allowed_origins": True}, "allowed_origins"),
    ({"allowed_origins": [7]}, "allowed_origins"),
    ({"allowed_origins": [1.5]}, "allowed_origins"),
    ({"allowed_origins": [None]}, "allowed_origins"),
    ({"allowed_origins": [True]}, "allowed_origins"),
    ({"allowed_origins": [["https://example.com"]]}, "allowed_origins"),
    ({"allowed_origins": [""]}, "allowed_origins"),
    ({"allowed_origins": ["*"]}, "allowed_origins"),
    ({"allowed_origins": ["null"]}, "allowed_origins"),
    ({"allowed_origins": ["https://example.com/shop"]}, "allowed_origins"),
    ({"allowed_origins": ["https://example.com", "ftp://x"]}, "allowed_origins"),
    ({"allowed_origins": ["http://*.example.com"]}, "allowed_origins"),
    ({"allowed_origins": ["https://example.com:70000"]}, "allowed_origins"),
    ({"allowed_origins": ["https://user@example.com"]}, "allowed_origins"),
    ({"allowed_origins": ["https://a\x00.com"]}, "allowed_origins"),
    ({"allowed_origins": ["https://a\ud800.com"]}, "allowed_origins"),
    ({"allowed_origins": ["https://" + "x" * 400]}, "allowed_origins"),
    ({"allowed_origins": [f"https://{n}.example.com" for n in range(51)]}, "allowed_origins"),
    ({"allowed_origins": ["https://example.com"] * 10_000}, "allowed_origins"),
    ({"daily_message_cap": -1}, "daily_message_cap"),
    ({"daily_message_cap": 1.5}, "daily_message_cap"),
    ({"daily_message_cap": True}, "daily_message_cap"),
    ({"daily_message_cap": "many"}, "daily_message_cap"),
    ({"daily_message_cap": ""}, "daily_message_cap"),
    ({"daily_message_cap": [7]}, "daily_message_cap"),
    ({"daily_message_cap": 2_147_483_648}, "daily_message_cap"),
    ({"daily_message_cap": 10**4_000}, "daily_message_cap"),
]


@pytest.fixture
def client(api: Connect, alice: User) -> APIClient:
    return api(alice)


@pytest.fixture
def widget(acme: Organization) -> WidgetConfig:
    return make_widget(acme, name="Shop", allowed_origins=["https://example.com"])


def check_shape(response: Any, *fields: str) -> None:
    assert response.status_code == 400
    error = response.json()
    assert error.keys() == {"code", "message", "fields"}
    assert error["code"] == "invalid"
    assert set(error["fields"]) == set(fields)
    assert all(
        isinstance(sentence, str) and sentence
        for sentences in error["fields"].values()
        for sentence in sentences
    )
    assert len(response.content) < 20_000


@pytest.mark.exhaustive
@pytest.mark.parametrize(("data", "field"), BAD_FIELDS)
def test_invalid_field_is_named_and_nothing_is_written(
    client: APIClient,
    acme: Organization,
    globex: Organization,
    widget: WidgetConfig,
    data: dict[str, Any],
    field: str,
) -> None:
    if data.get("text_agent_id") is FOREIGN:
        data = {"text_agent_id": str(make_agent(globex).id)}
    path = f"{PATH}{widget.id}/"
    before = client.get(path).json()
    whole = json.dumps({"text_agent_id": str(widget.text_agent_id), "name": "Changed", **data})
    for method, address in ((client.post, PATH), (client.put, path), (client.patch, path)):
        response = method(address, whole, content_type=JSON)
        check_shape(response, field)
        assert response.json()["message"].startswith(f"{field}: ")
    assert client.get(path).json() == before
    assert WidgetConfig.objects.count() == 1


def test_all_invalid_fields_are_named_together(client: APIClient) -> None:
    response = client.post(PATH, {"name": [], "enabled": None, "position": "x"})
    check_shape(response, "text_agent_id", "name", "enabled", "position")


def test_refused_origin_is_named_with_a_reason(client: APIClient, widget: WidgetConfig) -> None:
    origins = ["https://ok.example.com", "https://example.com/shop", "*"]
    response = client.patch(f"{PATH}{widget.id}/", {"allowed_origins": origins})
    sentences = response.json()["fields"]["allowed_origins"]
    assert len(sentences) == 2
    assert "“https://example.com/shop” has a path" in sentences[0]


def test_patch_is_validated_with_the_stored_fields(client: APIClient, acme: Organization) -> None:
    widget = make_widget(acme, contact_info_mode="required", collect_email=True)
    response = client.patch(f"{PATH}{widget.id}/", {"collect_email": False})
    check_shape(response, "contact_info_mode")
    widget.refresh_from_db()
    assert widget.collect_email


BAD_BODIES = [
    b"", b" ", b"{", b"[]", b'["name"]', b'"name"', b"7", b"null", b"true", b"nonsense",
    b"{'a': 1}",
    b'{"name": NaN}', b'{"daily_message_cap": Infinity}', b'{"daily_message_cap": -Infinity}',
    b'{"daily_message_cap": 1e999}', b'{"daily_message_cap": ' + b"9" * 5_000 + b"}",
    b'{"name": "\xff"}', b"\xef\xbb\xbf{}", b"\x00", b"\xff\xfe{\x00}\x00", b'{"name": "\x01"}',
    b"[" * 200_000, b'{"a":' * 100_000, b'{"name": "' + b"x" * 3_000_000 + b'"}', b"{}{}",
]  # fmt: skip


@pytest.mark.parametrize("body", BAD_BODIES, ids=lambda body: repr(body[:24]))
def test_unsuitable_body_is_refused(client: APIClient, widget: WidgetConfig, body: bytes) -> None:
    for method, address in ((client.post, PATH), (client.put, f"{PATH}{widget.id}/")):
        response = method(address, body, content_type=JSON)
        assert response.status_code == 400
        assert response.json().keys() == {"code", "message", "fields"}
        assert response.json()["message"]
    widget.refresh_from_db()
    assert widget.name == "Shop"
    assert WidgetConfig.objects.count() == 1


@pytest.mark.parametrize("charset", ["zlib", "hex", "rot13", "utf-16", "nonsense", "bz2", "idna"])
def test_json_is_read_as_utf_8_regardless_of_charset(
    client: APIClient, widget: WidgetConfig, charset: str
) -> None:
    content_type = f"application/json; charset={charset}"
    body = '{"name": "Grüße"}'.encode()
    response = client.patch(f"{PATH}{widget.id}/", body, content_type=content_type)
    assert response.status_code == 200
    assert response.json()["name"] == "Grüße"


def test_oversized_body_is_refused(client: APIClient) -> None:
    body = b'{"name": "' + b"x" * (16 * 1024 * 1024) + b'"}'
    response = client.post(PATH, body, content_type=JSON)
    assert response.status_code == 413
    assert response.json().keys() == {"code", "message", "fields"}
