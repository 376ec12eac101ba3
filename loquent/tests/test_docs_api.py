"""docs/api.md describes the REST API that there is, and its examples work."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from rest_framework.serializers import BaseSerializer

from contacts.api import ContactSerializer
from contacts.models import Contact
from loquent.agents.api import TextAgentSerializer
from loquent.agents.connection_api import ModelConnectionSerializer
from loquent.agents.models import ModelConnection
from loquent.errors import ErrorCode
from loquent.limits import Limits
from loquent.organizations.api.api_keys import NewApiKeySerializer
from loquent.organizations.models import Organization
from loquent.organizations.services.organizations import create_api_key
from loquent.rest.docs import DOCS
from loquent.rest.errors import CODES, STATUS
from loquent.testing.openapi import openapi_document
from loquent.testing.people import PASSWORD, make_agent, make_widget
from loquent.testing.process_fixtures import StartServer
from loquent.testing.waiting import COMMAND_SECONDS
from loquent.tests.documents import blocks, codes, read, rows, section
from loquent.webhooks.api.serializers import NewWebhookSerializer
from loquent.webhooks.services.endpoints import create_endpoint
from loquent.webhooks.types import EndpointData
from widgets.api.contacts import ErasureReceiptSerializer
from widgets.api.desk_serializers import SavedReplySerializer
from widgets.api.session_serializers import WidgetMessageSerializer, WidgetSessionSerializer
from widgets.api.widget_serializers import WidgetSerializer
from widgets.services.sessions import create_widget_session

PAGE = read("docs/api.md")
RESOURCES = (
    "Widgets", "Agents", "Contacts", "Sessions", "Members", "Saved replies", "API keys",
    "Connections", "Webhooks",
)  # fmt: skip
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def test_documented_endpoints_match_the_code() -> None:
    schema = openapi_document()
    there = {
        (method.upper(), path)
        for path, methods in schema["paths"].items()
        for method in methods
        if path.startswith("/api/v1/")
    }
    documented = {
        (cells[0], codes(cells[1])[0])
        for title in RESOURCES
        for cells in rows(section(PAGE, title))
        if cells[0] in METHODS
    }
    assert documented == there


@pytest.mark.parametrize(
    ("title", "serializers"),
    [
        ("Widgets", [WidgetSerializer]),
        ("Agents", [TextAgentSerializer]),
        ("Contacts", [ContactSerializer, ErasureReceiptSerializer]),
        ("Sessions", [WidgetSessionSerializer, WidgetMessageSerializer]),
        ("Saved replies", [SavedReplySerializer]),
        ("API keys", [NewApiKeySerializer]),
        ("Webhooks", [NewWebhookSerializer]),
        ("Connections", [ModelConnectionSerializer]),
    ],
)
def test_documented_fields_match_the_code(
    title: str, serializers: list[type[BaseSerializer[Any]]]
) -> None:
    there = {name for kind in serializers for name in kind().fields}  # type: ignore[attr-defined]
    tables = rows(section(PAGE, title))
    assert {codes(cells[0])[0] for cells in tables if cells[0] not in METHODS} == there


def test_every_error_is_documented() -> None:
    table = {(int(cells[0]), *codes(cells[1])) for cells in rows(section(PAGE, "Errors"))}
    by_rule = {(status, code) for code, status in STATUS.items()}
    assert table == by_rule | {(500, ErrorCode.INTERNAL)} | set(CODES.items())


def test_documented_list_parameters_match_the_code() -> None:
    document = openapi_document()
    there = {
        parameter["name"]
        for methods in document["paths"].values()
        for parameter in methods.get("get", {}).get("parameters", [])
        if parameter.get("in") == "query"
    }
    assert {codes(cells[0])[0] for cells in rows(section(PAGE, "Lists"))} == there


def test_docs_page_policy_is_documented() -> None:
    [block] = [block for block in blocks(PAGE, "") if "default-src" in block]
    assert " ".join(block.split()) == DOCS


def test_documented_rate_matches_the_setting() -> None:
    numbers = re.findall(r"(\d+)", section(PAGE, "Rate limits").partition("429")[0])
    limits = Limits()
    assert numbers == [str(limits.api_requests_per_minute), str(limits.api_requests_burst)]


def run(example: str, variables: dict[str, str]) -> str:
    """Run an example as a reader would, but stop at the first answer that is an error."""
    done = subprocess.run(
        ["sh", "-euc", f'curl() {{ command curl -sS --fail-with-body "$@"; }}\n{example}'],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{example}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.server
def test_documented_examples_work(
    live_server_process: StartServer,
    acme: Organization,
    acme_key: str,
    alice: User,
    tmp_path: Path,
) -> None:
    # The server knows Django's hashers, not the fast one of the tests.
    alice.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1_000)
    alice.save(update_fields=["password"])
    server = live_server_process()
    variables = {
        "SITE": server.url,
        "KEY": acme_key,
        "EMAIL": alice.username,
        "PASSWORD": PASSWORD,
        "TMPDIR": str(tmp_path),
    }
    examples = blocks(PAGE, "sh")
    signing_in = next(example for example in examples if "JAR=" in example)
    cookies = run(f'{signing_in}\nprintf "\\n%s %s" "$JAR" "$TOKEN"', variables)
    variables["JAR"], variables["TOKEN"] = cookies.splitlines()[-1].split()
    data: EndpointData = {"url": "https://example.com/", "events": ["*"]}
    webhook = create_endpoint(organization=acme, data=data)
    connection = ModelConnection.objects.create(
        organization=acme, name="Ours", base_url="https://127.0.0.1:9/v1"
    )
    # Each example finds rows of its own.
    for number, example in enumerate(examples):
        widget = make_widget(acme)
        contact = Contact.objects.create(organization=acme, name=f"Contact {number}")
        session, _ = create_widget_session(widget=widget)
        Contact.objects.filter(email="jane@example.com").delete()
        Contact.objects.filter(phone="+1234567890").delete()
        ids = {
            "AGENT_ID": str(make_agent(acme).id),
            "WIDGET_ID": str(widget.id),
            "CONTACT_ID": str(contact.id),
            "SESSION_ID": str(session.id),
            "WEBHOOK_ID": str(webhook.id),
            "CONNECTION_ID": str(connection.id),
            "MEMBER_ID": str(acme.memberships.get(user=alice).id),
            "KEY_ID": str(create_api_key(organization=acme, name="Old")[0].id),
        }
        run(example, {**variables, **ids})
