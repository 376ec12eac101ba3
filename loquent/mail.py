"""Mail: the settings of its server, read from EMAIL_URL, and sending in the background."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import dj_email_url
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, get_connection

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10
CONSOLE = "console:"
# Discards mail: links to accounts must not appear in the logs of a server.
NOWHERE = "dummy:"
WRONG = (
    "EMAIL_URL can't be read. Use submission://user:password@host:587, "
    "smtp://user:password@host:465/?ssl=1, or console: (for development)."
)
# One thread: a slow mail server delays other mail, but no request.
_sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


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


def send_in_background(*, to: str, subject: str, body: str) -> None:
    """Send a mail on another thread; log a failure without the address or the text.

    The response then takes equally long whether there was anything to send or not. Mail that is
    not sent when the process ends is lost.
    """
    message = EmailMessage(subject=" ".join(subject.split()), body=body, to=[to])
    _sender.submit(_send, message)


def all_sent() -> "Future[None]":
    """Return a future that is done when all mail so far has been sent, or has failed."""
    return _sender.submit(lambda: None)


def _send(message: EmailMessage) -> None:
    try:
        get_connection().send_messages([message])
    except Exception as error:  # noqa: BLE001 - a mail server may do anything
        logger.warning("An email could not be sent (%s).", type(error).__name__)
