"""Provider `openai-chat`: any OpenAI-compatible chat-completions endpoint, streamed.

A lean client of our own: an SDK costs twice to five times the CPU of the whole turn.
Nothing that the endpoint writes goes into an exception or a log line.
"""

import asyncio
import json
import random
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

import aiohttp
from django.conf import settings

from loquent.agents.backends.base import Backend
from loquent.agents.backends.markers import MarkReader
from loquent.agents.backends.openai_chat.check import check_endpoint
from loquent.agents.backends.openai_chat.reader import AnswerReader
from loquent.agents.backends.openai_chat.request import Dialect, Dialects, request_body
from loquent.agents.backends.openai_chat.sessions import HttpSessions
from loquent.agents.backends.prompts import system_prompt
from loquent.agents.search.index import search_knowledge, sources_of
from loquent.agents.types import (
    BackendError,
    CheckResult,
    ReplyEnd,
    ReplyEvent,
    ReplyOutcome,
    ReplyRequest,
    TextDelta,
)
from loquent.retry_after import parse_retry_after

# What visitors read if the model wrote nothing but the mark.
NOTHING_FOUND = "I'm sorry, I don't have an answer to that."
MAX_ERROR_BYTES = 65_536
MAX_RETRY_AFTER_SECONDS = 5.0
# After the answer's last word only token counts may follow: not worth waiting for.
AFTER_END_SECONDS = 2.0
DRAIN_SECONDS = 0.05
# After the first words: what comes meanwhile is read, parsed and passed on as one piece.
GATHER_SECONDS = 0.04


class _TryAgain(Exception):  # noqa: N818 - never leaves this module
    """This attempt failed before the first token in a way that another may not."""

    def __init__(self, error: BackendError) -> None:
        super().__init__()
        self.error = error


class OpenAIChatBackend(Backend):
    """Streams from settings.OPENAI_BASE_URL, with retries only until a request is accepted."""

    provider = "openai-chat"
    help = "openai-chat:NAME uses the model with that name, which writes its own answers."
    prompt_passages = 4
    keeps_meter = True

    def __init__(self, backoff: float = 0.25) -> None:
        """`backoff`: seconds before the first retry, on average; it doubles each time."""
        self.backoff = backoff
        self._sessions = HttpSessions()
        self._dialects = Dialects()

    async def stream(self, request: ReplyRequest) -> AsyncGenerator[ReplyEvent, None]:
        """Yield the answer as it comes, then its sources and token counts."""
        hits = await search_knowledge(request, self.prompt_passages)
        prompt = system_prompt(request.instructions, hits, request.page)
        response = await self._open(request, prompt)
        reader = AnswerReader(request.meter)
        marks = MarkReader()
        try:
            async with aclosing(_read(response, reader)) as texts:
                async for text in texts:
                    if shown := marks.feed(text):
                        yield TextDelta(shown)
            if shown := marks.finish():
                yield TextDelta(shown)
            if not marks.has_text and marks.is_none:
                yield TextDelta(NOTHING_FOUND)
            if not reader.has_text:
                raise BackendError(
                    "the endpoint's answer has no text", permanent=False, is_outage=False
                )
            await _drain(response)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise BackendError(
                f"the endpoint's answer broke off ({type(error).__name__})", permanent=False
            ) from None
        finally:
            # A response read to its end has given its connection back; any other is cut off.
            response.close()
        meter = request.meter
        outcome: ReplyOutcome = "no_answer" if marks.is_none else "answered"
        yield ReplyEnd(
            () if marks.is_none else sources_of(hits),
            meter.input_tokens,
            meter.output_tokens,
            outcome,
        )

    def suggestions(self) -> list[str]:
        """Return the names that the operator listed."""
        return settings.OPENAI_MODELS

    def endpoint(self) -> str:
        """Return the address of the settings."""
        return settings.OPENAI_BASE_URL

    def is_configured(self) -> bool:
        """Return whether there is a key."""
        return bool(settings.OPENAI_API_KEY)

    async def check(self) -> CheckResult:
        """Ask the endpoint for its models."""
        return await check_endpoint()

    async def close(self) -> None:
        """Close the connections of the running event loop."""
        await self._sessions.close()

    async def _open(self, request: ReplyRequest, prompt: str) -> aiohttp.ClientResponse:
        """Return a response with status 200; retry if that may help."""
        attempt = 0
        while True:
            try:
                return await self._attempt(request, prompt)
            except _TryAgain as refusal:
                error = refusal.error
            wait = self.backoff * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311
            if error.retry_after is not None:
                if error.retry_after > MAX_RETRY_AFTER_SECONDS:
                    raise error
                wait = max(wait, error.retry_after)
            attempt += 1
            if attempt > settings.LIMITS.turn_retries:
                raise error
            await asyncio.sleep(wait)

    async def _attempt(self, request: ReplyRequest, prompt: str) -> aiohttp.ClientResponse:
        """Make one attempt, which may learn a dialect: that ends, as there is little to learn."""
        url = f"{settings.OPENAI_BASE_URL}/chat/completions"
        while True:
            dialect = self._dialects.get(url, request.model)
            response = await self._post(url, request, prompt, dialect)
            if response.status == 200:
                return response
            request.meter.refused()
            try:
                if response.status in {400, 422}:
                    learnt = dialect.learn(await _read_error(response))
                    if learnt != dialect:
                        self._dialects.remember(url, request.model, learnt)
                        continue
                raise _refusal(response)
            finally:
                response.close()

    async def _post(
        self, url: str, request: ReplyRequest, prompt: str, dialect: Dialect
    ) -> aiohttp.ClientResponse:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if settings.OPENAI_API_KEY:
            headers["Authorization"] = f"Bearer {settings.OPENAI_API_KEY}"
        connect = settings.LIMITS.turn_connect_seconds or None
        try:
            # The session tells the meter when the request is sent: until then it is free.
            return await self._sessions.get().post(
                url,
                data=json.dumps(request_body(request, prompt, dialect)).encode(),
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, connect=connect),
                trace_request_ctx=request.meter,
            )
        except TimeoutError:
            # Before the other connection errors, which it is one of: it is not tried again.
            raise BackendError("the endpoint can't be reached in time", permanent=False) from None
        except (aiohttp.ClientConnectionError, OSError):
            request.meter.refused()
            error = BackendError("the endpoint can't be reached", permanent=False)
            raise _TryAgain(error) from None
        except (aiohttp.InvalidURL, UnicodeError):
            raise BackendError("OPENAI_BASE_URL is no address", permanent=True) from None
        except (aiohttp.ClientError, ValueError):
            request.meter.refused()
            raise BackendError("the endpoint doesn't speak HTTP", permanent=False) from None


