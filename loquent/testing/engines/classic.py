"""Chromium and WebKit over WebDriver: HTTP to chromedriver and WebKitWebDriver."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp

from loquent.testing.engines.child import Child
from loquent.testing.engines.engine import Actions, DriverError, Engine, Tab, Visit
from loquent.testing.waiting import WAIT_SECONDS

TIMEOUT = aiohttp.ClientTimeout(total=2 * WAIT_SECONDS)
# A driver that needs longer to start its browser is started again, so often.
START_SECONDS = 60
RESTARTS = 2
# The driver's port, and the processes: the driver and what it needs, to be ended in this order.
Launched = tuple[int, list[Child]]
SCRIPT = "return ({}).apply(null, arguments);"


class ClassicEngine(Engine):
    """A driver that starts a browser for each visit."""

    def __init__(
        self, name: str, *, capabilities: dict[str, Any], launch: Callable[[], Launched]
    ) -> None:
        self.name = name
        self._capabilities = capabilities
        self._launch = launch
        self._port, self._children = launch()

    @asynccontextmanager
    async def visit(self) -> AsyncIterator["ClassicVisit"]:
        async with aiohttp.ClientSession(timeout=TIMEOUT) as http:
            visit = await self._start_browser(http)
            try:
                yield visit
            finally:
                await visit.call("DELETE", "")

    async def _start_browser(self, http: aiohttp.ClientSession) -> "ClassicVisit":
        for _ in range(RESTARTS):
            # WebKit's driver sometimes waits for ever for its browser on a busy machine.
            with suppress(TimeoutError):
                async with asyncio.timeout(START_SECONDS):
                    return await self._start_session(http)
            self.stop()
            self._port, self._children = self._launch()
        return await self._start_session(http)

    async def _start_session(self, http: aiohttp.ClientSession) -> "ClassicVisit":
        sessions = f"http://127.0.0.1:{self._port}/session"
        wanted = {"capabilities": {"alwaysMatch": self._capabilities}}
        started = await _call(http, "POST", sessions, wanted)
        self.version = started["capabilities"]["browserVersion"]
        return ClassicVisit(http, f"{sessions}/{started['sessionId']}")

    def stop(self) -> None:
        for child in self._children:
            child.end()


class ClassicVisit(Visit):
    """A session of the driver."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url
        self._front: str | None = None

    async def new_tab(self) -> "ClassicTab":
        if self._front is None:
            # A session starts with a tab.
            self._front = await self.call("GET", "/window")
            return ClassicTab(self, self._front)
        opened = await self.call("POST", "/window/new", {"type": "window"})
        return ClassicTab(self, opened["handle"])

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send a command of this session."""
        return await _call(self._http, method, f"{self._url}{path}", body)

    async def bring_to_front(self, handle: str) -> None:
        """Direct the following commands to a tab."""
        if handle != self._front:
            await self.call("POST", "/window", {"handle": handle})
            self._front = handle


class ClassicTab(Tab):
    """A window handle of the session."""

    def __init__(self, visit: ClassicVisit, handle: str) -> None:
        self._visit = visit
        self._handle = handle

    async def goto(self, url: str) -> None:
        await self._post("/url", {"url": url})

    async def reload(self) -> None:
        await self._post("/refresh", {})

    async def evaluate(self, function: str, *arguments: Any) -> Any:
        script = {"script": SCRIPT.format(function), "args": list(arguments)}
        return await self._post("/execute/sync", script)

    async def perform(self, actions: Actions) -> None:
        await self._post("/actions", {"actions": actions})

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        await self._visit.bring_to_front(self._handle)
        return await self._visit.call("POST", path, body)


async def _call(
    http: aiohttp.ClientSession, method: str, url: str, body: dict[str, Any] | None
) -> Any:
    async with http.request(method, url, json=body) as response:
        value = (await response.json(content_type=None))["value"]
    if isinstance(value, dict) and "error" in value and response.status >= 400:
        raise DriverError(f"{value['error']}: {value['message']}")
    return value
