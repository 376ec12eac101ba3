"""The checker by address: reads a public page, and no address inside."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from loquent.egress.pages import MAX_BYTES, FetchError, fetch_page
from loquent.egress.urls import EgressRules
from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from widgets.models import WidgetConfig
from widgets.services.setup.site_check import SiteCheck, check_site

RULES = EgressRules(networks=[ip_network("127.0.0.0/8")], allow_http=True)
PAGES: dict[str, tuple[int, dict[str, str], bytes]] = {}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, headers, body = PAGES.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """No line for each request."""


@pytest.fixture
def site() -> Iterator[str]:
    """A shop's site on this machine, which the tests' rules allow."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()
    PAGES.clear()


@pytest.fixture
def widget(acme: Organization, site: str) -> WidgetConfig:
    return make_widget(acme, allowed_origins=[site])


def sentence(widget: WidgetConfig, address: str) -> tuple[bool, str]:
    found = check_site(widget=widget, address=address, rules=RULES)
    return found.is_good, found.sentence


def test_page_with_the_code_is_good(widget: WidgetConfig, site: str) -> None:
    PAGES["/"] = (200, {}, f'<script data-widget="{widget.widget_id}">'.encode())
    assert sentence(widget, f"{site}/")[0]
    PAGES["/old"] = (301, {"Location": "/"}, b"")
    assert sentence(widget, f"{site}/old")[0]


@pytest.mark.parametrize(
    ("headers", "body", "part"),
    [
        ({}, "<p>Bread</p>", "not in the page"),
        ({}, '<script src="https://x/api/widget/embed.js?widget=wid_x">', "another chat"),
        ({"Content-Security-Policy": "script-src 'self'"}, "WIDGET", "security policy"),
        ({"Content-Encoding": "gzip"}, "WIDGET", "can't be read"),
    ],
)
def test_what_is_missing_is_said(
    widget: WidgetConfig, site: str, headers: dict[str, str], body: str, part: str
) -> None:
    PAGES["/"] = (200, headers, body.replace("WIDGET", widget.widget_id).encode())
    is_good, text = sentence(widget, f"{site}/")
    assert not is_good
    assert part in text


def test_site_that_is_not_allowed_is_offered(acme: Organization, site: str) -> None:
    widget = make_widget(acme, allowed_origins=["https://shop.example"])
    PAGES["/"] = (200, {}, widget.widget_id.encode())
    found = check_site(widget=widget, address=f"{site}/", rules=RULES)
    assert (found.is_good, found.origin) == (False, site)


def test_errors_loops_and_long_pages_end(widget: WidgetConfig, site: str) -> None:
    assert "error 404" in sentence(widget, f"{site}/none")[1]
    PAGES["/loop"] = (302, {"Location": "/loop"}, b"")
    assert "redirects too often" in sentence(widget, f"{site}/loop")[1]
    PAGES["/long"] = (200, {}, b"x" * (MAX_BYTES + 1_000) + widget.widget_id.encode())
    assert "not in the page" in sentence(widget, f"{site}/long")[1]


@pytest.mark.parametrize("target", ["http://10.0.0.1/", "http://169.254.169.254/", "file:///etc"])
def test_redirect_to_an_address_inside_is_refused(site: str, target: str) -> None:
    PAGES["/"] = (302, {"Location": target}, b"")
    with pytest.raises(FetchError):
        asyncio.run(fetch_page(f"{site}/", RULES))


def test_own_machine_is_refused_by_default(
    client: Client, alice: User, widget: WidgetConfig, site: str
) -> None:
    PAGES["/"] = (200, {}, widget.widget_id.encode())
    client.force_login(alice)
    address = f"/admin/widgets/widgetconfig/{widget.pk}/install/"
    page = client.post(address, {"site": f"{site}/"}).content.decode()
    assert 'id="lq-checked"' in page
    assert "The code is on the page" not in page
    assert "Enter the address" in client.post(address, {"site": " "}).content.decode()


@pytest.mark.costly
def test_checks_are_limited_and_need_a_role(
    client: Client, alice: User, bob: User, widget: WidgetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    def check(**data: Any) -> SiteCheck:
        calls.append(data)
        return SiteCheck(True, "Fine.")

    monkeypatch.setattr("widgets.admin.setup.install.check_site", check)
    address = f"/admin/widgets/widgetconfig/{widget.pk}/install/"
    client.force_login(bob)
    assert client.post(address, {"site": "a.example"}).status_code == 404
    client.force_login(alice)
    pages = [client.post(address, {"site": "a.example"}).content.decode() for _ in range(12)]
    assert "before the next check" in pages[-1]
    assert 0 < len(calls) < 12
