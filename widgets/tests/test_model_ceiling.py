"""SERVER_MODELS: on the server's key there are only the models that its operator allows."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from loquent.agents.models import TextAgent
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.sockets import Visits
from widgets.models import WidgetConfig

Connect = Callable[..., APIClient]
AGENTS, LIST = "/api/v1/agents/", "/admin/agents/textagent/"
PLAYGROUND = f"{LIST}playground/"
ALLOWED = ["small", "llama3:8b"]
CHOICES = ["builtin:knowledge", "openai-chat:small", "openai-chat:llama3:8b"]
REFUSAL = (
    "openai-chat:huge is not allowed on this server. Use one of: builtin:knowledge, "
    "openai-chat:small, openai-chat:llama3:8b."
)


@pytest.fixture
def earlier(acme: Organization) -> TextAgent:
    """An agent from the time before the ceiling."""
    return make_agent(acme, model="openai-chat:huge", fallback_sentence="Not now.")


@pytest.fixture
def _ceiling(earlier: TextAgent, settings: Settings) -> None:
    settings.SERVER_MODELS = ALLOWED


pytestmark = pytest.mark.usefixtures("_ceiling")


@pytest.mark.parametrize("model", CHOICES)
def test_allowed_models_are_saved(api: Connect, acme_key: str, model: str) -> None:
    response = api(acme_key).post(AGENTS, {"name": "A", "model": model})
    assert response.status_code == 201


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_other_models_are_refused_by_rest(
    api: Connect, acme_key: str, earlier: TextAgent, method: str
) -> None:
    path = AGENTS if method == "post" else f"{AGENTS}{earlier.id}/"
    response = getattr(api(acme_key), method)(path, {"name": "B", "model": "openai-chat:huge"})
    assert response.status_code == 400
    assert response.json()["fields"] == {"model": [REFUSAL]}
    assert TextAgent.objects.get().name != "B"


@pytest.mark.parametrize(
    "model", ["openai-chat:Small", "openai-chat: small", "openai-chat:small x"]
)
def test_similar_model_name_is_refused(api: Connect, acme_key: str, model: str) -> None:
    response = api(acme_key).post(AGENTS, {"name": "A", "model": model})
    assert (response.status_code, list(response.json()["fields"])) == (400, ["model"])


def test_other_settings_of_an_earlier_agent_can_be_changed(
    api: Connect, acme_key: str, earlier: TextAgent
) -> None:
    response = api(acme_key).patch(f"{AGENTS}{earlier.id}/", {"name": "Renamed"})
    assert (response.status_code, response.json()["model"]) == (200, "openai-chat:huge")


def test_form_refuses_other_models_and_offers_only_these(
    client: Client, alice: User, acme: Organization, settings: Settings
) -> None:
    settings.OPENAI_MODELS = ["suggested"]
    client.force_login(alice)
    response = client.get(f"{LIST}add/")
    assert response.context["models"] == CHOICES
    data = {
        "organization": acme.id, "name": "New", "model": "openai-chat:huge", "enabled": "on",
        "max_output_tokens": "100", "fallback_sentence": "Sorry.", "_save": "Save",
    }  # fmt: skip
    response = client.post(f"{LIST}add/", data)
    assert response.context["adminform"].form.errors == {"model": [REFUSAL]}
    assert client.post(f"{LIST}add/", data | {"model": "openai-chat:small"}).status_code == 302


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_staff_see_why_an_earlier_agent_does_not_answer(
    client: Client, earlier: TextAgent, who: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(who))
    page = client.get(f"{LIST}{earlier.id}/change/").content.decode()
    assert f"This agent can't answer: {REFUSAL}" in page
    assert "Model not allowed" in client.get(LIST).content.decode()


def test_playground_gives_the_reason(client: Client, alice: User, earlier: TextAgent) -> None:
    client.force_login(alice)
    data = {
        "agent": str(earlier.id), "model": "openai-chat:huge", "max_output_tokens": "50",
        "messages": json.dumps([{"role": "user", "content": "Hi"}]),
    }  # fmt: skip
    response: Any = client.post(PLAYGROUND, data)
    assert (response.status_code, response.json()["fields"]) == (400, {"model": [REFUSAL]})


async def test_visitors_of_an_earlier_agent_get_its_fallback(
    visit: Visits, transactional_db: None, earlier: TextAgent, settings: Settings
) -> None:
    async with ScriptedEndpoint() as endpoint:
        settings.OPENAI_BASE_URL = endpoint.base_url
        widget: WidgetConfig = await in_database(make_widget, earlier.organization, agent=earlier)
        socket = await visit.opened(widget)
        await socket.say("Hi")
        error = (await socket.until("typing_stop"))[-2]
        assert (error["code"], error["message"]) == ("agent_unavailable", "Not now.")
        assert endpoint.requests == []


def test_settings_page_names_the_models(client: Client, alice: User, acme: Organization) -> None:
    client.force_login(alice)
    body = client.get("/admin/agents/dailytokenusage/").content.decode()
    assert "Models on the server&#x27;s key: small, llama3:8b." in body
