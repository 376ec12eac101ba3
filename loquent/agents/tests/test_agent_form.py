"""The form of an agent: suggestions, plain words, and two editors at once."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from loquent.agents.models import ModelConnection, TextAgent
from loquent.agents.services import update_agent
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent

LIST = "/admin/agents/textagent/"


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return make_agent(acme, name="Helper", instructions="Be kind.")


def filled_in(client: Client, agent: TextAgent) -> dict[str, Any]:
    """What the browser of an editor would send back unchanged."""
    form = client.get(f"{LIST}{agent.id}/change/").context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    return {
        name: "on" if value is True else value
        for name, value in values.items()
        if value is not None
    }


def test_form_suggests_models(
    client: Client,
    alice: User,
    acme: Organization,
    globex: Organization,
    agent: TextAgent,
    settings: Settings,
) -> None:
    settings.OPENAI_MODELS = ["gpt-x"]
    make_agent(acme, model="openai-chat:ours")
    make_agent(globex, model="openai-chat:theirs")
    client.force_login(alice)
    for page in ("add/", f"{agent.id}/change/"):
        response = client.get(f"{LIST}{page}")
        assert response.context["models"] == [
            "builtin:knowledge", "openai-chat:gpt-x", "openai-chat:ours",
        ]  # fmt: skip
        assert '<option value="openai-chat:gpt-x">' in response.content.decode()


def test_form_names_where_answers_can_come_from(
    client: Client,
    alice: User,
    acme: Organization,
    globex: Organization,
    agent: TextAgent,
    settings: Settings,
) -> None:
    settings.OPENAI_MODELS = ["gpt-x"]
    for organization in (acme, globex):
        ModelConnection.objects.create(
            organization=organization, name=f"Ours at {organization}", model_names=["small"]
        )
    client.force_login(alice)
    response = client.get(f"{LIST}{agent.id}/change/")
    connection = str(ModelConnection.objects.get(organization=acme).pk)
    assert response.context["model_choices"] == {
        "choices": [
            {
                "model": "builtin:knowledge",
                "connection": "",
                "label": "Built-in search, no key needed",
            },
            {"model": "openai-chat:gpt-x", "connection": "", "label": "AI model gpt-x"},
            {
                "model": "openai-chat:small",
                "connection": connection,
                "label": "AI model small (Ours at Acme)",
            },
        ],
        "quoting": ["builtin:knowledge"],
    }


def test_creating_an_agent_leads_to_its_page(
    client: Client, alice: User, acme: Organization
) -> None:
    client.force_login(alice)
    data = {
        "organization": acme.id, "name": "New", "model": "builtin:knowledge", "enabled": "on",
        "max_output_tokens": "100", "fallback_sentence": "Sorry.", "_save": "Save",
    }  # fmt: skip
    response = client.post(f"{LIST}add/", data)
    agent = TextAgent.objects.get()
    assert response["Location"] == f"{LIST}{agent.id}/change/"
    assert (agent.name, agent.organization) == ("New", acme)


def test_second_editor_sees_the_first_editors_changes(
    client: Client, alice: User, agent: TextAgent
) -> None:
    client.force_login(alice)
    page = f"{LIST}{agent.id}/change/"
    typed = filled_in(client, agent) | {"instructions": "Be brief."}
    update_agent(agent=agent, data={"instructions": "Be formal.", "max_output_tokens": 77})
    response = client.post(page, typed)
    assert response.status_code == 200
    body = response.content.decode()
    assert "Another user changed this agent" in body
    assert "Be brief.</textarea>" in body
    assert "“Be formal.”" in body
    form = response.context["adminform"].form
    assert "is now “77”." in body
    assert form["max_output_tokens"].value() == str(typed["max_output_tokens"])
    agent.refresh_from_db()
    assert agent.instructions == "Be formal."
    again = {name: form[name].value() for name in typed if name in form.fields}
    again |= {"enabled": "on", "max_output_tokens": "77"}
    assert client.post(page, again).status_code == 302
    agent.refresh_from_db()
    assert (agent.instructions, agent.max_output_tokens) == ("Be brief.", 77)


def test_new_knowledge_does_not_conflict_with_the_form(
    client: Client, alice: User, agent: TextAgent
) -> None:
    client.force_login(alice)
    page = f"{LIST}{agent.id}/change/"
    typed = filled_in(client, agent) | {"name": "Renamed"}
    entry = {"title": "T", "content": "C", "url": ""}
    assert client.post(f"{LIST}{agent.id}/knowledge/save/", entry).status_code == 200
    assert client.post(page, typed).status_code == 302
    agent.refresh_from_db()
    assert agent.name == "Renamed"


def test_viewer_can_read_but_not_use_the_playground(
    client: Client, bob: User, agent: TextAgent
) -> None:
    client.force_login(bob)
    body = client.get(f"{LIST}{agent.id}/change/").content.decode()
    assert "Shipping" in body
    for word in ("lq-playground", "data-edit", "lq-entry-tools", "data-add", 'name="_save"'):
        assert word not in body
