"""An answer that is written anew, as other tabs and those who come back see it."""

import asyncio

from pytest_django import Settings

from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits, kinds
from widgets.models import WidgetConfig
from widgets.tests.regenerating import answered, ask, failed, regenerate


async def test_other_tabs_see_a_regeneration_and_base_sockets_do_not(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, first = await answered(visit, widget, scripted)
    tab = await visit(widget, token=socket.token)
    base = await visit(widget, v2=False, token=socket.token)
    await regenerate(socket, first["id"])
    (await scripted.asked()).end("Second.")
    frames = (await tab.until("typing_stop"))[2:]
    assert kinds(frames) == ["typing_start", "message", "typing_stop"]
    assert (frames[1]["seq"], frames[1]["content"]) == (2, "Second.")
    (await ask(base, scripted, "And I?")).end("You too.")
    assert kinds(await base.until("typing_stop")) == [
        "session",
        "history",
        "typing_start",
        "message",
        "typing_stop",
    ]
    later = await visit.opened(widget, v2=False, token=socket.token)
    shown = [message["content"] for message in (await later.receive())["messages"]]
    assert shown == ["Hi", "Second.", "And I?", "You too."]


async def test_base_socket_that_asked_the_question_sees_no_regeneration(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    base = await visit.opened(widget, v2=False)
    (await ask(base, scripted)).end("First.")
    await base.until("typing_stop")
    tab = await visit.opened(widget, token=base.token)
    (_, first) = (await tab.receive())["messages"]
    await regenerate(tab, first["id"])
    (await scripted.asked()).end("Second.")
    await tab.until("typing_stop")
    (await ask(base, scripted, "Next")).end("Yes.")
    assert [f.get("content") for f in await base.until("typing_stop")] == [None, "Yes.", None]


async def test_reconnect_during_a_regeneration_continues_it(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, first = await answered(visit, widget, scripted)
    await regenerate(socket, first["id"])
    answer = await scripted.asked()
    answer.say("Sec")
    await socket.until("delta")
    await socket.leave()
    tab = await visit.opened(widget, token=socket.token, query="last_seq=1")
    base = await visit.opened(widget, v2=False, token=socket.token)
    frames = [await tab.receive() for _ in range(3)]
    assert kinds(frames) == ["history", "typing_start", "delta"]
    assert [m["id"] for m in frames[0]["messages"]] == [first["id"]]
    assert (frames[2]["offset"], frames[2]["content"]) == (0, "Sec")
    answer.end("ond.")
    frames = await tab.until("typing_stop")
    assert kinds(frames) == ["delta", "message", "typing_stop"]
    assert (frames[1]["seq"], frames[1]["content"]) == (2, "Second.")
    # The base socket was shown the first answer: it sees nothing of the second.
    assert len((await base.receive())["messages"]) == 2
    (await ask(base, scripted, "Next")).end("Yes.")
    assert [f.get("content") for f in await base.until("typing_stop")] == [None, "Yes.", None]


async def test_base_socket_joins_if_it_was_shown_no_answer(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, frames = await failed(visit, widget, scripted, "Well, ")
    await regenerate(socket, frames[3]["id"])
    answer = await scripted.asked()
    base = await visit.opened(widget, v2=False, token=socket.token)
    assert kinds([await base.receive(), await base.receive()]) == ["history", "typing_start"]
    answer.end("Whole.")
    frames = await base.until("typing_stop")
    assert frames[0] == {"type": "message", "content": "Whole.", "role": "assistant"}


async def test_returning_client_requests_from_before_its_newest_answer(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, first = await answered(visit, widget, scripted)
    tab = await visit.opened(widget, token=socket.token)
    await tab.leave()
    await regenerate(socket, first["id"])
    (await scripted.asked()).end("Second.")
    second = (await socket.until("typing_stop"))[-2]
    tab = await visit.opened(widget, token=socket.token, query="last_seq=1")
    history = await tab.receive()
    assert [(m["seq"], m["id"]) for m in history["messages"]] == [(2, second["id"])]
    assert history["complete"] is True


async def test_replacement_reaches_a_client_with_full_history(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, first = await answered(visit, widget, scripted)
    tab = await visit.opened(widget, token=socket.token, query="last_seq=2")
    await regenerate(socket, first["id"])
    (await scripted.asked()).end("Second.")
    assert [f.get("content") for f in await tab.until("typing_stop")] == [None, "Second.", None]


async def test_socket_opened_as_it_ends_sees_the_answer_once(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, settings: Settings
) -> None:
    settings.RATE_LIMITS = False
    socket, message = await answered(visit, widget, scripted)
    for _ in range(10):
        await regenerate(socket, message["id"])
        answer = await scripted.asked()
        opening = asyncio.create_task(visit.opened(widget, token=socket.token))
        answer.end("Another.")
        message = (await socket.until("typing_stop"))[-2]
        tab = await opening
        frames = await tab.drained()
        held = {m["seq"]: m["id"] for m in frames[0]["messages"]}
        replaced = [frame for frame in frames[1:] if frame["type"] == "message"]
        assert held[2] == message["id"] or [f["id"] for f in replaced] == [message["id"]]
        assert len(replaced) <= 1
        assert kinds(frames).count("typing_start") == kinds(frames).count("typing_stop")
        await tab.leave()
