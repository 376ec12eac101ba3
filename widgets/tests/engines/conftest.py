"""Engines, and a visitor in each of them."""

from collections.abc import AsyncIterator, Iterator

import pytest

from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.organizations.models import Organization
from loquent.testing.engines import ENGINES, Engine, Screen, Visit, start_engine
from loquent.testing.people import make_agent, make_widget
from widgets.models import WidgetConfig


@pytest.fixture(scope="session", params=list(ENGINES))
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """Each engine in turn, started once per test process."""
    engine = start_engine(request.param, tmp_path_factory.mktemp(request.param))
    yield engine
    engine.stop()


@pytest.fixture
async def visit(engine: Engine) -> AsyncIterator[Visit]:
    """A visitor with a new profile."""
    async with engine.visit() as visit:
        yield visit


@pytest.fixture
async def screen(visit: Visit) -> Screen:
    """The visitor's first tab."""
    return Screen(await visit.new_tab())


@pytest.fixture
async def endpoint() -> AsyncIterator[ScriptedEndpoint]:
    """The model that answers in the chats of `widget`."""
    async with ScriptedEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    """A widget whose answers come from `endpoint`."""
    return make_widget(acme, name="Acme", agent=make_agent(acme, model="openai-chat:tokens"))
