"""The mail to owners whose webhook was disabled."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse

from loquent.mailing.models import OutgoingMail
from loquent.mailing.writing import Letter, letter
from loquent.text import one_line
from loquent.webhooks.models import WebhookEndpoint
from loquent.webhooks.services.endpoints import DISABLED_LETTER

BODY = """\
The webhook {name} of {organization} was disabled: {reason}.

No events are sent to it. Events that could not be delivered are kept: once the receiver works,
enable the webhook, and the server sends what is waiting. "Resend all failed" on its page sends
the rest.

{link}
"""


@letter(DISABLED_LETTER, title="Webhook disabled", lasts=timedelta(days=2))
def write_disabled(mail: OutgoingMail) -> Sequence[Letter]:
    """Write to an owner, unless the webhook was enabled again or deleted."""
    try:
        rows = WebhookEndpoint.objects.select_related("organization")
        endpoint = rows.filter(id=mail.about, enabled=False).exclude(disabled_reason="").first()
    except (ValueError, ValidationError):
        return []
    if endpoint is None:
        return []
    reason = endpoint.get_disabled_reason_display()
    body = BODY.format(
        name=one_line(str(endpoint)),
        organization=one_line(str(endpoint.organization)),
        reason=reason[0].lower() + reason[1:],
        link=settings.SITE_URL
        + reverse("admin:webhooks_webhookendpoint_change", args=[endpoint.id]),
    )
    return [Letter(to=mail.recipient, subject="A webhook was disabled", body=body)]
