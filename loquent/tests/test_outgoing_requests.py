"""Addresses that staff or visitors enter are only reached through `loquent/egress/`.

Only the modules named here may open connections; all others know theirs from the environment.
"""

import ast

import pytest

from loquent.tests.documents import ROOT
from loquent.tests.test_docs_settings import product_files

# What opens connections, to import or to call.
CLIENTS = (
    "aiohttp", "httpx", "requests", "urllib3", "urllib.request", "http.client", "ftplib",
    "smtplib", "telnetlib", "xmlrpc", "websockets", "pycurl", "redis", "django.core.mail",
)  # fmt: skip
CALLS = ("create_connection", "open_connection", "urlopen")
ALLOWED = {
    # OPENAI_BASE_URL
    "loquent/agents/backends/openai_chat/backend.py": {"aiohttp"},
    "loquent/agents/backends/openai_chat/check.py": {"aiohttp"},
    "loquent/agents/backends/openai_chat/sessions.py": {"aiohttp"},
    # The address of a connection, through sessions of `egress`.
    "loquent/agents/backends/openai_chat/probe.py": {"aiohttp"},
    "loquent/agents/backends/openai_chat/responses.py": {"aiohttp"},
    # What staff enter: every address is checked when it is connected to.
    "loquent/egress/connecting.py": {"aiohttp"},
    "loquent/egress/pages.py": {"aiohttp"},
    "loquent/egress/sites.py": {"aiohttp"},
    # Its sessions are those of `egress`.
    "loquent/agents/actions/calling.py": {"aiohttp"},
    "loquent/agents/actions/mcp.py": {"aiohttp"},
    "loquent/agents/actions/mcp_wire.py": {"aiohttp"},
    "loquent/webhooks/transport.py": {"aiohttp"},
    "widgets/push_transport.py": {"aiohttp"},
    # `manage.py doctor`, by hand: SITE_URL
    "loquent/management/doctor/outside.py": {"aiohttp"},
    # EMAIL_URL
    "loquent/mailing/tasks.py": {"django.core.mail", "smtplib"},
}
# REDIS_URL
REDIS = {"redis"}


def opens(path: str) -> set[str]:
    """The clients that a file imports or calls."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            found |= {called} & set(CALLS)
        found |= {c for c in CLIENTS for name in names if name == c or name.startswith(f"{c}.")}
    return found


@pytest.mark.costly
def test_only_known_modules_make_requests() -> None:
    paths = [str(path.relative_to(ROOT)) for path in product_files()]
    assert set(paths) >= ALLOWED.keys()
    wrong = {path: opens(path) - ALLOWED.get(path, set()) - REDIS for path in paths}
    assert {path: names for path, names in wrong.items() if names} == {}


def test_scan_detects_an_http_client() -> None:
    assert opens("loquent/testing/process.py") == {"create_connection"}
