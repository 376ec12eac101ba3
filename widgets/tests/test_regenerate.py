"""`regenerate`: the latest answer is replaced by a new one, under its number."""

from loquent.db.threads import in_database
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits, kinds
from widgets.models import WidgetConfig, WidgetDailyUsage, WidgetMessage
from widgets.tests.golden import is_golden
from widgets.tests.regenerating import answered, ask, contents, failed, regenerate


async def test_new_answer_keeps_the_seq_of_the_earlier_one(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, first = await answered(visit, widget, scripted)
    await regenerate(socket, first["id"])
    answer = await scripted.asked()
    answer.say("Sec")
    frames = await socket.until("delta")
    assert await contents() == [(1, "Hi", "complete"), (2, "First.", "complete")]
    answer.end("ond.")
    frames += await socket.until("typing_stop")
    assert kinds(frames) == ["typing_start", "delta", "delta", "message", "typing_stop"]
    assert all(is_golden(frame, v2=True) for frame in frames)
    message = frames[-2]
    assert (message["seq"], message["content"], message["role"]) == (2, "Second.", "assistant")
    assert message["id"] == frames[0]["message_id"] != first["id"]
    assert await contents() == [(1, "Hi", "complete"), (2, "Second.", "complete")]
    assert await in_database(WidgetDailyUsage.objects.values_list("messages", flat=True).get) == 2


async def test_model_gets_the_same_request_again(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, _ = await answered(visit, widget, scripted)
    (await ask(socket, scripted, "And then?")).end("Then that.")
    latest = (await socket.until("typing_stop"))[-2]
    await regenerate(socket, latest["id"])
    (await scripted.asked()).end("Then this.")
    await socket.until("typing_stop")
    asked, again = scripted.requests[-2:]
    assert [m.content for m in again.messages] == ["Hi", "First.", "And then?"]
    assert again.messages == asked.messages
    (await ask(socket, scripted, "Good.")).end("Yes.")
    told = [message.content for message in scripted.requests[-1].messages]
    assert told == ["Hi", "First.", "And then?", "Then this.", "Good."]


async def test_answer_can_be_regenerated_repeatedly(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, message = await answered(visit, widget, scripted)
    ids = [message["id"]]
    for text in ("Second.", "Third."):
        await regenerate(socket, ids[-1])
        (await scripted.asked()).end(text)
        message = (await socket.until("typing_stop"))[-2]
        assert (message["seq"], message["content"]) == (2, text)
        ids.append(message["id"])
    assert len(set(ids)) == 3


async def test_message_sent_during_regeneration_is_answered_afterwards(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, first = await answered(visit, widget, scripted)
    await regenerate(socket, first["id"])
    answer = await scripted.asked()
    await socket.say("Another thing")
    await socket.until("ack")
    answer.end("Second.")
    assert (await socket.until("message"))[-1]["seq"] == 2
    last = await scripted.asked()
    assert [m.content for m in last.request.messages] == ["Hi", "Second.", "Another thing"]
    last.end("Sure.")
    await socket.until("message")
    assert [row[:2] for row in await contents()] == [
        (1, "Hi"),
        (2, "Second."),
        (3, "Another thing"),
        (4, "Sure."),
    ]


async def test_rating_is_removed_with_the_answer(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, first = await answered(visit, widget, scripted)
    await socket.send({"type": "feedback", "message_id": first["id"], "rating": "down"})
    await socket.until("feedback_saved")
    await regenerate(socket, first["id"])
    (await scripted.asked()).end("Second.")
    await socket.until("typing_stop")
    assert (await in_database(WidgetMessage.objects.get, role="assistant")).rating is None
    await socket.send({"type": "feedback", "message_id": first["id"], "rating": "up"})
    assert (await socket.receive())["code"] == "forbidden"


async def test_an_answer_that_failed_with_text_is_replaced(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, frames = await failed(visit, widget, scripted, "Well, ")
    (half,) = (frame for frame in frames if frame["type"] == "message")
    await regenerate(socket, half["id"])
    (await scripted.asked()).end("Whole.")
    message = (await socket.until("typing_stop"))[-2]
    assert (message["seq"], message["status"]) == (2, "complete")
    assert await contents() == [(1, "Hi", "complete"), (2, "Whole.", "complete")]


async def test_turn_without_an_answer_is_identified_by_its_message(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, frames = await failed(visit, widget, scripted)
    assert kinds(frames) == ["ack", "typing_start", "error", "typing_stop"]
    await regenerate(socket, frames[0]["id"])
    (await scripted.asked()).end("Whole.")
    message = (await socket.until("typing_stop"))[-2]
    assert (message["seq"], message["content"]) == (2, "Whole.")
    # The id that stood for the turn is used up.
    await regenerate(socket, frames[0]["id"])
    assert (await socket.receive())["code"] == "forbidden"


async def test_turn_without_an_answer_is_identified_by_its_typing_id(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, frames = await failed(visit, widget, scripted)
    await regenerate(socket, frames[1]["message_id"])
    answer = await scripted.asked()
    answer.fail()
    again = await socket.until("typing_stop")
    assert kinds(again) == ["typing_start", "error", "typing_stop"]
    assert again[0]["message_id"] != frames[1]["message_id"]
    await regenerate(socket, again[0]["message_id"])
    (await scripted.asked()).end("At last.")
    assert (await socket.until("typing_stop"))[-2]["seq"] == 2
    for used_up in (frames[1], again[0]):
        await regenerate(socket, used_up["message_id"])
        assert (await socket.receive())["code"] == "forbidden"


async def test_turn_stopped_before_the_first_word_can_be_regenerated(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await ask(socket, scripted)
    await socket.send({"type": "stop"})
    ack = (await socket.until("typing_stop"))[0]
    await regenerate(socket, ack["id"])
    (await scripted.asked()).end("Here.")
    assert (await socket.until("typing_stop"))[-2]["content"] == "Here."


async def test_latest_answer_can_be_older_than_the_latest_question(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    answer = await ask(socket, scripted, "One")
    await socket.until("typing_start")
    await socket.say("Two")
    await socket.until("ack")
    answer.end("First.")
    first = (await socket.until("typing_stop"))[-2]
    (await scripted.asked()).fail()
    unanswered = (await socket.until("typing_stop"))[0]["message_id"]
    await regenerate(socket, first["id"])
    again = await scripted.asked()
    assert [m.content for m in again.request.messages] == ["One"]
    again.end("Better.")
    await socket.until("typing_stop")
    await regenerate(socket, unanswered)
    last = await scripted.asked()
    assert [m.content for m in last.request.messages] == ["One", "Better.", "Two"]
    last.end("Second.")
    assert (await socket.until("typing_stop"))[-2]["seq"] == 4
    assert [row[1] for row in await contents()] == ["One", "Two", "Better.", "Second."]
