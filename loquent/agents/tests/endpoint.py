"""A scriptable OpenAI-compatible endpoint on 127.0.0.1, for every suite that needs a model.

    async with ScriptedEndpoint() as endpoint:
        settings.OPENAI_BASE_URL = endpoint.base_url
        endpoint.push(refuse(429), tokens("Hel", "lo"))   # one script per request to come
        ...
        assert endpoint.requests[0].body["model"] == "tokens"

A request takes the next pushed script; without one the script named by its `model` (see
endpoint_scripts.BY_MODEL), else `endpoint.default`. A script is an async function of the Exchange;
it waits for events, never for time. By hand: `python -m loquent.agents.tests.endpoint --port 9999`.
"""

import argparse
import asyncio
import json
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from loquent.agents.tests.endpoint_scripts import BY_MODEL, tokens
from loquent.agents.tests.exchange import Exchange, RecordedRequest, Script
from loquent.testing.waiting import WAIT_SECONDS


class ScriptedEndpoint:
    """The server. `requests` holds all that came, oldest first."""

    def __init__(self, default: Script | None = None, *, port: int = 0) -> None:
        """`port`: 0 takes a free one."""
        self._wanted_port = port
        self.default = default or tokens("Hello", " there", ".")
        self.by_model = dict(BY_MODEL)
        self.requests: list[RecordedRequest] = []
        self.connections = 0
        self._scripts: deque[Script] = deque()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._arrived = asyncio.Condition()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        if self._server is None:
            raise RuntimeError("The endpoint is not started.")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def base_url(self) -> str:
        """What belongs in settings.OPENAI_BASE_URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    def push(self, *scripts: Script) -> None:
        """Answer the requests to come with these, one each."""
        self._scripts.extend(scripts)

    async def wait_for_requests(self, count: int) -> None:
        """Wait until so many requests have come; TimeoutError where they don't within 10 s."""
        async with asyncio.timeout(WAIT_SECONDS), self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= count)

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self._accept), "127.0.0.1", self._wanted_port
        )

    async def stop(self) -> None:
        """Close everything, hanging scripts included."""
        if self._server is not None:
            self._server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    def _accept(self, connection: "_Connection") -> None:
        self.connections += 1
        task = asyncio.create_task(self._serve(connection, self.connections))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: "_Connection", number: int) -> None:
        try:
            while request := await _read_request(connection, number):
                async with self._arrived:
                    self.requests.append(request)
                    self._arrived.notify_all()
                exchange = Exchange(request, connection.writer)
                await self._script_for(request)(exchange)
                request.answered.set()
                if not exchange.keep_alive:
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            connection.writer.close()

    def _script_for(self, request: RecordedRequest) -> Script:
        if self._scripts:
            return self._scripts.popleft()
        return self.by_model.get(str(request.body.get("model")), self.default)


class _Connection(asyncio.StreamReaderProtocol):
    """A connection that tells at once when the client is gone, whatever a script is doing."""

    def __init__(self, accept: Callable[["_Connection"], None]) -> None:
        self.closed = asyncio.Event()
        self.reader = asyncio.StreamReader()
        self._accept = accept
        super().__init__(self.reader, self._connected)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self._accept(self)

    def eof_received(self) -> bool | None:
        self.closed.set()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()
        super().connection_lost(exc)


async def _read_request(connection: _Connection, number: int) -> RecordedRequest | None:
    """The next request of a connection; None where the client is done."""
    try:
        head = await connection.reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body = await connection.reader.readexactly(int(headers.get("content-length", 0)))
    parsed = json.loads(body or b"{}")
    return RecordedRequest(method, path, headers, parsed, number, connection.closed)


async def _main() -> None:
    parser = argparse.ArgumentParser(description="A model endpoint that does what its model says.")
    parser.add_argument("--port", type=int, default=9999, help="0 takes a free one")
    async with ScriptedEndpoint(port=parser.parse_args().port) as endpoint:
        print(f"OPENAI_BASE_URL={endpoint.base_url}", flush=True)  # noqa: T201
        print(f"models: {' '.join(sorted(endpoint.by_model))}", flush=True)  # noqa: T201
        await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_main())
