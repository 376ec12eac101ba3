"""Secrets that are handed out once and stored only as keyed digests."""

import secrets

from django.utils.crypto import salted_hmac

SESSION_TOKEN = "wst_"
API_KEY = "lqk_"
INVITATION = "lqi_"


def new_token(prefix: str) -> str:
    """A new secret of 256 bits behind the prefix that tells its kind, URL-safe."""
    return prefix + secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    """The HMAC-SHA256 of a token under SECRET_KEY, as 64 hex digits: what the database keeps."""
    return salted_hmac("loquent.token", token, algorithm="sha256").hexdigest()
