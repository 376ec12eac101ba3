"""What the browser tests visit."""

import pytest

from loquent.organizations.models import Organization
from loquent.testing.people import PASSWORD, make_agent, make_widget
from loquent.testing.process import ServerProcess
from loquent.testing.process_fixtures import StartServer
from widgets.models import WidgetConfig
from widgets.services.demo import create_demo


@pytest.fixture
def widget(transactional_db: None, acme: Organization) -> WidgetConfig:
    """A widget whose answers come from a `ScriptedEndpoint`."""
    return make_widget(acme, agent=make_agent(acme, model="openai-chat:tokens"))


@pytest.fixture
def demo_site(live_server_process: StartServer) -> ServerProcess:
    """A server with the demo, its page at `/demo/`."""
    server = live_server_process()
    create_demo(owner_password=PASSWORD, site_url=server.url)
    return server
