"""The playground: an answer by settings that nobody has saved, within every limit."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import AsyncClient, Client

from loquent.agents.agent_action import AgentAction
from loquent.agents.backends.registry import close_backends
from loquent.agents.models import DailyTokenUsage, TextAgent, TokenReservation
from loquent.agents.services import playground as drafts
from loquent.agents.services.actions import save_action
from loquent.agents.services.playground import draft_reply
from loquent.agents.services.slots import slots
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import calls, refuse, tokens
from loquent.agents.types import ChatMessage
from loquent.db.threads import in_database
from loquent.errors import ApplicationError, ErrorCode
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent
from loquent.testing.receiver import Receiver
from loquent.testing.scripted import ScriptedBackend

URL = "/admin/agents/textagent/playground/"
SETTINGS = {
    "name": "Draft", "model": "test:any", "instructions": "Be kind.", "max_output_tokens": "50",
    "temperature": "", "fallback_sentence": "Sorry.", "enabled": "",
}  # fmt: skip
Try = Callable[..., Awaitable[list[dict[str, Any]]]]


def asked(*lines: str) -> str:
    roles = ("user", "assistant")
    return json.dumps([{"role": roles[at % 2], "content": text} for at, text in enumerate(lines)])


@pytest.fixture
def agent(transactional_db: None, acme: Organization, scripted: ScriptedBackend) -> TextAgent:
    return make_agent(acme, instructions="Saved.")


@pytest.fixture
async def attempt(async_client: AsyncClient, alice: User, agent: TextAgent) -> Try:
    """`lines = await attempt(model=…)`: what a try of alice's streams."""
    await in_database(async_client.force_login, alice)

    async def post(**fields: str) -> list[dict[str, Any]]:
        data = {**SETTINGS, "agent": str(agent.id), "messages": asked("Hello?"), **fields}
        response: Any = await async_client.post(URL, data)
        assert response.status_code == 200, response.content
        assert response["Content-Type"].startswith("application/x-ndjson")
        body = b"".join([part async for part in response])
        return [json.loads(line) for line in body.splitlines()]

    return post


async def test_playground_streams_with_the_unsaved_settings(
    attempt: Try, agent: TextAgent, scripted: ScriptedBackend
) -> None:
    scripted.automatic = ("Good ", "day.")
    lines = await attempt(messages=asked("Hello?", "Hi.", "Who are you?"))
    assert [line["type"] for line in lines] == ["delta", "delta", "end"]
    assert "".join(line["text"] for line in lines[:2]) == "Good day."
    assert lines[-1]["model"] == "test:any"
    assert lines[-1]["first_token_ms"] >= 0
    [request] = scripted.requests
    assert (request.instructions, request.max_output_tokens) == ("Be kind.", 50)
    assert [(m.role, m.content) for m in request.messages] == [
        ("user", "Hello?"), ("assistant", "Hi."), ("user", "Who are you?"),
    ]  # fmt: skip
    assert {passage.title for passage in request.knowledge} == {"Shipping", "Returns"}
    await in_database(agent.refresh_from_db)
    assert agent.instructions == "Saved."


async def test_playground_gives_the_reason_for_a_cut_answer(
    attempt: Try, scripted: ScriptedBackend
) -> None:
    trying = asyncio.ensure_future(attempt())
    (await scripted.asked()).end("Half an answer", cut="length")
    assert (await trying)[-1]["cut"] == "length"


async def test_text_that_was_reasoning_is_withdrawn(
    attempt: Try, scripted: ScriptedBackend
) -> None:
    trying = asyncio.ensure_future(attempt())
    answer = await scripted.asked()
    answer.say("They ask.")
    answer.restart()
    answer.end("Two days.")
    assert [(line["type"], line.get("text")) for line in (await trying)[:-1]] == [
        ("delta", "They ask."), ("restart", None), ("delta", "Two days."),
    ]  # fmt: skip


