"""Fixtures of the agents' tests."""

import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator
from ipaddress import ip_network

import pytest
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from loquent.agents.backends.openai_chat.backend import OpenAIChatBackend
from loquent.agents.backends.openai_chat.request import Dialects
from loquent.agents.backends.registry import backend_for, close_backends
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.agents.tests.site import Site
from loquent.agents.tests.sources import Sources
from loquent.organizations.models import Organization
from loquent.testing.people import make_agent
from loquent.testing.receiver import Receiver


@pytest.fixture(autouse=True)
def _hurried_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the built-in search answer at once; a test of its pace builds its own."""
    monkeypatch.setattr(backend_for("builtin"), "pause", 0.0)


@pytest.fixture
async def endpoint(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ScriptedEndpoint]:
    """A scriptable model endpoint, set as the one of this product; retries come at once."""
    backend = backend_for("openai-chat")
    assert isinstance(backend, OpenAIChatBackend)
    monkeypatch.setattr(backend, "backoff", 0.0)
    # What another test has learnt about a model at the same port is not true here.
    monkeypatch.setattr(backend, "_dialects", Dialects())
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


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    """A website on this machine, which sources may read."""
    settings.SOURCES_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.SOURCES_ALLOW_HTTP = True
    with Receiver() as receiver:
        yield Site(receiver)


@pytest.fixture
def sources(api: Callable[..., APIClient], acme_key: str, acme: Organization) -> Sources:
    """The sources of an agent that knows nothing yet."""
    agent = make_agent(acme)
    agent.knowledge.all().delete()
    return Sources(api(acme_key), agent)
