"""Chromium and WebKit over WebDriver: HTTP to chromedriver and WebKitWebDriver."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from loquent.testing.engines.child import Child
from loquent.testing.engines.engine import Actions, DriverError, Engine, Tab, Visit
from loquent.testing.waiting import WAIT_SECONDS

TIMEOUT = aiohttp.ClientTimeout(total=2 * WAIT_SECONDS)
SCRIPT = "return ({}).apply(null, arguments);"


class ClassicEngine(Engine):
    """A driver that starts a browser for each visit."""

    def __init__(
        self, name: str, *, port: int, capabilities: dict[str, Any], children: list[Child]
    ) -> None:
        """`children`: the driver and what it needs, ended in this order."""
        self.name = name
        self._url = f"http://127.0.0.1:{port}"
        self._capabilities = capabilities
        self._children = children

    @asynccontextmanager
    async def visit(self) -> AsyncIterator["ClassicVisit"]:
        async with aiohttp.ClientSession(timeout=TIMEOUT) as http:
            wanted = {"capabilities": {"alwaysMatch": self._capabilities}}
            started = await _call(http, "POST", f"{self._url}/session", wanted)
            self.version = started["capabilities"]["browserVersion"]
            visit = ClassicVisit(http, f"{self._url}/session/{started['sessionId']}")
            try:
                yield visit
            finally:
                await visit.call("DELETE", "")

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
