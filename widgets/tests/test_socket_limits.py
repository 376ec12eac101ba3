"""How much a visitor may send, and how a socket ends that sends too much."""

import asyncio
import json
import logging
import time
from dataclasses import replace

import pytest
from pytest_django import Settings

from loquent.db.threads import in_database
from loquent.testing.clock import Clock
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import VisitorSocket, Visits, kinds
from widgets.chat.rooms import rooms
from widgets.chat.supervisor import supervisor
from widgets.models import WidgetConfig, WidgetDailyUsage, WidgetMessage, WidgetSession
from widgets.services.rate_limits import frame_limiter

pytestmark = pytest.mark.usefixtures("noon")
BAD = "not json"


async def test_five_messages_are_accepted_before_a_wait(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, settings: Settings
) -> None:
    # A token comes back in a minute: later than the slowest machine is done with five.
    settings.LIMITS = replace(settings.LIMITS, messages_per_minute=1)
    scripted.automatic = ("Yes.",)
    socket = await visit.opened(widget)
    for number in range(5):
        await socket.say("Hi", f"k{number}")
        await socket.until("typing_stop")
    await socket.say("Hi", "k5")
    error = await socket.receive()
    assert (error["code"], error["client_message_id"]) == ("rate_limited", "k5")
    assert 1 <= error["retry_after"] <= 60
    # A repeat of what is accepted costs nothing.
    await socket.say("Hi", "k4")
    assert (await socket.receive())["type"] == "ack"


async def test_rate_limits_can_be_disabled(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, settings: Settings
) -> None:
    settings.RATE_LIMITS = False
    scripted.automatic = ("Yes.",)
    socket = await visit.opened(widget)
    for _ in range(8):
        await socket.say("Hi")
        await socket.until("typing_stop")


