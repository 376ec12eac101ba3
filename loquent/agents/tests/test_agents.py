"""Making, changing and deleting agents: the rules, whoever calls."""

import uuid

import pytest
from django.db import connection
from django.db.models import RestrictedError

from loquent.agents.models import KnowledgeEntry, TextAgent
from loquent.agents.services import AgentData, agents, create_agent, delete_agent, update_agent
from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.models import Organization

pytestmark = pytest.mark.django_db


def fields_of(error: pytest.ExceptionInfo[ApplicationError]) -> set[str]:
    assert error.value.code == ErrorCode.INVALID
    return set(error.value.fields)


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return create_agent(
        organization=acme,
        data={
            "name": "Ann",
            "knowledge": [
                {"title": "One", "content": "First."},
                {"title": "Two", "content": "Second.", "url": "https://shop.test/2"},
            ],
        },
    )


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"model": "gpt"}, "model"),
        ({"model": "nobody:gpt"}, "model"),
        ({"model": "builtin:other"}, "model"),
        ({"model": "openai-chat:"}, "model"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"max_output_tokens": 4_097}, "max_output_tokens"),
        ({"temperature": -0.1}, "temperature"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"fallback_sentence": ""}, "fallback_sentence"),
        ({"knowledge": [{"title": "", "content": "x"}]}, "knowledge.0.title"),
        ({"knowledge": [{"title": "x", "content": ""}]}, "knowledge.0.content"),
        (
            {"knowledge": [{"title": "x", "content": "x"}, {"title": "x", "content": "x",
             "url": "javascript:alert(1)"}]},
            "knowledge.1.url",
        ),
        ({"knowledge": [{"id": uuid.uuid4(), "title": "x", "content": "x"}]}, "knowledge.0.id"),
    ],
)  # fmt: skip
def test_each_error_names_its_field_and_nothing_is_written(
    acme: Organization, agent: TextAgent, data: AgentData, field: str
) -> None:
    with pytest.raises(ApplicationError) as caught:
        create_agent(organization=acme, data={"name": "Bea", **data})
    assert fields_of(caught) == {field}
    before = TextAgent.objects.values().get()
    with pytest.raises(ApplicationError) as caught:
        update_agent(agent=agent, data=data)
    assert fields_of(caught) == {field}
    assert TextAgent.objects.values().get() == before
    assert KnowledgeEntry.objects.count() == 2


def test_entries_keep_their_ids(agent: TextAgent) -> None:
    one, two = agent.knowledge.order_by("title")
    wanted: AgentData = {
        "knowledge": [{"title": "New", "content": "Third."}, {"id": two.id, "title": "Two!"}]
    }
    update_agent(agent=agent, data=wanted)
    assert not KnowledgeEntry.objects.filter(id=one.id).exists()
    changed = KnowledgeEntry.objects.get(id=two.id)
    assert (changed.title, changed.content, changed.url) == ("Two!", "Second.", two.url)
    assert changed.created_at == two.created_at
    assert agent.knowledge.count() == 2


def test_omitted_knowledge_leaves_entries_unchanged(agent: TextAgent) -> None:
    before = agent.updated_at
    updated = update_agent(agent=agent, data={"name": "Bea"})
    assert updated.name == "Bea"
    assert updated.updated_at > before
    assert agent.knowledge.count() == 2


def test_entry_of_another_agent_is_refused(acme: Organization, agent: TextAgent) -> None:
    other = create_agent(organization=acme, data={"name": "Bea"})
    entry = agent.knowledge.order_by("title")[0]
    with pytest.raises(ApplicationError) as caught:
        update_agent(
            agent=other, data={"knowledge": [{"id": entry.id, "title": "x", "content": "x"}]}
        )
    assert fields_of(caught) == {"knowledge.0.id"}
    entry.refresh_from_db()
    assert (entry.agent_id, entry.title) == (agent.id, "One")


def test_duplicate_entry_id_is_refused(agent: TextAgent) -> None:
    entry = agent.knowledge.order_by("title")[0]
    with pytest.raises(ApplicationError) as caught:
        update_agent(agent=agent, data={"knowledge": [{"id": entry.id}, {"id": entry.id}]})
    assert fields_of(caught) == {"knowledge.1.id"}


def test_all_invalid_entries_are_named_together(agent: TextAgent) -> None:
    with pytest.raises(ApplicationError) as caught:
        update_agent(
            agent=agent, data={"knowledge": [{"title": ""}, {"title": "x", "content": ""}]}
        )
    assert fields_of(caught) == {
        "knowledge.0.title", "knowledge.0.content", "knowledge.1.content",
    }  # fmt: skip


def test_the_size_of_the_knowledge_is_bounded(
    agent: TextAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents, "MAX_ENTRIES", 2)
    monkeypatch.setattr(agents, "MAX_KNOWLEDGE_CHARS", 2_000)
    monkeypatch.setattr(agents, "MAX_PASSAGES", 2)
    short, long, many = "x", "x" * 2_001, "x" * 600 + "\n\n" + "x" * 600
    for contents in ([short] * 3, [long], [short, many]):
        entries = [{"title": "x", "content": content} for content in contents]
        with pytest.raises(ApplicationError) as caught:
            update_agent(agent=agent, data={"knowledge": entries})  # type: ignore[typeddict-item]
        assert fields_of(caught) == {"knowledge"}


def test_only_given_fields_are_written(agent: TextAgent) -> None:
    stale = TextAgent.objects.get(id=agent.id)
    update_agent(agent=agent, data={"name": "Bea"})
    updated = update_agent(agent=stale, data={"instructions": "Be kind."})
    assert (updated.name, updated.instructions) == ("Bea", "Be kind.")


def test_deleted_agent_cannot_be_changed(agent: TextAgent) -> None:
    TextAgent.objects.all().delete()
    with pytest.raises(ApplicationError) as caught:
        update_agent(agent=agent, data={"name": "Bea"})
    assert caught.value.code == ErrorCode.NOT_FOUND
    assert TextAgent.objects.count() == 0


def test_deleting_an_agent_deletes_its_knowledge(agent: TextAgent) -> None:
    delete_agent(agent=agent)
    assert KnowledgeEntry.objects.count() == 0


def test_agent_in_use_cannot_be_deleted(agent: TextAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    def protect(self: TextAgent) -> None:
        raise RestrictedError("secret name of a widget", set())

    monkeypatch.setattr(TextAgent, "delete", protect)
    with pytest.raises(ApplicationError) as caught:
        delete_agent(agent=agent)
    assert caught.value.code == ErrorCode.CONFLICT
    assert "secret" not in caught.value.message
    assert connection.in_atomic_block
    assert TextAgent.objects.count() == 1
