"""Secrets that are handed out once and stored only as keyed digests.

What is looked up is found under each of `secret_keys`, so that tokens survive a change of
SECRET_KEY while the earlier one is in SECRET_KEY_FALLBACKS.
"""

import secrets
from base64 import urlsafe_b64encode

from django.conf import settings
from django.utils.crypto import salted_hmac

SESSION_TOKEN = "wst_"
API_KEY = "lqk_"
INVITATION = "lqi_"


def new_token(prefix: str) -> str:
    """Return a new URL-safe secret of 256 bits behind the prefix of its kind."""
    return prefix + secrets.token_urlsafe(32)


def secret_keys() -> list[str]:
    """Return SECRET_KEY and, behind it, SECRET_KEY_FALLBACKS."""
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def derived_token(prefix: str, of: str, *, secret: str | None = None) -> str:
    """Return a URL-safe secret of 256 bits that only SECRET_KEY and `of`, a unique id, lead to."""
    value = f"{prefix}{of}"
    key = salted_hmac("loquent.derived", value, secret=secret, algorithm="sha256").digest()
    return prefix + urlsafe_b64encode(key).decode().rstrip("=")


def token_digest(token: str) -> str:
    """Return a token's HMAC-SHA256 under SECRET_KEY as 64 hex digits, for the database."""
    return salted_hmac("loquent.token", token, algorithm="sha256").hexdigest()


def token_digests(token: str) -> list[str]:
    """Return the digests under which a token may be stored; first that of `token_digest`."""
    return [
        salted_hmac("loquent.token", token, secret=key, algorithm="sha256").hexdigest()
        for key in secret_keys()
    ]
