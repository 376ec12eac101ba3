"""A TCP proxy on 127.0.0.1 that cuts, delays and swallows traffic."""

import asyncio
import contextlib
import socket
from types import TracebackType
from typing import Self

PIECE = 65_536


class FaultyProxy:
    """A proxy between a client and a server. `delay` is seconds per chunk, in both directions."""

    def __init__(self, port: int) -> None:
        """Forward to the real server on this port."""
        self._target = port
        self.delay = 0.0
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Return the port on which the proxy listens."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def swallow(self) -> None:
        """Drop all traffic silently from now on, like a tunnel or a dead router."""
        self._open.clear()

    def pass_on(self) -> None:
        """Undo `swallow`; deliver what was held back."""
        self._open.set()

    def cut(self) -> None:
        """Reset every connection, as a restarted router does."""
        for writer in self._writers:
            raw = writer.get_extra_info("socket")
            linger_at_once = b"\x01\x00\x00\x00\x00\x00\x00\x00"
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_at_once)
            writer.transport.abort()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._pump(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while piece := await source.read(PIECE):
                await asyncio.sleep(self.delay)
                await self._open.wait()
                sink.write(piece)
                await sink.drain()
        except OSError:
            pass
        finally:
            self._writers.discard(sink)
            sink.close()
