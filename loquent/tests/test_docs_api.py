"""docs/api.md describes the REST API that there is, and its examples work."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from drf_spectacular.generators import SchemaGenerator
from rest_framework.serializers import BaseSerializer

from contacts.api import ContactSerializer
from contacts.models import Contact
from loquent.agents.api import TextAgentSerializer
from loquent.api import CODES
from loquent.errors import ErrorCode
from loquent.organizations.models import Organization
from loquent.testing.people import PASSWORD, make_agent, make_widget
from loquent.testing.process_fixtures import StartServer
from loquent.tests.documents import blocks, codes, read, rows, section
from widgets.api.contact_data import ErasureReceiptSerializer
from widgets.api.serializers import (
    WidgetMessageSerializer,
    WidgetSerializer,
    WidgetSessionSerializer,
)
from widgets.services.sessions import create_widget_session

PAGE = read("docs/api.md")
RESOURCES = ("Widgets", "Agents", "Contacts", "Sessions")
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def test_every_endpoint_is_documented_and_no_other() -> None:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
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
    ],
)
def test_every_field_is_documented_and_no_other(
    title: str, serializers: list[type[BaseSerializer[Any]]]
) -> None:
    there = {name for kind in serializers for name in kind().fields}  # type: ignore[attr-defined]
    tables = rows(section(PAGE, title))
    assert {codes(cells[0])[0] for cells in tables if cells[0] not in METHODS} == there


def test_every_error_is_documented() -> None:
    table = {int(cells[0]): codes(cells[1]) for cells in rows(section(PAGE, "Errors"))}
    # Of the status codes that have no code of their own, only a body too large comes up.
    there = {413: ErrorCode.INVALID, **CODES}
    # No rate is set on the REST API.
    assert table == {status: [code] for status, code in there.items() if status != 429}


@pytest.mark.server
def test_the_examples_work(
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
    # Each example finds rows of its own.
    for number, example in enumerate(blocks(PAGE, "sh")):
        widget = make_widget(acme)
        contact = Contact.objects.create(organization=acme, name=f"Contact {number}")
        session, _ = create_widget_session(widget=widget)
        variables = {
            "SITE": server.url,
            "KEY": acme_key,
            "EMAIL": alice.username,
            "PASSWORD": PASSWORD,
            "AGENT_ID": str(make_agent(acme).id),
            "WIDGET_ID": str(widget.id),
            "CONTACT_ID": str(contact.id),
            "SESSION_ID": str(session.id),
            "TMPDIR": str(tmp_path),
        }
        Contact.objects.filter(email="jane@example.com").delete()
        done = subprocess.run(
            ["sh", "-euc", f'curl() {{ command curl -sS --fail-with-body "$@"; }}\n{example}'],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, f"{example}\n{done.stdout}{done.stderr}"
