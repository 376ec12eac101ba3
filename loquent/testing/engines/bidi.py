"""Firefox over WebDriver BiDi: a WebSocket to the browser itself, without a driver."""

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp

from loquent.testing.engines.child import Child
from loquent.testing.engines.engine import Actions, DriverError, Engine, NoPageError, Tab, Visit
from loquent.testing.waiting import WAIT_SECONDS

VIEWPORT = {"width": 1280, "height": 800}
# Not a server that is away, and not the icon that the browser asks for by itself.
OWN_ERROR = re.compile(r"\w*Error\b|uncaught|Content-Security-Policy: (?!.*/favicon\.ico)")
# Arguments and result travel as JSON: no conversion of BiDi's typed values is needed.
SCRIPT = "(given) => JSON.stringify(({}).apply(null, JSON.parse(given)) ?? null)"


class BidiEngine(Engine):
    """One Firefox; each visit is a user context, which shares nothing with others."""

    def __init__(self, name: str, *, port: int, child: Child) -> None:
        self.name = name
        self._url = f"http://127.0.0.1:{port}/session"
        self._child = child

    @asynccontextmanager
    async def visit(self) -> AsyncIterator["BidiVisit"]:
        async with aiohttp.ClientSession() as http, http.ws_connect(self._url) as socket:
            visit = BidiVisit(socket)
            started = await visit.call("session.new", capabilities={})
            self.version = started["capabilities"]["browserVersion"]
            try:
                await visit.call("session.subscribe", events=["log.entryAdded"])
                made = await visit.call("browser.createUserContext")
                visit.user_context = made["userContext"]
                yield visit
                assert visit.errors == [], visit.errors
            finally:
                if visit.user_context:
                    await visit.call("browser.removeUserContext", userContext=visit.user_context)
                # Firefox has one session at a time.
                await visit.call("session.end")

    def stop(self) -> None:
        self._child.end()


class BidiVisit(Visit):
    """A user context. Uncaught errors of its pages, the admin's included, fail the test."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.user_context = ""
        self.errors: list[str] = []
        self._socket = socket
        self._numbers = itertools.count(1)
        self._front: str | None = None

    async def new_tab(self) -> "BidiTab":
        opened = await self.call(
            "browsingContext.create", type="tab", userContext=self.user_context
        )
        self._front = opened["context"]
        tab = BidiTab(self, opened["context"])
        await tab.command("setViewport", viewport=VIEWPORT)
        return tab

    async def call(self, method: str, **parameters: Any) -> Any:
        """Send a command, and return its result."""
        number = next(self._numbers)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(WAIT_SECONDS):
            while (message := await self._socket.receive_json()).get("id") != number:
                self._note(message)
        if message["type"] == "error":
            raise DriverError(f"{message['error']}: {message['message']}")
        return message["result"]

    def _note(self, event: dict[str, Any]) -> None:
        entry = event.get("params", {})
        is_error = entry.get("type") == "javascript" and entry.get("level") == "error"
        if is_error and OWN_ERROR.match(entry["text"]):
            self.errors.append(entry["text"])

    async def bring_to_front(self, context: str) -> None:
        """Activate a tab, as keys go to the tab in front."""
        if context != self._front:
            await self.call("browsingContext.activate", context=context)
            self._front = context


class BidiTab(Tab):
    """A browsing context."""

    def __init__(self, visit: BidiVisit, context: str) -> None:
        self._visit = visit
        self._context = context

    async def goto(self, url: str) -> None:
        await self.command("navigate", url=url, wait="complete")

    async def reload(self) -> None:
        await self.command("reload", wait="complete")

    async def evaluate(self, function: str, *arguments: Any) -> Any:
        answer = await self._visit.call(
            "script.callFunction",
            functionDeclaration=SCRIPT.format(function),
            arguments=[{"type": "string", "value": json.dumps(arguments)}],
            target={"context": self._context},
            awaitPromise=False,
        )
        if answer["type"] == "exception":
            raise DriverError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    async def perform(self, actions: Actions) -> None:
        await self._visit.bring_to_front(self._context)
        try:
            await self._visit.call("input.performActions", context=self._context, actions=actions)
        except DriverError as error:
            # Firefox cannot dispatch events while it replaces the page.
            if "NS_ERROR_FAILURE" not in str(error):
                raise
            # It counts the button as pressed, and would ignore the next press.
            with suppress(DriverError):
                await self._visit.call("input.releaseActions", context=self._context)
            raise NoPageError(str(error)) from error

    async def command(self, name: str, **parameters: Any) -> Any:
        """Send a command of the module browsingContext to this tab."""
        return await self._visit.call(
            f"browsingContext.{name}", context=self._context, **parameters
        )