async def test_refusals_of_the_endpoint_are_listed_with_the_answer_and_on_the_page(
    attempt: Try, agent: TextAgent, endpoint: ScriptedEndpoint, async_client: AsyncClient
) -> None:
    endpoint.push(refuse(400, "Unsupported parameter: 'temperature'"))
    lines = await attempt(model="openai-chat:noted", temperature="0.5")
    note = "This model does not accept a temperature, so it is not sent."
    assert lines[-1]["notes"] == [note]
    page = f"/admin/agents/textagent/{agent.pk}/change/"
    assert note not in (await async_client.get(page)).content.decode()
    await in_database(TextAgent.objects.filter(pk=agent.pk).update, model="openai-chat:noted")
    assert f"<li>{note}</li>" in (await async_client.get(page)).content.decode()


async def test_playground_names_knowledge_sources(attempt: Try, agent: TextAgent) -> None:
    lines = await attempt(model="builtin:knowledge", messages=asked("Can I return it?"))
    assert lines[-1]["sources"] == [
        {"title": "Returns", "url": "https://shop.example.com/returns"},
    ]
    best = lines[-1]["retrieved"][0]
    assert (best["title"], best["meaning"], best["cited"]) == ("Returns", None, True)
    assert 0 < best["words"] == best["score"] <= 1
    entry = await in_database(agent.knowledge.get, title="Returns")
    assert best["entry"] == str(entry.id)


async def test_playground_says_what_a_model_was_given_and_cited(
    attempt: Try, agent: TextAgent, endpoint: ScriptedEndpoint
) -> None:
    endpoint.push(tokens("Within 30 days ", "[[1]]."))
    lines = await attempt(model="openai-chat:any", messages=asked("Can I return it?"))
    assert lines[-1]["sources"] == [
        {"title": "Returns", "url": "https://shop.example.com/returns"},
    ]
    assert [(each["title"], each["cited"]) for each in lines[-1]["retrieved"]] == [
        ("Returns", True)
    ]


async def test_playground_shows_what_actions_would_send_and_sends_nothing(
    attempt: Try, agent: TextAgent, endpoint: ScriptedEndpoint, local_actions: None
) -> None:
    number = {"name": "number", "type": "string", "required": True, "source": "visitor"}
    with Receiver() as shop:
        for name, title, risk in (("look_up", "Order", "read"), ("cancel", "Cancel", "write")):
            data = {"name": name, "title": title, "description": title, "risk": risk,
                    "method": "POST", "url": f"http://127.0.0.1:{shop.port}/{name}",
                    "parameters": [number]}  # fmt: skip
            await in_database(save_action, AgentAction(agent=agent), data)
        endpoint.push(calls(("look_up", {"number": "7"})), calls(("cancel", {"number": "7"})))
        lines = await attempt(model="openai-chat:any", messages=asked("Cancel order 7"))
        assert shop.requests == []
        sent = f'POST http://127.0.0.1:{shop.port}/look_up {{"number": "7"}}'
    assert lines[-1]["calls"] == [{"title": "Order", "request": sent}]
    assert lines[-1]["proposal"] == {"title": "Cancel", "arguments": {"number": "7"}}


@pytest.mark.usefixtures("noon")
async def test_playground_counts_against_the_budget(
    attempt: Try, acme: Organization, scripted: ScriptedBackend
) -> None:
    acme.daily_token_budget = 10_000
    await in_database(acme.save)
    scripted.automatic = ("Yes.",)
    await attempt()
    usage = await in_database(DailyTokenUsage.objects.get)
    assert usage.used > 0
    assert usage.reserved == 0
    acme.daily_token_budget = 1
    await in_database(acme.save)
    assert await attempt() == [
        {
            "type": "error",
            "message": "Your organization has reached its limit for today. Try again tomorrow.",
        }
    ]
    assert await in_database(TokenReservation.objects.count) == 0
    assert slots.running == 0


