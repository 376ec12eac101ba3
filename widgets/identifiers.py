"""Generate the identifiers of widgets and answers."""

import hashlib
import re
import secrets
import string
import uuid

ALPHABET = string.ascii_letters + string.digits
LENGTH = 24
_WIDGET_ID = re.compile(r"^wid_[A-Za-z0-9]{1,60}\Z")


def generate_widget_id() -> str:
    """Return a new `wid_…` of 24 random letters and digits (142 bits), unguessable and unique."""
    return "wid_" + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def is_widget_id(text: str) -> bool:
    """Return whether a text could be a widget's identifier; anything else needs no query."""
    return _WIDGET_ID.match(text) is not None


def new_reply_id(*, answers: uuid.UUID) -> uuid.UUID:
    """Return a new id for an answer to this message; each try has its own.

    It is announced before there is a row, and a try without text leaves no row, so the id itself
    identifies the message.
    """
    return _reply_id(uuid.uuid4().bytes[:8], answers)


def is_reply_id(reply_id: uuid.UUID, *, answers: uuid.UUID) -> bool:
    """Return whether `new_reply_id` could have returned the id for this message."""
    return reply_id == _reply_id(reply_id.bytes[:8], answers)


def _reply_id(chance: bytes, message_id: uuid.UUID) -> uuid.UUID:
    digest = hashlib.sha256(message_id.bytes + chance).digest()
    return uuid.UUID(bytes=chance + digest[:8], version=4)
