"""Limit request bodies and concurrent requests, before Django.

Health checks, metrics and sockets bypass these limits.
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
    RETRY_AFTER_SECONDS,
    Body,
    BodyLimits,
    BodyMemory,
    DisconnectedError,
    RefusedError,
)
from loquent.server.slots import Slots

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
# Each request has a thread; Compose and systemd allow 200 threads in total.
REQUESTS_AT_ONCE = 40
MOST_WAITING = 400
WAIT_SECONDS = 5.0
# Parsing a form of 16 MiB briefly takes several times as much memory.
LARGE_AT_ONCE = 2
LARGE_WAIT_SECONDS = 10.0
# After this time a response is waiting for its client, and no longer needs a thread.
SENDING_SECONDS = 0.1
BUSY = Refusal(
    503,
    ErrorCode.UNAVAILABLE,
    "The server is busy. Please try again in a few seconds.",
    reason="busy",
    retry_after=RETRY_AFTER_SECONDS,
)


class RequestLimits:
    """Passes a request on once its body is complete and a slot is free.

    The body is received first, so that a slow client occupies neither a slot nor a thread. Slots
    are released when the response is complete, or shortly after it started, so that a download or a
    slow reader occupies no thread.
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
                    # Runs in the context of Django's handler, which knows its thread.
                    held.hand_over_soon()
                await send(event)

            await self._application(scope, replay, send_and_hand_over)
        finally:
            held.leave()
            if body.is_large:
                self._collector.add(body.size)


class _Held:
    """The slots that one request occupies."""

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
    """End the thread of the Django request in this context, and close its connections.

    Django keeps the thread until the response is sent, however slowly the client reads. Later work,
    such as closing the response, gets a new thread.
    """
    context = SyncToAsync.thread_sensitive_context.get(None)
    if context is None:
        return
    executor = SyncToAsync.context_to_thread_executor.pop(context, None)
    if executor is not None:
        executor.submit(connections.close_all)
        executor.shutdown(wait=False)
