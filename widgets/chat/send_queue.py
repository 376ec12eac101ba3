"""The frames waiting for one client: in order, bounded, and without blocking the sender."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from django.conf import settings

from widgets.chat.protocol import byte_length

logger = logging.getLogger(__name__)


class SendQueue:
    """A queue with its own sending task, so that `put` never waits for the client's network.

    A client that lets more than LIMIT_OUTBOUND_BYTES pile up is dropped.
    """

    def __init__(
        self,
        send: Callable[[str], Awaitable[None]],
        close: Callable[[int], Awaitable[None]],
        *,
        held: bool = False,
    ) -> None:
        """`held`: nothing is sent before `release`.

        A close before the handshake's response would refuse the handshake, which browsers can't
        read, and the response would then fail.
        """
        self._is_held = held
        self._send = send
        self._close = close
        # Created on demand: most sockets are silent most of the time.
        self._frames: deque[str] | None = None
        self._bytes = 0
        self._close_code: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._given_up = False

    def put(self, frame: str) -> None:
        """Queue a frame; dropped after `close`."""
        if self._close_code is not None or self._given_up:
            return
        if self._frames is None:
            self._frames = deque()
        self._frames.append(frame)
        self._bytes += byte_length(frame)
        limit = settings.LIMITS.outbound_bytes
        if limit and self._bytes > limit:
            self._give_up()
            return
        self._wake()

    def close(self, code: int) -> None:
        """Close the socket with this code, after the queued frames."""
        if self._close_code is None:
            self._close_code = code
            self._wake()

    def release(self) -> None:
        """Send queued and later frames."""
        self._is_held = False
        if self._frames or self._close_code is not None:
            self._wake()

    @property
    def is_closing(self) -> bool:
        """Whether `close` was called, or the client was dropped."""
        return self._close_code is not None or self._given_up

    def cancel(self) -> None:
        """Drop the queued frames, because the client has disconnected."""
        self._given_up = True
        self._frames = None
        if self._task is not None:
            self._task.cancel()

    def _give_up(self) -> None:
        logger.info("A client that is not reading is dropped.")
        self._frames = None
        self._close_code = 1011
        self._wake()

    def _wake(self) -> None:
        if self._task is None and not self._given_up and not self._is_held:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._frames:
                frame = self._frames.popleft()
                self._bytes -= byte_length(frame)
                await self._send(frame)
            self._frames = None
            if self._close_code is not None:
                self._given_up = True
                await self._close(self._close_code)
        except (OSError, RuntimeError) as error:
            # Raised by the server if the client disconnected while we were sending.
            logger.debug("A client disconnected during a send: %s", type(error).__name__)
            self._given_up = True
        finally:
            self._task = None
