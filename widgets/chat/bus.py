"""Messages between this process and the others, over the channel layer.

One channel for the whole process joins the groups of the sessions that matter here: those with a
socket, and those with an answer being written. Its messages are hints; the database is
authoritative, and while the layer is down the chat continues within the process.
"""

import asyncio
import logging
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings

from loquent.telemetry.metrics import REDIS_FAILURES
from widgets.chat.events import Event, ResyncRequested, from_wire, to_wire

logger = logging.getLogger(__name__)
PROCESS = uuid.uuid4()
# A layer that doesn't answer delays each sender only this long; then it is skipped for a while.
LAYER_SECONDS = 0.5
SKIP_SECONDS = 3.0
RETRY_SECONDS = 1.0
CANCEL_SECONDS = 0.5
CANCEL_ATTEMPTS = 20
Listener = Callable[[uuid.UUID, Event], None]


class ProcessBus:
    """Subscribes to sessions, and passes on the events that other processes send about them."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._subscriptions: Counter[uuid.UUID] = Counter()
        self._joined: set[uuid.UUID] = set()
        self._channel: str | None = None
        self._reader: asyncio.Task[None] | None = None
        self._chores: set[asyncio.Task[None]] = set()
        self._lock = asyncio.Lock()
        self._beat = asyncio.Event()
        self._is_down = False
        # Whether an event may have been lost since the last successful check.
        self._has_missed = False
        self._skip_until = 0.0
        # Sessions with an event that could not be sent.
        self._unsent: set[uuid.UUID] = set()
        self._listener: Listener | None = None

    def start(self, listener: Listener) -> None:
        """Start to pass events to `listener(session_id, event)`."""
        self._listener = listener

    async def stop(self) -> None:
        """Leave the layer and drop all subscriptions."""
        tasks = [*self._chores, *([self._reader] if self._reader else [])]
        await cancel(tasks)
        # With a new lock: the old one belongs to the loop that ends.
        self._reset()

    @property
    def is_down(self) -> bool:
        """Whether the latest `check` failed."""
        return self._is_down

    async def subscribe(self, session_id: uuid.UUID) -> None:
        """Receive a session's events from the time this returns."""
        self._subscriptions[session_id] += 1
        if settings.REDIS_URL and session_id not in self._joined:
            await self._join(session_id)

    def unsubscribe(self, session_id: uuid.UUID) -> None:
        """Undo one `subscribe`."""
        self._subscriptions[session_id] -= 1
        if self._subscriptions[session_id] <= 0:
            del self._subscriptions[session_id]
            if session_id in self._joined:
                self._in_background(self._part(session_id))

    async def send(self, session_id: uuid.UUID, event: Event) -> None:
        """Send an event to the other processes."""
        if not settings.REDIS_URL:
            return
        message = {
            "type": "session.event",
            "process": str(PROCESS),
            "session": str(session_id),
            "event": to_wire(event),
        }
        if not await self._attempt(get_channel_layer().group_send, _group(session_id), message):
            self._unsent.add(session_id)

    def send_soon(self, session_id: uuid.UUID, event: Event) -> None:
        """Call `send` without waiting for it; messages arrive in order."""
        if settings.REDIS_URL:
            self._in_background(self.send(session_id, event))

    async def check(self) -> bool:
        """Send a message to this process over the layer; return True if it is back after an outage.

        Events may have been lost during the outage, even if that was only one attempt to join that
        took too long, so all subscribers need a resync; other processes are asked for one if
        events of this process could not be sent. Call it every few seconds.
        """
        if not settings.REDIS_URL or not (self._subscriptions or self._unsent):
            return False
        has_missed, self._has_missed = self._has_missed, False
        for session_id in [wanted for wanted in self._subscriptions if wanted not in self._joined]:
            if not await self._join(session_id):
                break
        is_up = await self._receive_own_beat()
        if is_up:
            unsent, self._unsent = self._unsent, set()
            for session_id in unsent:
                await self.send(session_id, ResyncRequested())
        self._is_down = not is_up
        if not is_up:
            self._has_missed = True
        return is_up and has_missed

    async def _receive_own_beat(self) -> bool:
        if self._channel is None:
            return False
        self._beat.clear()
        message = {"type": "process.beat"}
        if not await self._attempt(get_channel_layer().send, self._channel, message):
            return False
        return await self._attempt(self._beat.wait)

    async def _attempt(self, function: Callable[..., Awaitable[Any]], *args: Any) -> bool:
        """Call the channel layer; log it and return False if it doesn't answer."""
        if time.monotonic() < self._skip_until:
            return False
        try:
            async with asyncio.timeout(LAYER_SECONDS):
                await function(*args)
        except Exception as error:  # noqa: BLE001 - whatever ails the layer
            now = time.monotonic()
            if now >= self._skip_until:
                # Those that waited at the same time fail as well: hundreds under load.
                logger.warning("The channel layer is unreachable: %s", type(error).__name__)
            self._skip_until = now + SKIP_SECONDS
            REDIS_FAILURES.labels("link").inc()
            return False
        return True

    async def _join(self, session_id: uuid.UUID) -> bool:
        async with self._lock:
            if session_id in self._joined or session_id not in self._subscriptions:
                return True
            has_channel = self._channel is not None or await self._open()
            add = get_channel_layer().group_add
            if not has_channel or not await self._attempt(add, _group(session_id), self._channel):
                self._has_missed = True
                return False
            self._joined.add(session_id)
            return True

    async def _part(self, session_id: uuid.UUID) -> None:
        async with self._lock:
            if session_id in self._subscriptions or session_id not in self._joined:
                return
            self._joined.discard(session_id)
            layer = get_channel_layer()
            await self._attempt(layer.group_discard, _group(session_id), self._channel)

    async def _open(self) -> bool:
        async def open_channel() -> None:
            self._channel = await get_channel_layer().new_channel("process.")

        if not await self._attempt(open_channel) or self._channel is None:
            return False
        self._reader = asyncio.get_running_loop().create_task(self._read(self._channel))
        return True

    async def _read(self, channel: str) -> None:
        while True:
            try:
                message = await get_channel_layer().receive(channel)
            except Exception as error:  # noqa: BLE001 - the layer is away
                self._has_missed = True
                logger.warning("An event from another process was lost: %s", type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            try:
                self._take(message)
            except Exception as error:  # noqa: BLE001 - one bad hint must not delay the next
                logger.warning("A bad event from another process: %s", type(error).__name__)

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "process.beat":
            self._beat.set()
        elif message["process"] != str(PROCESS) and self._listener is not None:
            event = from_wire(message["event"])
            if event is not None:
                self._listener(uuid.UUID(message["session"]), event)

    def _in_background(self, chore: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(chore)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)


def _group(session_id: uuid.UUID) -> str:
    return f"session.{session_id.hex}"


async def cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they end.

    A library may swallow a cancellation that arrives during a timeout of its own (seen with
    redis-py), so a task that still runs is cancelled again.
    """
    # What an earlier event loop has left can't be cancelled in this one.
    loop = asyncio.get_running_loop()
    left = {task for task in tasks if not task.done() and task.get_loop() is loop}
    for _ in range(CANCEL_ATTEMPTS):
        if not left:
            return
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=CANCEL_SECONDS)


bus = ProcessBus()
