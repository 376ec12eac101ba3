"""A deploy runs two versions at once: what the newer one sends or writes is no failure."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from loquent.testing.waiting import WAIT_SECONDS
from widgets.chat.bus import ProcessBus
from widgets.chat.events import KINDS, Event, StopRequested, TurnStarted, from_wire
from widgets.models import ActionCall, WidgetConfig, WidgetSession
from widgets.services.handoff.timers import fire_due_timers
from widgets.services.history import append_message
from widgets.services.sessions import create_widget_session

GOOD = {"kind": "StopAsked"}
STRANGE: list[Any] = [
    {"kind": "KindOfTomorrow", "message": {"id": "1"}},
    {"kind": None},
    {"kind": []},
    {},
    "StopAsked",
    None,
    {"kind": "TurnStarted"},
    {"kind": "MessagePosted", "message": {"id": "1"}, "sender": ""},
]


@pytest.fixture
def layer(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> InMemoryChannelLayer:
    layer = InMemoryChannelLayer()
    settings.REDIS_URL = "redis://memory"
    monkeypatch.setattr("widgets.chat.bus.get_channel_layer", lambda: layer)
    # A pause after an event would last longer than the test may.
    monkeypatch.setattr("widgets.chat.bus.RETRY_SECONDS", 10 * WAIT_SECONDS)
    return layer


async def test_strange_events_are_ignored_and_delay_no_other(layer: InMemoryChannelLayer) -> None:
    received: asyncio.Queue[tuple[uuid.UUID, Event]] = asyncio.Queue()
    process_bus, session = ProcessBus(), uuid.uuid4()
    process_bus.start(lambda at, event: received.put_nowait((at, event)))
    await process_bus.subscribe(session)
    group = f"session.{session.hex}"

    async def send(**changes: Any) -> None:
        message = {"type": "session.event", "process": "another", "session": str(session)}
        await layer.group_send(group, {**message, **changes})

    try:
        for strange in STRANGE:
            await send(event=strange)
        await layer.group_send(group, {"type": "session.event"})
        await layer.group_send(group, {"type": "process.of.tomorrow"})
        await send(event=GOOD, session="none")
        await send(event=GOOD)
        async with asyncio.timeout(WAIT_SECONDS):
            assert await received.get() == (session, StopRequested())
        assert received.empty()
        assert await process_bus.check() is False
        assert not process_bus.is_down
    finally:
        await process_bus.stop()


@pytest.mark.parametrize("name", KINDS)
def test_unknown_fields_of_every_kind_are_left_out(name: str) -> None:
    kind = KINDS[name]
    fields: dict[str, Any] = dict.fromkeys(kind.__dataclass_fields__, "x")
    message = dict.fromkeys(("id", "seq", "role", "content", "created_at", "status"))
    for field in {"message", "answer"} & fields.keys():
        fields[field] = {**message, "mood": "new"}
    event = from_wire({"kind": name, **fields, "mood": "new"})
    assert isinstance(event, kind)


def test_unknown_kind_is_none() -> None:
    assert from_wire({"kind": "KindOfTomorrow", "mood": "new"}) is None
    assert from_wire({"kind": "TurnStarted", "message_id": "1", "reply_id": "2", "x": 1}) == (
        TurnStarted("1", "2")
    )


@pytest.mark.django_db
def test_rows_with_unknown_values_are_shown(
    client: Client, alice: User, widget: WidgetConfig
) -> None:
    session, _ = create_widget_session(widget=widget)
    append_message(session, role="user", content="Cancel it")
    action = {"id": "1", "title": "Cancel order", "arguments": {}, "status": "postponed"}
    append_message(session, role="assistant", content="Please confirm", action=action)
    ActionCall.objects.create(
        session=session, name="x", title="X", risk="read", outcome="postponed"
    )
    client.force_login(alice)
    for page in (
        reverse("admin:widgets_widgetsession_change", args=[session.id]),
        reverse("admin:widgets_actioncall_changelist"),
    ):
        response = client.get(page)
        assert response.status_code == 200
        assert "postponed" in response.content.decode()


@pytest.mark.django_db
def test_unknown_timer_is_left_to_the_newer_version(widget: WidgetConfig) -> None:
    session, _ = create_widget_session(widget=widget)
    due_at = timezone.now() - timedelta(minutes=1)
    WidgetSession.objects.update(due_at=due_at, due_kind="x9")
    assert fire_due_timers() == 0
    session.refresh_from_db()
    assert (session.due_at, session.due_kind) == (due_at, "x9")
