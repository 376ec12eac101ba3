"""Whose request it is, behind a stated number of proxies."""

from collections.abc import Sequence

from django.conf import settings


def client_address(peer: str, forwarded_for: Sequence[str]) -> str:
    """The client's address for limits.

    `peer` is the other end of the connection, `forwarded_for` every X-Forwarded-For header in
    order. Each trusted proxy appends one entry; what stands further left is hearsay.
    """
    count = settings.TRUSTED_PROXY_COUNT
    entries = [entry.strip() for header in forwarded_for for entry in header.split(",")]
    if not count or len(entries) < count:
        return peer
    return entries[-count] or peer
