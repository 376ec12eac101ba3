"""Every error of the REST API has one shape, and every list pages alike."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from contacts.models import Contact
from loquent.organizations.models import Organization
from loquent.organizations.services.organizations import create_api_key
from loquent.testing.people import make_agent, make_widget
from widgets.models import WidgetSession
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

Connect = Callable[..., APIClient]
KINDS = ["widgets", "agents", "contacts", "sessions"]
LISTS = [f"/api/v1/{kind}/" for kind in KINDS]


@pytest.fixture
def client(api: Connect, alice: User) -> APIClient:
    return api(alice)


@pytest.fixture
def session(acme: Organization) -> WidgetSession:
    return create_widget_session(widget=make_widget(acme))[0]


def check_shape(response: Any, status: int, code: str) -> None:
    assert response.status_code == status
    assert response["Content-Type"] == "application/json"
    error = response.json()
    assert error.keys() == {"code", "message", "fields"}
    assert error["code"] == code
    assert error["message"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "id",
    [
        "00000000-0000-0000-0000-000000000000",
        "x",
        "1",
        "wid_abc",
        "00000000-0000-0000-0000-00000000000g",
        "..%2f",
        "a.b",
        "%00",
        "%ED%A0%80",
        "%F0%9F%98%80",
        "x" * 3_000,
    ],
)
def test_unknown_id_is_404(client: APIClient, path: str, id: str) -> None:  # noqa: A002
    for method in ("get", "put", "patch", "delete"):
        if "sessions" in path and method not in {"get", "delete"}:
            continue
        check_shape(getattr(client, method)(f"{path}{id}/", {}), 404, "not_found")
    if "sessions" in path:
        check_shape(client.get(f"{path}{id}/messages/"), 404, "not_found")
    if "widgets" in path:
        check_shape(client.post(f"{path}{id}/reset-widget-id/"), 404, "not_found")


@pytest.mark.parametrize("path", ["nothing/", "nothing", "widgets/x/nothing/", "%00/", "a/b/c"])
def test_an_unknown_path_is_404(db: None, api: Connect, path: str) -> None:
    for method in ("get", "post", "delete", "options"):
        response = getattr(api(enforce_csrf=True), method)(f"/api/v1/{path}")
        check_shape(response, 404, "not_found")


@pytest.mark.parametrize("path", ["/api/nothing/", "/api/", "/api/v2/widgets/", "/api/docs/x"])
def test_unknown_api_paths_return_json(db: None, api: Connect, path: str) -> None:
    check_shape(api().get(path), 404, "not_found")


def test_server_error_is_json(
    client: APIClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("what only the log may say")

    monkeypatch.setattr("contacts.api.ContactViewSet.get_queryset", fail)
    client.raise_request_exception = False
    response = client.get("/api/v1/contacts/")
    check_shape(response, 500, "internal")
    assert "only the log" not in response.content.decode()
    assert "only the log" in caplog.text


def test_disallowed_host_is_json(client: APIClient) -> None:
    response = client.get("/api/v1/contacts/", headers={"host": "evil.example"})
    check_shape(response, 400, "invalid")


@pytest.mark.parametrize("method", ["get", "post"])
def test_missing_slash_redirects(client: APIClient, method: str) -> None:
    response = getattr(client, method)("/api/v1/contacts?a=1")
    assert response.status_code == 308
    assert response["Location"] == "/api/v1/contacts/?a=1"


def test_unsupported_methods_are_405(client: APIClient, session: WidgetSession) -> None:
    for path, method in (
        ("/api/v1/widgets/", "put"),
        ("/api/v1/contacts/", "delete"),
        ("/api/v1/sessions/", "post"),
        (f"/api/v1/sessions/{session.id}/", "put"),
        (f"/api/v1/sessions/{session.id}/", "patch"),
        (f"/api/v1/sessions/{session.id}/messages/", "post"),
        (f"/api/v1/widgets/{session.widget_id}/", "post"),
    ):
        response = getattr(client, method)(path, {})
        check_shape(response, 405, "method_not_allowed")
        assert "GET" in response["Allow"]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "x",
        "\t",
    ],
)
def test_non_json_bodies_are_415(client: APIClient, content_type: str) -> None:
    response = client.post("/api/v1/contacts/", b"name=Jane", content_type=content_type)
    check_shape(response, 415, "unsupported_media_type")
    assert Contact.objects.count() == 0


def test_only_json_is_returned(client: APIClient) -> None:
    response = client.get("/api/v1/contacts/", headers={"accept": "text/html"})
    check_shape(response, 406, "not_acceptable")
    for accept in ("*/*", "application/json", "text/html, */*;q=0.1"):
        assert client.get("/api/v1/contacts/", headers={"accept": accept}).status_code == 200


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "%00",
        base64.b64encode(b"p=nonsense").decode(),
        base64.b64encode(b"p=\x00").decode(),
        base64.b64encode(b"p=\xff").decode(),
        base64.b64encode(b"o=-1&p=x").decode(),
        base64.b64encode(b"o=x").decode(),
        base64.b64encode(b"p=" + b"9" * 5_000).decode(),
    ],
)
def test_malformed_cursor_is_400(client: APIClient, path: str, cursor: str) -> None:
    response = client.get(path, {"cursor": cursor})
    check_shape(response, 400, "invalid")
    assert list(response.json()["fields"]) == ["cursor"]


@pytest.mark.parametrize(
    "position", [b"x", b"9" * 5_000, b"1.5", b"", b"\x00", b"0001-01-01 00:00:00%2B14:00"]
)
def test_any_cursor_is_handled_without_a_server_error(
    client: APIClient, session: WidgetSession, position: bytes
) -> None:
    cursor = base64.b64encode(b"p=" + position).decode()
    for path in (f"/api/v1/sessions/{session.id}/messages/", "/api/v1/sessions/"):
        assert client.get(path, {"cursor": cursor}).status_code in {200, 400}


def test_lists_return_fifty_newest_first(client: APIClient, acme: Organization) -> None:
    made = [Contact.objects.create(organization=acme, name=f"{n}") for n in range(120)]
    # All at once, as an import writes them: ties must neither hide nor repeat a row.
    Contact.objects.filter(id__in=[c.id for c in made[30:90]]).update(
        created_at=made[30].created_at
    )
    pages, address = [], "/api/v1/contacts/"
    while address:
        page = client.get(address).json()
        assert page.keys() == {"results", "next"}
        pages.append(page["results"])
        address = page["next"]
    assert [len(page) for page in pages] == [50, 50, 20]
    rows = [row for page in pages for row in page]
    assert len({row["id"] for row in rows}) == 120
    times = [row["created_at"] for row in rows]
    assert times == sorted(times, reverse=True)


def test_messages_are_listed_oldest_first(client: APIClient, session: WidgetSession) -> None:
    for n in range(60):
        append_message(session, role="user", content=f"{n}")
    first = client.get(f"/api/v1/sessions/{session.id}/messages/").json()
    second = client.get(first["next"]).json()
    contents = [row["content"] for row in first["results"] + second["results"]]
    assert contents == [str(n) for n in range(60)]
    assert second["next"] is None


@pytest.mark.costly
@pytest.mark.parametrize("kind", [*KINDS, "messages", "api-keys"])
def test_list_query_count_is_constant(
    client: APIClient,
    acme: Organization,
    session: WidgetSession,
    kind: str,
    django_assert_num_queries: Any,
) -> None:
    path = f"/api/v1/{kind}/" if kind != "messages" else f"/api/v1/sessions/{session.id}/messages/"

    def make(count: int) -> None:
        for n in range(count):
            if kind == "widgets":
                make_widget(acme)
            elif kind == "agents":
                make_agent(acme)
            elif kind == "contacts":
                Contact.objects.create(organization=acme, name=str(n))
            elif kind == "api-keys":
                create_api_key(organization=acme, name="x")
            elif kind == "sessions":
                create_widget_session(widget=session.widget)
            else:
                append_message(session, role="user", content="x")

    make(3)
    with django_assert_num_queries(8 if kind == "agents" else 7, exact=False) as few:
        client.get(path)
    make(27)
    with django_assert_num_queries(len(few)):
        assert len(client.get(path).json()["results"]) >= 30


def test_errors_quote_input_only_as_encodable_text(client: APIClient) -> None:
    body = b'{"position": "\\ud800", "text_agent_id": "\\udfff"}'
    response = client.post("/api/v1/widgets/", body, content_type="application/json")
    check_shape(response, 400, "invalid")
    assert "\ufffd" in response.content.decode()
