"""The limits before Django: on bodies, and on how many requests it handles at once.

Health checks, metrics and sockets bypass them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import SyncToAsync
from django.db import connections

from loquent.errors import ErrorCode
from loquent.server.edge_answers import Refusal, refuse
from loquent.server.memory import LargeRequestCollector
from loquent.server.request_bodies import (
    METHODS_WITHOUT_BODY,
    RETRY_AFTER_SECONDS,
    Body,
    BodyLimits,
    BodyMemory,
    DisconnectedError,
    RefusedError,
)
from loquent.server.slots import Slots

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
# Each has a thread; Compose and systemd allow 200 for all.
REQUESTS_AT_ONCE = 40
MOST_WAITING = 400
WAIT_SECONDS = 5.0
# Reading parameters of a media type takes Python quadratic time; no browser sends more than 100.
MOST_CONTENT_TYPE = 512
# Reading a form of 16 MiB takes several times as much memory for a moment.
LARGE_AT_ONCE = 2
LARGE_WAIT_SECONDS = 10.0
# A response that takes longer to send than this waits for its client, not for a thread of ours.
SENDING_SECONDS = 0.1
BUSY = Refusal(
    503,
    ErrorCode.UNAVAILABLE,
    "The server is busy. Please try again in a few seconds.",
    reason="busy",
    retry_after=RETRY_AFTER_SECONDS,
)


class RequestLimits:
    """Passes a request on once its body is complete and Django has a free slot.

    A body is received first, so that a slow client holds neither a slot nor a thread. Slots are
    released when the response is complete, or shortly after it starts: a download or a slow reader
    holds no thread.
    """

    def __init__(
        self,
        application: Application,
        *,
        bodies: BodyLimits | None = None,
        requests: Slots | None = None,
        large: Slots | None = None,
    ) -> None:
        self._application = application
        self.memory = BodyMemory(bodies or BodyLimits())
        self._collector = LargeRequestCollector()
        self._requests = requests or Slots(
            REQUESTS_AT_ONCE, most_waiting=MOST_WAITING, wait_seconds=WAIT_SECONDS
        )
        self._large = large or Slots(
            LARGE_AT_ONCE, most_waiting=MOST_WAITING, wait_seconds=LARGE_WAIT_SECONDS
        )

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        body = Body(self.memory)
        try:
            try:
                _check_content_headers(scope)
                await body.read(scope, receive)
                await self._run(scope, receive, send, body)
            except RefusedError as error:
                body.free()
                await refuse(
                    scope,
                    receive,
                    send,
                    error.refusal,
                    is_started=body.is_started,
                    is_complete=body.is_complete,
                )
        except DisconnectedError:
            pass
        finally:
            body.free()

    async def _run(self, scope: dict[str, Any], receive: Any, send: Any, body: Body) -> None:
        held = _Held()
        try:
            if body.is_large:
                await held.enter(self._large)
            await held.enter(self._requests)

            async def replay() -> dict[str, Any]:
                return await body.replay(receive)

            async def send_and_hand_over(event: dict[str, Any]) -> None:
                if event["type"] == "http.response.start":
                    # In the context of Django's handler, which knows its thread.
                    held.hand_over_soon()
                await send(event)

            await self._application(body.declare(scope), replay, send_and_hand_over)
        finally:
            held.leave()
            if body.is_large:
                self._collector.add(body.size)


def _check_content_headers(scope: dict[str, Any]) -> None:
    """Raise RefusedError for a compressed body, or a long Content-Type.

    Django parses the Content-Type on the event loop. A small compressed body can hold gigabytes.
    """
    headers = scope["headers"]
    if sum(len(value) for name, value in headers if name == b"content-type") > MOST_CONTENT_TYPE:
        raise _unsupported(
            f"The Content-Type is longer than {MOST_CONTENT_TYPE} characters.", "content_type"
        )
    codings = b",".join(value for name, value in headers if name == b"content-encoding")
    is_plain = codings.strip().lower() in {b"", b"identity"}
    if scope["method"] not in METHODS_WITHOUT_BODY and not is_plain:
        raise _unsupported(
            "Bodies with a Content-Encoding are not supported. Send the body uncompressed.",
            "content_encoding",
        )


def _unsupported(message: str, reason: str) -> RefusedError:
    return RefusedError(Refusal(415, ErrorCode.UNSUPPORTED_MEDIA_TYPE, message, reason=reason))


class _Held:
    """The slots that one request holds."""

    def __init__(self) -> None:
        self._slots: list[Slots] = []
        self._timer: asyncio.TimerHandle | None = None

    async def enter(self, slots: Slots) -> None:
        if not await slots.enter():
            raise RefusedError(BUSY)
        self._slots.append(slots)

    def hand_over_soon(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(SENDING_SECONDS, self._hand_over)

    def _hand_over(self) -> None:
        release_thread()
        self._leave_slots()

    def leave(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._leave_slots()

    def _leave_slots(self) -> None:
        while self._slots:
            self._slots.pop().leave()


def release_thread() -> None:
    """End the thread of the Django request in whose context this runs, and its connections.

    Django keeps the thread until the response is sent, however slowly the client reads. Later work,
    such as closing the response, gets a new one.
    """
    context = SyncToAsync.thread_sensitive_context.get(None)
    if context is None:
        return
    executor = SyncToAsync.context_to_thread_executor.pop(context, None)
    if executor is not None:
        executor.submit(connections.close_all)
        executor.shutdown(wait=False)
