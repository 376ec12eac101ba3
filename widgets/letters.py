"""The mails of conversations: to a member about a waiting visitor, to a visitor about an answer."""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from loquent.mailing.models import OutgoingMail
from loquent.mailing.writing import Letter, letter
from loquent.text import indent_lines, one_line
from widgets.models import Notification, WidgetMessage
from widgets.services.conversations import visitor_name
from widgets.services.notify.queue import REPLY_LETTER
from widgets.services.notify.staff import TEST_LETTER, WAITING_LETTER, is_due
from widgets.services.notify.texts import mail_text
from widgets.services.notify.visitor import (
    LINK_LASTS,
    may_write,
    new_lines,
    new_link_token,
    stop_value,
)
from widgets.types import MessageRole

WORDS = 1_000
WAITING = """\
{visitor} has been waiting for a person for {minutes} in the chat {widget} of {organization}.

{words}

Answer here:
{link}

You can turn these emails off under Notifications:
{preferences}
"""
TEST = """\
This is a test. Emails about waiting visitors will reach you at this address.

{preferences}
"""


@letter(WAITING_LETTER, title="A visitor is waiting", lasts=timedelta(hours=2))
def write_waiting(mail: OutgoingMail) -> Sequence[Letter]:
    """Write to a member, unless a member has answered, claimed or resolved the conversation."""
    row = _row(mail)
    if row is None or row.waiting_since is None or not is_due(row):
        return []
    session = row.session
    rows = WidgetMessage.objects.filter(session=session, role=MessageRole.USER)
    words = rows.order_by("-seq").values_list("content", flat=True).first() or ""
    minutes = max(1, int((timezone.now() - row.waiting_since).total_seconds() // 60))
    body = WAITING.format(
        visitor=one_line(visitor_name(session)),
        minutes="1 minute" if minutes == 1 else f"{minutes} minutes",
        widget=one_line(str(session.widget)),
        organization=one_line(str(session.widget.organization)),
        words=indent_lines(words[:WORDS]),
        link=f"{settings.SITE_URL}{reverse('admin:inbox')}?c={session.id}",
        preferences=f"{settings.SITE_URL}{reverse('admin:notifications')}",
    )
    return [Letter(to=mail.recipient, subject="A visitor is waiting", body=body)]


@letter(TEST_LETTER, title="Test of notifications", lasts=timedelta(hours=1))
def write_test(mail: OutgoingMail) -> Sequence[Letter]:
    """Write the mail of the test button."""
    preferences = f"{settings.SITE_URL}{reverse('admin:notifications')}"
    body = TEST.format(preferences=preferences)
    return [Letter(to=mail.recipient, subject="Test of your notifications", body=body)]


@letter(REPLY_LETTER, title="Answer to a visitor", lasts=timedelta(days=1))
def write_reply(mail: OutgoingMail) -> Sequence[Letter]:
    """Write what persons have answered, unless the visitor has seen it or wants no mail."""
    row = _row(mail)
    # The visitor may have corrected the address since.
    if row is None or row.session.reply_email != mail.recipient or not may_write(row):
        return []
    lines = [line for line in new_lines(row) if line.seq <= row.seq]
    if not lines:
        return []
    session = row.session
    language = session.language
    site = one_line(str(session.widget.name or session.widget.organization))
    said = [f"{one_line(line.author)}:\n{indent_lines(line.content)}" for line in lines]
    link = reverse("chat-continue", args=[new_link_token(row)])
    value = stop_value(session, address=mail.recipient)
    stop = f"{settings.SITE_URL}{reverse('chat-stop', args=[value])}"
    body = "\n\n".join(
        [
            *said,
            mail_text("continue", language, days=LINK_LASTS.days),
            f"{settings.SITE_URL}{link}",
            f"{mail_text('stop', language)} {stop}",
        ]
    )
    host = urlsplit(settings.SITE_URL).hostname
    return [
        Letter(
            to=mail.recipient,
            subject=mail_text("subject", language, site=site),
            body=f"{body}\n",
            sender=site,
            headers={
                "References": f"<{session.id}@{host}>",
                "List-Unsubscribe": f"<{stop}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        )
    ]


def _row(mail: OutgoingMail) -> Notification | None:
    rows: QuerySet[Notification] = Notification.objects.select_related(
        "session__widget__organization", "session__contact"
    )
    try:
        return rows.filter(id=mail.about).first()
    except (ValueError, ValidationError):
        return None
