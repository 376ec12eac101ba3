"""Encrypt secrets that the server must be able to read again, such as other services' API keys."""

from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

PURPOSE = b"loquent.encryption"


class UnreadableSecretError(Exception):
    """The secret was encrypted under another SECRET_KEY, or is damaged."""


def encrypt(secret: str) -> str:
    """Return the secret encrypted under SECRET_KEY, as ASCII text."""
    return _cipher(settings.SECRET_KEY, ()).encrypt(secret.encode()).decode()


def decrypt(encrypted: str) -> str:
    """Return the secret; raise UnreadableSecretError.

    Secrets that were encrypted under a key of SECRET_KEY_FALLBACKS can be read, too.
    """
    from cryptography.fernet import InvalidToken  # noqa: PLC0415 - see _cipher

    cipher = _cipher(settings.SECRET_KEY, tuple(settings.SECRET_KEY_FALLBACKS))
    try:
        return cipher.decrypt(encrypted.encode()).decode()
    except InvalidToken:
        raise UnreadableSecretError from None


@lru_cache(maxsize=4)
def _cipher(key: str, fallbacks: tuple[str, ...]) -> "MultiFernet":
    # 7 MB, which a server without such secrets does not need. Loading takes 10 ms.
    from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415

    return MultiFernet([Fernet(_derived(each)) for each in (key, *fallbacks)])


def _derived(key: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - see _cipher
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415 - see _cipher

    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(key.encode())
    return urlsafe_b64encode(derived)
