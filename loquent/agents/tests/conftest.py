"""Fixtures of the agents' tests."""

import dataclasses
from collections.abc import AsyncIterator, Callable

import pytest
from pytest_django.fixtures import Settings

from loquent.agents.backends.openai_chat.backend import OpenAIChatBackend
from loquent.agents.backends.registry import backend_for, close_backends
from loquent.agents.tests.endpoint import ScriptedEndpoint


@pytest.fixture
async def endpoint(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ScriptedEndpoint]:
    """A scriptable model endpoint, set as the one of this product; retries come at once."""
    backend = backend_for("openai-chat")
    assert isinstance(backend, OpenAIChatBackend)
    monkeypatch.setattr(backend, "backoff", 0.0)
    async with ScriptedEndpoint() as server:
        settings.OPENAI_BASE_URL = server.base_url
        settings.OPENAI_API_KEY = ""
        yield server
        await close_backends()


@pytest.fixture
def set_limits(settings: Settings) -> Callable[..., None]:
    """`set_limits(turn_gap_seconds=0.05)` changes settings.LIMITS for one test."""

    def change(**limits: float) -> None:
        settings.LIMITS = dataclasses.replace(settings.LIMITS, **limits)

    return change
