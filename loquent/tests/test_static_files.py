"""The admin's static files, without `runserver`."""

import re

from django.templatetags.static import static
from django.test import AsyncClient, Client

STYLE = "/static/admin/css/base.css"


async def test_they_are_served_under_asgi_without_a_warning() -> None:
    response = await AsyncClient().get(STYLE)
    assert response.status_code == 200
    assert not response.streaming
    assert response["Content-Type"].startswith("text/css")
    assert b"{" in response.content


def test_conditional_and_partial_requests() -> None:
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


def test_an_address_tells_versions_apart_and_may_be_kept_for_ever() -> None:
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


def test_a_page_names_versions(db: None) -> None:
    page = Client().get("/admin/login/").content.decode()
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(files) > 5
    assert [name for name in files if "?v=" not in name] == []
