"""Sends mail without letting anybody wait for it, and so without showing whether there was any."""

import logging
from concurrent.futures import Future, ThreadPoolExecutor

from django.core.mail import EmailMessage, get_connection

logger = logging.getLogger(__name__)
# One after the other: a mail server that is slow costs one thread.
_sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def send_soon(*, to: str, subject: str, body: str) -> None:
    """Hand a mail to the background; a failure is logged, without the address or the text."""
    message = EmailMessage(subject=" ".join(subject.split()), body=body, to=[to])
    _sender.submit(_send, message)


def all_sent() -> "Future[None]":
    """Done when everything that was handed over before has been sent, or has failed."""
    return _sender.submit(lambda: None)


def _send(message: EmailMessage) -> None:
    try:
        get_connection().send_messages([message])
    except Exception as error:  # noqa: BLE001 - a mail server may do anything
        logger.warning("A mail could not be sent (%s).", type(error).__name__)
