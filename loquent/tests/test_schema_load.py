"""`/api/schema/` costs one generation per process, however often and however it is asked for."""

import asyncio
import json
from collections import Counter
from typing import Any

import pytest
import yaml
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from loquent.asgi import application
from loquent.rest import schema as api_schema
from loquent.server.request_limits import REQUESTS_AT_ONCE
from loquent.tests import edge_requests

PATH = "/api/schema/"
JSON, YAML = "application/vnd.oai.openapi+json", "application/vnd.oai.openapi"


@pytest.fixture
def generations(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """One entry per generation; the process begins without the document."""
    made: list[object] = []
    generate = SchemaGenerator.get_schema

    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        made.append(self)
        return generate(self, *args, **kwargs)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(SchemaGenerator, "get_schema", counted)
    monkeypatch.setattr(api_schema, "_documents", {})
    return made


@pytest.mark.costly
async def test_300_concurrent_requests_cost_one_generation(generations: list[object]) -> None:
    accepts = [JSON, YAML, "application/json", "*/*"]
    clients = [
        edge_requests.Client(PATH, method="GET", headers=[(b"accept", kind.encode())])
        for kind in accepts * 75
    ]
    await asyncio.gather(*(client.ask(application) for client in clients))
    statuses = Counter(client.status for client in clients)
    # A slow machine may send some away; none of them fails.
    assert statuses.keys() <= {200, 503}
    assert statuses[200] >= REQUESTS_AT_ONCE
    assert len(generations) == 1


@pytest.mark.costly
def test_both_formats_are_the_same_document(client: Client, generations: list[object]) -> None:
    as_json = client.get(PATH, headers={"accept": JSON})
    as_yaml = client.get(PATH)
    assert as_json["Content-Type"] == JSON
    assert as_yaml["Content-Type"] == f"{YAML}; charset=utf-8"
    assert json.loads(as_json.content) == yaml.safe_load(as_yaml.content)
    assert as_json["ETag"] != as_yaml["ETag"]
    assert len(generations) == 1


@pytest.mark.parametrize("kind", [JSON, YAML, "application/json", "application/yaml"])
def test_unchanged_schema_returns_304(client: Client, kind: str) -> None:
    first = client.get(PATH, headers={"accept": kind})
    assert not first["ETag"].startswith("W/")
    assert first["Cache-Control"] == "public, max-age=300"
    assert "Accept" in first["Vary"]
    again = client.get(PATH, headers={"accept": kind, "if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    other = client.get(PATH, headers={"accept": kind, "if-none-match": '"another"'})
    assert other.content == first.content


@pytest.mark.parametrize(
    ("method", "kind", "status", "code"),
    [
        ("get", "text/html", 406, "not_acceptable"),
        ("post", YAML, 405, "method_not_allowed"),
    ],
)
def test_errors_are_json(client: Client, method: str, kind: str, status: int, code: str) -> None:
    response = getattr(client, method)(PATH, headers={"accept": kind})
    assert (response.status_code, response.json()["code"]) == (status, code)
