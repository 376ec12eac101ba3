"""The supervisor's loops: slow or failing work for one socket affects neither leases nor others."""

import asyncio
import uuid
from collections.abc import Callable

import pytest
from channels.layers import InMemoryChannelLayer
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from loquent.db.threads import in_database
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits
from loquent.testing.waiting import WAIT_SECONDS, eventually
from widgets.chat import subscriber
from widgets.chat.bus import ProcessBus, bus
from widgets.chat.events import ResyncRequested
from widgets.chat.supervisor import on_remote_event
from widgets.models import WidgetConfig, WidgetSession, WidgetTurn
from widgets.services.history import Missed, append_message, load_missed
from widgets.types import MessageRole

Loader = Callable[..., Missed]


@pytest.fixture(autouse=True)
def _short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("widgets.chat.supervisor.RENEW_SECONDS", 0.01)
    monkeypatch.setattr("widgets.chat.subscriber.GAP_SECONDS", 0.01)


@pytest.fixture
def redis_returns(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """`redis_returns()`: the bus's next check reports once that hints may have been lost."""
    pending: list[bool] = []

    async def check() -> bool:
        return bool(pending) and pending.pop()

    monkeypatch.setattr(bus, "check", check)
    return lambda: pending.append(True)


def failing_once(load: Loader) -> Loader:
    """The loader, except that its first call fails."""
    errors = [OperationalError("the connection was lost")]

    def load_or_fail(**arguments: object) -> Missed:
        if errors:
            raise errors.pop()
        return load(**arguments)

    return load_or_fail


def post_without_a_hint() -> uuid.UUID:
    """Write a message as another process does while Redis is away. Return the session's id."""
    session = WidgetSession.objects.get()
    append_message(session, role=MessageRole.USER, content="Hi")
    return session.id


@pytest.mark.parametrize(
    "step",
    [
        "widgets.chat.visitor_socket.SessionSocket.resync",
        "widgets.chat.supervisor.Supervisor.count_refusals",
    ],
)
async def test_leases_are_renewed_while_other_steps_hang(
    step: str,
    visit: Visits,
    widget: WidgetConfig,
    scripted: ScriptedBackend,
    monkeypatch: pytest.MonkeyPatch,
    redis_returns: Callable[[], None],
) -> None:
    hanging = asyncio.Event()

    async def hang(_: object) -> None:
        hanging.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(step, hang)
    socket = await visit.opened(widget)
    await socket.say("Hi")
    await scripted.asked()
    redis_returns()
    async with asyncio.timeout(WAIT_SECONDS):
        await hanging.wait()
    await in_database(WidgetTurn.objects.update, lease_until=timezone.now())

    async def renewed() -> None:
        turn = await in_database(WidgetTurn.objects.get)
        assert turn.lease_until is not None
        assert turn.lease_until > timezone.now()

    await eventually(renewed)


async def test_failed_resync_is_retried_and_does_not_skip_other_sockets(
    visit: Visits,
    widget: WidgetConfig,
    monkeypatch: pytest.MonkeyPatch,
    redis_returns: Callable[[], None],
) -> None:
    tabs = [await visit.opened(widget)]
    tabs += [await visit.opened(widget, token=tabs[0].token) for _ in range(2)]
    for tab in tabs:
        await tab.drained()
    await in_database(post_without_a_hint)
    monkeypatch.setattr(subscriber, "load_missed", failing_once(load_missed))
    redis_returns()
    assert [(await tab.until("message"))[-1]["content"] for tab in tabs] == ["Hi"] * 3


async def test_failed_resync_for_another_process_is_retried(
    visit: Visits, widget: WidgetConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = await visit.opened(widget)
    await tab.drained()
    session_id = await in_database(post_without_a_hint)
    monkeypatch.setattr(subscriber, "load_missed", failing_once(load_missed))
    on_remote_event(session_id, ResyncRequested())
    assert (await tab.until("message"))[-1]["content"] == "Hi"


async def test_outage_of_redis_is_logged_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Away:
        async def group_send(self, *_: object) -> None:
            await asyncio.sleep(0)
            raise ConnectionRefusedError

    settings.REDIS_URL = "redis://away"
    monkeypatch.setattr("widgets.chat.bus.get_channel_layer", Away)
    process_bus = ProcessBus()
    await asyncio.gather(*(process_bus.send(uuid.uuid4(), ResyncRequested()) for _ in range(3)))
    assert [record.getMessage() for record in caplog.records] == [
        "The channel layer is unreachable: ConnectionRefusedError"
    ]


@pytest.mark.parametrize("failing", ["group_add", "receive"])
async def test_check_asks_once_for_a_resync_if_the_layer_has_failed_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    layer = InMemoryChannelLayer()
    answer, errors = getattr(layer, failing), [ConnectionResetError()]

    async def fail_once(*arguments: str) -> object:
        if errors:
            raise errors.pop()
        return await answer(*arguments)

    monkeypatch.setattr(layer, failing, fail_once)
    settings.REDIS_URL = "redis://memory"
    monkeypatch.setattr("widgets.chat.bus.get_channel_layer", lambda: layer)
    monkeypatch.setattr("widgets.chat.bus.SKIP_SECONDS", 0)
    monkeypatch.setattr("widgets.chat.bus.RETRY_SECONDS", 0)
    monkeypatch.setattr("widgets.chat.bus.LAYER_SECONDS", WAIT_SECONDS)
    process_bus = ProcessBus()
    process_bus.start(lambda *_: None)
    try:
        await process_bus.subscribe(uuid.uuid4())
        assert [await process_bus.check() for _ in range(3)].count(True) == 1
        assert not process_bus.is_down
    finally:
        await process_bus.stop()
