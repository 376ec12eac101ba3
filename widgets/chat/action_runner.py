"""Carry out the changes that visitors confirm, in tasks that outlive their sockets."""

import asyncio
import logging
import time
import uuid

from loquent.agents.actions.calling import call_action, idempotency_key
from loquent.db.threads import in_database
from widgets.chat.bus import PROCESS
from widgets.chat.events import ActionChanged, ActionEnded
from widgets.chat.rooms import rooms
from widgets.services.actions.confirm import (
    ClaimedAction,
    decide_action,
    expire_actions,
    finish_action,
    settle_actions,
    spent_error,
)

logger = logging.getLogger(__name__)
# How long to retry writing a result while the database is down.
FINISH_SECONDS = 25.0
FINISH_PAUSE = 0.5
# How long a process that shuts down waits for the end of its calls.
ACTION_SECONDS = 11.0
_running: dict[uuid.UUID, asyncio.Task[None]] = {}


async def decide(session_id: uuid.UUID, *, action_id: str, confirm: bool) -> None:
    """Confirm or decline a change; a confirmed one is carried out. Raises `forbidden`."""
    async with rooms.in_order(session_id):
        decided = await in_database(
            decide_action,
            session_id=session_id,
            action_id=action_id,
            confirm=confirm,
            owner=PROCESS,
        )
        claimed = decided.claimed
        if claimed is not None:
            task = asyncio.get_running_loop().create_task(_carry_out(claimed))
            _running[claimed.id] = task
            task.add_done_callback(lambda _: _running.pop(claimed.id, None))
        reply_id = claimed.reply_id if claimed is not None else ""
        await rooms.publish(session_id, ActionChanged(decided.message, reply_id))
    if decided.is_refused:
        raise spent_error()


async def keep_actions() -> None:
    """Expire old confirmations; end the changes whose process died during the call."""
    for session_id, message in await in_database(expire_actions):
        await rooms.publish(session_id, ActionChanged(message))
    for ended in await in_database(settle_actions, owner=PROCESS, running_here=list(_running)):
        await rooms.publish(ended.session_id, ActionEnded(ended.message_id, ended.answer))


async def end_actions(grace_seconds: float) -> None:
    """Wait for running changes, at most this long."""
    if _running:
        await asyncio.wait(list(_running.values()), timeout=grace_seconds)


async def _carry_out(claimed: ClaimedAction) -> None:
    """Call once, and write how that went; whatever happens, it is not called again."""
    key = idempotency_key(claimed.id)
    result = await call_action(claimed.spec, claimed.arguments, key=key)
    deadline = time.monotonic() + FINISH_SECONDS
    while True:
        try:
            async with rooms.in_order(claimed.session_id):
                ended = await in_database(
                    finish_action,
                    call_id=claimed.id,
                    session_id=claimed.session_id,
                    result=result,
                    reply_id=claimed.reply_id,
                )
                if ended is not None:
                    event = ActionEnded(ended.message_id, ended.answer)
                    await rooms.publish(claimed.session_id, event)
        except Exception as error:  # noqa: BLE001 - whatever ails the database
            logger.warning("The outcome of an action could not be stored: %s", type(error).__name__)
            if time.monotonic() > deadline:
                # The supervisor of a process says that the end is not known.
                return
            await asyncio.sleep(FINISH_PAUSE)
        else:
            return
