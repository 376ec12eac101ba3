"""A production environment: what Django's deployment checks say, and which cookies are set."""

import http.client
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User

from loquent.testing.people import PASSWORD
from loquent.testing.process import ServerProcess, run_manage
from loquent.testing.process_fixtures import StartServer
from loquent.testing.waiting import WAIT_SECONDS

pytestmark = pytest.mark.server
HOST = "chat.example.com"
HTTPS = {"SITE_URL": f"https://{HOST}", "TRUSTED_PROXY_COUNT": "1", "DEBUG": "0"}


def test_deployment_checks_pass() -> None:
    done = run_manage(
        "check",
        "--deploy",
        "--fail-level=WARNING",
        SECRET_KEY="f3Yk-a-key-of-fifty-characters-or-more-0123456789-zQ",
        DATABASE_URL="postgres://loquent@127.0.0.1:1/loquent",
        REDIS_URL="redis://127.0.0.1:1/0",
        EMAIL_URL="submission://loquent:secret@127.0.0.1:1",
        DEFAULT_FROM_EMAIL="loquent@example.com",
        PYTHONWARNINGS="error",
        **HTTPS,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.startswith("System check identified no issues")


class Browser:
    """Somebody who comes through the proxy."""

    def __init__(self, server: ServerProcess) -> None:
        self._port = server.port
        self.jar: SimpleCookie = SimpleCookie()
        self.headers: dict[str, str] = {}

    def request(self, method: str, path: str, proto: str = "https", **form: str) -> int:
        """Send a request and keep the answer's cookies and headers; gives its status."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=WAIT_SECONDS)
        cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in self.jar.items())
        headers = {
            "Host": HOST,
            "X-Forwarded-For": "203.0.113.7",
            "X-Forwarded-Proto": proto,
            "Cookie": cookies,
            "Referer": f"https://{HOST}/admin/login/",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        connection.request(method, path, body=urlencode(form) if form else None, headers=headers)
        response = connection.getresponse()
        response.read()
        self.headers = dict(response.getheaders())
        for line in response.headers.get_all("Set-Cookie") or []:
            self.jar.load(line)
        connection.close()
        return response.status


def test_cookies_are_secure_and_hsts_is_set_over_https(
    live_server_process: StartServer, alice: User
) -> None:
    # The server knows Django's hashers, not the fast one of the tests.
    alice.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1_000)
    alice.save(update_fields=["password"])
    browser = Browser(live_server_process(**HTTPS))
    assert browser.request("GET", "/admin/login/") == 200
    assert browser.headers["strict-transport-security"] == "max-age=31536000"
    token = browser.jar["__Host-csrftoken"].value
    form = {"username": alice.username, "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert browser.request("POST", "/admin/login/", **form) == 302
    assert browser.request("GET", "/admin/") == 200
    assert browser.jar.keys() == {"__Host-csrftoken", "__Host-sessionid"}
    for morsel in browser.jar.values():
        assert morsel["secure"]
        assert morsel["path"] == "/"
        assert not morsel["domain"]
        assert morsel["samesite"] == "Lax"
    assert browser.jar["__Host-sessionid"]["httponly"]
    # Not said where it wouldn't count.
    assert browser.request("GET", "/admin/", proto="http") == 200
    assert "strict-transport-security" not in browser.headers
