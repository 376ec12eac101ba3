"""A real server that is killed while it reads a website."""

import threading
import time
from typing import Any

import pytest

from loquent.agents.tests.site import TEXT, Site, page
from loquent.agents.tests.sources import Sources
from loquent.testing.process_fixtures import StartServer

pytestmark = [
    pytest.mark.promise(25),
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]
SECONDS = 90


def wait_for(sources: Sources, status: str) -> dict[str, Any]:
    deadline = time.monotonic() + SECONDS
    while (found := sources.read())["status"] != status:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def test_server_killed_while_reading_loses_nothing_and_reads_again(
    sources: Sources, site: Site, live_server_process: StartServer
) -> None:
    site.fill(5)
    sources.add(f"{site.root}/")
    before = sources.texts()
    arrived, release = threading.Event(), threading.Event()

    def hold() -> Any:
        arrived.set()
        release.wait(SECONDS)
        return page(f"{TEXT} Changed.", title="T4")

    site.pages["/topic-4"] = hold
    site.pages["/topic-1"] = page(f"{TEXT} Changed.", title="T1")
    sources.client.post(f"{sources.one}sync/", {}, format="json")
    server = live_server_process(
        JOBS_IN_SERVER="1", SOURCES_ALLOWED_NETWORKS="127.0.0.0/8", SOURCES_ALLOW_HTTP="1"
    )
    for _ in range(2):
        assert arrived.wait(SECONDS)
        server.kill()
        assert (sources.read()["status"], sources.texts()) == ("running", before)
        arrived.clear()
        server.start_again()
    assert arrived.wait(SECONDS)
    release.set()
    assert wait_for(sources, "ready")["pages"] == 6
    assert "Changed." in sources.texts()["T4"]
