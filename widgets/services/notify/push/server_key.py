"""The key pair that push services know us by. Import it where it is used, as crypto.py."""

import logging
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from loquent.tokens import secret_keys
from widgets.models import PushDevice, PushKey
from widgets.services.notify.push.crypto import new_private_key, public_key

logger = logging.getLogger(__name__)


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
