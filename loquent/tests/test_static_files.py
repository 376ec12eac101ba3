"""The admin's static files, without `runserver`."""

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
