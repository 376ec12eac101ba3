"""Saving an assistant says whether its model can answer."""

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from loquent.agents.models import TextAgent
from loquent.agents.tests.test_agent_form import filled_in
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent
from loquent.testing.ports import free_port
from loquent.testing.receiver import Received, Receiver

pytestmark = pytest.mark.django_db(transaction=True)
Reply = tuple[int, dict[str, str], bytes]
WORD = {"choices": [{"message": {"role": "assistant", "content": "OK"}}]}


def replying(*, models: list[str], refused: int = 0) -> Receiver:
    """Return a model server with these models; it refuses everything with the status `refused`."""

    def reply(request: Received) -> Reply:
        data = {"data": [{"id": name} for name in models]} if "/models" in request.path else WORD
        known = "/models" in request.path or json.loads(request.body)["model"] != "gone"
        status = refused or (200 if known else 404)
        return status, {"Content-Type": "application/json"}, json.dumps(data).encode()

    found = Receiver()
    found.reply = reply
    return found


@pytest.fixture
def editor(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return make_agent(acme, name="Helper", model="openai-chat:small")


def save(editor: Client, agent: TextAgent, **changes: str) -> tuple[str, str]:
    """Press *Save*; return the address that it led to, and the page there."""
    address = f"/admin/agents/textagent/{agent.pk}/change/"
    data = {**filled_in(editor, agent), **changes, "_save": "Save"}
    response = editor.post(address, data, follow=True)
    return response.redirect_chain[-1][0], response.content.decode()


def test_unreachable_model_is_reported_on_the_same_page(
    editor: Client, agent: TextAgent, settings: Settings
) -> None:
    settings.OPENAI_BASE_URL = f"http://127.0.0.1:{free_port()}/v1"
    address, page = save(editor, agent, instructions="Be kind.")
    assert address == f"/admin/agents/textagent/{agent.pk}/change/"
    assert (
        "Saved, but Helper can&#x27;t answer: Nothing answers at the AI service&#x27;s address."
        in page
    )
    assert "Ask the person who runs this server" in page
    assert "choose the built-in search" in page
    assert "successfully" not in page
    agent.refresh_from_db()
    assert agent.instructions == "Be kind."


@pytest.mark.parametrize(
    ("models", "refused", "name", "says"),
    [
        (["small"], 401, "small", "The provider refuses the key."),
        (["small"], 503, "small", "The provider has a problem (error 503)."),
        (["small"], 0, "gone", "The provider has no model “gone”. Use one of its models, such as"),
    ],
)
def test_refusal_is_reported_in_words(
    editor: Client,
    agent: TextAgent,
    settings: Settings,
    models: list[str],
    refused: int,
    name: str,
    says: str,
) -> None:
    with replying(models=models, refused=refused) as server:
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{server.port}/v1"
        _, page = save(editor, agent, model=f"openai-chat:{name}")
    assert says in page
    assert "endpoint" not in page.partition("messagelist")[2].partition("</ul>")[0]


@pytest.mark.parametrize("models", [["small"], ["small:latest"], []])
def test_working_model_is_saved_without_a_word(
    editor: Client, agent: TextAgent, settings: Settings, models: list[str]
) -> None:
    with replying(models=models) as server:
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{server.port}/v1"
        address, page = save(editor, agent)
        asked = [request.path for request in server.requests]
    assert "answer:" not in page
    assert "change" not in address
    assert asked == ["/v1/models", *([] if models == ["small"] else ["/v1/chat/completions"])]


def test_switched_off_or_built_in_assistant_is_not_checked(
    editor: Client, agent: TextAgent, settings: Settings
) -> None:
    with replying(models=[]) as server:
        settings.OPENAI_BASE_URL = f"http://127.0.0.1:{server.port}/v1"
        save(editor, agent, enabled="")
        save(editor, agent, model="builtin:knowledge", enabled="on")
        assert server.requests == []