async def test_daily_cap_is_shared_by_all_visitors(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    scripted.automatic = ("Yes.",)
    await in_database(WidgetConfig.objects.update, daily_message_cap=2)
    for expected in ("typing_stop", "typing_stop", "error"):
        socket = await visit.opened(widget)
        await socket.say("Hi")
        frames = await socket.until(expected)
    assert frames[-1]["code"] == "daily_cap_reached"
    assert 1 <= frames[-1]["retry_after"] <= 86_400
    assert await in_database(WidgetMessage.objects.filter(role="user").count) == 2
    assert (await in_database(WidgetDailyUsage.objects.get)).messages == 2


async def test_cap_of_zero_accepts_nothing(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend
) -> None:
    await in_database(WidgetConfig.objects.update, daily_message_cap=0)
    socket = await visit.opened(widget)
    await socket.say("Hi")
    assert (await socket.receive())["code"] == "daily_cap_reached"


async def test_ten_bad_frames_end_the_socket(visit: Visits, widget: WidgetConfig) -> None:
    socket = await visit.opened(widget)
    for number in range(10):
        await socket.send_raw(BAD if number % 2 else '{"type":"shout"}')
        assert (await socket.receive())["code"] in {"invalid_frame", "unsupported_frame"}
    assert await socket.closed() == 4400


async def test_empty_messages_are_not_bad_frames(visit: Visits, widget: WidgetConfig) -> None:
    socket = await visit.opened(widget)
    for _ in range(11):
        await socket.say(" ")
        assert (await socket.receive())["code"] == "message_empty"
    assert await socket.drained() == []


async def test_a_frame_over_the_size_ends_the_socket(visit: Visits, widget: WidgetConfig) -> None:
    socket = await visit.opened(widget)
    fits = json.dumps({"type": "ping", "pad": ""})
    await socket.send_raw(fits.replace('""', f'"{"x" * (65_536 - len(fits))}"'))
    assert (await socket.receive())["type"] == "pong"
    await socket.send_raw("x" * 65_537)
    assert await socket.closed() == 1009


async def test_a_flood_of_frames_ends_the_socket(
    visit: Visits, widget: WidgetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else two tokens come back each second.
    monkeypatch.setattr(frame_limiter, "_clock", Clock())
    socket = await visit.opened(widget)
    for _ in range(121):
        await socket.send({"type": "ping"})
    error = (await socket.until("error"))[-1]
    assert error["code"] == "rate_limited"
    assert error["retry_after"] >= 1
    assert await socket.closed() == 4429


async def test_too_many_new_sessions_get_an_error_and_are_closed(
    visit: Visits, widget: WidgetConfig
) -> None:
    first = await visit.opened(widget)
    for _ in range(19):
        await (await visit.opened(widget)).leave()
    refused = await visit(widget)
    assert refused.accepted
    error = await refused.receive()
    assert (error["type"], error["code"]) == ("error", "rate_limited")
    assert error["retry_after"] >= 1
    assert await refused.closed() == 4429
    # Who has a session comes back, and so does another address.
    assert (await (await visit(widget, token=first.token)).receive())["type"] == "session"
    assert (await (await visit(widget, ip="192.0.2.7")).receive())["type"] == "session"


async def test_the_sixth_socket_of_a_session_ends_the_oldest(
    visit: Visits, widget: WidgetConfig
) -> None:
    first = await visit.opened(widget)
    others = [await visit.opened(widget, token=first.token) for _ in range(5)]
    assert await first.closed() == 4409
    assert await others[0].drained() == []


async def test_ten_concurrent_sockets_of_a_session_leave_five(
    visit: Visits, widget: WidgetConfig, caplog: pytest.LogCaptureFixture
) -> None:
    first = await visit.opened(widget)
    await first.leave()
    caplog.set_level(logging.WARNING)
    sockets = await asyncio.gather(*(visit(widget, token=first.token) for _ in range(10)))
    assert all(socket.accepted for socket in sockets)
    # The five that came first are told by a code that browsers can read; the others stay.
    ended = [socket for socket in sockets if await code_of(socket) == 4409]
    assert len(ended) == 5
    assert caplog.text == ""
    assert await in_database(WidgetSession.objects.count) == 1


async def code_of(socket: VisitorSocket) -> int | None:
    """The code with which the server closes; None where the socket answers instead."""
    await socket.send({"type": "ping"})
    try:
        frames = await socket.until("pong")
    except AssertionError:
        return socket.close_code
    assert kinds(frames) == ["session", "pong"]
    return None


async def test_sockets_of_an_address_are_counted(
    visit: Visits, widget: WidgetConfig, settings: Settings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, sockets_per_ip=2)
    first, _ = await visit.opened(widget), await visit.opened(widget)
    refused = await visit(widget)
    assert (await refused.receive())["code"] == "rate_limited"
    assert await refused.closed() == 4429
    await refused.leave()
    await first.leave()
    assert (await (await visit(widget)).receive())["type"] == "session"


@pytest.mark.parametrize("count", [0, 1, 2])
async def test_address_is_read_behind_trusted_proxies(
    visit: Visits, widget: WidgetConfig, settings: Settings, count: int
) -> None:
    settings.TRUSTED_PROXY_COUNT = count
    header = (b"x-forwarded-for", b"6.6.6.6, 192.0.2.1, 198.51.100.2")
    await visit.opened(widget, headers=[header])
    assert list(rooms.sockets_by_ip) == [["127.0.0.1", "198.51.100.2", "192.0.2.1"][count]]


async def test_an_idle_socket_is_closed_and_pings_do_not_count(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.automatic = ("Yes.",)
    idle, busy = await visit.opened(widget), await visit.opened(widget)
    # Never `time.monotonic` itself: it is the event loop's clock, which then stands still.
    began = time.monotonic()
    monkeypatch.setattr("widgets.chat.visitor_socket.monotonic", lambda: began + 1_799)
    await idle.drained()
    await busy.say("Hi")
    await busy.until("typing_stop")
    monkeypatch.setattr("widgets.chat.supervisor.monotonic", lambda: began + 1_801)
    await supervisor.end_idle()
    assert await idle.closed() == 4408
    assert await busy.drained() == []
