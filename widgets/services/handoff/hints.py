"""Tell the sockets' side of this process about a committed transition.

The sockets' side registers itself. Without it (a management command, a test) nothing is sent: what
must be seen is in the database, and sockets read it at the latest when they reconnect.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction


@dataclass(frozen=True, slots=True)
class Hint:
    """What to do for a session. `ended`: the ids of turns that were deleted.

    `stops`: stop the answer being written, as the visitor's `stop` does. `wakes`: a turn waits.
    `is_internal`: only the team sees the change.
    """

    session_id: uuid.UUID
    ended: tuple[str, ...] = ()
    stops: bool = False
    wakes: bool = False
    is_internal: bool = False


_receivers: list[Callable[[Hint], None]] = []


def receive_hints(receiver: Callable[[Hint], None] | None) -> None:
    """Pass hints to this function, from any thread; None: to none."""
    _receivers[:] = [] if receiver is None else [receiver]


def send_hint(hint: Hint) -> None:
    """Send a hint now."""
    for receiver in _receivers:
        receiver(hint)


def send_after_commit(hint: Hint) -> None:
    """Send a hint once the current transaction is committed."""
    transaction.on_commit(lambda: send_hint(hint))
