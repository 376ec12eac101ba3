"""The settings of the mail server, read from EMAIL_URL."""

from typing import Any
from urllib.parse import urlsplit

import dj_email_url
from django.core.exceptions import ImproperlyConfigured

TIMEOUT_SECONDS = 10
CONSOLE = "console:"
# Discards mail: links to accounts must not appear in the logs of a server.
NOWHERE = "dummy:"
WRONG = (
    "EMAIL_URL can't be read. Use submission://user:password@host:587, "
    "smtp://user:password@host:465/?ssl=1, or console: (for development)."
)


def mail_settings(url: str, *, debug: bool) -> dict[str, Any]:
    """Return Django's EMAIL_… settings for EMAIL_URL; if it is empty, print or discard mail.

    Raises ImproperlyConfigured, without the URL, which may hold a password.
    """
    url = url or (CONSOLE if debug else NOWHERE)
    try:
        parts = urlsplit(url)
        if parts.scheme not in {"smtp", "submission", "console", "dummy"}:
            raise ImproperlyConfigured(WRONG)
        if parts.scheme in {"smtp", "submission"} and not parts.hostname:
            raise ImproperlyConfigured(WRONG)
        found: dict[str, Any] = dj_email_url.parse(url)
    except ValueError:
        raise ImproperlyConfigured(WRONG) from None
    found["EMAIL_TIMEOUT"] = found["EMAIL_TIMEOUT"] or TIMEOUT_SECONDS
    return {name: value for name, value in found.items() if name.startswith("EMAIL_")}
