"""The lookups of a turn: what they may cost, and that each is logged however the turn ends."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from loquent.agents.agent_action import AgentAction
from loquent.agents.models import DailyTokenUsage, TokenReservation
from loquent.agents.services.actions import save_action
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.endpoint_scripts import calls, stream_of, tokens
from loquent.agents.tests.exchange import Exchange, Script
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.receiver import Received, Receiver
from loquent.testing.sockets import Frame, Visits
from loquent.testing.waiting import WAIT_SECONDS
from widgets.chat.bus import PROCESS
from widgets.chat.supervisor import supervisor
from widgets.chat.turn_runner import runner
from widgets.models import ActionCall, WidgetConfig
from widgets.services.turns.leases import release_turns

pytestmark = pytest.mark.usefixtures("noon")
MAXIMUM = 100
Books = list[tuple[int, int]]


@pytest.fixture
def shop(local_actions: None) -> Iterator[Receiver]:
    with Receiver() as receiver:
        receiver.reply = lambda request: (200, {}, b'{"status": "sent"}')
        yield receiver


@pytest.fixture
def widget(transactional_db: None, acme: Organization, shop: Receiver) -> WidgetConfig:
    Organization.objects.update(daily_token_budget=10_000)
    agent = make_agent(acme, model="openai-chat:lookups", max_output_tokens=MAXIMUM)
    save_action(
        AgentAction(agent=agent),
        {
            "name": "order_status",
            "url": f"http://127.0.0.1:{shop.port}/orders/{{number}}",
            "parameters": [{"name": "number"}],
        },
    )
    return make_widget(acme, agent=agent)


async def books() -> tuple[int, int]:
    """The tokens that are reserved and used."""
    row = await in_database(DailyTokenUsage.objects.get)
    return row.reserved, row.used


async def log() -> list[ActionCall]:
    return await in_database(lambda: list(ActionCall.objects.order_by("created_at")))


def looks_up(number: str, seen: Books | None = None) -> Script:
    """A model that calls the action. `seen` gets the books as they are when it is asked."""

    async def script(exchange: Exchange) -> None:
        if seen is not None:
            seen.append(await books())
        await calls(("order_status", {"number": number}))(exchange)

    return script


def answers(seen: Books) -> Script:
    async def script(exchange: Exchange) -> None:
        seen.append(await books())
        await tokens("It was sent.", usage=(300, 60))(exchange)

    return script


async def ask(visit: Visits, widget: WidgetConfig) -> list[Frame]:
    socket = await visit.opened(widget)
    await socket.say("Where is my order?")
    return await socket.until("typing_stop")


async def test_reservation_grows_before_the_model_is_asked_again(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver
) -> None:
    shop.reply = lambda request: (200, {}, b'{"status": "%s"}' % (b"sent " * 200))
    seen: Books = []
    endpoint.push(looks_up("1", seen), looks_up("2", seen), answers(seen))
    frames = await ask(visit, widget)
    assert frames[-2]["content"] == "It was sent."
    assert [used for _, used in seen] == [0, 0, 0]
    # Each time the result, 1,000 characters, and another answer of the maximum length.
    first, second, third = (reserved for reserved, _ in seen)
    assert first > MAXIMUM
    assert second > first + 300
    assert third > second + 300
    assert await books() == (0, 7 + 5 + 7 + 5 + 300 + 60)
    assert not await in_database(TokenReservation.objects.exists)


async def test_turn_ends_with_an_explanation_if_the_budget_covers_no_further_request(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver
) -> None:
    shop.reply = lambda request: (200, {}, b'{"status": "%s"}' % (b"sent " * 200))
    endpoint.push(looks_up("1"))
    await in_database(Organization.objects.update, daily_token_budget=500)
    *_, error, _ = await ask(visit, widget)
    assert (error["type"], error["code"]) == ("error", "agent_unavailable")
    assert "limit for today" in error["message"]
    assert len(endpoint.requests) == len(shop.requests) == 1
    assert await books() == (0, 7 + 5)
    assert not await in_database(TokenReservation.objects.exists)
    [call] = await log()
    assert call.outcome == "succeeded"
    # What is left still answers a visitor who needs no lookup.
    endpoint.push(tokens("Hello."))
    assert (await ask(visit, widget))[-2]["content"] == "Hello."


async def test_requests_without_token_counts_are_all_estimated(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver
) -> None:
    shop.reply = lambda request: (200, {}, b'{"status": "%s"}' % (b"sent " * 200))
    piece = {"index": 0, "id": "a", "function": {"name": "order_status",
                                                 "arguments": '{"number": "1"}'}}  # fmt: skip
    stop: dict[str, Any] = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    text = {"choices": [{"index": 0, "delta": {"content": "It was sent."}}]}
    called = {"choices": [{"index": 0, "delta": {"tool_calls": [piece]}}]}
    endpoint.push(stream_of(called, stop, "[DONE]"), stream_of(text, stop, "[DONE]"))
    await ask(visit, widget)
    first, second = (len(str(request.body)) // 4 for request in endpoint.requests)
    reserved, used = await books()
    assert reserved == 0
    # Both inputs, the second with the result; not the maximum answer length of the first.
    assert first + second < used < 2 * (first + second)


async def held(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver
) -> tuple[Any, threading.Event]:
    """A visitor whose lookup hangs until the event is set."""
    asked, release = threading.Event(), threading.Event()

    def hang(request: Received) -> tuple[int, dict[str, str], bytes]:
        asked.set()
        release.wait(WAIT_SECONDS)
        return 200, {}, b'{"status": "sent"}'

    shop.reply = hang
    endpoint.push(looks_up("1"))
    socket = await visit.opened(widget)
    await socket.say("Where is my order?")
    assert await asyncio.to_thread(asked.wait, WAIT_SECONDS)
    return socket, release


async def test_lookup_is_logged_before_it_is_sent_and_interrupted_by_a_stop(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver
) -> None:
    socket, release = await held(visit, widget, endpoint, shop)
    [call] = await log()
    assert (call.title, call.arguments, call.outcome) == ("Order status", {"number": "1"}, "")
    await socket.send({"type": "stop"})
    await socket.until("typing_stop")
    release.set()
    [ended] = await log()
    assert (ended.id, ended.outcome, ended.duration_ms) == (call.id, "interrupted", None)
    assert ended.reason == "The answer was stopped during the call."


async def test_lookup_of_a_process_that_ended_is_interrupted_and_its_turn_runs_again(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver, client: Client,
    alice: User,
) -> None:  # fmt: skip
    socket, release = await held(visit, widget, endpoint, shop)
    await runner.end_all(0)
    [call] = await log()
    assert call.outcome == ""
    shop.reply = lambda request: (200, {}, b'{"status": "sent"}')
    release.set()
    endpoint.push(looks_up("1"), tokens("It was sent."))
    await in_database(release_turns, owner=PROCESS)
    await supervisor.keep_turns()
    await socket.until("message")
    lost, again = await log()
    assert (lost.id, lost.outcome, again.outcome) == (call.id, "interrupted", "succeeded")

    def page() -> str:
        client.force_login(alice)
        return client.get(reverse("admin:widgets_actioncall_changelist")).content.decode()

    text = await in_database(page)
    assert "Interrupted" in text
    assert "Running" not in text


async def test_call_that_runs_is_shown_as_running(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, shop: Receiver, client: Client,
    alice: User,
) -> None:  # fmt: skip
    socket, release = await held(visit, widget, endpoint, shop)

    def page() -> str:
        client.force_login(alice)
        return client.get(reverse("admin:widgets_actioncall_changelist")).content.decode()

    assert "Running" in await in_database(page)
    # Nothing else is lost: the turn of this process is no orphan.
    await supervisor.keep_turns()
    endpoint.push(tokens("It was sent."))
    release.set()
    await socket.until("typing_stop")
    [call] = await log()
    assert call.outcome == "succeeded"
