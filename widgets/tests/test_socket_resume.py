"""Visitors who leave, come back, and have several tabs."""

import asyncio

import pytest
from pytest_django import Settings

from loquent.db.threads import in_database
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Frame, VisitorSocket, Visits, kinds
from loquent.testing.waiting import WAIT_SECONDS
from widgets.chat.turn_runner import runner
from widgets.models import WidgetConfig, WidgetMessage, WidgetSession


async def all_turns_end() -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while tasks := list(runner._tasks.values()):
            await asyncio.wait(tasks)


@pytest.mark.promise(6)
async def test_answer_is_completed_after_the_visitor_leaves(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi", "k")
    answer = await scripted.asked()
    await socket.leave()
    answer.end("Hello.")
    await all_turns_end()
    again = await visit(widget, token=socket.token)
    await again.receive()
    history = await again.receive()
    assert [m["content"] for m in history["messages"]] == ["Hi", "Hello."]
    await again.say("Hi", "k")
    assert kinds(await again.drained()) == ["ack"]


@pytest.mark.promise(6)
async def test_reconnect_during_an_answer_gets_the_text_so_far_and_the_rest(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi")
    answer = await scripted.asked()
    answer.say("One 😀 ")
    await socket.until("delta")
    await socket.leave()
    again = await visit(widget, token=socket.token)
    frames = [await again.receive() for _ in range(4)]
    assert kinds(frames) == ["session", "history", "typing_start", "delta"]
    assert [m["content"] for m in frames[1]["messages"]] == ["Hi"]
    assert (frames[3]["offset"], frames[3]["content"]) == (0, "One 😀 ")
    answer.end("two.")
    rest = await again.until("typing_stop")
    assert kinds(rest) == ["delta", "message", "typing_stop"]
    assert (rest[0]["offset"], rest[0]["content"]) == (7, "two.")
    assert rest[1]["content"] == "One 😀 two."
    assert rest[1]["id"] == frames[2]["message_id"]


async def test_base_reconnect_during_an_answer_gets_its_end(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget, v2=False)
    await socket.say("Hi")
    answer = await scripted.asked()
    answer.say("One ")
    await socket.leave()
    again = await visit(widget, v2=False, token=socket.token)
    frames = [await again.receive() for _ in range(3)]
    assert kinds(frames) == ["session", "history", "typing_start"]
    answer.end("two.")
    assert await again.until("typing_stop") == [
        {"type": "message", "content": "One two.", "role": "assistant"},
        {"type": "typing_stop"},
    ]


async def test_every_tab_sees_the_conversation(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    one = await visit.opened(widget)
    two = await visit.opened(widget, token=one.token)
    base = await visit.opened(widget, v2=False, token=one.token)
    await one.say("Hi", "k")
    answer = await scripted.asked()
    answer.end("Hello.")
    await one.until("typing_stop")
    frames = await two.until("typing_stop")
    assert kinds(frames) == ["message", "typing_start", "message", "typing_stop"]
    assert [f["role"] for f in frames if f["type"] == "message"] == ["user", "assistant"]
    # The base socket began nothing: its next frames are those of its own turn.
    await base.say("And I?")
    (await scripted.asked()).end("You too.")
    assert kinds(await base.until("typing_stop")) == ["typing_start", "message", "typing_stop"]


async def test_stop_from_another_tab_keeps_the_text_so_far(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    one = await visit.opened(widget)
    two = await visit.opened(widget, token=one.token)
    await one.say("Hi")
    answer = await scripted.asked()
    answer.say("Half an answer, ")
    await one.until("delta")
    await two.send({"type": "stop"})
    frames = await one.until("typing_stop")
    assert kinds(frames) == ["message", "typing_stop"]
    assert (frames[0]["content"], frames[0]["status"]) == ("Half an answer,", "stopped")
    await asyncio.wait_for(answer.closed.wait(), WAIT_SECONDS)
    base = await visit(widget, v2=False, token=one.token)
    await base.receive()
    assert (await base.receive())["messages"][1]["content"] == "Half an answer,"


async def test_stop_before_the_first_word_leaves_no_message(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi")
    await scripted.asked()
    await socket.send({"type": "stop"})
    assert kinds(await socket.until("typing_stop")) == ["ack", "typing_start", "typing_stop"]
    assert await in_database(WidgetMessage.objects.count) == 1


async def test_stop_directly_after_the_message_works(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    for _ in range(5):
        await socket.say("Hi")
        await socket.send({"type": "stop"})
        assert kinds(await socket.until("typing_stop")) == ["ack", "typing_start", "typing_stop"]
    assert await in_database(WidgetMessage.objects.count) == 5


async def test_new_conversation_directly_after_the_message_ends_its_turn(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi")
    await socket.send({"type": "new_conversation"})
    frames = await socket.until("session")
    assert kinds(frames).count("typing_start") == kinds(frames).count("typing_stop")
    # Nobody is asked for an answer that nobody waits for; or no longer.
    if scripted.requests:
        await asyncio.wait_for((await scripted.asked()).closed.wait(), WAIT_SECONDS)
    assert await in_database(WidgetMessage.objects.count) == 1


async def test_stop_without_a_turn_keeps_waiting_messages(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.send({"type": "stop"})
    assert await socket.drained() == []
    await socket.say("One")
    await scripted.asked()
    await socket.say("Two")
    await socket.send({"type": "stop"})
    await socket.until("typing_stop")
    (await scripted.asked()).end("Second.")
    assert (await socket.until("typing_stop"))[-2]["content"] == "Second."


async def test_a_new_conversation_reaches_every_socket(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    one = await visit.opened(widget)
    old_token = one.token
    two = await visit.opened(widget, token=old_token)
    base = await visit.opened(widget, v2=False, token=old_token)
    await one.say("Hi")
    answer = await scripted.asked()
    answer.say("Half")
    await two.until("typing_start")
    await two.send({"type": "new_conversation"})
    for socket in (one, two, base):
        frames = await socket.until("session")
        # Whatever was being written is over for this socket before the new session begins.
        assert kinds(frames).count("typing_stop") == kinds(frames).count("typing_start") + (
            socket is two
        )
        assert frames[-1]["session_token"] == socket.token != old_token
    assert one.token == two.token == base.token
    await asyncio.wait_for(answer.closed.wait(), WAIT_SECONDS)
    await all_turns_end()
    await one.say("Fresh")
    request = (await scripted.asked()).request
    assert [m.content for m in request.messages] == ["Fresh"]
    late = await visit(widget, token=old_token)
    assert (await late.receive())["resumed"] is False
    ended = await in_database(WidgetSession.objects.filter(ended_at=None).count)
    assert ended == 2


async def test_new_conversation_drops_waiting_messages(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("One")
    await scripted.asked()
    await socket.say("Two")
    await socket.until("ack")
    await socket.send({"type": "new_conversation"})
    await socket.until("session")
    await all_turns_end()
    assert not scripted.is_asked


async def test_feedback_is_stored_and_replayed(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    scripted.automatic = ("Hello.",)
    socket = await visit.opened(widget)
    await socket.say("Hi")
    answer = (await socket.until("typing_stop"))[-2]
    frame = {"type": "feedback", "message_id": answer["id"], "rating": "up", "comment": "Nice"}
    await socket.send(frame)
    assert await socket.receive() == {"type": "feedback_saved", "message_id": answer["id"]}
    row = await in_database(WidgetMessage.objects.get, role="assistant")
    assert (row.rating, row.rating_comment) == ("up", "Nice")
    again = await visit(widget, token=socket.token)
    await again.receive()
    assert (await again.receive())["messages"][1]["feedback"] == "up"
    # A page that was loaded since knows the rating, but no comment.
    await socket.send({"type": "feedback", "message_id": answer["id"], "rating": "down"})
    assert (await socket.receive())["type"] == "feedback_saved"
    await in_database(row.refresh_from_db)
    assert (row.rating, row.rating_comment) == ("down", "Nice")
    await socket.send({**frame, "rating": None})
    assert (await socket.receive())["type"] == "feedback_saved"
    await in_database(row.refresh_from_db)
    assert (row.rating, row.rating_comment) == (None, "")


async def test_feedback_applies_only_to_answers_of_the_session(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    scripted.automatic = ("Hello.",)
    theirs, mine = await visit.opened(widget), await visit.opened(widget)
    await theirs.say("Hi")
    answer = (await theirs.until("typing_stop"))[-2]
    await mine.say("Hi")
    own_question = (await mine.until("typing_stop"))[0]
    for message_id in (answer["id"], own_question["id"], "nonsense", "0" * 64):
        await mine.send({"type": "feedback", "message_id": message_id, "rating": "up"})
        assert (await mine.receive())["code"] == "forbidden"
    row = await in_database(WidgetMessage.objects.get, id=answer["id"])
    assert row.rating is None


async def test_a_send_is_idempotent_over_many_sockets(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    scripted.automatic = ("Hello.",)
    first = await visit.opened(widget)
    sockets = [first, *[await visit.opened(widget, token=first.token) for _ in range(4)]]
    await asyncio.gather(*(socket.say("Hi", "same") for socket in sockets for _ in range(4)))
    acks = []
    for socket in sockets:
        acks += [frame for frame in await socket.drained() if frame["type"] == "ack"]
    assert len(acks) == 20
    assert all(ack == acks[0] for ack in acks)
    await all_turns_end()
    assert len(scripted.requests) == 1
    assert await in_database(WidgetMessage.objects.count) == 2


async def test_three_tabs_see_one_order(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, settings: Settings
) -> None:
    settings.RATE_LIMITS = False
    scripted.automatic = ("Yes.",)
    first = await visit.opened(widget)
    tabs = [first, *[await visit.opened(widget, token=first.token) for _ in range(2)]]
    frames: dict[VisitorSocket, list[Frame]] = {tab: [] for tab in tabs}
    for number in range(8):
        for tab in tabs:
            await tab.say(f"{number}")
        for tab in tabs:
            frames[tab] += await tab.until("ack")
        await all_turns_end()
    for tab in tabs:
        frames[tab] += await tab.drained()
    rows = await in_database(lambda: list(WidgetMessage.objects.values_list("seq", flat=True)))
    assert sorted(rows) == list(range(1, 49))
    for tab in tabs:
        seen = [f["seq"] for f in frames[tab] if f["type"] in {"ack", "message"}]
        assert seen == list(range(1, 49))
