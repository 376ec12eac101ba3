"""A visitor's message and its answer, as the sockets see it."""

from dataclasses import replace

from pytest_django import Settings

from loquent.agents.models import TextAgent
from loquent.agents.types import Source
from loquent.db.threads import in_database
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits, kinds
from widgets.models import WidgetConfig, WidgetMessage, WidgetTurn
from widgets.tests.golden import is_golden


async def test_base_socket_receives_the_frames_of_a_turn(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    scripted.automatic = ("Hello", " there.")
    socket = await visit.opened(widget, v2=False)
    await socket.say("Hi")
    assert await socket.until("typing_stop") == [
        {"type": "typing_start"},
        {"type": "message", "content": "Hello there.", "role": "assistant"},
        {"type": "typing_stop"},
    ]


async def test_v2_socket_receives_the_frames_of_a_turn(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi", "key-1")
    ack, start = await socket.receive(), await socket.receive()
    assert (ack["type"], ack["client_message_id"], ack["seq"]) == ("ack", "key-1", 1)
    assert start["type"] == "typing_start"
    answer = await scripted.asked()
    answer.say("Hé 😀")
    first = await socket.receive()
    answer.say(" there")
    second = await socket.receive()
    answer.end(".", sources=(Source(title="Shipping", url="https://example.com/s"),))
    rest = await socket.until("typing_stop")
    for frame in (ack, start, first, second, *rest):
        assert is_golden(frame, v2=True), frame
    deltas = [frame for frame in (first, second, *rest) if frame["type"] == "delta"]
    assert [d["content"] for d in deltas] == ["Hé 😀", " there", "."]
    # JavaScript counts the emoji as two.
    assert [d["offset"] for d in deltas] == [0, 5, 11]
    message = rest[-2]
    assert message["type"] == "message"
    assert message["content"] == "Hé 😀 there."
    assert message["sources"] == [{"title": "Shipping", "url": "https://example.com/s"}]
    assert (message["status"], message["seq"]) == ("complete", 2)
    assert message["id"] == start["message_id"] == first["message_id"]


async def test_a_message_without_a_key_is_acked_with_null(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    scripted.automatic = ("Yes.",)
    socket = await visit.opened(widget)
    await socket.say("Hi")
    ack = await socket.receive()
    assert (ack["type"], ack["client_message_id"]) == ("ack", None)


async def test_repeated_key_is_only_acked(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    scripted.automatic = ("Yes.",)
    socket = await visit.opened(widget)
    await socket.say("Hi", "same")
    first = (await socket.until("typing_stop"))[0]
    await socket.say("Something else", "same")
    assert await socket.drained() == [first]
    assert len(scripted.requests) == 1
    assert await in_database(WidgetMessage.objects.count) == 2


async def test_answer_metadata_is_stored(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi")
    answer = await scripted.asked()
    answer.end("Hello", input_tokens=12, output_tokens=3)
    await socket.until("typing_stop")
    row = await in_database(WidgetMessage.objects.get, role="assistant")
    assert (row.model, row.input_tokens, row.output_tokens) == ("test:any", 12, 3)
    assert row.first_token_ms is not None
    assert row.duration_ms is not None
    assert row.duration_ms >= row.first_token_ms
    assert await in_database(WidgetTurn.objects.count) == 0


async def test_failed_turn_keeps_its_text(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket, tab = await visit.opened(widget), None
    tab = await visit.opened(widget, token=socket.token)
    await socket.say("Hi", "k")
    answer = await scripted.asked()
    answer.say("Well, ")
    answer.fail()
    frames = await socket.until("typing_stop")
    assert kinds(frames) == ["ack", "typing_start", "delta", "message", "error", "typing_stop"]
    assert (frames[3]["content"], frames[3]["status"]) == ("Well,", "failed")
    error = frames[4]
    assert (error["code"], error["client_message_id"]) == ("agent_unavailable", "k")
    assert error["message"].startswith("Sorry")
    assert kinds(await tab.until("typing_stop")) == [
        "message",
        "typing_start",
        "message",
        "typing_stop",
    ]
    base = await visit(widget, v2=False, token=socket.token)
    await base.receive()
    assert (await base.receive())["messages"] == [{"role": "user", "content": "Hi"}]


async def test_base_socket_receives_a_failed_turn_as_an_error(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget, v2=False)
    await socket.say("Hi")
    answer = await scripted.asked()
    answer.say("Well, ")
    answer.fail(RuntimeError("a bug, with the visitor's words in it"))
    frames = await socket.until("typing_stop")
    assert kinds(frames) == ["typing_start", "error", "typing_stop"]
    assert set(frames[1]) == {"type", "message", "code"}
    assert "bug" not in frames[1]["message"]


async def test_a_failed_turn_without_text_leaves_no_row(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi")
    (await scripted.asked()).fail()
    frames = await socket.until("typing_stop")
    assert kinds(frames) == ["ack", "typing_start", "error", "typing_stop"]
    assert await in_database(WidgetMessage.objects.count) == 1


async def test_disabled_agent_sends_its_fallback_message(
    visit: Visits, widget: WidgetConfig
) -> None:
    await in_database(TextAgent.objects.update, enabled=False, fallback_sentence="Back at nine.")
    socket = await visit.opened(widget)
    await socket.say("Hi")
    frames = await socket.until("typing_stop")
    assert kinds(frames) == ["ack", "typing_start", "error", "typing_stop"]
    assert (frames[2]["code"], frames[2]["message"]) == ("agent_unavailable", "Back at nine.")


async def test_messages_sent_during_an_answer_wait(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("One")
    first = await scripted.asked()
    await socket.say("Two")
    await socket.until("typing_start")
    assert kinds(await socket.drained()) == ["ack"]
    assert not scripted.is_asked
    first.end("First.")
    await socket.until("typing_stop")
    second = await scripted.asked()
    seen = [(m.role, m.content) for m in second.request.messages]
    assert seen == [("user", "One"), ("assistant", "First."), ("user", "Two")]
    second.end("Second.")
    message = (await socket.until("typing_stop"))[-2]
    assert (message["content"], message["seq"]) == ("Second.", 4)


async def test_at_most_three_messages_wait(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, settings: Settings
) -> None:
    settings.RATE_LIMITS = False
    socket = await visit.opened(widget)
    for number in range(5):
        await socket.say(f"Message {number}", f"k{number}")
    frames = await socket.until("error")
    assert kinds(frames).count("ack") == 4
    error = frames[-1]
    assert (error["code"], error["client_message_id"]) == ("busy", "k4")
    assert await in_database(WidgetMessage.objects.count) == 4
    # What was refused can be sent again with its key, once there is room.
    for _ in range(4):
        (await scripted.asked()).end("Done.")
        await socket.until("typing_stop")
    await socket.say("Message 4", "k4")
    assert (await socket.receive())["seq"] == 9


async def test_model_does_not_see_failed_answers(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    socket = await visit.opened(widget)
    await socket.say("One")
    answer = await scripted.asked()
    answer.say("Half")
    answer.fail()
    await socket.until("typing_stop")
    await socket.say("Two")
    request = (await scripted.asked()).request
    assert [m.content for m in request.messages] == ["One", "Two"]


async def test_a_long_answer_is_cut_and_complete(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, settings: Settings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, answer_chars=10)
    scripted.automatic = ("123456", "789012345")
    socket = await visit.opened(widget)
    await socket.say("Hi")
    message = (await socket.until("typing_stop"))[-2]
    assert (message["content"], message["status"]) == ("1234567890", "complete")


async def test_the_models_text_is_cleaned(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    scripted.automatic = ("A\x00B", "\ud83d", "\ude00", "\ud800.")
    socket = await visit.opened(widget)
    await socket.say("Hi")
    message = (await socket.until("typing_stop"))[-2]
    assert message["content"] == "AB😀\ufffd."


async def test_invisible_answer_is_a_failure(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    scripted.automatic = (" \n ",)
    socket = await visit.opened(widget)
    await socket.say("Hi")
    assert kinds(await socket.until("typing_stop")) == [
        "ack",
        "typing_start",
        "error",
        "typing_stop",
    ]
