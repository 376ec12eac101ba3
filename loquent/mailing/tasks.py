"""Send mail: a row and a job, in the caller's transaction."""

import logging
import smtplib
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import formataddr, parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db.models import QuerySet
from django.utils import timezone
from django_tasks import task

from loquent.jobs.backend import NewJob, enqueue_jobs
from loquent.jobs.kinds import GiveUp, RetryLater
from loquent.mailing.models import MailState, OutgoingMail
from loquent.mailing.writing import LETTERS, Letter

logger = logging.getLogger(__name__)

# Then every six hours, until the letter expires.
RETRY_SECONDS = (30, 120, 600, 1_800, 7_200, 21_600)
KEPT = timedelta(days=30)
TOO_LATE = "It could not be sent in time: {reason}"
UNREACHABLE = "The mail server can't be reached."
LOGIN_REFUSED = "The mail server refused the user name or password of EMAIL_URL."
ADDRESS_REFUSED = "The mail server refused the address."
REFUSED = "The mail server refused the mail."


def describe(mail_ids: list[str]) -> dict[str, str]:
    """Return the kind and recipient of mails, for staff, by their ids."""
    return {
        str(mail.id): f"{LETTERS[mail.letter].title} to {mail.recipient}"
        for mail in OutgoingMail.objects.filter(id__in=mail_ids)
        if mail.letter in LETTERS
    }


def send_mail(
    *, letter: str, to: str, about: object = "", organization_id: uuid.UUID | None = None
) -> None:
    """Send a mail once the caller's transaction has committed, with retries.

    letter: its kind (`loquent.mailing.writing`). about: the id of the row that it is about.
    organization_id: owners of it see a failure.
    """
    mail = OutgoingMail.objects.create(
        letter=letter, recipient=to, about=str(about), organization_id=organization_id
    )
    enqueue_jobs(deliver_mail, [NewJob(args=(mail.id,), organization_id=organization_id)])


def fail_mail(args: list[str], reason: str) -> None:
    """Record that nothing will send a mail, unless staff retry its job."""
    mail = OutgoingMail.objects.filter(id=args[0], state=MailState.WAITING)
    mail.update(state=MailState.FAILED, error=reason, updated_at=timezone.now())


@task(kind="mail", title="Send an email", at_once=4, describe=describe, on_failure=fail_mail)
def deliver_mail(mail_id: str) -> None:
    """Write a mail and send it to the mail server.

    If the worker ends between the mail server's answer and the commit, the mail is sent twice.
    """
    mail = OutgoingMail.objects.filter(id=mail_id).exclude(state=MailState.SENT).first()
    if mail is None:
        return
    if mail.state == MailState.FAILED:
        # Staff chose to retry.
        mail.state, mail.attempts, mail.created_at = MailState.WAITING, 0, timezone.now()
    kind = LETTERS[mail.letter]
    letters = kind.write(mail)
    if not letters:
        mail.delete()
        return
    mail.attempts += 1
    try:
        _send(mail, letters)
    except Exception as error:
        raise _failed(mail, error) from error
    mail.state, mail.error, mail.sent_at = MailState.SENT, "", timezone.now()
    mail.save()


def old_mail(*, now: datetime) -> QuerySet[OutgoingMail]:
    """Return the rows of mail past their retention period."""
    return OutgoingMail.objects.filter(created_at__lt=now - KEPT)


def _send(mail: OutgoingMail, letters: Sequence[Letter]) -> None:
    host = urlsplit(settings.SITE_URL).hostname
    messages = [
        EmailMessage(
            subject=" ".join(letter.subject.split()),
            body=letter.body,
            to=[letter.to],
            from_email=_from(letter),
            # The same on each attempt, so that a mail program can show a mail once.
            headers={
                # No vacation notice answers it.
                "Auto-Submitted": "auto-generated",
                **letter.headers,
                "Message-ID": f"<{mail.id}.{number}@{host}>",
            },
        )
        for number, letter in enumerate(letters)
    ]
    get_connection().send_messages(messages)


def _from(letter: Letter) -> str | None:
    if not letter.sender:
        return None
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return formataddr((" ".join(letter.sender.split()), address))


def _failed(mail: OutgoingMail, error: Exception) -> GiveUp | RetryLater:
    # Without the address and the text.
    logger.warning("A mail could not be sent (%s).", type(error).__name__)
    reason, is_final = _reason(error)
    delay = RETRY_SECONDS[min(mail.attempts, len(RETRY_SECONDS)) - 1]
    ends = mail.created_at + LETTERS[mail.letter].lasts
    if not is_final and timezone.now() + timedelta(seconds=delay) > ends:
        reason, is_final = TOO_LATE.format(reason=reason), True
    mail.state = MailState.FAILED if is_final else MailState.WAITING
    mail.error = reason
    mail.save()
    return GiveUp(reason) if is_final else RetryLater(reason, seconds=delay)


def _reason(error: Exception) -> tuple[str, bool]:
    """Return the reason for staff, without what the mail server wrote; and whether it is final."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            codes = [code for code, _ in error.recipients.values()]
            return ADDRESS_REFUSED, all(code >= 500 for code in codes)
        case smtplib.SMTPAuthenticationError():
            return LOGIN_REFUSED, False
        case smtplib.SMTPResponseException():
            return REFUSED, error.smtp_code >= 500
        case OSError():
            return UNREACHABLE, False
        case _:
            return f"An unexpected error ({type(error).__name__}).", False
