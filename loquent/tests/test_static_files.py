"""The admin's static files, without `runserver`."""

import gzip
import re
from email.message import Message
from pathlib import Path
from urllib.request import Request, urlopen

import brotli
import pytest
from django.templatetags.static import static
from django.test import AsyncClient, Client
from pytest_django import Settings

from loquent.checks import check_static_files
from loquent.testing.process import run_manage
from loquent.testing.process_fixtures import StartServer

STYLE = "/static/admin/css/base.css"


async def test_static_files_are_served_under_asgi_without_a_warning() -> None:
    response = await AsyncClient().get(STYLE)
    assert response.status_code == 200
    assert not response.streaming
    assert response["Content-Type"].startswith("text/css")
    assert b"{" in response.content


def test_conditional_and_range_requests_are_supported() -> None:
    client = Client()
    first = client.get(STYLE)
    again = client.get(STYLE, headers={"If-Modified-Since": first["Last-Modified"]})
    assert (again.status_code, again.content) == (304, b"")
    part = client.get(STYLE, headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, first.content[:10])
    head = client.head(STYLE)
    assert (head.status_code, head.content) == (200, b"")
    assert client.get("/static/none.css").status_code == 404
    assert client.post(STYLE).status_code == 405


@pytest.fixture
def collected(tmp_path: Path) -> str:
    done = run_manage(
        "collectstatic", "--no-input", "--verbosity", "0", DEBUG="1", STATIC_ROOT=str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    return str(tmp_path)


@pytest.mark.server
def test_production_files_are_hashed_and_compressed(
    live_server_process: StartServer, collected: str
) -> None:
    server = live_server_process(
        DEBUG="0", STATIC_ROOT=collected, SECRET_KEY="f3Yk-a-key-of-fifty-characters-or-more-zQ"
    )

    def get(path: str, encoding: str = "") -> tuple[Message, bytes]:
        request = Request(server.url + path, headers={"Accept-Encoding": encoding})  # noqa: S310
        with urlopen(request) as response:  # noqa: S310
            return response.headers, response.read()

    page = get("/admin/login/")[1].decode()
    (path,) = re.findall(r'href="(/static/admin/css/login\.[0-9a-f]{12}\.css)"', page)
    headers, plain = get(path)
    assert "immutable" in headers["Cache-Control"]
    assert "max-age=315360000" in headers["Cache-Control"]
    assert headers["Vary"] == "Accept-Encoding"
    headers, packed = get(path, "gzip")
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == plain
    headers, packed = get(path, "gzip, deflate, br")
    assert headers["Content-Encoding"] == "br"
    assert brotli.decompress(packed) == plain
    # Under its plain name it may change with an upgrade.
    headers, _ = get("/static/admin/css/login.css")
    assert "immutable" not in headers["Cache-Control"]


def test_missing_static_root_is_reported(tmp_path: Path, settings: Settings) -> None:
    assert check_static_files(None) == []
    settings.STATIC_ROOT = str(tmp_path)
    (warning,) = check_static_files(None)
    assert (warning.id, "collectstatic" in str(warning.hint)) == ("loquent.W004", True)
    (tmp_path / "staticfiles.json").write_text("{}")
    assert check_static_files(None) == []


def test_versioned_url_changes_with_content_and_is_immutable() -> None:
    client = Client()
    address = static("loquent/theme.css")
    assert re.fullmatch(r"/static/loquent/theme\.css\?v=[0-9a-f]{12}", address)
    response = client.get(address)
    assert response.status_code == 200
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    # An old or made-up version is answered, and not kept.
    for other in ("/static/loquent/theme.css", "/static/loquent/theme.css?v=0123456789ab"):
        assert "immutable" not in client.get(other)["Cache-Control"]
    assert static("nowhere.css") == "/static/nowhere.css"


def test_page_links_versioned_urls(db: None) -> None:
    page = Client().get("/admin/login/").content.decode()
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(files) > 5
    assert [name for name in files if "?v=" not in name] == []
