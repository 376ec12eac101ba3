"""Public identifiers of widgets."""

import re
import secrets
import string

ALPHABET = string.ascii_letters + string.digits
LENGTH = 24
_WIDGET_ID = re.compile(r"^wid_[A-Za-z0-9]{1,60}\Z")


def generate_widget_id() -> str:
    """A new `wid_…` of 24 random letters and digits (142 bits): it can't be guessed or collide."""
    return "wid_" + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def is_widget_id(text: str) -> bool:
    """Whether a text could be a widget's identifier; what can't is not worth a query."""
    return _WIDGET_ID.match(text) is not None
