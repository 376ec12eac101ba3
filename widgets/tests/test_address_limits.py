"""What an address may do, over all its sockets: an IPv6 network is one address."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from pytest_django import Settings

from loquent.db.threads import in_database
from loquent.ratelimit.shared import limiter
from loquent.testing.clock import Clock
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Frame, VisitorSocket, Visits
from widgets.chat.rooms import rooms
from widgets.chat.supervisor import supervisor
from widgets.models import LimitHit, WidgetConfig
from widgets.services.rate_limits import frame_limiter

OFF = 0
PING = {"type": "ping"}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Clock:
    """The clock of the rates, all of which this process keeps."""
    settings.REDIS_URL = ""
    clock = Clock()
    monkeypatch.setattr(frame_limiter, "_clock", clock)
    monkeypatch.setattr(limiter._local, "_clock", clock)
    return clock


@pytest.fixture
def behind_a_proxy(settings: Settings) -> Callable[[int, int], list[tuple[bytes, bytes]]]:
    """The headers for one host of one /64 of the same /48."""
    settings.TRUSTED_PROXY_COUNT = 1

    def headers(network: int, host: int) -> list[tuple[bytes, bytes]]:
        return [(b"x-forwarded-for", f"2001:db8:1:{network:x}::{host:x}".encode())]

    return headers


async def refusal(socket: VisitorSocket) -> Frame:
    """The error of a socket that is accepted, told why, and closed."""
    assert socket.accepted
    error = (await socket.until("error"))[-1]
    assert error["code"] == "rate_limited"
    assert error["retry_after"] >= 1
    assert await socket.closed() == 4429
    return error


Headers = Callable[[int, int], list[tuple[bytes, bytes]]]


async def test_addresses_of_a_64_share_the_session_rate(
    visit: Visits, widget: WidgetConfig, clock: Clock, behind_a_proxy: Headers
) -> None:
    for host in range(20):
        socket = await visit.opened(widget, headers=behind_a_proxy(2, host))
        await socket.leave()
    await refusal(await visit(widget, headers=behind_a_proxy(2, 99)))
    # The neighbour's network, and a visitor who has a session, come in.
    assert (await visit.opened(widget, headers=behind_a_proxy(3, 1))).token
    again = await visit.opened(widget, token=socket.token, headers=behind_a_proxy(2, 77))
    assert again.token == socket.token


async def test_networks_of_a_48_share_a_wider_bucket(
    visit: Visits,
    widget: WidgetConfig,
    clock: Clock,
    behind_a_proxy: Headers,
    settings: Settings,
) -> None:
    settings.LIMITS = replace(settings.LIMITS, sessions_burst=2)
    for network in range(20):
        await (await visit.opened(widget, headers=behind_a_proxy(network, 1))).leave()
    await refusal(await visit(widget, headers=behind_a_proxy(99, 1)))
    other = [(b"x-forwarded-for", b"2001:db8:2::1")]
    assert (await visit.opened(widget, headers=other)).token


async def test_addresses_of_a_64_share_the_message_rate(
    visit: Visits,
    widget: WidgetConfig,
    scripted: ScriptedBackend,
    clock: Clock,
    behind_a_proxy: Headers,
    settings: Settings,
) -> None:
    settings.LIMITS = replace(settings.LIMITS, messages_per_minute_per_ip=2)
    scripted.automatic = ("Yes.",)
    for host in range(2):
        socket = await visit.opened(widget, headers=behind_a_proxy(2, host))
        await socket.say("Hi")
        await socket.until("typing_stop")
    socket = await visit.opened(widget, headers=behind_a_proxy(2, 9))
    await socket.say("Hi")
    assert (await socket.receive())["code"] == "rate_limited"


async def test_open_sockets_of_networks_are_counted(
    visit: Visits,
    widget: WidgetConfig,
    clock: Clock,
    behind_a_proxy: Headers,
    settings: Settings,
) -> None:
    settings.LIMITS = replace(settings.LIMITS, sockets_per_ip=1)
    for network in range(10):
        await visit.opened(widget, headers=behind_a_proxy(network, 1))
    # The /64 has one, the /48 has ten.
    for headers in (behind_a_proxy(0, 2), behind_a_proxy(99, 1)):
        refused = await visit(widget, headers=headers)
        await refusal(refused)
        await refused.leave()
    assert rooms.open_sockets == rooms.sockets_by_ip["2001:db8:1::/48"] == 10


@pytest.mark.costly
async def test_handshakes_of_an_address_are_counted_resumes_included(
    visit: Visits, widget: WidgetConfig, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await visit.opened(widget)
    for _ in range(119):
        await (await visit.opened(widget, token=first.token)).leave()

    def asked(**_: object) -> None:
        raise AssertionError("The database was asked about a handshake too many.")

    with monkeypatch.context() as watched:
        watched.setattr("widgets.services.sessions.check_page_request", asked)
        refused = await visit(widget, token=first.token)
        assert (await refusal(refused))["retry_after"] == 1
        await refused.leave()
    # Other addresses, and this one a moment later: 240 per minute are four per second.
    assert (await visit.opened(widget, token=first.token, ip="192.0.2.7")).token == first.token
    clock.now += 0.25
    await (await visit.opened(widget, token=first.token)).leave()
    await refusal(await visit(widget, token=first.token))
    await supervisor.count_refusals()
    assert await in_database(lambda: dict(LimitHit.objects.values_list("kind", "count"))) == {
        "handshakes_ip": 2
    }


async def test_refused_handshakes_count_against_the_rate(
    visit: Visits, widget: WidgetConfig, clock: Clock, settings: Settings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, handshakes_burst=2)
    await in_database(WidgetConfig.objects.update, allowed_origins=["https://shop.example.com"])
    assert not (await visit(widget, origin="https://evil.example.com")).accepted
    assert not (await visit("wid_" + "x" * 22)).accepted
    await refusal(await visit(widget, origin="https://shop.example.com"))


async def test_handshake_rate_can_be_disabled(
    visit: Visits, widget: WidgetConfig, settings: Settings
) -> None:
    settings.LIMITS = replace(settings.LIMITS, handshakes_burst=1, handshakes_per_minute_per_ip=OFF)
    for _ in range(3):
        await visit.opened(widget)


async def flood(socket: VisitorSocket) -> int:
    """Ping until the socket is told that it is too much; the number of pings that were answered."""
    answered = 0
    while True:
        await socket.send(PING)
        frame = await socket.receive()
        if frame["type"] == "error":
            assert frame["code"] == "rate_limited"
            assert await socket.closed() == 4429
            return answered
        answered += 1


async def test_frames_of_a_session_are_counted_over_reconnects(
    visit: Visits, widget: WidgetConfig, clock: Clock
) -> None:
    first = await visit.opened(widget)
    answered = [await flood(first)]
    for number in range(6):
        # From anywhere: the bucket is the session's.
        again = await visit.opened(widget, token=first.token, ip=f"192.0.2.{number}")
        answered.append(await flood(again))
    # What five sockets may send at once, and no more.
    assert answered == [120] * 5 + [0, 0]
    clock.now += 60
    assert await flood(await visit.opened(widget, token=first.token)) == 120


async def test_frames_of_an_address_are_counted_over_sessions_and_reconnects(
    visit: Visits, widget: WidgetConfig, clock: Clock, behind_a_proxy: Headers
) -> None:
    answered = [
        await flood(await visit.opened(widget, headers=behind_a_proxy(2, host)))
        for host in range(12)
    ]
    assert answered == [120] * 10 + [0, 0]
    assert await flood(await visit.opened(widget, headers=behind_a_proxy(3, 1))) == 120
    await supervisor.count_refusals()
    counts = await in_database(lambda: dict(LimitHit.objects.values_list("kind", "count")))
    assert counts == {"frames": 11, "frames_ip": 2}
    clock.now += 1
    # 1,200 per minute are twenty per second, for all who share the address.
    assert await flood(await visit.opened(widget, headers=behind_a_proxy(2, 99))) == 20


async def test_operator_can_limit_the_sockets_of_a_process(
    visit: Visits, widget: WidgetConfig, settings: Settings
) -> None:
    settings.MAX_SOCKETS = 2
    # The operator's ceiling is no rate.
    settings.RATE_LIMITS = False
    first = await visit.opened(widget)
    await visit.opened(widget, ip="192.0.2.1")
    refused = await visit(widget, ip="192.0.2.2")
    assert (await refusal(refused))["retry_after"] == 60
    await refused.leave()
    await first.leave()
    assert (await visit.opened(widget, ip="192.0.2.2")).token
    await supervisor.count_refusals()
    assert await in_database(lambda: dict(LimitHit.objects.values_list("kind", "count"))) == {
        "sockets": 1
    }
