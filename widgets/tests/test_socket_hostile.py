"""Bad input costs one error, and the next good frame works."""

import logging

import pytest

from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits
from widgets.models import WidgetConfig

pytestmark = pytest.mark.promise(14)

HOSTILE: list[str | bytes] = [
    "",
    " ",
    "null",
    "0",
    "-1e999",
    '"message"',
    "[]",
    "[[]]",
    "{}",
    "{",
    "}",
    '{"type"}',
    '{"type":}',
    '{"type":""}',
    '{"type":null}',
    '{"type":0}',
    '{"type":{}}',
    '{"type":[]}',
    '{"type":["message"]}',
    '{"type":"Message","content":"x"}',
    '{"type":"session"}',
    '{"type":"session.event","process":"x","event":{}}',
    '{"type":"websocket.close"}',
    '{"type":"message"}',
    '{"type":"message","content":null}',
    '{"type":"message","content":1}',
    '{"type":"message","content":NaN}',
    '{"type":"message","content":["x"]}',
    '{"type":"message","content":""}',
    '{"type":"message","content":"\\u0000"}',
    '{"type":"message","content":"x","client_message_id":{}}',
    '{"type":"message","content":"x","client_message_id":"\\u0000"}',
    '{"type":"message","content":"' + "x" * 4_001 + '"}',
    '{"type":"message","content":' + "1" * 5_000 + "}",
    '{"type":"contact_info","email":{}}',
    '{"type":"contact_info","name":"Jane"}',
    '{"type":"feedback"}',
    '{"type":"feedback","message_id":"\\u0000","rating":"up"}',
    '{"type":"feedback","message_id":"\\ud800","rating":"up"}',
    '{"type":"feedback","message_id":"1","rating":{}}',
    "[" * 60_000,
    '{"a":' * 10_000,
    "\ud7ff\ufffe\uffff",
    "\x00",
    b"",
    b"\x00\xff",
    b'{"type":"ping"}',
    "x" * 65_000,
]


@pytest.mark.parametrize("raw", HOSTILE, ids=lambda raw: repr(raw)[:50])
async def test_invalid_frame_gets_one_error_and_keeps_the_socket(
    visit: Visits,
    widget: WidgetConfig,
    scripted: ScriptedBackend,
    caplog: pytest.LogCaptureFixture,
    raw: str | bytes,
) -> None:
    scripted.automatic = ("Yes.",)
    # The key of a message is a field of v2: a base socket ignores it.
    versions = [True] if "client_message_id" in str(raw) else [True, False]
    for v2 in versions:
        socket = await visit(widget, v2=v2)
        await socket.receive()
        await socket.send_raw(raw)
        error = await socket.receive()
        assert error["type"] == "error"
        assert error["code"]
        assert error["message"]
        await socket.say("Still there?")
        assert (await socket.until("typing_stop"))[-2]["content"] == "Yes."
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_unusual_text_is_returned_cleaned(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    scripted.automatic = ("Yes.",)
    socket = await visit(widget)
    await socket.receive()
    await socket.send_raw('{"type":"message","content":"a\\u0000\\ud800b\\u202e<script>"}')
    await socket.until("typing_stop")
    again = await visit(widget, token=socket.token)
    await again.receive()
    assert (await again.receive())["messages"][0]["content"] == "a\ufffdb\u202e<script>"
