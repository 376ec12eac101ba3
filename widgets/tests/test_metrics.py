"""What a conversation adds to the metrics."""

from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY
from pytest_django import Settings

from loquent.agents.types import BackendError
from loquent.db.threads import in_database
from loquent.telemetry.metrics import frames
from loquent.testing.scripted import ScriptedBackend
from loquent.testing.sockets import Visits
from widgets.chat.supervisor import supervisor
from widgets.chat.telemetry import measure_deployment, measure_process
from widgets.models import WidgetConfig

Added = Callable[..., float]


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture
def added() -> Added:
    """`added("loquent_x_total", label="…")`: how much more it is than when first asked for."""
    # Those of earlier tests.
    frames.count()
    first = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
    }

    def added(name: str, **labels: str) -> float:
        return value(name, **labels) - first.get((name, frozenset(labels.items())), 0.0)

    return added


async def test_turn_is_counted_and_timed(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, added: Added
) -> None:
    scripted.automatic = ("Hello", " there.")
    socket = await visit.opened(widget)
    assert added("loquent_sockets_open") == 1
    assert added("loquent_socket_handshakes_total", result="accepted") == 1
    await socket.say("Hi", "key-1")
    frames = await socket.until("typing_stop")
    await socket.say("Hi", "key-1")
    frames += await socket.until("ack")
    assert added("loquent_messages_total") == 1
    await measure_process()
    assert added("loquent_frames_total", direction="in") == 2
    # The session, the state of the conversation at the opening and after the first answer, and
    # these.
    assert added("loquent_frames_total", direction="out") == 3 + len(frames)
    assert added("loquent_turns_total", outcome="complete") == 1
    assert added("loquent_turn_first_token_seconds_count") == 1
    assert added("loquent_turn_seconds_count") == 1
    assert added("loquent_model_calls_total", backend="test", outcome="complete") == 1
    assert added("loquent_model_first_token_seconds_count", backend="test") == 1
    assert added("loquent_database_call_seconds_count", call="finish_turns") == 1
    assert added("loquent_database_threads", state="busy") == 0
    await socket.leave(4999)
    assert added("loquent_sockets_open") == 0
    assert added("loquent_sockets_closed_total", by="client", code="other") == 1


async def test_failures_and_stops_are_counted(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, added: Added
) -> None:
    socket = await visit.opened(widget)
    await socket.say("One")
    answer = await scripted.asked()
    answer.fail(BackendError("it is down", permanent=True))
    await socket.until("typing_stop")
    await socket.say("Two")
    answer = await scripted.asked()
    answer.say("Half")
    await socket.until("delta")
    await socket.send({"type": "stop"})
    await socket.until("typing_stop")
    for outcome in ("failed", "stopped"):
        assert added("loquent_turns_total", outcome=outcome) == 1
        assert added("loquent_model_calls_total", backend="test", outcome=outcome) == 1


async def test_refusals_and_closes_are_counted(
    visit: Visits, widget: WidgetConfig, added: Added, settings: Settings
) -> None:
    assert not (await visit("wid_nothing")).accepted
    assert added("loquent_socket_handshakes_total", result="refused") == 1
    widget.daily_message_cap = 0
    await in_database(widget.save)
    socket = await visit.opened(widget)
    await socket.say("Hi")
    await socket.until("error")
    assert added("loquent_limit_refusals_total", kind="daily_cap") == 1
    await supervisor.drain(grace_seconds=0)
    assert await socket.closed() == 1012
    assert added("loquent_sockets_closed_total", by="server", code="1012") == 1
    assert added("loquent_sockets_open") == 0


async def test_queue_and_process_gauges_are_exported(
    visit: Visits, widget: WidgetConfig, scripted: ScriptedBackend, added: Added
) -> None:
    socket = await visit.opened(widget)
    for text in ("One", "Two", "Three"):
        await socket.say(text)
        await socket.until("ack")
    answer = await scripted.asked()
    await measure_deployment()
    assert value("loquent_turns_running") == 1
    assert value("loquent_turns_waiting") == 2
    assert value("loquent_turns_oldest_wait_seconds") > 0
    await measure_process()
    assert value("loquent_processes") == 1
    assert value("loquent_resident_memory_bytes") > 10_000_000
    assert value("loquent_cpu_seconds_total") > 0
    assert value("loquent_database_threads", state="all") > 0
    answer.end(".")
    await socket.until("typing_stop")
