"""`GET /api/widget/embed.js`: the built bundle, for every page, cached for an hour."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from widgets.tests.scripts import SCRIPT, decoded

PATH = "/api/widget/embed.js"


@pytest.fixture(autouse=True)
def built(dist: Path) -> None:
    """Every test here has a built widget of its own."""


def get(client: Client, **headers: str) -> Any:
    return client.get(PATH, headers={k.replace("_", "-"): v for k, v in headers.items()})


def test_any_page_can_load_the_script(client: Client) -> None:
    response = get(client)
    assert response.status_code == 200
    assert response.content == SCRIPT
    assert response["Content-Type"] == "text/javascript; charset=utf-8"
    assert response["Cache-Control"] == "public, max-age=3600"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert response["Vary"] == "Accept-Encoding"
    assert response["ETag"].startswith('"')
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("", None),
        ("identity", None),
        ("deflate", None),
        ("gzip", "gzip"),
        ("br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP, BR", "br"),
        ("gzip;q=1.0, br;q=0.5", "br"),
        ("gzip, br;q=0", "gzip"),
        ("gzip, br; q=0", "gzip"),
        ("gzip, br ;\tq=0.000", "gzip"),
        ("gzip, br;Q=0.", "gzip"),
        ("gzip;q=0, br;q=0.0", None),
        ("br;q=0.001", "br"),
        ("br;q=nonsense", None),
        ("br;q=0.5", "br"),
        ("brotli, xgzip", None),
        (",,;;,=", None),
        ("x" * 50_000, None),
    ],
)
def test_encoding_follows_accept_encoding(
    client: Client, accept: str, encoding: str | None
) -> None:
    response = get(client, accept_encoding=accept)
    assert response.headers.get("Content-Encoding") == encoding
    assert decoded(response) == SCRIPT
    assert response["Vary"] == "Accept-Encoding"
    assert int(response["Content-Length"]) == len(response.content)


def test_every_encoding_is_smaller_and_has_its_own_etag(client: Client) -> None:
    plain, zipped, brotlied = (get(client, accept_encoding=e) for e in ("", "gzip", "br"))
    assert len({answer["ETag"] for answer in (plain, zipped, brotlied)}) == 3
    assert len(brotlied.content) < len(zipped.content) < len(plain.content)


@pytest.mark.parametrize("encoding", ["", "gzip", "br"])
@pytest.mark.parametrize(
    "template",
    [
        '"{}"', 'W/"{}"', '"other", "{}"', '"other" , W/"{}" ,"more"', "*", '"{}",', '"{}-gzip"',
        'W/"{}-gzip"', '"{}--gzip"', '"{};gzip"', '"{}-br"', '"{}-zstd"',
    ],
)  # fmt: skip
def test_unchanged_bundle_returns_304(client: Client, encoding: str, template: str) -> None:
    etag = get(client, accept_encoding=encoding)["ETag"]
    again = get(client, accept_encoding=encoding, if_none_match=template.format(etag.strip('"')))
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == etag
    assert again["Cache-Control"] == "public, max-age=3600"
    assert again["Vary"] == "Accept-Encoding"
    assert again["Access-Control-Allow-Origin"] == "*"


def test_etag_of_another_encoding_does_not_match(client: Client) -> None:
    """A shared cache must not reuse a form that this browser can't read."""
    tags = {
        encoding: get(client, accept_encoding=encoding)["ETag"] for encoding in ("", "gzip", "br")
    }
    for encoding in tags:
        for other in tags.keys() - {encoding}:
            response = get(client, accept_encoding=encoding, if_none_match=tags[other])
            assert response.status_code == 200


@pytest.mark.parametrize("header", ['"other"', "nonsense", "", 'W/"other"', '"', "\xff"])
def test_a_changed_bundle_is_sent(client: Client, header: str) -> None:
    assert get(client, if_none_match=header).status_code == 200


def test_new_build_is_served_immediately(client: Client, dist: Path) -> None:
    before = get(client)["ETag"]
    (dist / "widget.min.js").write_text("// changed")
    response = get(client)
    assert response.content == b"// changed"
    assert response["ETag"] != before


def test_head_returns_get_headers_without_a_body(client: Client) -> None:
    response = client.head(PATH)
    assert (response.status_code, response.content) == (200, b"")
    assert response["ETag"] == get(client)["ETag"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods_are_refused(method: str) -> None:
    response = Client(enforce_csrf_checks=True).generic(method, PATH)
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, OPTIONS"
