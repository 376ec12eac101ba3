"""Promise 5: a turn always ends, whatever the model's endpoint does."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from pytest_django import Settings

from loquent.agents.backends.openai_chat.backend import OpenAIChatBackend
from loquent.agents.backends.registry import backend_for, close_backends
from loquent.agents.models import TextAgent
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.db.threads import in_database
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent, make_widget
from loquent.testing.sockets import Visits
from widgets.models import WidgetConfig, WidgetTurn

pytestmark = pytest.mark.promise(5)
FAILURES = (
    "429", "500", "401", "404", "redirect", "hang-headers", "hang-first", "hang", "comments",
    "cut-headers", "cut", "no-end", "garbage", "garbage-html", "not-http", "utf8", "no-choices",
    "empty", "blank", "error-stream", "error-document", "filtered",
)  # fmt: skip


@pytest.fixture
async def endpoint(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ScriptedEndpoint]:
    backend = backend_for("openai-chat")
    assert isinstance(backend, OpenAIChatBackend)
    monkeypatch.setattr(backend, "backoff", 0.0)
    settings.LIMITS = replace(
        settings.LIMITS,
        turn_first_token_seconds=0.5,
        turn_gap_seconds=0.5,
        turn_total_seconds=5,
    )
    async with ScriptedEndpoint() as server:
        settings.OPENAI_BASE_URL = server.base_url
        yield server
        await close_backends()


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    return make_widget(acme, agent=make_agent(acme, model="openai-chat:tokens"))


@pytest.mark.parametrize("v2", [True, pytest.param(False, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("failure", FAILURES)
async def test_failed_turn_ends_and_the_next_one_works(
    visit: Visits, widget: WidgetConfig, endpoint: ScriptedEndpoint, failure: str, v2: bool
) -> None:
    await in_database(TextAgent.objects.update, model=f"openai-chat:{failure}")
    socket = await visit(widget, v2=v2)
    await socket.receive()
    await socket.say("Hi")
    frames = await socket.until("typing_stop")
    kinds = [frame["type"] for frame in frames]
    assert kinds.count("typing_start") == 1
    assert kinds[-2:] == ["error", "typing_stop"]
    assert frames[-2]["code"] == "agent_unavailable"
    assert "secret" not in str(frames)
    await in_database(TextAgent.objects.update, model="openai-chat:tokens")
    await socket.say("Again")
    assert (await socket.until("typing_stop"))[-2]["content"] == "Hello there."
    assert await in_database(WidgetTurn.objects.count) == 0
