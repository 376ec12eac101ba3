"""What every answer tells the browser about itself."""

import pytest
from django.contrib.auth.models import User
from django.test import AsyncClient, Client
from pytest_django.fixtures import Settings

from loquent.organizations.models import Organization
from loquent.server.headers import ADMIN, STRICTEST
from loquent.testing.people import PASSWORD, make_widget
from widgets.services.demo import create_demo

SAFE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
ADMIN_PAGES = [
    "/admin/", "/admin/login/", "/admin/nowhere/", "/admin/password_change/",
    "/admin/widgets/widgetconfig/", "/admin/widgets/widgetconfig/add/",
    "/admin/contacts/contact/add/",
]  # fmt: skip
OTHERS = [
    "/", "/nowhere/", "/api/v1/", "/api/v1/widgets/", "/api/v1/nowhere/", "/api/schema/",
    "/api/widget/embed.js", "/api/widget/wid_unknown0000000000000/config", "/widgets",
    "/static/admin/css/base.css", "/static/admin/img/search.svg", "/static/nowhere.css",
    "/admin/jsi18n/",
]  # fmt: skip


def directives(policy: str) -> dict[str, str]:
    pairs = (part.strip().partition(" ") for part in policy.split(";"))
    return {name: value for name, _, value in pairs}


@pytest.mark.parametrize("path", [*ADMIN_PAGES, *OTHERS, "/api/docs/"])
def test_every_response_has_security_headers(client: Client, alice: User, path: str) -> None:
    client.force_login(alice)
    response = client.get(path)
    for name, value in SAFE.items():
        assert response[name] == value, name
    policy = directives(response["Content-Security-Policy"])
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in str(policy)
    assert "*" not in str(policy)


@pytest.mark.parametrize("path", ADMIN_PAGES)
def test_admin_policy_allows_only_own_files(client: Client, alice: User, path: str) -> None:
    client.force_login(alice)
    assert client.get(path, follow=True)["Content-Security-Policy"] == ADMIN


@pytest.mark.parametrize("path", OTHERS)
def test_other_pages_have_the_strictest_policy(client: Client, alice: User, path: str) -> None:
    client.force_login(alice)
    assert client.get(path)["Content-Security-Policy"] == STRICTEST


def test_refusals_have_security_headers(client: Client) -> None:
    refused = [
        Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x"}),
        client.get("/admin/", headers={"host": "evil.example"}),
        client.post("/api/widget/embed.js"),
        client.post("/api/v1/widgets/"),
    ]
    assert [response.status_code for response in refused] == [403, 400, 405, 401]
    for response in refused:
        assert "default-src 'none'" in response["Content-Security-Policy"]
        assert response["X-Frame-Options"] == "DENY"


async def test_asgi_responses_have_security_headers() -> None:
    response = await AsyncClient().get("/api/widget/embed.js")
    assert response["Content-Security-Policy"] == STRICTEST


def test_only_the_widget_script_can_be_loaded_cross_origin(
    client: Client, acme: Organization
) -> None:
    embed = client.get("/api/widget/embed.js")
    assert embed["Cross-Origin-Resource-Policy"] == "cross-origin"
    again = client.get("/api/widget/embed.js", headers={"If-None-Match": embed["ETag"]})
    assert again.status_code == 304
    assert again["Cross-Origin-Resource-Policy"] == "cross-origin"
    config = client.get(f"/api/widget/{make_widget(acme).widget_id}/config")
    assert config["Cross-Origin-Resource-Policy"] == "same-origin"
    assert client.get("/admin/login/")["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.urls("loquent.tests.debug_urls")
def test_demo_policy_allows_its_own_server(client: Client, db: None) -> None:
    create_demo(owner_password=PASSWORD, site_url="http://127.0.0.1:8000")
    policy = directives(client.get("/demo/")["Content-Security-Policy"])
    assert policy["connect-src"] == "'self' ws://testserver wss://testserver"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"


def test_developer_pages_allow_styles_but_no_scripts(client: Client, settings: Settings) -> None:
    settings.DEBUG = True
    policy = directives(client.get("/nowhere/")["Content-Security-Policy"])
    assert policy["style-src"] == "'unsafe-inline'"
    assert policy["default-src"] == "'none'"
    assert "script-src" not in policy
    assert client.get("/api/v1/nowhere/")["Content-Security-Policy"] == STRICTEST


@pytest.mark.parametrize("debug", [True, False])
def test_admin_page_with_status_404_can_load_its_style_sheets(
    client: Client, db: None, settings: Settings, debug: bool
) -> None:
    settings.DEBUG = debug
    response = client.get("/admin/join/")
    assert response.status_code == 404
    assert 'rel="stylesheet"' in response.content.decode()
    policy = directives(response["Content-Security-Policy"])
    assert "'self'" in policy["style-src"].split()
    assert ("'unsafe-inline'" in policy["style-src"]) is debug
    assert policy["script-src"] == "'self'"


def test_visitors_get_no_cookies(client: Client, acme: Organization) -> None:
    for path in ("/api/widget/embed.js", f"/api/widget/{make_widget(acme).widget_id}/config"):
        assert not client.get(path).cookies
