"""Secrets that are handed out once and stored only as keyed digests."""

import secrets
from base64 import urlsafe_b64encode

from django.utils.crypto import salted_hmac

SESSION_TOKEN = "wst_"
API_KEY = "lqk_"
INVITATION = "lqi_"


def new_token(prefix: str) -> str:
    """Return a new URL-safe secret of 256 bits behind the prefix of its kind."""
    return prefix + secrets.token_urlsafe(32)


def derived_token(prefix: str, of: str) -> str:
    """Return a URL-safe secret of 256 bits that only SECRET_KEY and `of`, a unique id, lead to."""
    key = salted_hmac("loquent.derived", f"{prefix}{of}", algorithm="sha256").digest()
    return prefix + urlsafe_b64encode(key).decode().rstrip("=")


def token_digest(token: str) -> str:
    """Return a token's HMAC-SHA256 under SECRET_KEY as 64 hex digits, for the database."""
    return salted_hmac("loquent.token", token, algorithm="sha256").hexdigest()
