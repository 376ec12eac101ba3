"""Tell open inboxes, here and in other processes, which conversations have changed.

Changes are gathered for a moment: a busy process sends a few messages per second, whatever the
number of visitors.
"""

import asyncio
import logging
import uuid
from collections.abc import Coroutine, Iterable

from django.conf import settings

from loquent.db.threads import in_database
from widgets.chat.bus import bus, cancel
from widgets.chat.events import InboxChanged
from widgets.chat.inbox.presence import INBOX
from widgets.chat.inbox.viewer import inboxes
from widgets.services.inbox.rows import load_states

logger = logging.getLogger(__name__)
GATHER_SECONDS = 0.05
# A longer list would be a large message for the channel layer.
MOST_AT_ONCE = 500


class Feed:
    """The conversations of this process that have changed since the last message."""

    def __init__(self) -> None:
        self._changed: set[uuid.UUID] = set()
        self._chores: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Forget what an earlier event loop has left."""
        self._changed.clear()
        self._chores.clear()

    async def stop(self) -> None:
        """Forget the changes; nothing is sent afterwards."""
        if self._timer is not None:
            self._timer.cancel()
        self._changed.clear()
        await cancel(self._chores)

    def note(self, session_id: uuid.UUID) -> None:
        """Note that a conversation has changed. Call it on the event loop."""
        if not settings.REDIS_URL and not inboxes():
            return
        if not self._changed:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(GATHER_SECONDS, self._flush)
        self._changed.add(session_id)

    def show(self, ids: Iterable[uuid.UUID]) -> None:
        """Send the open inboxes of this process what has changed."""
        wanted = list(ids)
        if wanted and inboxes():
            self._in_background(self._show(wanted))

    def _flush(self) -> None:
        changed, self._changed = list(self._changed), set()
        self.show(changed)
        for start in range(0, len(changed), MOST_AT_ONCE):
            part = changed[start : start + MOST_AT_ONCE]
            bus.send_soon(INBOX, InboxChanged([str(session_id) for session_id in part]))

    async def _show(self, ids: list[uuid.UUID]) -> None:
        try:
            states = await in_database(load_states, ids=ids)
        except Exception as error:  # noqa: BLE001 - the pages read everything again
            logger.warning("Changed conversations could not be read: %s", type(error).__name__)
            for inbox in inboxes():
                inbox.resync_soon()
            return
        for inbox in inboxes():
            inbox.show(states)
            if len(states) < len(set(ids)):
                # Some are deleted, and with them the link to their organization.
                inbox.resync_soon()

    def _in_background(self, chore: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(chore)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)


feed = Feed()
