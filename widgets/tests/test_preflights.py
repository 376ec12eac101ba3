"""`OPTIONS` of the public endpoints: pages whose tracing adds headers to every request."""

import pytest
from django.test import Client

from loquent.organizations.models import Organization
from loquent.testing.people import make_widget

PATHS = ["/api/widget/embed.js", "/api/widget/chunks/0123456789abcdef0123.js", "CONFIG"]
TRACING = "baggage,sentry-trace,traceparent,tracestate,x-datadog-trace-id"


def preflight(acme: Organization, path: str, wanted: str, **headers: str) -> dict[str, str]:
    widget = make_widget(acme, allowed_origins=["https://shop.example"])
    url = path.replace("CONFIG", f"/api/widget/{widget.widget_id}/config")
    sent = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": wanted,
        **headers,
    }
    response = Client(enforce_csrf_checks=True).options(url, headers=sent)
    assert (response.status_code, response.content) == (204, b"")
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert "Set-Cookie" not in response.headers
    return {name.lower(): value for name, value in response.headers.items()}


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "wanted",
    ["traceparent", TRACING, "x-b3-traceid, x-b3-spanid", "authorization", "x-a" * 600],
)
def test_preflight_allows_the_requested_headers(acme: Organization, path: str, wanted: str) -> None:
    headers = preflight(acme, path, wanted)
    assert headers["access-control-allow-headers"] == wanted
    assert headers["access-control-allow-origin"] == "*"
    assert headers["access-control-allow-methods"] == "GET, HEAD"
    assert headers["access-control-max-age"] == "86400"
    assert "Access-Control-Request-Headers" in headers["vary"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("wanted", ["", "x" * 2001, "a\x7f", "a;b", 'a"b"'])
def test_preflight_ignores_a_malformed_list_of_header_names(
    acme: Organization, path: str, wanted: str
) -> None:
    assert "access-control-allow-headers" not in preflight(acme, path, wanted)


@pytest.mark.django_db
def test_preflight_of_an_unlisted_site_does_not_let_it_read_the_settings(
    acme: Organization, client: Client
) -> None:
    evil = "https://evil.example"
    preflight(acme, "CONFIG", "traceparent", Origin=evil)
    widget = make_widget(acme, allowed_origins=["https://shop.example"])
    answer = client.get(f"/api/widget/{widget.widget_id}/config", headers={"Origin": evil})
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers
