"""The REST API does what its OpenAPI document says: schemathesis calls every operation."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from pytest_django.fixtures import Settings
from schemathesis.checks import CHECKS

from contacts.models import Contact
from loquent.agents.models import ModelConnection
from loquent.organizations.models import Organization
from loquent.organizations.services.organizations import create_api_key
from loquent.testing.people import make_agent, make_widget
from loquent.webhooks.models import WebhookEndpoint
from loquent.webhooks.services.endpoints import create_endpoint
from loquent.webhooks.types import EndpointData
from widgets.models import SavedReply, WidgetSession
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

EXAMPLES = 5
# What is right by the document may still be wrong by a rule, such as an email that isn't one.
LEFT_OUT = {"positive_data_acceptance"}
# The session is sent with every request, also where schemathesis means to leave it out.
LEFT_OUT_BY_SESSION = LEFT_OUT | {"ignored_auth", "negative_data_rejection"}

document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
schema = schemathesis.openapi.from_dict(document)
schema.app = get_wsgi_application()


def make_session(organization: Organization) -> WidgetSession:
    session, _ = create_widget_session(widget=make_widget(organization))
    append_message(session, role="user", content="Hello?")
    append_message(session, role="assistant", content="Hi!")
    return session


def make_webhook(organization: Organization) -> WebhookEndpoint:
    data: EndpointData = {"url": "https://example.com/", "events": ["*"]}
    return create_endpoint(organization=organization, data=data)


@pytest.fixture
def make(acme: Organization) -> dict[str, Callable[[], Any]]:
    """How to make a row of each kind."""
    return {
        "widgets": lambda: make_widget(acme),
        "agents": lambda: make_agent(acme),
        "contacts": lambda: Contact.objects.create(organization=acme, name="Jane"),
        "sessions": lambda: make_session(acme),
        # An organization can have few.
        "webhooks": lambda: (
            WebhookEndpoint.objects.filter(organization=acme).first() or make_webhook(acme)
        ),
        "connections": lambda: (
            ModelConnection.objects.filter(organization=acme).first()
            or ModelConnection.objects.create(
                organization=acme, name="Ours", base_url="https://127.0.0.1:9/v1"
            )
        ),
        "saved-replies": lambda: SavedReply.objects.create(
            organization=acme, name="Returns", content="Send it back."
        ),
        "api-keys": lambda: create_api_key(organization=acme, name="Other")[0],
    }


@pytest.fixture
def as_owner(alice: User) -> dict[str, Any]:
    """What a signed-in owner sends."""
    client = Client()
    client.force_login(alice)
    session = client.cookies["sessionid"].value
    token = "a" * 32
    return {
        "cookies": {"sessionid": session, "csrftoken": token},
        "headers": {"X-CSRFToken": token},
    }


@pytest.fixture
def _one_transaction() -> Iterator[None]:
    """Requests leave the test's transaction alone, as with Django's own test client."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.exhaustive
@pytest.mark.usefixtures("_one_transaction")
@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_schema_and_code_agree(
    case: Any,
    make: dict[str, Callable[[], Any]],
    acme: Organization,
    acme_key: str,
    as_owner: dict[str, Any],
    settings: Settings,
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.RATE_LIMITS = False
    kind = case.path.split("/")[3]
    aim_at_a_row(case, kind, make)
    sent, names = {"headers": {"Authorization": f"Bearer {acme_key}"}}, LEFT_OUT
    if kind == "api-keys":
        sent, names = as_owner, LEFT_OUT_BY_SESSION
    left_out = [check for check in CHECKS.get_all() if check.__name__ in names]
    case.call_and_validate(**sent, excluded_checks=left_out)


def aim_at_a_row(case: Any, kind: str, make: dict[str, Callable[[], Any]]) -> None:
    """Let every second address lead to a row, and an agent that is named be one."""
    given = case.path_parameters or {}
    if is_uuid(given.get("id")) and uuid.UUID(given["id"]).int % 2:
        case.path_parameters["id"] = str(make[kind]().id)
    if isinstance(case.body, dict) and is_uuid(case.body.get("text_agent_id")):
        case.body["text_agent_id"] = str(make["agents"]().id)


def is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False