async def _read(
    response: aiohttp.ClientResponse, reader: AnswerReader
) -> AsyncGenerator[str, None]:
    """Yield the answer's text in a few pieces until it is complete."""
    while True:
        chunk = await response.content.readany()
        if text := reader.feed(chunk) if chunk else reader.finish():
            yield text
        if reader.is_over or reader.has_end:
            break
        if reader.has_text:
            await asyncio.sleep(GATHER_SECONDS)
    if text := await _read_rest(response, reader):
        yield text
    if reader.error is not None:
        raise reader.error
    if not reader.has_end:
        raise BackendError("the endpoint's answer has no end", permanent=False)


async def _read_rest(response: aiohttp.ClientResponse, reader: AnswerReader) -> str:
    """Read what follows the end of the answer: usually token counts, or nothing."""
    texts: list[str] = []
    with suppress(TimeoutError, aiohttp.ClientError, OSError):
        async with asyncio.timeout(AFTER_END_SECONDS):
            while not reader.is_over and len(texts) < 100:
                chunk = await response.content.readany()
                texts.append(reader.feed(chunk) if chunk else reader.finish())
    return "".join(texts)


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read the few bytes behind the answer: at their end the connection can be used again."""
    with suppress(TimeoutError, aiohttp.ClientError, OSError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while not response.content.at_eof():
                await response.content.readany()


async def _read_error(response: aiohttp.ClientResponse) -> bytes:
    """Read the start of an error's body, only to look for the names of our own fields in it."""
    body = b""
    with suppress(aiohttp.ClientError, OSError, ValueError):
        while len(body) < MAX_ERROR_BYTES:
            chunk = await response.content.read(MAX_ERROR_BYTES - len(body))
            if not chunk:
                break
            body += chunk
    return body


def _refusal(response: aiohttp.ClientResponse) -> Exception:
    status = response.status
    reason = f"the endpoint answered HTTP {status}"
    if status == 429 or status >= 500:
        wait = parse_retry_after(response.headers.get("Retry-After"))
        error = BackendError(reason, permanent=False, retry_after=wait, is_outage=status >= 500)
        return _TryAgain(error)
    return BackendError(reason, permanent=True)
