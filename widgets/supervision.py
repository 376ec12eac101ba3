"""What runs beside the requests: leases, orphaned turns, revoked widgets, idle sockets."""

import asyncio
import logging
import time
import uuid

from django.conf import settings

from loquent.database import in_database
from loquent.errors import ErrorCode
from widgets.events import AnswerWanted, Event, StopAsked, TurnEnded
from widgets.hub import hub
from widgets.link import PROCESS, link
from widgets.protocol import CloseCode
from widgets.services.revocation import revocation_state
from widgets.services.turns import RENEW_SECONDS, renew_leases, settle_orphans
from widgets.turns import runner

logger = logging.getLogger(__name__)
INTERRUPTED_SENTENCE = "The answer was interrupted. Please ask again."


class Supervisor:
    """One task per process; the server's start starts it, else the first socket."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, unless it runs already."""
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            link.start(hear)
            self._task = loop.create_task(self._run())

    async def stop(self, *, grace_seconds: float = 0) -> None:
        """End the turns of this process, after that grace, and the supervision with them."""
        await runner.end_all(grace_seconds)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await link.stop()

    async def _run(self) -> None:
        while True:
            for step in (self.keep_turns, self.end_revoked, self.end_idle, self.mend_link):
                try:
                    await step()
                except Exception as error:  # noqa: BLE001 - the next round tries again
                    logger.warning("%s failed: %s", step.__name__, type(error).__name__)
            await asyncio.sleep(RENEW_SECONDS)

    async def keep_turns(self) -> None:
        """Renew this process's leases, and run what a dead process left."""
        if runner.sessions():
            await in_database(renew_leases, owner=PROCESS)
        settled = await in_database(settle_orphans, running_here=runner.sessions())
        for session_id, answer, message_id in settled.interrupted:
            ended = TurnEnded(
                message_id,
                answer.id,
                answer,
                error=INTERRUPTED_SENTENCE,
                error_code=ErrorCode.INTERRUPTED.value,
            )
            await hub.publish(session_id, ended)
        for session_id in settled.to_run:
            runner.wake(session_id)

    async def end_revoked(self) -> None:
        """Close the sockets whose widget is gone (4404) or doesn't allow them any more (4403)."""
        sockets = hub.sockets()
        if not sockets:
            return
        widget_pks = {socket.widget_pk for socket in sockets if socket.widget_pk}
        states = await in_database(revocation_state, widget_pks=widget_pks)
        for socket in sockets:
            if socket.widget_pk not in widget_pks:
                continue  # came while the database was asked
            code = socket.check_widget(states.get(socket.widget_pk))
            if code is not None:
                socket.end(code)

    async def mend_link(self) -> None:
        """Hear other processes again, once the channel layer is back."""
        await link.mend()

    async def end_idle(self) -> None:
        """Close the sockets on which nothing but pings happened for LIMIT_IDLE_SECONDS."""
        limit = settings.LIMITS.idle_seconds
        if not limit:
            return
        oldest = time.monotonic() - limit
        for socket in hub.sockets():
            if socket.last_activity < oldest:
                socket.end(CloseCode.IDLE)


def hear(session_id: uuid.UUID, event: Event) -> None:
    """What another process tells of a session."""
    match event:
        case StopAsked():
            runner.stop(session_id)
        case AnswerWanted():
            turn = runner.current(session_id)
            if turn is not None:
                turn.share()
        case _:
            hub.tell(session_id, event)


supervisor = Supervisor()
