"""From the database to a request."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loquent.agents.models import DEFAULT_FALLBACK, TextAgent
from loquent.agents.services import AgentData, create_agent, update_agent
from loquent.agents.tests.replies import load_reply
from loquent.agents.types import ChatMessage, Passage
from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.models import Organization

pytestmark = pytest.mark.django_db
HI = [ChatMessage("user", "Hi")]
MUGS = {"title": "Mugs", "content": "Safe in the dishwasher.", "url": ""}


def make_agent(organization: Organization, **data: object) -> TextAgent:
    return create_agent(organization=organization, data={"name": "Ann"} | data)  # type: ignore[arg-type]


def test_request_contains_all_agent_settings(acme: Organization) -> None:
    agent = make_agent(
        acme,
        instructions="Be kind.",
        model="openai-chat:a:b",
        max_output_tokens=5,
        temperature=0.5,
        fallback_sentence="Later.",
        knowledge=[MUGS],
    )
    loaded = load_reply(agent.id, HI)
    assert loaded.model == "openai-chat:a:b"
    assert loaded.fallback_sentence == "Later."
    assert loaded.organization_id == acme.id
    request = loaded.request
    assert (request.agent_id, request.model) == (str(agent.id), "a:b")
    assert (request.instructions, request.max_output_tokens) == ("Be kind.", 5)
    assert request.temperature == 0.5
    assert request.messages == tuple(HI)
    entry = str(agent.knowledge.get().id)
    assert request.knowledge == (Passage("Mugs", "Safe in the dishwasher.", "", entry),)


def test_the_history_is_bounded(acme: Organization) -> None:
    messages = [ChatMessage("user", str(number)) for number in range(50)]
    loaded = load_reply(make_agent(acme).id, messages)
    assert [message.content for message in loaded.request.messages] == [
        str(number) for number in range(30, 50)
    ]


@pytest.mark.parametrize(
    "change", [{"enabled": False}, {"model": "gone:x"}, {"model": "builtin:gone"}]
)
def test_unusable_agent_returns_its_fallback_message(
    acme: Organization, change: dict[str, object]
) -> None:
    agent = make_agent(acme, fallback_sentence="Later.")
    TextAgent.objects.filter(id=agent.id).update(**change)
    with pytest.raises(ApplicationError) as caught:
        load_reply(agent.id, HI)
    assert caught.value.code == ErrorCode.AGENT_UNAVAILABLE
    assert caught.value.message == "Later."


def test_deleted_agent_is_unavailable() -> None:
    with pytest.raises(ApplicationError) as caught:
        load_reply(uuid.uuid4(), HI)
    assert caught.value.code == ErrorCode.AGENT_UNAVAILABLE
    assert caught.value.message == DEFAULT_FALLBACK


def test_unchanged_knowledge_is_not_loaded_again(acme: Organization) -> None:
    agent = make_agent(acme, knowledge=[MUGS])
    first = load_reply(agent.id, HI)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        second = load_reply(agent.id, HI)
    assert len(queries) == 1
    assert second.request.knowledge is first.request.knowledge


def change_title(agent: TextAgent) -> AgentData:
    entry = agent.knowledge.get()
    return {"knowledge": [{"id": entry.id, "title": "Cups", "content": "x", "url": ""}]}


def replace_entry(agent: TextAgent) -> AgentData:
    return {"knowledge": [{"title": "Cups", "content": "x", "url": ""}]}


def add_entry(agent: TextAgent) -> AgentData:
    [kept] = agent.knowledge.all()
    return {"knowledge": [{"id": kept.id}, {"title": "Cups", "content": "x"}]}


def remove_all(agent: TextAgent) -> AgentData:
    return {"knowledge": []}


@pytest.mark.parametrize("change", [change_title, replace_entry, add_entry, remove_all])
def test_every_knowledge_change_is_reloaded(acme: Organization, change: object) -> None:
    agent = make_agent(acme, knowledge=[MUGS])
    before = load_reply(agent.id, HI).request
    update_agent(agent=agent, data=change(agent))  # type: ignore[operator]
    after = load_reply(agent.id, HI).request
    assert after.knowledge_version != before.knowledge_version
    assert {p.title for p in after.knowledge} == set(
        agent.knowledge.values_list("title", flat=True)
    )
    assert after.knowledge != before.knowledge


def test_entry_saved_directly_is_reloaded(acme: Organization) -> None:
    agent = make_agent(acme, knowledge=[MUGS])
    load_reply(agent.id, HI)
    entry = agent.knowledge.get()
    entry.title = "Cups"
    entry.save()
    [passage] = load_reply(agent.id, HI).request.knowledge
    assert passage.title == "Cups"
