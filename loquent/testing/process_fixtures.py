"""Fixtures that start servers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loquent.testing.process import ServerProcess
from loquent.testing.waiting import WAIT_SECONDS

WAIT_MILLISECONDS = WAIT_SECONDS * 1000
StartServer = Callable[..., ServerProcess]


@pytest.fixture
def live_server_process(transactional_db: None, tmp_path: Path) -> Iterator[StartServer]:
    """`server = live_server_process(RATE_LIMITS="off")`: a real server on the test's database.

    Keywords are environment variables; `arguments=("--workers", "2")` go to the command. It may be
    called more than once. Mark the test `server`.
    """
    servers: list[ServerProcess] = []

    def start(*, arguments: tuple[str, ...] = (), **variables: str) -> ServerProcess:
        log_path = tmp_path / f"server-{len(servers) + 1}.log"
        server = ServerProcess(log_path, arguments=arguments, **variables)
        servers.append(server)
        server.wait_until_ready()
        return server

    yield start
    for server in servers:
        server.terminate()
