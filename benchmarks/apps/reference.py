"""The limit: `websockets` alone streams a model's tokens: no database, no history, no checks.

python -m benchmarks.apps.reference --port 9001 --model-port 9999 [--gather 0.05]
"""

import argparse
import asyncio
import json
import time
from contextlib import suppress

import uvloop
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from benchmarks.apps.model_client import ModelClient


async def answer(
    connection: ServerConnection, question: str, *, model: ModelClient, gather: float
) -> None:
    """Stream one answer: each token by itself, or gathered for so many seconds."""
    pieces: list[str] = []
    sent = 0
    sent_at = 0.0

    async def flush() -> None:
        nonlocal sent, sent_at
        content = "".join(pieces[sent:])
        sent, sent_at = len(pieces), time.monotonic()
        await connection.send(json.dumps({"type": "delta", "content": content}))

    async for text in model.stream([{"role": "user", "content": question}]):
        pieces.append(text)
        if time.monotonic() - sent_at >= gather:
            await flush()
    if sent < len(pieces) and gather:
        await flush()
    await connection.send(json.dumps({"type": "message", "content": "".join(pieces)}))


async def main() -> None:
    """Serve until the process ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model-port", type=int, required=True)
    parser.add_argument("--gather", type=float, default=0.0, help="seconds")
    options = parser.parse_args()
    model = ModelClient(options.model_port)

    async def chat(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            await connection.send('{"type": "welcome"}')
            async for frame in connection:
                question = json.loads(frame)["content"]
                await answer(connection, question, model=model, gather=options.gather)

    async with serve(
        chat, "127.0.0.1", options.port, compression=None, max_size=65_536, backlog=4096
    ):
        await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
