"""Members' devices that get push messages, and the key pair that push services know us by."""

import logging
import uuid
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from loquent.egress.urls import EgressRules, UnsafeUrlError, check_url
from loquent.errors import invalid
from loquent.organizations.models import Membership
from loquent.text import clean_text, one_line
from loquent.tokens import secret_keys
from widgets.models import PushDevice, PushKey
from widgets.services.notify.push.crypto import (
    check_device,
    decode,
    encode,
    new_private_key,
    public_key,
)

logger = logging.getLogger(__name__)
MOST_PER_MEMBER = 10
MAX_NAME = 100


def push_rules() -> EgressRules:
    """Return what the operator allows: push services are public, except in tests."""
    return EgressRules(
        networks=settings.WEBHOOK_ALLOWED_NETWORKS, allow_http=settings.WEBHOOK_ALLOW_HTTP
    )


def private_key() -> bytes:
    """Return the server's private key; make one if there is none that a known key decrypts.

    Devices that knew an earlier key register again when their page is opened.
    """
    row = PushKey.objects.order_by("created_at").last()
    if row is not None:
        try:
            return _unsealed(row)
        except InvalidToken:
            logger.warning("The push key can't be decrypted; creating a new one.")
    sealed = _cipher(settings.SECRET_KEY).encrypt(new_private_key()).decode()
    # Of two processes at once, the first one's key stays: browsers may know it already.
    with transaction.atomic():
        if row is None:
            PushKey.objects.get_or_create(number=1, defaults={"sealed": sealed})
        elif PushKey.objects.filter(number=1, sealed=row.sealed).update(sealed=sealed):
            PushDevice.objects.all().delete()
    return _unsealed(PushKey.objects.get(number=1))


def _unsealed(row: PushKey) -> bytes:
    """Return the key; if an earlier SECRET_KEY sealed it, seal it again."""
    sealed = row.sealed.encode()
    try:
        return _cipher(settings.SECRET_KEY).decrypt(sealed)
    except InvalidToken:
        cipher = MultiFernet([_cipher(each) for each in secret_keys()])
        found = cipher.decrypt(sealed)
    rows = PushKey.objects.filter(number=row.number, sealed=row.sealed)
    rows.update(sealed=cipher.encrypt(found).decode())
    return found


def public_key_of_server() -> bytes:
    """Return the key with which browsers subscribe."""
    return public_key(private_key())


def _cipher(secret: str) -> Fernet:
    key = salted_hmac("loquent.push", "key", secret=secret, algorithm="sha256").digest()
    return Fernet(urlsafe_b64encode(key))


def register_device(
    *, member: Membership, endpoint: str, p256dh: str, auth: str, name: str
) -> PushDevice:
    """Store a browser's subscription, or renew it; raise `invalid` naming the field.

    `name`: of the browser, for its member; empty if it only renews.
    """
    try:
        # An index of PostgreSQL can't hold 2,000 characters of four bytes.
        if not endpoint.isascii():
            raise UnsafeUrlError("Use ASCII characters only.")
        check_url(endpoint, push_rules())
    except UnsafeUrlError as error:
        raise invalid({"endpoint": [str(error)]}) from None
    try:
        keys = decode(p256dh), decode(auth)
        check_device(*keys)
    except ValueError:
        raise invalid({"keys": ["These are not the keys of a browser."]}) from None
    shown = one_line(clean_text(name))[:MAX_NAME]
    with transaction.atomic():
        # A browser belongs to the member who is logged in to it.
        PushDevice.objects.filter(endpoint=endpoint).exclude(
            member__user_id=member.user_id
        ).delete()
        row, _ = PushDevice.objects.update_or_create(
            member=member,
            endpoint=endpoint,
            defaults={
                # Not as sent: the decoder ignores any number of other characters.
                "p256dh": encode(keys[0]),
                "auth": encode(keys[1]),
                **({"name": shown} if shown else {}),
            },
        )
        rows = PushDevice.objects.filter(member=member).order_by("-updated_at", "-id")
        kept = list(rows.values_list("id", flat=True)[:MOST_PER_MEMBER])
        PushDevice.objects.filter(member=member).exclude(id__in=kept).delete()
    return row


def forget_device(*, user_id: int, endpoint: str) -> None:
    """Send a user's browser nothing any more: they log out."""
    PushDevice.objects.filter(member__user_id=user_id, endpoint=endpoint).delete()


def note_result(device_id: uuid.UUID, *, status: int | None, error: str) -> None:
    """Record how sending to a device ended; delete one that its push service has forgotten."""
    rows = PushDevice.objects.filter(id=device_id)
    if status in (404, 410):
        rows.delete()
    elif error:
        rows.update(error=error, failed_at=timezone.now())
    else:
        rows.update(error="", failed_at=None, sent_at=timezone.now())
