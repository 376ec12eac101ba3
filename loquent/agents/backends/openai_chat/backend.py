"""Provider `openai-chat`: any OpenAI-compatible chat-completions endpoint, streamed.

A lean client of our own: an SDK costs twice to five times the CPU of the whole turn.
Nothing that the endpoint writes is copied into an exception or a log line.
"""

import asyncio
import json
import logging
import random
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from dataclasses import replace

import aiohttp
from django.conf import settings

from loquent.agents.backends.base import Backend
from loquent.agents.backends.builtin.sentences import sentences_for
from loquent.agents.backends.grounding import Grounding, ground
from loquent.agents.backends.markers import MarkReader
from loquent.agents.backends.openai_chat import probe
from loquent.agents.backends.openai_chat.asking import Asking
from loquent.agents.backends.openai_chat.check import check_endpoint
from loquent.agents.backends.openai_chat.complaints import Complaint
from loquent.agents.backends.openai_chat.failures import ANSWERED, TryAgainError, refusal_of
from loquent.agents.backends.openai_chat.proxies import proxy_for
from loquent.agents.backends.openai_chat.reader import AnswerReader
from loquent.agents.backends.openai_chat.request import Dialects
from loquent.agents.backends.openai_chat.responses import drain, next_text, read_error
from loquent.agents.backends.openai_chat.sessions import (
    HttpSessions,
    guarded_connector,
    server_connector,
)
from loquent.agents.backends.openai_chat.tools import Tools
from loquent.agents.search.index import retrieved_of
from loquent.agents.search.knowledge import search_knowledge
from loquent.agents.types import (
    BackendError,
    BackendEvent,
    CheckResult,
    ModelEndpoint,
    ReplyOutcome,
    ReplyRequest,
    TextDelta,
    TextRestart,
)
from loquent.egress.connecting import tls_fault

# What visitors read if the model wrote nothing but the mark.
NOTHING_FOUND = "I'm sorry, I don't have an answer to that."
logger = logging.getLogger(__name__)
MAX_RETRY_AFTER_SECONDS = 5.0


