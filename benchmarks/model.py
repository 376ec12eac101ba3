"""A model endpoint that costs next to nothing: `python -m benchmarks.model --port 9999`.

Each request for a chat completion is answered with the same tokens, one every 10 ms, as
OpenAI-style server-sent events. The head of the response comes with the first token.
"""

import argparse
import asyncio
import json
from typing import Any, cast

import uvloop

from benchmarks.answer import ANSWER, GAP_SECONDS, TOKENS

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
LENGTH = b"content-length:"


def _event(choices: list[dict[str, Any]], **more: Any) -> bytes:
    completion = {
        "id": "chatcmpl-benchmark",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "benchmark",
        "choices": choices,
        **more,
    }
    return b"data: " + json.dumps(completion).encode() + b"\n\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _writes() -> tuple[bytes, ...]:
    """What is written every 10 ms; the end comes with the last token."""
    events = [
        _event([{"index": 0, "delta": {"content": token}, "finish_reason": None}])
        for token in TOKENS
    ]
    usage = {"prompt_tokens": 24, "completion_tokens": len(TOKENS)}
    usage["total_tokens"] = sum(usage.values())
    events[-1] += _event([{"index": 0, "delta": {}, "finish_reason": "stop"}])
    events[-1] += _event([], usage=usage) + b"data: [DONE]\n\n"
    chunks = [_chunk(event) for event in events]
    return (HEAD + chunks[0], *chunks[1:-1], chunks[-1] + b"0\r\n\r\n")


WRITES = _writes()


class Connection(asyncio.Protocol):
    """A client's connection: one request at a time, kept alive in between."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._next = 0
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is none by inheritance.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        _, _, rest = head.lower().partition(LENGTH)
        if len(body) < int(rest.partition(b"\r\n")[0] or 0):
            return
        self._received = b""
        self._next = 0
        self._began = self._loop.time()
        self._write()

    def _write(self) -> None:
        if self._transport is None:
            return
        self._transport.write(WRITES[self._next])
        self._next += 1
        if self._next < len(WRITES):
            # From the beginning, so that delays don't add up.
            self._loop.call_at(self._began + self._next * GAP_SECONDS, self._write)


async def serve(port: int) -> None:
    """Answer until the process ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=f"A model that always says: {ANSWER}")
    parser.add_argument("--port", type=int, default=9999)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
