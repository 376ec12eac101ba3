"""What a change of knowledge would do to the test questions, before it is saved."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from loquent.agents.models import AgentQuestion, EvaluationRun, KnowledgeEntry, TextAgent
from loquent.agents.services import create_agent
from loquent.organizations.audit_entry import AuditEntry
from loquent.organizations.models import Organization

pytestmark = pytest.mark.django_db
SHIPPING = {"title": "Shipping", "content": "A parcel costs 5 euros.", "url": ""}
HOURS = {"title": "Opening hours", "content": "Open from nine to six.", "url": ""}


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    made = create_agent(
        organization=acme,
        data={"name": "Shop", "knowledge": [SHIPPING, HOURS]},  # type: ignore[list-item]
    )
    for question, title in (
        ("What does a parcel cost?", "Shipping"),
        ("Do you repair tents?", "Shipping"),
        ("Who is the pope?", None),
    ):
        AgentQuestion.objects.create(
            agent=made,
            question=question,
            expect="entry" if title else "none",
            entry=made.knowledge.get(title=title) if title else None,
        )
    return made


@pytest.fixture
def unchanged(agent: TextAgent) -> Callable[[], bool]:
    """Return whether nothing of the agent has changed since now."""

    def state() -> list[Any]:
        models = (KnowledgeEntry, AgentQuestion, EvaluationRun, AuditEntry, TextAgent)
        return [list(model.objects.order_by("id").values()) for model in models]

    before = state()
    return lambda: state() == before


def test_rest_measures_changed_knowledge_and_saves_nothing(
    api: Callable[..., APIClient], acme_key: str, agent: TextAgent, unchanged: Callable[[], bool]
) -> None:
    client = api(acme_key)
    entry = str(agent.knowledge.get(title="Shipping").id)
    changed = {**SHIPPING, "id": entry, "content": "We repair tents."}
    address = f"/api/v1/agents/{agent.id}/evaluate/"
    result = client.post(address, {"knowledge": [changed, HOURS]}).json()
    assert (result["before"]["right_at_1"], result["right_at_1"]) == (50.0, 50.0)
    assert result["before"]["refused_rightly"] == result["refused_rightly"] == 100.0
    assert "results" not in result["before"]
    lines = [(line["was_right"], line["right"]) for line in result["results"]]
    assert lines == [(True, False), (False, True), (True, True)]
    empty = client.post(address, {"knowledge": []}).json()
    assert (empty["right_at_1"], empty["refused_wrongly"]) == (0.0, 100.0)
    for wrong, field in (
        ([{"title": "", "content": "C"}], "knowledge.0.title"),
        ([{**SHIPPING, "id": str(agent.id)}], "knowledge.0.id"),
        ("all", "knowledge"),
        ([SHIPPING] * 501, "knowledge"),
    ):
        refused = client.post(address, {"knowledge": wrong})
        assert refused.status_code == 400
        assert field in "".join(refused.json()["fields"])
    assert unchanged()
    saved = client.post(address, {}).json()
    assert (saved["before"], saved["right_at_1"]) == (None, 50.0)
    assert EvaluationRun.objects.count() == 1


def test_form_shows_what_saving_or_deleting_an_entry_would_do(
    client: Client, alice: User, agent: TextAgent, unchanged: Callable[[], bool]
) -> None:
    client.force_login(alice)
    page = f"/admin/agents/textagent/{agent.id}/knowledge/"
    entry = client.get(page, {"entry": str(agent.knowledge.get(title="Shipping").id)}).json()
    better = {**entry, "content": "A parcel costs 5 euros. We repair tents."}
    shown = client.post(f"{page}check/", better)
    context = shown.context
    assert (context["lost"], context["gained"]) == ([], ["Do you repair tents?"])
    figures = {row["title"]: row for row in context["figures"]}
    assert (figures["Right"]["before"], figures["Right"]["after"]) == (50.0, 100.0)
    assert (figures["Right"]["change"], figures["Refused wrongly"]["change"]) == ("better",) * 2
    assert figures["Refused rightly"]["change"] == ""
    assert b"Would be right" in shown.content
    deleted = client.post(f"{page}check/", {"id": entry["id"], "delete": "1"}).context
    assert deleted["lost"] == ["What does a parcel cost?"]
    # A new entry that takes a question from another one.
    thief = {"title": "What does a parcel cost?", "content": "Ask.", "url": ""}
    assert client.post(f"{page}check/", thief).context["lost"] == ["What does a parcel cost?"]
    refused = client.post(f"{page}check/", {**entry, "content": ""})
    assert (refused.status_code, list(refused.json()["fields"])) == (400, ["content"])
    assert client.post(f"{page}check/", {**entry, "version": "x"}).status_code == 400
    stale = {**entry, "version": "2020-01-01T00:00:00+00:00"}
    assert client.post(f"{page}check/", stale).status_code == 409
    assert unchanged()
    AgentQuestion.objects.all().delete()
    assert b"no test questions yet" in client.post(f"{page}check/", thief).content


def test_only_those_who_may_change_the_agent_check_its_entries(
    client: Client, bob: User, charlie: User, agent: TextAgent
) -> None:
    for user in (bob, charlie):
        client.force_login(user)
        address = f"/admin/agents/textagent/{agent.id}/knowledge/check/"
        assert client.post(address, SHIPPING).status_code == 404
