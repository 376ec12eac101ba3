"""Fixtures for the visitors' side."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from loquent.agents.backends.registry import close_backends
from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.organizations.models import Organization, Role
from loquent.testing.people import make_agent, make_member, make_widget
from loquent.testing.scripted import ScriptedBackend
from widgets.models import WidgetConfig
from widgets.tests.scripts import build


@pytest.fixture
def widget(transactional_db: None, acme: Organization, scripted: ScriptedBackend) -> WidgetConfig:
    """A widget of Acme whose answers the test holds in its hand."""
    return make_widget(acme, agent=make_agent(acme, model="test:any"))


@pytest.fixture
async def endpoint(settings: Settings) -> AsyncIterator[ScriptedEndpoint]:
    """The server's own model endpoint, which answers as the test says."""
    async with ScriptedEndpoint() as server:
        settings.OPENAI_BASE_URL = server.base_url
        yield server
        await close_backends()


@pytest.fixture
def dist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a built widget that is the test's own."""
    folder = build(tmp_path / "dist")
    monkeypatch.setattr("widgets.bundle.DIST", folder)
    return folder


@pytest.fixture
def ana(acme: Organization) -> User:
    return make_member(acme, "ana", Role.OPERATOR)


@pytest.fixture
def ben(acme: Organization) -> User:
    return make_member(acme, "ben", Role.OPERATOR)
