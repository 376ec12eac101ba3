"""Derive the secrets of webhooks, and sign with them, as Standard Webhooks 1.0.0 says."""

import base64
import hashlib
import hmac
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.crypto import salted_hmac

from loquent.webhooks.models import WebhookEndpoint

SECRET_PREFIX = "whsec_"
# How long a secret signs after it was replaced.
OVERLAP = timedelta(hours=24)
# Each one signs every request: many servers refuse headers of more than 8 KiB.
MOST_SECRETS = 10


def endpoint_secret(endpoint: WebhookEndpoint) -> str:
    """Return the secret of an endpoint, `whsec_…`: only SECRET_KEY and its number lead to it."""
    return SECRET_PREFIX + base64.b64encode(_key(endpoint.id, endpoint.secret_number)).decode()


def signing_keys(endpoint: WebhookEndpoint, *, now: datetime) -> list[bytes]:
    """Return the keys that sign now: the current one first, then those that were replaced."""
    numbers = [endpoint.secret_number]
    numbers += [n for n, until in endpoint.retired_secrets if datetime.fromisoformat(until) > now]
    keys = [_key(endpoint.id, number) for number in numbers]
    for old in settings.SECRET_KEY_FALLBACKS:
        keys += [_key(endpoint.id, number, secret=old) for number in numbers]
    return keys


def retired_after_rotation(endpoint: WebhookEndpoint, *, now: datetime) -> list[list[object]]:
    """Return what `retired_secrets` is once the current secret is replaced."""
    kept = [
        [number, until]
        for number, until in endpoint.retired_secrets
        if datetime.fromisoformat(until) > now
    ]
    return [[endpoint.secret_number, (now + OVERLAP).isoformat()], *kept][: MOST_SECRETS - 1]


def sign(key: bytes, *, event_id: str, timestamp: int, body: bytes) -> str:
    """Return one signature of a request, for the header `webhook-signature`."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _key(endpoint_id: uuid.UUID, number: int, secret: str | None = None) -> bytes:
    value = f"{endpoint_id}.{number}"
    return salted_hmac("loquent.webhook", value, secret=secret, algorithm="sha256").digest()
