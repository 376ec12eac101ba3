"""/api/schema/ and /api/docs/: complete, and from this server alone."""

import re
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator
from pytest_django.fixtures import Settings

from loquent.rest.docs import DOCS
from loquent.testing.openapi import openapi_document

document = openapi_document()
OPERATIONS = {
    f"{method} {path}": operation
    for path, methods in document["paths"].items()
    for method, operation in methods.items()
}


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": document["components"]})


def check_examples(content: dict[str, Any]) -> None:
    for media in content.values():
        given = [example["value"] for example in media.get("examples", {}).values()]
        given += [media["example"]] if "example" in media else []
        assert given
        for example in given:
            assert list(validator(media["schema"]).iter_errors(example)) == []


def test_schema_is_openapi_3_1_and_names_its_security() -> None:
    assert document["openapi"] == "3.1.1"
    assert document["components"]["securitySchemes"].keys() == {"apiKey", "staffSession"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_a_description(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["summary"]
    assert operation["description"]
    assert operation["summary"] != operation["description"]
    assert operation["security"]
    for parameter in operation["parameters"]:
        named = parameter.get("$ref", "").rpartition("/")[2]
        whole = document["components"]["parameters"].get(named, parameter)
        said = whole.get("description") or whole["schema"].get("description")
        assert said or whole["name"] in {"id", "cursor"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_valid_examples(name: str) -> None:
    operation = OPERATIONS[name]
    if "requestBody" in operation:
        check_examples(operation["requestBody"]["content"])
    for status, response in operation["responses"].items():
        if status in {"200", "201"}:
            check_examples(response["content"])


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_names_its_errors(name: str) -> None:
    there = OPERATIONS[name]["responses"].keys()
    expected = {"401", "403", "406", "429", "503"}
    expected |= {"404"} if "{id}" in name else set()
    expected |= {"400", "408", "409", "413", "415", "422"} if name.startswith("post") else set()
    expected |= {"400", "408", "413", "415"} if name.startswith(("put", "patch")) else set()
    assert expected <= there
    for status in there:
        assert OPERATIONS[name]["responses"][status]


def test_error_examples_are_valid() -> None:
    for response in document["components"]["responses"].values():
        check_examples(response["content"])


@pytest.mark.costly
def test_docs_page_loads_nothing_from_other_hosts(client: Client, settings: Settings) -> None:
    response = client.get("/api/docs/")
    assert response.status_code == 200
    assert response["Content-Security-Policy"] == DOCS
    html = response.content.decode()
    sources = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert len(sources) > 5
    for source in sources:
        assert source.startswith("/")
        assert client.get(source).status_code == 200
    assert "<style" not in html
    assert re.findall(r"<script(?![^>]* src=)", html) == []
    assert "://" not in html


def test_docs_page_answers_only_get(client: Client) -> None:
    assert client.post("/api/docs/").status_code == 405
