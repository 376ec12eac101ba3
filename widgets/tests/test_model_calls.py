"""What visitors see when a model has too much to do, or its endpoint is left alone."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytest_django import Settings

from loquent.agents.services.slots import slots
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Frame, VisitorSocket, Visits
from loquent.testing.waiting import WAIT_SECONDS
from widgets.chat.supervisor import supervisor
from widgets.models import LimitHit, WidgetConfig


@pytest.fixture(autouse=True)
def _no_place_is_lost() -> Iterator[None]:
    yield
    assert (slots.running, slots.waiting) == (0, 0)


async def ask(visit: Visits, widget: WidgetConfig) -> VisitorSocket:
    """A visitor whose turn has a place, or waits for one."""
    here = slots.running + slots.waiting
    socket = await visit(widget)
    await socket.receive()
    await socket.say("Hi")
    await socket.until("typing_start")
    async with asyncio.timeout(WAIT_SECONDS):
        while slots.running + slots.waiting == here:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.001)
    return socket


async def rest(socket: VisitorSocket) -> list[Frame]:
    """What comes of a turn after its beginning, without the pieces of its text."""
    return [frame for frame in await socket.until("typing_stop") if frame["type"] != "delta"]


async def test_turn_waits_for_a_slot(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, settings: Settings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, model_calls=1)
    first, second = await ask(visit, widget), await ask(visit, widget)
    answer = await scripted.asked()
    await second.drained()
    assert not scripted.is_asked
    answer.end("One.")
    assert (await rest(first))[0]["content"] == "One."
    (await scripted.asked()).end("Two.")
    assert (await rest(second))[0]["content"] == "Two."


async def test_widgets_are_served_in_turn(
    visit: Visits,
    widget: WidgetConfig,
    scripted: ScriptedBackend,
    settings: Settings,
    acme: Organization,
) -> None:
    settings.LIMITS = replace(settings.LIMITS, model_calls=1)
    agent = await in_database(make_agent, acme, model="test:any", instructions="quiet")
    quiet = await in_database(make_widget, acme, agent=agent)
    sockets = [await ask(visit, widget) for _ in range(3)] + [await ask(visit, quiet)]
    asked = []
    for _ in sockets:
        answer = await scripted.asked()
        asked.append(answer.request.instructions)
        answer.end("Yes.")
    assert asked == ["", "", "quiet", ""]
    for socket in sockets:
        await rest(socket)


async def test_stopped_turn_leaves_the_queue(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, settings: Settings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, model_calls_per_widget=1)
    first, second = await ask(visit, widget), await ask(visit, widget)
    answer = await scripted.asked()
    await second.send({"type": "stop"})
    assert [frame["type"] for frame in await rest(second)] == ["typing_stop"]
    answer.end("One.")
    await rest(first)
    assert not scripted.is_asked


async def test_waiting_too_long_returns_retry_after(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, settings: Settings
) -> None:
    patient = replace(settings.LIMITS, model_calls=1)
    settings.LIMITS = patient
    first = await ask(visit, widget)
    answer = await scripted.asked()
    settings.LIMITS = replace(patient, turn_first_token_seconds=0.05)
    error = (await rest(await ask(visit, widget)))[0]
    assert (error["code"], error["retry_after"]) == ("agent_unavailable", 5)
    assert "try again in a moment" in error["message"]
    answer.end("One.")
    await rest(first)
    await supervisor.count_refusals()
    assert await in_database(LimitHit.objects.values_list("kind", "count").get) == (
        "model_calls",
        1,
    )


async def test_open_breaker_fails_turns_without_waiting(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, settings: Settings
) -> None:
    settings.RATE_LIMITS = False
    # Otherwise the team has the conversation after the second failure.
    await in_database(WidgetConfig.objects.update, handoff_enabled=False)
    socket = await visit(widget)
    await socket.receive()
    for _ in range(10):
        await socket.say("Hi")
        (await scripted.asked()).fail()
        await socket.until("typing_stop")
    await socket.say("Hi")
    frames = await socket.until("typing_stop")
    assert [frame["type"] for frame in frames] == ["ack", "typing_start", "error", "typing_stop"]
    assert frames[2]["code"] == "agent_unavailable"
    assert 1 <= frames[2]["retry_after"] <= 5
    assert not scripted.is_asked
