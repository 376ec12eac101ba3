"""An entry that can't be indexed: it is named, and the others are found."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from loquent.agents.models import TextAgent
from loquent.agents.search import index
from loquent.agents.search.passages import Section, split_sections
from loquent.agents.search.words import terms
from loquent.agents.services import create_agent
from loquent.agents.services.answers import search_agent
from loquent.organizations.models import Organization

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    entries = [
        {"title": "Shipping", "content": "A parcel costs 5 euros.", "url": ""},
        {"title": "Broken", "content": "A parcel of BAD text.", "url": ""},
    ]
    return create_agent(
        organization=acme,
        data={"name": "Shop", "knowledge": entries},  # type: ignore[typeddict-item]
    )


def bad_sections(content: str, title: str = "") -> list[Section]:
    if "BAD" in content:
        raise ValueError(content)
    return split_sections(content, title)


def bad_terms(text: str, language: str = "") -> list[str]:
    if "BAD" in text:
        raise ValueError(text)
    return terms(text, language)


@pytest.mark.parametrize(
    ("name", "fails"), [("split_sections", bad_sections), ("terms", bad_terms)]
)
def test_entry_that_cannot_be_indexed_is_named_and_the_others_are_found(
    client: Client,
    alice: User,
    agent: TextAgent,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    fails: object,
) -> None:
    monkeypatch.setattr(index, name, fails)
    found = search_agent(agent=agent, question="What does a parcel cost?")
    assert (found.outcome, found.hits[0].title) == ("answer", "Shipping")
    broken = agent.knowledge.get(title="Broken")
    assert f"entry {broken.pk} can't be indexed: ValueError" in caplog.text
    assert "BAD" not in caplog.text
    client.force_login(alice)
    page = client.get(f"/admin/agents/textagent/{agent.pk}/change/")
    assert [entry.title for entry in page.context["unindexed"]] == ["Broken"]
    assert "could not be indexed: <bdi>Broken</bdi>." in page.content.decode()
    rows = client.get("/admin/knowledge/").context["entries"]
    marked = {row["entry"].title: row["is_unindexed"] for row in rows}
    assert marked == {"Broken": True, "Shipping": False}


def test_indexed_entries_are_not_marked(client: Client, alice: User, agent: TextAgent) -> None:
    search_agent(agent=agent, question="What does a parcel cost?")
    client.force_login(alice)
    page = client.get(f"/admin/agents/textagent/{agent.pk}/change/")
    assert page.context["unindexed"] == []
    assert "Not indexed" not in client.get("/admin/knowledge/").content.decode()
