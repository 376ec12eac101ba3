"""The supervisor's loops: slow work for one socket does not let leases expire."""

import asyncio
from collections.abc import Callable

import pytest
from django.utils import timezone

from loquent.database import in_database
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits
from loquent.testing.waiting import WAIT_SECONDS, eventually
from widgets.link import link
from widgets.models import WidgetConfig, WidgetTurn


@pytest.fixture(autouse=True)
def _short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("widgets.supervision.RENEW_SECONDS", 0.01)


@pytest.fixture
def redis_returns(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """`redis_returns()`: the link's next check reports once that hints may have been lost."""
    pending: list[bool] = []

    async def check() -> bool:
        return bool(pending) and pending.pop()

    monkeypatch.setattr(link, "check", check)
    return lambda: pending.append(True)


async def test_leases_are_renewed_while_a_resync_hangs(
    visit: Visits,
    widget: WidgetConfig,
    scripted: ScriptedBackend,
    monkeypatch: pytest.MonkeyPatch,
    redis_returns: Callable[[], None],
) -> None:
    socket = await visit.opened(widget)
    await socket.say("Hi")
    await scripted.asked()
    hanging = asyncio.Event()

    async def hang(_: object) -> None:
        hanging.set()
        await asyncio.Event().wait()

    monkeypatch.setattr("widgets.sockets.SessionSocket.resync", hang)
    redis_returns()
    async with asyncio.timeout(WAIT_SECONDS):
        await hanging.wait()
    await in_database(WidgetTurn.objects.update, lease_until=timezone.now())

    async def renewed() -> None:
        turn = await in_database(WidgetTurn.objects.get)
        assert turn.lease_until is not None
        assert turn.lease_until > timezone.now()

    await eventually(renewed)
