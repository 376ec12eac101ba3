"""The REST API that searches knowledge and keeps test questions."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from rest_framework.test import APIClient

from loquent.agents.models import AgentQuestion, KnowledgeEntry, TextAgent
from loquent.agents.services import create_agent
from loquent.organizations.models import Organization

pytestmark = pytest.mark.django_db
SHIPPING = {
    "title": "Shipping",
    "content": "Shipping costs 5 euros. It takes two days.",
    "url": "https://shop.test/shipping",
}
TENT = {"title": "Tent NT-2204", "content": "It weighs two kilos.", "url": ""}


@pytest.fixture
def agent(acme: Organization) -> TextAgent:
    return create_agent(
        organization=acme,
        data={"name": "Shop", "knowledge": [SHIPPING, TENT]},  # type: ignore[list-item]
    )


@pytest.fixture
def client(api: Callable[..., APIClient], acme_key: str) -> APIClient:
    return api(acme_key)


def entry(agent: TextAgent, title: str) -> str:
    return str(KnowledgeEntry.objects.get(agent=agent, title=title).id)


@pytest.mark.parametrize(
    ("question", "previous", "outcome", "title"),
    [
        ("What does shipping cost?", "", "answer", "Shipping"),
        ("nt2204", "", "answer", "Tent NT-2204"),
        ("Do you have the NT 2204?", "", "answer", "Tent NT-2204"),
        ("How long does it take?", "Tell me about shipping", "answer", "Shipping"),
        ("Who is the pope?", "", "none", None),
        ("I want to talk to a human", "", "person", None),
    ],
)
def test_search_gives_the_outcome_and_the_best_entry(
    client: APIClient,
    agent: TextAgent,
    question: str,
    previous: str,
    outcome: str,
    title: str | None,
) -> None:
    response = client.get(
        f"/api/v1/agents/{agent.id}/search/", {"q": question, "previous": previous}
    )
    assert response.status_code == 200
    found = response.json()
    assert found["outcome"] == outcome
    if title is not None:
        best = found["hits"][0]
        assert (best["entry"], best["title"]) == (entry(agent, title), title)
        assert best["url"] == (SHIPPING["url"] if title == "Shipping" else "")
        assert 0 < best["score"] == best["words"] <= 1
        assert best["meaning"] is None


@pytest.mark.parametrize("query", [{}, {"q": " "}, {"q": "a" * 2_001}, {"q": "a\x00"}])
def test_search_refuses_a_question_it_cannot_use(
    client: APIClient, agent: TextAgent, query: dict[str, str]
) -> None:
    response = client.get(f"/api/v1/agents/{agent.id}/search/", query)
    assert response.status_code == 400
    assert list(response.json()["fields"]) == ["q"]


def test_agent_without_knowledge_finds_nothing(client: APIClient, acme: Organization) -> None:
    agent = create_agent(organization=acme, data={"name": "Empty"})
    found = client.get(f"/api/v1/agents/{agent.id}/search/", {"q": "shipping"}).json()
    assert (found["outcome"], found["hits"]) == ("none", [])


def test_search_finds_what_was_just_saved(client: APIClient, agent: TextAgent) -> None:
    address = f"/api/v1/agents/{agent.id}/search/"
    assert client.get(address, {"q": "parasols"}).json()["outcome"] == "none"
    parasols = {"title": "Parasols", "content": "We have no parasols."}
    client.patch(f"/api/v1/agents/{agent.id}/", {"knowledge": [parasols]})
    found = client.get(address, {"q": "parasols"}).json()
    assert [hit["title"] for hit in found["hits"]] == ["Parasols"]


def test_evaluation_counts_each_kind_and_remembers_what_was_right(
    client: APIClient, agent: TextAgent
) -> None:
    questions = f"/api/v1/agents/{agent.id}/questions/"
    for question, expect, title in (
        ("What does shipping cost?", "entry", "Shipping"),
        ("What does shipping cost?", "entry", "Tent NT-2204"),
        ("Who is the pope?", "none", None),
        ("I want to talk to a human", "person", None),
    ):
        body = {"question": question, "expect": expect}
        body |= {"entry": entry(agent, title)} if title else {}
        assert client.post(questions, body).status_code == 201
    first = client.post(f"/api/v1/agents/{agent.id}/evaluate/").json()
    assert first["questions"] == 4
    assert (first["right_at_1"], first["refused_wrongly"]) == (50.0, 0.0)
    assert (first["refused_rightly"], first["persons"]) == (100.0, 100.0)
    assert [result["right"] for result in first["results"]] == [True, False, True, True]
    assert {result["was_right"] for result in first["results"]} == {None}
    KnowledgeEntry.objects.filter(agent=agent, title="Shipping").delete()
    agent.save()
    second = client.post(f"/api/v1/agents/{agent.id}/questions/evaluate/").json()
    assert second["results"][0]["right"] is False
    assert second["results"][0]["was_right"] is True


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"question": ""}, "question"),
        ({"question": "Why?", "expect": "maybe"}, "expect"),
        ({"question": "Why?"}, "entry"),
        ({"question": "Why?", "expect": "none", "entry": "own"}, "entry"),
        ({"question": "Why?", "entry": "foreign"}, "entry"),
        ({"question": "a" * 2_001, "expect": "none"}, "question"),
    ],
)
def test_wrong_question_is_refused_and_names_the_field(
    client: APIClient, acme: Organization, agent: TextAgent, body: dict[str, str], field: str
) -> None:
    other = create_agent(organization=acme, data={"name": "Other", "knowledge": [TENT]})  # type: ignore[list-item]
    ids = {"own": entry(agent, "Shipping"), "foreign": entry(other, "Tent NT-2204")}
    body = {name: ids.get(value, value) for name, value in body.items()}
    response = client.post(f"/api/v1/agents/{agent.id}/questions/", body)
    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]
    assert not AgentQuestion.objects.exists()


def test_question_that_exists_with_the_same_outcome_is_refused(
    client: APIClient, agent: TextAgent
) -> None:
    path = f"/api/v1/agents/{agent.id}/questions/"
    bodies: list[dict[str, str]] = [
        {"question": "What does it cost?", "entry": entry(agent, "Shipping")},
        {"question": "What does it cost?", "entry": entry(agent, "Tent NT-2204")},
        {"question": "What does it cost?", "expect": "none"},
        {"question": "What does it cost?", "expect": "none", "previous": "Tents?"},
    ]
    rows = [client.post(path, body).json() for body in bodies]
    for body in bodies:
        refused = client.post(path, body)
        assert (refused.status_code, list(refused.json()["fields"])) == (400, ["question"])
    # A change to what it is already is none, a change to another's is refused.
    assert client.patch(f"{path}{rows[3]['id']}/", bodies[3]).status_code == 200
    assert client.patch(f"{path}{rows[3]['id']}/", {"previous": ""}).status_code == 400
    assert AgentQuestion.objects.count() == 4


def test_question_of_another_agent_is_not_found(
    client: APIClient, acme: Organization, agent: TextAgent
) -> None:
    question = AgentQuestion.objects.create(agent=agent, question="Why?", expect="none")
    other = create_agent(organization=acme, data={"name": "Other"})
    address = f"/api/v1/agents/{{}}/questions/{question.id}/"
    assert client.get(address.format(other.id)).status_code == 404
    assert client.get(address.format(agent.id)).status_code == 200


def test_command_loads_questions_and_prints_the_figures(agent: TextAgent, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(
        '{"question": "What does shipping cost?", "entry": "Shipping"}\n\n'
        '{"question": "Who is the pope?", "expect": "none"}\n'
    )
    out = StringIO()
    call_command("evaluate_answers", str(agent.id), load=str(file), min_right=100, stdout=out)
    assert "2 questions added." in out.getvalue()
    assert "right_at_1        100.0" in out.getvalue()
    call_command("evaluate_answers", str(agent.id), load=str(file), stdout=out)
    assert "0 questions added, 2 unchanged." in out.getvalue()
    assert AgentQuestion.objects.count() == 2


def test_command_names_every_wrong_line_and_adds_nothing(agent: TextAgent, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text(
        '{"question": "What does shipping cost?", "entry": "Shipping"}\nnonsense\n'
        '{"question": "Why?", "entry": "Nothing"}\n{"question": "Why?", "colour": "red"}\n[]\n'
    )
    with pytest.raises(CommandError) as caught:
        call_command("evaluate_answers", str(agent.id), load=str(file))
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines[1:]] == [f"line {n}" for n in (2, 3, 4, 5)]
    assert not AgentQuestion.objects.exists()


def test_command_fails_if_answers_are_worse_than_wanted(agent: TextAgent) -> None:
    row = KnowledgeEntry.objects.get(agent=agent, title="Shipping")
    AgentQuestion.objects.create(agent=agent, question="Who is the pope?", entry=row)
    with pytest.raises(CommandError, match="right_at_1 is below 50"):
        call_command("evaluate_answers", str(agent.id), min_right=50, stdout=StringIO())
