"""A production site of its own: PostgreSQL, Redis, a model endpoint, and server processes.

Unlike the other tests', its database and its Redis may be stopped and started.
"""

import asyncio
import atexit
import json
import tempfile
from contextlib import ExitStack, suppress
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import websockets

from loquent.agents.tests.endpoint import ScriptedEndpoint
from loquent.testing.clock import zone_by_day
from loquent.testing.process import ServerProcess, run_manage
from loquent.testing.rig import Service, own_home, start_postgresql, start_redis
from widgets.tests.faults.visitor import Visitor

PASSWORD = "correct horse battery staple"
SECRET_KEY = "a key for tests only, as long as a key should be"


def manage(*arguments: str, **variables: str) -> str:
    """Run a command of manage.py in production mode; return what it prints."""
    done = run_manage(*arguments, SECRET_KEY=SECRET_KEY, DEBUG="0", **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout


@lru_cache(maxsize=1)
def template() -> tuple[Path, str]:
    """Return a PostgreSQL cluster with one organization, and its API key.

    It is made once per process: a copy takes a tenth of the time of all migrations.
    """
    folder = tempfile.TemporaryDirectory(prefix="loquent-template-")
    atexit.register(folder.cleanup)
    home = Path(folder.name)
    own_home(home)
    postgresql, database_url = start_postgresql(home, fsync=False)
    try:
        postgresql.wait_until_ready()
        manage("migrate", "--verbosity", "0", DATABASE_URL=database_url)
        made = manage(
            "create_organization",
            "Acme",
            *("--owner-email", "alice@example.com", "--owner-password", PASSWORD, "--json"),
            *("--time-zone", zone_by_day()),
            DATABASE_URL=database_url,
        )
    finally:
        postgresql.end()
    return home / "postgresql", str(json.loads(made)["api_key"])


class Site:
    """`async with Site(processes=2) as site:` everything runs, with one widget."""

    postgresql: Service
    redis: Service
    widget: dict[str, Any]

    def __init__(self, *, processes: int = 1, **variables: str) -> None:
        self._count = processes
        self._variables = {"RATE_LIMITS": "off", **variables}
        self._stack = ExitStack()
        self._visitors: list[Visitor] = []
        self.endpoint = ScriptedEndpoint()
        self.servers: list[ServerProcess] = []

    async def __aenter__(self) -> Self:
        await self.endpoint.start()
        try:
            await asyncio.to_thread(self._start)
            agent = await self.call(
                "POST", "agents/", {"name": "Agent", "model": "openai-chat:tokens"}
            )
            self.widget = await self.call("POST", "widgets/", {"text_agent_id": agent["id"]})
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._end()

    async def _end(self) -> None:
        await asyncio.gather(*(visitor.leave() for visitor in self._visitors))
        await asyncio.to_thread(self._stack.close)
        await self.endpoint.stop()

    def _start(self) -> None:
        home = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="loquent-site-")))
        own_home(home)
        cluster, self.api_key = template()
        self.postgresql, database_url = start_postgresql(home, template=cluster)
        self._stack.callback(self.postgresql.end)
        self.redis, redis_url = start_redis(home)
        self._stack.callback(self.redis.end)
        self.postgresql.wait_until_ready()
        self.redis.wait_until_ready()
        self.environment = {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "OPENAI_BASE_URL": self.endpoint.base_url,
            "SECRET_KEY": SECRET_KEY,
            "DEBUG": "0",
            **self._variables,
        }
        for number in range(self._count):
            log_path = home / f"server-{number}.log"
            server = ServerProcess(log_path, arguments=(), **self.environment)
            self._stack.callback(server.kill)
            self.servers.append(server)
        for server in self.servers:
            server.wait_until_ready()

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the REST API at the first process."""
        url = f"{self.servers[0].url}/api/v1/{path}"
        headers = {"Authorization": f"Bearer {self.api_key}"}
        async with (
            aiohttp.ClientSession(headers=headers) as client,
            client.request(method, url, json=body) as response,
        ):
            assert response.status < 300, await response.text()
            return await response.json() if response.status != 204 else None

    async def visit(
        self, *, at: int = 0, token: str = "", v2: bool = True, query: str = ""
    ) -> Visitor:
        """A visitor's socket at a process, its session frame received."""
        visitor = Visitor(self.servers[at].socket_url, self.widget["widget_id"])
        self._visitors.append(visitor)
        await visitor.connect(token=token, v2=v2, query=query)
        return visitor

    async def turned_away(self, *, at: int = 0) -> int | None:
        """The code with which a process closes a new socket before its session."""
        visitor = Visitor(self.servers[at].socket_url, self.widget["widget_id"])
        self._visitors.append(visitor)
        with suppress(websockets.ConnectionClosed):
            await visitor.connect()
        assert visitor.connection is not None
        return visitor.connection.close_code

    async def get(self, path: str, *, at: int = 0) -> tuple[int, Any]:
        """Status and JSON of an address of a process."""
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"{self.servers[at].url}{path}") as response,
        ):
            return response.status, await response.json()

    def logs(self) -> str:
        """What all processes wrote."""
        return "\n".join(server.log() for server in self.servers)
