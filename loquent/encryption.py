"""Encrypt secrets that the server must be able to read again, such as other services' API keys."""

from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

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
    cipher = _cipher(settings.SECRET_KEY, tuple(settings.SECRET_KEY_FALLBACKS))
    try:
        return cipher.decrypt(encrypted.encode()).decode()
    except InvalidToken:
        raise UnreadableSecretError from None


@lru_cache(maxsize=4)
def _cipher(key: str, fallbacks: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(each)) for each in (key, *fallbacks)])


def _derived(key: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(key.encode())
    return urlsafe_b64encode(derived)
