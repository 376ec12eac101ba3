"""What the browser tests visit."""

import pytest

from loquent.testing.people import PASSWORD
from loquent.testing.process import ServerProcess
from loquent.testing.process_fixtures import StartServer
from widgets.services.demo import create_demo


@pytest.fixture
def demo_site(live_server_process: StartServer) -> ServerProcess:
    """A server with the demo, its page at `/demo/`."""
    server = live_server_process()
    create_demo(owner_password=PASSWORD, site_url=server.url)
    return server
