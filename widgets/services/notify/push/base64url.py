"""Base64url without padding, in which push messages and their keys are written."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error


def encode(data: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(data).decode().rstrip("=")


def decode(text: str) -> bytes:
    """Undo `encode`; raise ValueError for anything else."""
    try:
        return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (Base64Error, UnicodeEncodeError):
        raise ValueError("This is not base64url.") from None
