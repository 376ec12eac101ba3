"""The edge bounds bodies before Django is asked: their size, their pace, and their memory."""

import asyncio
import json

import pytest
from django.conf import settings as django_settings
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver
from prometheus_client import REGISTRY
from pytest_django import Settings

from loquent.server import edge_answers
from loquent.server.large_bodies import is_marked
from loquent.server.request_bodies import BodyLimits
from loquent.server.request_limits import RequestLimits
from loquent.tests.edge_requests import AGENTS, KEY, KIB, LOGIN, SESSION, Application, Client

MIB = KIB * KIB
SOURCES = "/api/v1/agents/6f1c2f0e-3a52-4f0e-9d0a-3f6f2f6a1b11/sources/"
AGENT_FORM = "/admin/agents/textagent/add/"
IMPORT = "/admin/agents/textagent/6f1c2f0e-3a52-4f0e-9d0a-3f6f2f6a1b11/knowledge/import/"


@pytest.fixture
def django() -> Application:
    return Application()


@pytest.fixture
def edge(django: Application) -> RequestLimits:
    return RequestLimits(django)


def used(edge: RequestLimits) -> tuple[int, int]:
    return edge.memory.small.used, edge.memory.large.used


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (LOGIN, [(b"cookie", b"csrftoken=" + b"a" * 32)]),
        (LOGIN, [SESSION, KEY]),
        ("/api/widget/embed.js", []),
        ("/nowhere", [SESSION]),
        ("/api/v1/widgets/", [KEY]),
        (AGENTS, []),
        (AGENTS, [(b"cookie", b"xsessionid=1"), (b"authorization", b"Basic x")]),
        (AGENT_FORM, [(b"cookie", b"csrftoken=x")]),
    ],
)
async def test_declared_large_body_is_refused_before_anything_is_received(
    edge: RequestLimits,
    django: Application,
    path: str,
    headers: list[tuple[bytes, bytes]],
) -> None:
    waits = (b"expect", b"100-continue")
    client = Client(path, b"x", headers=[*headers, waits], length=64 * KIB + 1)
    assert await client.ask(edge) == 413
    assert client.received == 0
    assert django.bodies == []
    # What the client may still send must not be read as its next request.
    assert client.headers[b"connection"] == b"close"


async def test_chunked_large_body_is_refused_when_it_is_too_long(
    edge: RequestLimits, django: Application
) -> None:
    pieces = [b"x" * 16 * KIB] * 4
    assert await Client(LOGIN, *pieces).ask(edge) == 200
    client = Client(LOGIN, *pieces, b"x", b"rest")
    assert await client.ask(edge) == 413
    assert django.bodies == [b"".join(pieces)]
    assert used(edge) == (0, 0)


@pytest.mark.parametrize("length", [None, 64 * KIB + 5])
@pytest.mark.parametrize(
    ("path", "method", "headers"),
    [
        (AGENTS, "POST", [KEY]),
        (AGENTS, "POST", [SESSION]),
        (AGENTS.rstrip("/"), "POST", [KEY]),
        (f"{AGENTS}6f1c2f0e-3a52-4f0e-9d0a-3f6f2f6a1b11/", "PATCH", [KEY]),
        (AGENT_FORM, "POST", [SESSION]),
        (IMPORT, "POST", [SESSION]),
    ],
)
async def test_large_body_passes_if_the_view_accepts_it(
    edge: RequestLimits,
    django: Application,
    path: str,
    method: str,
    headers: list[tuple[bytes, bytes]],
    length: int | None,
) -> None:
    pieces = [b"a" * 64 * KIB, b"b", b"", b"last"]
    client = Client(path, *pieces, headers=headers, length=length, method=method)
    assert await client.ask(edge) == 200
    assert django.bodies == [b"".join(pieces)]
    assert used(edge) == (0, 0)


async def test_large_body_limit_is_enforced(edge: RequestLimits, django: Application) -> None:
    most = django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    client = Client(AGENTS, b"x", headers=[KEY], length=most + 1)
    assert await client.ask(edge) == 413
    assert json.loads(client.body) == {
        "code": "body_too_large",
        "message": "The body is larger than 16 MiB.",
        "fields": {"body": ["The body is larger than 16 MiB."]},
    }
    assert await Client(AGENTS, b"x" * most, b"x", headers=[KEY]).ask(edge) == 413
    assert django.bodies == []
    assert used(edge) == (0, 0)