async def test_playground_reports_failure_in_one_sentence(
    attempt: Try, scripted: ScriptedBackend
) -> None:
    lines = await attempt(model="openai-chat:nothing-listens")
    assert [line["type"] for line in lines] == ["error"]
    assert lines[0]["message"].startswith("The model did not answer: ")
    await close_backends()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"model": "nobody:x"}, "There is no provider"),
        ({"max_output_tokens": "many"}, "Enter a whole number."),
        ({"max_output_tokens": "0"}, "greater than or equal to 1"),
        ({"temperature": "hot"}, "Enter a number from 0 to 2."),
        ({"temperature": "nan"}, "Use a number from 0 to 2"),
        ({"instructions": "x" * 20_001}, "at most 20,000 characters"),
        ({"messages": asked("  ")}, "Please write a message first."),
        ({"messages": asked("x" * 4_001)}, "at most 4,000 characters"),
        ({"messages": "{"}, "Reload the page and try again."),
        ({"messages": '[{"role": "user"}]'}, "Reload the page and try again."),
        ({"messages": "[]"}, "Please write a message first."),
    ],
)
def test_playground_reports_invalid_settings(
    client: Client, alice: User, agent: TextAgent, fields: dict[str, str], says: str
) -> None:
    client.force_login(alice)
    data = {**SETTINGS, "agent": str(agent.id), "messages": asked("Hello?"), **fields}
    response = client.post(URL, data)
    assert response.status_code == 400
    assert says in str(response.json())


@pytest.mark.parametrize(("who", "status"), [("bob", 404), ("charlie", 404)])
def test_playground_requires_permission_to_change_the_agent(
    client: Client, request: pytest.FixtureRequest, agent: TextAgent, who: str, status: int
) -> None:
    client.force_login(request.getfixturevalue(who))
    data = {**SETTINGS, "agent": str(agent.id), "messages": asked("Hello?")}
    assert client.post(URL, data).status_code == status


def test_new_agent_can_be_tried_by_users_who_may_create_one(
    client: Client, alice: User, bob: User, globex: Organization, acme: Organization
) -> None:
    data = {**SETTINGS, "model": "builtin:knowledge", "messages": asked("Hello?")}
    client.force_login(bob)
    assert client.post(URL, data).status_code == 403
    client.force_login(alice)
    assert client.post(URL, data | {"organization": str(globex.id)}).status_code == 403
    assert client.post(URL, data | {"organization": str(acme.id)}).status_code == 200


def test_foreign_agent_is_404(agent: TextAgent, globex: Organization) -> None:
    with pytest.raises(ApplicationError) as error:
        draft_reply(
            organization=globex,
            data={"model": "builtin:knowledge"},
            messages=[ChatMessage("user", "Hello?")],
            saved_id=agent.id,
        )
    assert error.value.code == ErrorCode.NOT_FOUND


def test_playground_input_is_bounded(
    client: Client, alice: User, agent: TextAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A token comes back in a minute: later than the slowest machine is done with ten.
    monkeypatch.setattr(drafts, "RATE", replace(drafts.RATE, amount=1))
    client.force_login(alice)
    data = {**SETTINGS, "agent": str(agent.id), "messages": asked("Hello?")}
    answers = [client.post(URL, data) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert answers[-1]["Retry-After"]
    assert "too fast" in answers[-1].json()["message"]


async def test_disconnecting_stops_the_model(
    async_client: AsyncClient, alice: User, agent: TextAgent, scripted: ScriptedBackend
) -> None:
    await in_database(async_client.force_login, alice)
    data = {**SETTINGS, "agent": str(agent.id), "messages": asked("Hello?")}
    response: Any = await async_client.post(URL, data)
    pending = asyncio.ensure_future(anext(aiter(response)))
    answer = await scripted.asked()
    answer.say("Half an ")
    assert b"Half an " in await pending
    assert slots.running == 1
    await response._iterator.aclose()
    await answer.closed.wait()
    assert slots.running == 0
