"""Public identifiers of widgets."""

import secrets
import string

ALPHABET = string.ascii_letters + string.digits
LENGTH = 24


def generate_widget_id() -> str:
    """A new `wid_…` of 24 random letters and digits (142 bits): it can't be guessed or collide."""
    return "wid_" + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