async def test_form_with_the_largest_file_passes_where_files_are_accepted(
    edge: RequestLimits, django: Application
) -> None:
    most = django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 64 * KIB
    assert most <= django_settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    one = f"{SOURCES}7d0c4f8a-5f0b-4b8e-9a53-1f7c5f4f2c02/"
    for path in (SOURCES, f"{one}sync/"):
        assert await Client(path, headers=[KEY], length=most + 1).ask(edge) == 413
        # Nothing else of a source is large, and strangers send no files.
        assert await Client(path, length=most).ask(edge) == 413
    for path in (f"{one}undo/", f"{SOURCES}preview/"):
        assert await Client(path, headers=[KEY], length=65 * KIB).ask(edge) == 413
    assert django.bodies == []
    form = b"x" * most
    assert await Client(SOURCES, form, headers=[KEY]).ask(edge) == 200
    assert django.bodies == [form]


async def test_rest_of_a_refused_body_is_received_and_discarded(edge: RequestLimits) -> None:
    """A client or proxy that sends its whole body before it reads gets the answer."""
    pieces = [b"x" * MIB] * 8
    client = Client(LOGIN, *pieces, length=8 * MIB)
    assert await client.ask(edge) == 413
    assert client.received == 8 * MIB
    assert [event.get("more_body") for event in client.sent] == [None, True, None]
    assert used(edge) == (0, 0)


async def test_endless_body_is_not_received_for_ever(
    edge: RequestLimits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge_answers, "DRAIN_BYTES", 2 * MIB)
    client = Client(LOGIN, *[b"x" * MIB] * 8, length=800 * MIB)
    assert await client.ask(edge) == 413
    assert client.received == 2 * MIB
    monkeypatch.setattr(edge_answers, "DRAIN_SECONDS", 0.01)
    assert await Client(LOGIN, b"x", length=800 * MIB, ends=False).ask(edge) == 413


async def test_slow_body_is_dropped(django: Application) -> None:
    edge = RequestLimits(django, bodies=BodyLimits(progress_bytes=10, progress_seconds=0.02))
    client = Client(LOGIN, b"much", b"more", length=1_000, ends=False)
    assert await client.ask(edge) == 408
    assert client.headers[b"connection"] == b"close"
    assert json.loads(client.body)["code"] == "request_timeout"
    assert django.bodies == []
    assert used(edge) == (0, 0)
    # What came before doesn't count for ever.
    client = Client(AGENTS, b"x" * MIB, headers=[KEY], ends=False)
    assert await client.ask(edge) == 408
    assert used(edge) == (0, 0)


async def test_disconnected_client_is_forgotten(edge: RequestLimits, django: Application) -> None:
    client = Client(LOGIN, b"x" * KIB, length=2 * KIB, ends=False, disconnects=True)
    assert await client.ask(edge) == 0
    assert django.bodies == []
    assert used(edge) == (0, 0)


async def test_all_bodies_together_have_a_limit(django: Application) -> None:
    limits = BodyLimits(small_total=100 * KIB, large_total=2 * MIB)
    edge = RequestLimits(django, bodies=limits)
    small, large = (
        Client(LOGIN, b"x" * 60 * KIB, ends=False),
        Client(AGENTS, b"x" * MIB, b"x" * 500 * KIB, headers=[KEY], ends=False),
    )
    async with asyncio.TaskGroup() as group:
        held = [group.create_task(client.ask(edge)) for client in (small, large)]
        await small.is_quiet.wait()
        await large.is_quiet.wait()
        assert used(edge) == (60 * KIB, MIB + 500 * KIB)
        # Declared: refused before it is received. Chunked: as soon as there is no room.
        declared = Client(AGENTS, b"x" * MIB, headers=[KEY], length=MIB)
        chunked = Client(AGENTS, b"x" * MIB, headers=[KEY])
        another = Client(LOGIN, b"x" * 41 * KIB)
        for client in (declared, chunked, another):
            assert await client.ask(edge) == 503
            assert client.headers[b"retry-after"] == b"5"
            assert json.loads(client.body)["code"] == "unavailable"
        # Large bodies have a share of their own: nobody is kept from logging in.
        assert await Client(LOGIN, b"x" * 40 * KIB).ask(edge) == 200
        assert used(edge) == (60 * KIB, MIB + 500 * KIB)
        for task in held:
            task.cancel()
    assert used(edge) == (0, 0)
    assert await Client(AGENTS, b"x" * MIB, headers=[KEY], length=MIB).ask(edge) == 200


async def test_default_limits_fit_all_allowed_bodies() -> None:
    limits = BodyLimits()
    assert limits.small_total + limits.large_total == 64 * MIB
    assert limits.large_total >= 2 * django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    # Django keeps what it is given in memory, so that nothing fills /tmp.
    assert (
        django_settings.FILE_UPLOAD_MAX_MEMORY_SIZE >= django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    )


