"""Which request and which conversation a log line or a span belongs to."""

import re
import uuid
from contextvars import ContextVar

# The request IDs that are accepted from a client; others could forge log lines.
_SANE = re.compile(rb"^[A-Za-z0-9._-]{1,64}\Z")

# Empty outside of requests and sockets.
request_id: ContextVar[str] = ContextVar("loquent_request_id", default="")
# The database id of a conversation: staff can search for it, and it grants no access.
session_id: ContextVar[str] = ContextVar("loquent_session_id", default="")


def choose_request_id(offered: bytes | None) -> str:
    """Return the request's ID as the client sent it, if it is valid; else a new one."""
    if offered is not None and _SANE.match(offered):
        return offered.decode("ascii")
    return uuid.uuid4().hex


def bind_session(session: uuid.UUID | None) -> None:
    """Add the conversation to the log lines of this task and of those that it starts."""
    session_id.set("" if session is None else str(session))
