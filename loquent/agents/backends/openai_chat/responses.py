"""Read a response: the answer, what is left behind it, or why it is an error."""

import asyncio
from contextlib import suppress

import aiohttp

from loquent.agents.backends.openai_chat.reader import AnswerReader
from loquent.agents.types import BackendError

MAX_ERROR_BYTES = 65_536
DRAIN_SECONDS = 0.05
# After the answer's last word only token counts may follow: not worth waiting for.
AFTER_END_SECONDS = 2.0
# After the first words, text that arrives within this time is parsed and passed on as one piece.
GATHER_SECONDS = 0.04


async def next_text(response: aiohttp.ClientResponse, reader: AnswerReader) -> str | None:
    """Return the answer's next piece: "" if it only restarts the answer, None at the end.

    A coroutine: each piece would pass another generator, in every answer.
    """
    while not (reader.is_over or reader.has_end):
        if reader.has_text:
            await asyncio.sleep(GATHER_SECONDS)
        text = await _read_on(response, reader)
        if text or reader.restarts:
            return text
    # Token counts, nothing, or more text: some endpoints send a reason for the end with each piece.
    try:
        async with asyncio.timeout(AFTER_END_SECONDS):
            while not reader.is_over:
                text = await _read_on(response, reader)
                if text or reader.restarts:
                    return text
    except (TimeoutError, aiohttp.ClientError, OSError):
        reader.is_over = True
    if (text := reader.release()) or reader.restarts:
        return text
    if reader.error is not None:
        raise reader.error
    if not reader.has_end:
        raise BackendError("the endpoint's answer has no end", permanent=False)
    return None


async def _read_on(response: aiohttp.ClientResponse, reader: AnswerReader) -> str:
    chunk = await response.content.readany()
    return reader.feed(chunk) if chunk else reader.finish()


async def drain(response: aiohttp.ClientResponse) -> None:
    """Read the last few bytes of the response, so that the connection can be reused."""
    with suppress(TimeoutError, aiohttp.ClientError, OSError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while not response.content.at_eof():
                await response.content.readany()


async def read_error(response: aiohttp.ClientResponse) -> bytes:
    """Read the start of an error's body, only to look for what the endpoint refuses."""
    body = b""
    with suppress(aiohttp.ClientError, OSError, ValueError):
        while len(body) < MAX_ERROR_BYTES:
            chunk = await response.content.read(MAX_ERROR_BYTES - len(body))
            if not chunk:
                break
            body += chunk
    return body