async def test_body_of_a_get_is_not_stored(django: Application) -> None:
    edge = RequestLimits(django, bodies=BodyLimits(small_total=0, large_total=0))
    assert await Client("/nowhere", b"x" * KIB, method="GET").ask(edge) == 200
    assert django.bodies == [b""]
    assert await Client("/nowhere", b"x" * 65 * KIB, method="GET").ask(edge) == 413


async def test_browser_gets_a_page_naming_the_limit(edge: RequestLimits) -> None:
    html = (b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8")
    client = Client(AGENT_FORM, headers=[html], length=MIB)
    assert await client.ask(edge) == 413
    assert client.headers[b"content-type"] == b"text/html; charset=utf-8"
    assert client.headers[b"content-security-policy"].startswith(b"default-src 'none'")
    page = client.body.decode()
    assert "larger than 64 KiB. Log in, or send an API key, to send up to 16 MiB." in page
    assert "Nothing was saved." in page
    # The scripts of the admin read JSON.
    client = Client(AGENT_FORM, headers=[(b"accept", b"*/*")], length=MIB)
    assert await client.ask(edge) == 413
    assert json.loads(client.body)["fields"] == {}


async def test_refusal_has_the_same_cors_headers_as_the_response(
    edge: RequestLimits, settings: Settings
) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com"]
    allowed, header = b"access-control-allow-origin", b"origin"
    for origin, expected in [
        (b"https://app.example.com", b"https://app.example.com"),
        (b"https://evil.example", None),
    ]:
        client = Client(AGENTS, headers=[(header, origin)], length=MIB)
        assert await client.ask(edge) == 413
        assert client.headers.get(allowed) == expected
    client = Client("/api/widget/embed.js", length=MIB)
    assert await client.ask(edge) == 413
    assert client.headers[allowed] == b"*"


async def test_refusals_are_counted(edge: RequestLimits) -> None:
    name, labels = "loquent_http_refusals_total", {"reason": "body_too_large"}
    before = REGISTRY.get_sample_value(name, labels) or 0
    await Client(LOGIN, length=MIB).ask(edge)
    assert REGISTRY.get_sample_value(name, labels) == before + 1


def views(patterns: list[URLPattern | URLResolver]) -> list[URLPattern]:
    found: list[URLPattern] = []
    for pattern in patterns:
        found += [pattern] if isinstance(pattern, URLPattern) else views(pattern.url_patterns)
    return found


def test_only_listed_urls_accept_large_bodies() -> None:
    patterns = views(get_resolver().url_patterns)
    marked = {view.name for view in patterns if is_marked(view.callback, "POST")}
    forms = {
        f"{model}_{page}"
        for model in (
            "agents_agentaction", "agents_dailytokenusage", "agents_modelconnection",
            "agents_textagent",
            "contacts_contact", "jobs_job",
            "organizations_apikey", "organizations_auditentry", "organizations_invitation",
            "organizations_membership", "organizations_organization",
            "webhooks_webhookdelivery", "webhooks_webhookendpoint",
            "widgets_actioncall", "widgets_erasurereceipt", "widgets_widgetconfig",
            "widgets_widgetsession",
        )
        for page in ("add", "change", "changelist")
    }  # fmt: skip
    assert marked - forms == {
        "agent-list", "agent-detail", "agents_textagent_playground", "agents_textagent_saveentry",
        "agents_textagent_import", "agents_textagent_checkentry", "agents_textagent_changesource",
        "agent-source-list", "agent-source-sync", "widgets_widgetconfig_check",
        "agent-search", "agent-evaluate", "agent-questions-evaluate", "setup_teach",
        "test_questions", "answer_question",
    }  # fmt: skip
    assert forms - marked == set()


async def test_one_address_cannot_fill_the_memory_for_small_bodies(django: Application) -> None:
    limits = BodyLimits(small_per_client=100 * KIB)
    edge = RequestLimits(django, bodies=limits)
    django.gate = asyncio.Event()
    first = asyncio.create_task(Client(LOGIN, b"x" * 60 * KIB).ask(edge))
    await django.started.wait()
    assert await Client(LOGIN, b"x" * 60 * KIB).ask(edge) == 503
    other = Client(LOGIN, b"x" * 60 * KIB, address="203.0.113.9")
    second = asyncio.create_task(other.ask(edge))
    django.gate.set()
    assert await first == await second == 200
    assert used(edge) == (0, 0)
    assert not edge.memory.small.clients
