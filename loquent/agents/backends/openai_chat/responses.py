"""Read a response: the answer, what is left behind it, or why it is an error."""

import asyncio
from collections.abc import AsyncGenerator
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


async def read_answer(
    response: aiohttp.ClientResponse, reader: AnswerReader
) -> AsyncGenerator[str, None]:
    """Yield the answer's text in a few pieces until it is complete; "" restarts it."""
    while not (reader.is_over or reader.has_end):
        chunk = await response.content.readany()
        text = reader.feed(chunk) if chunk else reader.finish()
        if text or reader.restarts:
            yield text
        if reader.has_text and not reader.has_end:
            await asyncio.sleep(GATHER_SECONDS)
    async for text in _read_rest(response, reader):
        yield text
    if text := reader.release():
        yield text
    if reader.error is not None:
        raise reader.error
    if not reader.has_end:
        raise BackendError("the endpoint's answer has no end", permanent=False)


async def _read_rest(
    response: aiohttp.ClientResponse, reader: AnswerReader
) -> AsyncGenerator[str, None]:
    """Read what follows the end of the answer: token counts, nothing, or more text.

    Some endpoints send a reason for the end with every piece.
    """
    while not reader.is_over:
        try:
            async with asyncio.timeout(AFTER_END_SECONDS):
                text = ""
                while not (reader.is_over or text):
                    chunk = await response.content.readany()
                    text = reader.feed(chunk) if chunk else reader.finish()
        except (TimeoutError, aiohttp.ClientError, OSError):
            return
        if text or reader.restarts:
            yield text


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