class OpenAIChatBackend(Backend):
    """Streams from settings.OPENAI_BASE_URL, with retries only until a request is accepted."""

    provider = "openai-chat"
    help = "openai-chat:NAME uses the model with that name, which writes its own answers."
    prompt_passages = 4
    keeps_meter = True
    takes_connections = True

    def __init__(self, backoff: float = 0.25) -> None:
        """`backoff`: seconds before the first retry, on average; it doubles each time."""
        self.backoff = backoff
        self._sessions = HttpSessions(server_connector)
        self._guarded = HttpSessions(guarded_connector)
        self._dialects = Dialects()

    async def stream(self, request: ReplyRequest) -> AsyncGenerator[BackendEvent, None]:
        """Yield the answer as it arrives, then its sources, token counts and notes.

        Actions that the model calls are carried out in between, and it is asked again with their
        results; text from before the last request is withdrawn.
        """
        found = await search_knowledge(request, self.prompt_passages)
        hits = found.relevant
        grounding = ground(request, hits, is_verbatim=found.is_verbatim)
        dialect = self._dialects.get(_url(request.endpoint), request.model)
        asking = Asking(request, grounding.prompt, dialect)
        tools = Tools(request)
        while True:
            async with aclosing(self._answer(asking, grounding, tools)) as events:
                async for event in events:
                    yield event
            reader, marks = tools.reader, tools.marks
            self._remember(asking, reader)
            if not tools.has_calls:
                break
            async with aclosing(tools.carry_out()) as events:
                async for event in events:
                    yield event
            if tools.is_over:
                break
            grounding = grounding.with_results(tools.results)
            await tools.ask_again(asking)
        if tools.proposal is not None:
            question = request.messages[-1].content
            say = sentences_for(question, request.visitor_language or found.language)
            yield TextDelta(say("confirm", title=tools.proposal.title))
            yield tools.end(proposal=replace(tools.proposal, language=say.language))
            return
        if shown := marks.finish():
            yield TextDelta(shown)
        outcome = _outcome(reader, marks)
        if outcome == "no_answer" and not marks.has_text and not tools.wants_person:
            yield TextDelta(NOTHING_FOUND)
        yield tools.end(
            sources=marks.cited if outcome == "answered" else (),
            outcome=outcome,
            cut=reader.cut,
            notes=self.notes(request.model, request.endpoint),
            wants_person=tools.wants_person,
            retrieved=retrieved_of(hits, marks.cites),
        )

    async def _answer(
        self, asking: Asking, grounding: Grounding, tools: Tools
    ) -> AsyncGenerator[BackendEvent, None]:
        """Yield the text of one answer, which `tools` then has, except for what marks hold back."""
        meter = asking.request.meter
        while True:
            response = await self._open(asking)
            reader = tools.new_reader(begins_inside=asking.dialect.begins_inside)
            marks = tools.marks = grounding.reader()
            try:
                while (text := await next_text(response, reader)) is not None:
                    if reader.restarts:
                        reader.restarts = False
                        marks = tools.marks = grounding.reader()
                        yield TextRestart()
                    if shown := marks.feed(text):
                        yield TextDelta(shown)
                if not reader.has_answer:
                    reason = reader.explain_no_text()
                    raise BackendError(reason, permanent=False, is_outage=False)
                await drain(response)
            except (aiohttp.ClientError, OSError, ValueError) as error:
                if shown := marks.finish():
                    yield TextDelta(shown)
                raise BackendError(
                    f"the endpoint's answer broke off ({type(error).__name__})", permanent=False
                ) from None
            except BackendError:
                # Some endpoints explain a refusal with status 200.
                if not reader.refusal or reader.has_text or not asking.learn(reader.refusal, 200):
                    if shown := marks.finish():
                        yield TextDelta(shown)
                    raise
                meter.refused()
                continue
            finally:
                # A response read to its end has returned its connection; others are aborted.
                response.close()
            return

    def notes(self, model: str, endpoint: ModelEndpoint | None = None) -> tuple[str, ...]:
        """Return what this process has learnt about a model, as sentences for staff."""
        return self._dialects.get(_url(endpoint), model).notes()

    def suggestions(self) -> list[str]:
        """Return the names that the operator listed."""
        return settings.OPENAI_MODELS

    def endpoint(self, endpoint: ModelEndpoint | None = None) -> str:
        """Return the configured address, or that of a connection with its id."""
        return f"{endpoint.id} {endpoint.base_url}" if endpoint else settings.OPENAI_BASE_URL

    def is_configured(self) -> bool:
        """Return whether there is a key."""
        return bool(settings.OPENAI_API_KEY)

    async def list_models(self, endpoint: ModelEndpoint) -> list[str]:
        """Ask for the list of models."""
        return await probe.list_models(endpoint)

    async def try_model(self, endpoint: ModelEndpoint, model: str, known: Collection[str]) -> None:
        """Ask for a word, without a stream."""
        await probe.try_model(endpoint, model, known)

    async def try_embedding(self, endpoint: ModelEndpoint) -> None:
        """Ask for the vector of a word."""
        await probe.try_embedding(endpoint)

    async def check_model(self, model: str, endpoint: ModelEndpoint | None) -> None:
        """Ask for the list of models, and if necessary for a word."""
        await probe.check_model(model, endpoint)

    async def check(self) -> CheckResult:
        """Ask the endpoint for its models."""
        return await check_endpoint()

    async def close(self) -> None:
        """Close the connections of the running event loop."""
        await self._sessions.close()
        await self._guarded.close()

    async def _open(self, asking: Asking) -> aiohttp.ClientResponse:
        """Return a response with an answer; retry if that may help."""
        attempt = 0
        while True:
            try:
                return await self._attempt(asking)
            except TryAgainError as refusal:
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

    async def _attempt(self, asking: Asking) -> aiohttp.ClientResponse:
        """Make one attempt, which may learn a dialect: that ends, as there is little to learn."""
        while True:
            response = await self._post(asking)
            if response.status in ANSWERED:
                return response
            asking.request.meter.refused()
            try:
                body = await read_error(response)
                if not asking.learn(body, response.status):
                    complaint = Complaint(body, response.status)
                    raise refusal_of(response.status, response.headers, complaint)
            finally:
                response.close()

    def _remember(self, asking: Asking, reader: AnswerReader) -> None:
        """Keep what was learnt once an answer has proved it right."""
        dialect = replace(asking.dialect, begins_inside=reader.began_inside)
        model, url = asking.request.model, _url(asking.request.endpoint)
        known = self._dialects.get(url, model)
        if dialect == known:
            return
        self._dialects.remember(url, model, dialect)
        for note in dialect.notes():
            if note not in known.notes():
                logger.warning("Learnt about the model %r: %s", model, note)

    async def _post(self, asking: Asking) -> aiohttp.ClientResponse:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        endpoint = asking.request.endpoint
        key = endpoint.api_key if endpoint else settings.OPENAI_API_KEY
        if key is None:
            raise BackendError("the connection's key can't be read any more", permanent=True)
        if key:
            headers["Authorization"] = f"Bearer {key}"
        connect = settings.LIMITS.turn_connect_seconds or None
        meter = asking.request.meter
        url = _url(endpoint)
        sessions = self._guarded if endpoint else self._sessions
        try:
            # The session notifies the meter when the request is sent: until then it is free.
            return await sessions.get().post(
                url,
                data=json.dumps(asking.body).encode(),
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, connect=connect),
                trace_request_ctx=meter,
                # A proxy would connect in place of the guard.
                proxy=None if endpoint else proxy_for(url),
            )
        except TimeoutError:
            # Before the other connection errors, of which it is a subclass: it is not retried.
            raise BackendError("the endpoint can't be reached in time", permanent=False) from None
        except aiohttp.ClientSSLError as fault:
            meter.refused()
            raise BackendError(f"the endpoint {tls_fault(fault)}", permanent=False) from None
        except (aiohttp.ClientConnectionError, OSError):
            meter.refused()
            error = BackendError("the endpoint can't be reached", permanent=False)
            raise TryAgainError(error) from None
        except (aiohttp.InvalidURL, UnicodeError):
            raise BackendError("the endpoint's address is not valid", permanent=True) from None
        except aiohttp.ClientHttpProxyError as error:
            meter.refused()
            raise BackendError(f"the proxy answered HTTP {error.status}", permanent=False) from None
        except (aiohttp.ClientError, ValueError):
            meter.refused()
            raise BackendError("the endpoint doesn't speak HTTP", permanent=False) from None


def _url(endpoint: ModelEndpoint | None) -> str:
    base = endpoint.base_url if endpoint else settings.OPENAI_BASE_URL
    return f"{base}/chat/completions"


def _outcome(reader: AnswerReader, marks: MarkReader) -> ReplyOutcome:
    if reader.is_declined or reader.cut == "filter":
        return "refused"
    return "no_answer" if marks.is_none else "answered"
