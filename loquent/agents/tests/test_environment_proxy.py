"""HTTP_PROXY, HTTPS_PROXY and NO_PROXY, for the operator's model endpoint alone."""

import pytest
from pytest_django.fixtures import Settings

from loquent.agents.backends.openai_chat.check import check_endpoint
from loquent.agents.backends.openai_chat.proxies import proxy_for
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import body, refuse
from loquent.agents.tests.replies import collect, collect_failure, make_reply

NAMES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


async def test_request_uses_the_proxy(
    endpoint: ScriptedEndpoint, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://user:pass%20word@127.0.0.1:{endpoint.port}")
    settings.OPENAI_BASE_URL = "http://model.invalid/v1"
    settings.OPENAI_API_KEY = "key-1"
    assert (await collect(make_reply()))[0] == "Hello there."
    [request] = endpoint.requests
    assert request.path == "http://model.invalid/v1/chat/completions"
    assert request.headers["host"] == "model.invalid"
    assert request.headers["proxy-authorization"] == "Basic dXNlcjpwYXNzIHdvcmQ="
    assert request.headers["authorization"] == "Bearer key-1"


async def test_endpoint_check_uses_the_proxy(
    endpoint: ScriptedEndpoint, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"127.0.0.1:{endpoint.port}")
    settings.OPENAI_BASE_URL = "http://model.invalid/v1"
    endpoint.push(body(b'{"data": []}'))
    assert (await check_endpoint()).level == "ok"
    assert endpoint.requests[0].path == "http://model.invalid/v1/models"


async def test_exempt_endpoint_is_connected_directly(
    endpoint: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.0/8")
    await collect(make_reply())
    assert endpoint.requests[0].path == "/v1/chat/completions"


async def test_unreachable_proxy_is_reported_without_its_password(
    endpoint: ScriptedEndpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://user:secret@127.0.0.1:9")
    _, error = await collect_failure(make_reply())
    assert str(error) == "the endpoint can't be reached"
    assert "secret" not in caplog.text
    assert endpoint.requests == []


async def test_proxy_refusing_a_tunnel_is_named(
    endpoint: ScriptedEndpoint, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:secret@127.0.0.1:{endpoint.port}")
    settings.OPENAI_BASE_URL = "https://model.invalid/v1"
    endpoint.push(refuse(407))
    _, error = await collect_failure(make_reply())
    assert str(error) == "the proxy answered HTTP 407"
    [request] = endpoint.requests
    assert (request.method, request.path) == ("CONNECT", "model.invalid:443")
    assert request.headers["proxy-authorization"] == "Basic dXNlcjpzZWNyZXQ="


@pytest.mark.parametrize(("url", "variables", "proxy"), [
    ("http://a.test/v1", {}, None),
    ("http://a.test/v1", {"HTTP_PROXY": ""}, None),
    ("http://a.test/v1", {"HTTP_PROXY": "http://p:1"}, "http://p:1"),
    ("http://a.test/v1", {"HTTPS_PROXY": "http://p:1"}, None),
    ("https://a.test/v1", {"HTTPS_PROXY": "http://p:1", "HTTP_PROXY": "http://p:2"}, "http://p:1"),
    ("https://a.test/v1", {"https_proxy": "p:1", "HTTPS_PROXY": "http://p:2"}, "http://p:1"),
    ("HTTPS://A.test/v1", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.test"}, None),
    ("https://a.test/v1", {"ALL_PROXY": "socks5://p:1"}, None),
])  # fmt: skip
def test_proxy_variables_have_the_documented_precedence(
    monkeypatch: pytest.MonkeyPatch, url: str, variables: dict[str, str], proxy: str | None
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = proxy_for(url)
    assert (None if found is None else str(found).rstrip("/")) == proxy


@pytest.mark.parametrize(("exempt", "url", "is_exempt"), [
    ("*", "http://a.test/v1", True),
    ("a.test", "http://a.test/v1", True),
    ("a.test", "http://b.a.test/v1", True),
    ("a.test", "http://ba.test/v1", False),
    (".a.test", "http://b.a.test/v1", True),
    (".a.test", "http://a.test/v1", True),
    ("*.a.test", "http://b.a.test/v1", True),
    ("A.TEST", "http://a.test/v1", True),
    ("a.test:8000", "http://a.test:8000/v1", True),
    ("a.test:8000", "http://a.test/v1", False),
    ("a.test:80", "http://a.test/v1", True),
    ("a.test:443", "https://a.test/v1", True),
    (" b.test , a.test ", "http://a.test/v1", True),
    ("b.test a.test", "http://a.test/v1", True),
    ("127.0.0.1", "http://127.0.0.1:9999/v1", True),
    ("10.0.0.0/8", "http://10.1.2.3/v1", True),
    ("10.0.0.0/8", "http://11.1.2.3/v1", False),
    ("127.0.0.1:9", "http://127.0.0.1:9/v1", True),
    ("::1", "http://[::1]:9/v1", True),
    ("[::1]", "http://[::1]:9/v1", True),
    ("[::1]:9", "http://[::1]:9/v1", True),
    ("[::1]:8", "http://[::1]:9/v1", False),
    ("fd00::/8", "http://[fd00::1]/v1", True),
    ("localhost", "http://127.0.0.1/v1", False),
    (",, ,", "http://a.test/v1", False),
    (".", "http://a.test/v1", False),
])  # fmt: skip
def test_no_proxy_entries_exempt_matching_hosts(
    monkeypatch: pytest.MonkeyPatch, exempt: str, url: str, is_exempt: bool
) -> None:
    for scheme in ("HTTP", "HTTPS"):
        monkeypatch.setenv(f"{scheme}_PROXY", "http://p:1")
    monkeypatch.setenv("NO_PROXY", exempt)
    assert (proxy_for(url) is None) is is_exempt
