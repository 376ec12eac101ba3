"""One server and one browser for many pages: each test is a new visitor on another page."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from django.conf import settings
from playwright.async_api import Browser, Page

from loquent.organizations.models import Organization
from loquent.testing.people import make_widget
from loquent.testing.process import ServerProcess
from widgets.tests.browser.chromium import start_chromium

SOURCES = Path(settings.BASE_DIR) / "widget-js"


@dataclass(frozen=True)
class Site:
    """The server, and the widgets of this test."""

    url: str
    port: int
    widget_id: str
    other_id: str

    @property
    def embed(self) -> str:
        """Return the address of the script."""
        return f"{self.url}/api/widget/embed.js"


@pytest.fixture(scope="module")
def shared_server(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A server for all tests of a file."""
    server = ServerProcess(tmp_path_factory.mktemp("site") / "server.log", RATE_LIMITS="off")
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.terminate()


@pytest.fixture
def site(transactional_db: None, acme: Organization, shared_server: ServerProcess) -> Site:
    widget, other = (make_widget(acme, name=name) for name in ("Helper", "Other"))
    return Site(shared_server.url, shared_server.port, widget.widget_id, other.widget_id)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, once per test process."""
    async with start_chromium() as chromium:
        yield chromium


@pytest_asyncio.fixture(loop_scope="session")
async def rough_page(browser: Browser) -> AsyncIterator[Page]:
    """A page that may have uncaught errors."""
    context = await browser.new_context(locale="en-US")
    page = await context.new_page()
    yield page
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(rough_page: Page) -> AsyncIterator[Page]:
    """A page whose uncaught errors fail the test."""
    errors: list[str] = []
    rough_page.on("pageerror", lambda error: errors.append(str(error)))
    yield rough_page
    assert errors == []


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The scripts of the pages by their paths, with the libraries that `package.json` pins."""
    folder = tmp_path_factory.mktemp("pages")
    subprocess.run(["node", SOURCES / "test/pages/build.js", folder], check=True)
    files = {f"/{path.name}": path.read_text() for path in folder.glob("*.js")}
    packages = SOURCES / "node_modules"
    files["/require.js"] = (packages / "requirejs/require.js").read_text()
    # Without the half that needs a DOM, which is not on npm.
    files["/mootools.js"] = (packages / "mootools/lib/mootools-core-1.5.2-server.js").read_text()
    return files
