"""`GET /api/widget/{widget_id}/config`: nine keys, for the pages that may read them."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import AsyncClient, Client

from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from widgets.models import WidgetConfig

ORIGIN = "https://shop.example.com"
NINE = {
    "name", "greeting", "primary_color", "text_color", "position", "contact_info_mode",
    "collect_name", "collect_email", "collect_phone",
}  # fmt: skip


@pytest.fixture
def open_widget(acme: Organization) -> WidgetConfig:
    return make_widget(acme)


@pytest.fixture
def listed(acme: Organization) -> WidgetConfig:
    return make_widget(acme, allowed_origins=["https://*.example.com", "https://shop.test:8443"])


def get(client: Client, widget: WidgetConfig | str, *, method: str = "GET", **headers: str) -> Any:
    widget_id = widget if isinstance(widget, str) else widget.widget_id
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.generic(method, f"/api/widget/{widget_id}/config", headers=named)


def cors(response: Any) -> Mapping[str, str]:
    return {k: v for k, v in response.headers.items() if k.startswith("Access-Control-")}


def test_response_has_exactly_nine_keys(client: Client, acme: Organization) -> None:
    widget = make_widget(
        acme,
        name="Shop",
        greeting="Hello! <b>é</b>",
        primary_color="#112233",
        text_color="#ABCDEF",
        position="bottom_left",
        contact_info_mode="required",
        collect_email=True,
        starters=["Do you ship?"],
        notice={"text": "An AI.", "url": None, "consent": True},
        daily_message_cap=7,
    )
    response = get(client, widget, origin=ORIGIN)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert response.json() == {
        "name": "Shop",
        "greeting": "Hello! <b>é</b>",
        "primary_color": "#112233",
        "text_color": "#ABCDEF",
        "position": "bottom_left",
        "contact_info_mode": "required",
        "collect_name": False,
        "collect_email": True,
        "collect_phone": False,
    }
    assert str(widget.id) not in response.content.decode()


def test_unset_values_are_null(client: Client, open_widget: WidgetConfig) -> None:
    body = get(client, open_widget).json()
    assert body.keys() == NINE
    assert (body["name"], body["greeting"]) == (None, None)


@pytest.mark.parametrize("origin", [None, ORIGIN, "null", "", "http://x\\y", "\xff"])
def test_widget_without_an_origin_list_allows_any_site(
    client: Client, open_widget: WidgetConfig, origin: str | None
) -> None:
    response = get(client, open_widget, **({} if origin is None else {"origin": origin}))
    assert response.status_code == 200
    assert cors(response) == {"Access-Control-Allow-Origin": "*"}
    assert response["Vary"] == "Origin"


@pytest.mark.parametrize(
    "origin", [ORIGIN, "https://a.b.example.com", "https://shop.test:8443", "http://127.0.0.1:8000"]
)
def test_an_allowed_origin_is_echoed(client: Client, listed: WidgetConfig, origin: str) -> None:
    response = get(client, listed, origin=origin)
    assert response.status_code == 200
    assert cors(response) == {"Access-Control-Allow-Origin": origin}
    assert response["Vary"] == "Origin"


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "null",
        "*",
        "https://example.com",
        "http://shop.example.com",
        "https://shop.test",
        "https://evil-example.com",
        "https://shop.example.com.evil.net",
        "https://evil.net\\@shop.example.com",
        "https://user@shop.example.com",
        "https://shop.example.com/",
        "https://shop.example.com:99999",
        "https://shop.example.com, https://shop.example.com",
        "https://b\xfccher.example.com",
        "\xff\xfe",
        "https://shop\x00.example.com",
        "https://" + "a." * 4_000 + "example.com",
        "http://127.0.0.1:8001",
    ],
)
def test_other_origins_get_an_unreadable_refusal(
    client: Client, listed: WidgetConfig, origin: str | None
) -> None:
    response = get(client, listed, **({} if origin is None else {"origin": origin}))
    assert response.status_code == 403
    assert cors(response) == {}
    assert response["Vary"] == "Origin"
    assert response.json().keys() == {"code", "message", "fields"}


async def test_a_doubled_header_is_refused(listed: WidgetConfig, transactional_db: None) -> None:
    client, path = AsyncClient(), f"/api/widget/{listed.widget_id}/config"
    once = await client.get(path, Origin=ORIGIN)
    twice = await client.get(path, Origin=ORIGIN, origin=ORIGIN)
    assert (once.status_code, twice.status_code) == (200, 403)


def test_unknown_and_disabled_widgets_get_the_same_response(
    client: Client, listed: WidgetConfig
) -> None:
    WidgetConfig.objects.filter(id=listed.id).update(enabled=False)
    unknown, disabled = get(client, "wid_unknown", origin=ORIGIN), get(client, listed)
    assert unknown.status_code == disabled.status_code == 404
    assert unknown.content == disabled.content
    for response in (unknown, disabled, get(client, listed, origin="https://evil.net")):
        assert response.status_code == 404
        assert cors(response) == {"Access-Control-Allow-Origin": "*"}
        assert response["Vary"] == "Origin"


@pytest.mark.parametrize(
    "widget_id",
    ["%00", "wid_%00x", "%F0%9F%98%80", "%ED%A0%80", "wid_" + "x" * 5_000, "wid_%27%22"],
)
def test_a_hostile_identifier_is_unknown(client: Client, db: None, widget_id: str) -> None:
    response = get(client, widget_id, origin=ORIGIN)
    assert response.status_code == 404
    assert cors(response) == {"Access-Control-Allow-Origin": "*"}


def test_primary_key_is_not_accepted_as_identifier(
    client: Client, open_widget: WidgetConfig
) -> None:
    assert get(client, str(open_widget.id)).status_code == 404


@pytest.mark.parametrize(
    ("fetch_site", "status"), [("same-origin", 200), ("same-site", 403), ("cross-site", 403)]
)
def test_our_own_pages_need_no_origin_header(
    client: Client, listed: WidgetConfig, fetch_site: str, status: int
) -> None:
    response = get(client, listed, sec_fetch_site=fetch_site)
    assert response.status_code == status
    assert cors(response) == {}
    assert get(client, listed, sec_fetch_site=fetch_site, origin="null").status_code == 403


def test_head_returns_get_headers_without_a_body(client: Client, listed: WidgetConfig) -> None:
    response = get(client, listed, method="HEAD", origin=ORIGIN)
    assert (response.status_code, response.content) == (200, b"")
    assert cors(response) == {"Access-Control-Allow-Origin": ORIGIN}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_refused(client: Client, listed: WidgetConfig, method: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    response = get(strict, listed, method=method, origin=ORIGIN)
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, OPTIONS"
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert response["Vary"] == "Origin"


def test_response_does_not_depend_on_a_staff_session(
    client: Client, listed: WidgetConfig, alice: Any
) -> None:
    client.force_login(alice)
    response = get(client, listed, origin="https://evil.net")
    assert response.status_code == 403
    assert "Set-Cookie" not in response.headers


def test_changed_setting_is_served_immediately(client: Client, open_widget: WidgetConfig) -> None:
    response = get(client, open_widget)
    assert response["Cache-Control"] == "no-cache"
    WidgetConfig.objects.filter(id=open_widget.id).update(name="New")
    assert get(client, open_widget).json()["name"] == "New"


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_unreachable_database_is_not_reported_as_a_refusal(
    client: Client,
    listed: WidgetConfig,
    caplog: pytest.LogCaptureFixture,
    error: type[Exception],
) -> None:
    """A page reads the 503, and asks again; what it can't read is a "no" to it."""

    def fail(*_: object, **__: object) -> None:
        raise error("host=db.internal")

    with connection.execute_wrapper(fail):
        response = get(client, listed, origin="https://anything.example")
    assert response.status_code == 503
    assert cors(response) == {"Access-Control-Allow-Origin": "*"}
    assert response["Retry-After"] == "5"
    assert response.json()["code"] == "unavailable"
    assert error.__name__ in caplog.text
    assert "db.internal" not in caplog.text
