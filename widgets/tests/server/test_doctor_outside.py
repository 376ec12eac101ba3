"""The doctor, through a real nginx: as it is in deploy/, and with each fault put in."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings

from loquent.testing.ports import free_port
from loquent.testing.process import ServerProcess, run_manage, url_of_test_database
from loquent.testing.process_fixtures import StartServer
from widgets.tests.server.proxies import start_nginx

pytestmark = pytest.mark.server
UPGRADE = "proxy_set_header Upgrade $http_upgrade;"
FORWARDED = "proxy_set_header X-Forwarded-For $remote_addr;"
FAULTS = {
    "websocket": {UPGRADE: ""},
    "header-limit": {"large_client_header_buffers 4 16k;": "large_client_header_buffers 2 4k;"},
    "body-limit": {"client_max_body_size 17m;": "client_max_body_size 1m;"},
    "host": {"proxy_set_header Host $http_host;": "proxy_set_header Host localhost;"},
    "forwarded-proto": {"proxy_set_header X-Forwarded-Proto $scheme;": ""},
    "origins": {"server_tokens off;": "add_header Access-Control-Allow-Origin '*' always;"},
    "metrics-outside": {
        "location = /metrics { return 404; }": "",
        FORWARDED: "proxy_set_header X-Forwarded-For '';",
    },
}
Levels = dict[str, str]
Look = Callable[..., tuple[int, Levels]]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def server(live_server_process: StartServer, port: int) -> ServerProcess:
    return live_server_process(
        SITE_URL=f"https://127.0.0.1:{port}",
        TRUSTED_PROXY_COUNT="1",
        DEBUG="0",
        METRICS_ALLOW="127.0.0.1",
    )


@pytest.fixture
def look(server: ServerProcess, port: int, tmp_path: Path) -> Iterator[Look]:
    """`look(changes={…})`: the exit status, and the level of each finding."""
    with ExitStack() as stack:

        def look(changes: dict[str, str], *options: str, **variables: str) -> tuple[int, Levels]:
            proxy = start_nginx(tmp_path, [server], port=port, changes=changes)
            stack.callback(proxy.end)
            try:
                return examine(port, tmp_path, *options, **variables)
            finally:
                proxy.end()

        yield look


def examine(port: int, home: Path, *options: str, **variables: str) -> tuple[int, Levels]:
    redis = {"REDIS_URL": settings.REDIS_URL} if settings.REDIS_URL else {}
    environment = {
        "SECRET_KEY": settings.SECRET_KEY,
        "SITE_URL": f"https://127.0.0.1:{port}",
        "DATABASE_URL": url_of_test_database(),
        "TRUSTED_PROXY_COUNT": "1",
        "SSL_CERT_FILE": str(home / "site.pem"),
        **redis,
        **variables,
    }
    done = run_manage("doctor", "--json", *options, **environment)
    assert done.stdout, done.stderr
    findings = json.loads(done.stdout)["findings"]
    return done.returncode, {finding["id"]: finding["level"] for finding in findings}


def test_shipped_configuration_passes(look: Look) -> None:
    status, levels = look({}, "--idle=0")
    assert {name for name, level in levels.items() if level == "fail"} == set()
    assert status == 0
    assert levels.keys() > FAULTS.keys() | {"site", "https-redirect"}


@pytest.mark.parametrize("name", FAULTS)
def test_misconfiguration_is_found(look: Look, name: str) -> None:
    status, levels = look(FAULTS[name])
    assert status == 1
    assert levels[name] == "fail"
    assert {found for found, level in levels.items() if level == "fail"} == {name}


def test_wrong_or_unreachable_site_is_reported(look: Look, port: int, tmp_path: Path) -> None:
    status, levels = look({"location / {\n": "location / {\n return 404;\n"})
    assert (status, levels["site"], "websocket" in levels) == (1, "fail", False)
    # A certificate that nobody vouches for.
    status, levels = look({}, SSL_CERT_FILE="/etc/hostname")
    assert (status, levels["site"]) == (1, "fail")
    # The proxy has ended.
    status, levels = examine(port, tmp_path)
    assert (status, levels["site"]) == (1, "fail")
