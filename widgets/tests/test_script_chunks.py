"""`GET /api/widget/chunks/<hash>.js`: what the script loads later; immutable, for every page."""

import hashlib
from pathlib import Path
from typing import Any

import brotli
import pytest
from django.test import Client

from widgets import bundle
from widgets.tests.scripts import SCRIPT, decoded

CHUNK = b"export const chat = () => 'a panel, and what stands in it';\n" * 30
NAME = f"{hashlib.sha256(CHUNK).hexdigest()[:20]}.js"
IMMUTABLE = "public, max-age=31536000, immutable"


@pytest.fixture(autouse=True)
def chunks(dist: Path) -> Path:
    """The folder of a widget that was built with one chunk."""
    (dist / "chunks" / NAME).write_bytes(CHUNK)
    return dist / "chunks"


def get(client: Client, name: str, **headers: str) -> Any:
    headers = {key.replace("_", "-"): value for key, value in headers.items()}
    return client.get(f"/api/widget/chunks/{name}", headers=headers)


def assert_any_page_may_read(response: Any) -> None:
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(("accept", "encoding"), [("", None), ("gzip", "gzip"), ("gzip, br", "br")])
def test_chunk_is_cacheable_for_a_year(client: Client, accept: str, encoding: str | None) -> None:
    response = get(client, NAME, accept_encoding=accept, origin="https://shop.example.com")
    assert response.status_code == 200
    assert decoded(response) == CHUNK
    assert response.headers.get("Content-Encoding") == encoding
    assert response["Content-Type"] == "text/javascript; charset=utf-8"
    assert response["Cache-Control"] == IMMUTABLE
    assert response["Vary"] == "Accept-Encoding"
    assert int(response["Content-Length"]) == len(response.content)
    assert_any_page_may_read(response)


def test_unchanged_chunk_returns_304(client: Client) -> None:
    etag = get(client, NAME)["ETag"]
    again = get(client, NAME, if_none_match=etag)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert again["Cache-Control"] == IMMUTABLE
    assert_any_page_may_read(again)
    assert get(client, NAME, if_none_match=etag, accept_encoding="br").status_code == 200


@pytest.mark.parametrize("length", [16, 18, 20])
def test_names_have_16_to_20_characters(client: Client, chunks: Path, length: int) -> None:
    name = f"{'0123456789abcdef0123'[:length]}.js"
    (chunks / name).write_bytes(b"export default 1;")
    assert get(client, name).content == b"export default 1;"


def test_the_first_file_can_be_pinned_by_its_own_hash(client: Client) -> None:
    name = f"{hashlib.sha256(SCRIPT).hexdigest()[:20]}.js"
    response = get(client, name)
    assert (response.status_code, response.content) == (200, SCRIPT)
    assert response["Cache-Control"] == IMMUTABLE
    assert response["ETag"] == client.get("/api/widget/embed.js")["ETag"]


@pytest.mark.parametrize(
    "name",
    [
        "0123456789abcdef0123.js",
        f"{hashlib.sha256(SCRIPT).hexdigest()[:16]}.js",
        NAME.upper(),
        NAME.removesuffix(".js"),
        f"{NAME}/",
        f"{NAME}.map",
        f"a/{NAME}",
        "config",
        "widget.min.js",
        "../widget.min.js",
        "..%2Fwidget.min.js",
        "..%5C..%5Cmanage.py",
        "%2e%2e/%2e%2e/%2e%2e/manage.py",
        "%00.js",
        "/etc/passwd",
        "x" * 10_000,
    ],
)
def test_other_names_are_uncacheable_404s(client: Client, name: str) -> None:
    response = get(client, name)
    assert response.status_code == 404
    assert SCRIPT not in response.content
    assert response["Cache-Control"] == "no-store"
    assert_any_page_may_read(response)


def test_files_beside_a_chunk_are_not_served(client: Client, chunks: Path) -> None:
    (chunks / "notes.txt").write_text("not for pages")
    (chunks.parent / "0123456789abcdef.js").write_text("not a chunk")
    assert get(client, "notes.txt").status_code == 404
    assert get(client, "0123456789abcdef.js").status_code == 404


def test_a_widget_without_chunks_has_none(client: Client, chunks: Path) -> None:
    (chunks / NAME).unlink()
    chunks.rmdir()
    assert get(client, NAME).status_code == 404


def test_a_file_is_compressed_once(
    client: Client, chunks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    squeezed: list[int] = []
    compress = brotli.compress

    def count(plain: bytes, *, quality: int) -> bytes:
        squeezed.append(len(plain))
        return bytes(compress(plain, quality=quality))

    monkeypatch.setattr(brotli, "compress", count)
    for accept in ("br", "gzip", "", "br"):
        get(client, NAME, accept_encoding=accept)
    assert squeezed == [len(CHUNK)]
    (chunks / NAME).write_bytes(b"a new build")
    assert get(client, NAME).content == b"a new build"
    assert len(squeezed) == 2


def test_memory_cache_is_bounded(
    client: Client, chunks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle._cache, "_Cache__maxsize", 10_000)
    bundle._cache.clear()
    for number in range(20):
        (chunks / f"{number:016x}.js").write_bytes(b"export default 1;" * 100)
        assert get(client, f"{number:016x}.js").status_code == 200
    assert 1 <= len(bundle._cache) < 6


def test_head_returns_get_headers_without_a_body(client: Client) -> None:
    response = client.head(f"/api/widget/chunks/{NAME}")
    assert (response.status_code, response.content) == (200, b"")
    assert response["ETag"] == get(client, NAME)["ETag"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods_are_refused(method: str) -> None:
    client = Client(enforce_csrf_checks=True)
    response = client.generic(method, f"/api/widget/chunks/{NAME}")
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, OPTIONS"
