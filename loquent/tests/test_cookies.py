"""Cookies are read as Django reads them, but never by Python's own reader, which may be slow."""

from collections.abc import Iterator
from http import cookies
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth.models import User
from django.http import parse_cookie
from django.test import AsyncClient, Client
from hypothesis import given
from hypothesis import strategies as st

from loquent.asgi import application
from loquent.server.cookies import parse_cookies

HOST = "127.0.0.1:8000"
LIVE = "/admin/widgets/widgetsession/00000000-0000-4000-8000-000000000000/live/"
# Python before 3.11.10 and 3.12.6 takes quadratic time over it.
HOSTILE = 'a="' + '\\"' * 4_000 + '"; b="' + "\\" * 8_000 + '"'


@pytest.fixture
def read_by_python(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cookies' values that Python's own reader was given."""
    values: list[str] = []

    def watched(value: str) -> str:
        values.append(value)
        return value

    monkeypatch.setattr(cookies, "_unquote", watched)
    return values


@given(st.text(st.sampled_from('abc=;" \\01279é'), max_size=30))
def test_cookies_are_parsed_like_django(header: str) -> None:
    assert parse_cookies(header) == parse_cookie(header)


def test_quoted_values_are_parsed() -> None:
    header = 'a=1; b="x\\"y\\\\z\\054"; c="; a=2; =d'
    assert parse_cookies(header) == {"a": "2", "b": 'x"y\\z,', "c": '"', "": "d"}


async def connect(*headers: tuple[bytes, bytes]) -> bool:
    communicator = WebsocketCommunicator(application, LIVE, [(b"host", HOST.encode()), *headers])
    is_open, _ = await communicator.connect()
    return bool(is_open)


@pytest.mark.parametrize("origin", [f"http://{HOST}", "https://evil.example", None])
async def test_handshake_cookies_do_not_use_pythons_parser(
    transactional_db: None, read_by_python: list[str], origin: str | None
) -> None:
    sent = [] if origin is None else [(b"origin", origin.encode())]
    # As many lines as a handshake may have.
    lines = [(b"cookie", HOSTILE.encode())] * 15
    assert not await connect(*sent, *lines)
    assert read_by_python == []


async def test_other_pages_parse_no_cookies(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(header: str) -> Iterator[Any]:
        raise AssertionError("The cookies were read.")

    monkeypatch.setattr("widgets.chat.handshake.parse_cookies", fail)
    assert not await connect((b"origin", b"https://evil.example"), (b"cookie", b"sessionid=a"))


@pytest.mark.parametrize("path", ["/admin/login/", "/api/v1/widgets/", "/healthz", "/nowhere"])
async def test_request_cookies_do_not_use_pythons_parser(
    async_client: AsyncClient, transactional_db: None, read_by_python: list[str], path: str
) -> None:
    await async_client.get(path, headers={"cookie": HOSTILE})
    assert read_by_python == []


def test_members_stay_logged_in_with_unrelated_cookies(client: Client, alice: User) -> None:
    client.force_login(alice)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    client.cookies.clear()
    page = client.get("/admin/", headers={"cookie": f"{HOSTILE}; sessionid={key}; x"})
    assert page.status_code == 200
    assert page.context["user"] == alice
