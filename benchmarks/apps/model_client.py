"""The cheapest client of the model: what it costs is not what the comparison is about."""

import asyncio
import json
from collections.abc import AsyncIterator


class ModelClient:
    """Asks the model over connections that are kept; reads just what this model writes."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def stream(self, messages: list[dict[str, str]]) -> AsyncIterator[str]:
        """The answer's tokens, as they come."""
        body = json.dumps({"model": "m", "stream": True, "messages": messages}).encode()
        if self._idle:
            reader, writer = self._idle.pop()
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: model\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        rest = b""
        while not rest.endswith(b"0\r\n\r\n"):
            data = await reader.read(65_536)
            if not data:
                raise ConnectionError("The model is gone.")
            *events, rest = (rest + data).split(b"\n\n")
            for event in events:
                start = event.find(b"data: {")
                if start >= 0:
                    choices = json.loads(event[start + 6 :])["choices"]
                    if choices and (text := choices[0]["delta"].get("content")):
                        yield text
        self._idle.append((reader, writer))
