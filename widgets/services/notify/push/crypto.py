"""Encrypt a push message (RFC 8291, RFC 8188) and sign its sender (RFC 8292).

http-ece, with which pywebpush encrypts, has no wheel, and servers are installed from wheels only.

The library takes 7 MB, so only what encrypts a message imports this module.
"""

import json
import os
from collections.abc import Mapping

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from widgets.services.notify.push.base64url import encode

CURVE = ec.SECP256R1()
RECORD_SIZE = 4_096
# What push services accept, less the header and the tag.
MAX_PAYLOAD = 3_900
AUTH_BYTES = 16
PRIVATE_BYTES = 32


def new_private_key() -> bytes:
    """Return a new private key of P-256."""
    value = ec.generate_private_key(CURVE).private_numbers().private_value
    return value.to_bytes(PRIVATE_BYTES, "big")


def public_key(private: bytes) -> bytes:
    """Return the public key, uncompressed."""
    return _point(_private(private).public_key())


def check_device(p256dh: bytes, auth: bytes) -> None:
    """Raise ValueError if these are no keys of a device."""
    ec.EllipticCurvePublicKey.from_encoded_point(CURVE, p256dh)
    if len(auth) != AUTH_BYTES:
        raise ValueError("The secret has the wrong length.")


def encrypt(
    payload: bytes,
    *,
    p256dh: bytes,
    auth: bytes,
    private: bytes | None = None,
    salt: bytes | None = None,
) -> bytes:
    """Return the body of a push request. `private` and `salt`: new ones, except in tests."""
    assert len(payload) <= MAX_PAYLOAD  # noqa: S101 - ours, and short
    own = _private(private or new_private_key())
    device = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, p256dh)
    salt = salt or os.urandom(16)
    point = _point(own.public_key())
    shared = _derive(
        own.exchange(ec.ECDH(), device),
        salt=auth,
        info=b"WebPush: info\x00" + p256dh + point,
        length=32,
    )
    key = _derive(shared, salt=salt, info=b"Content-Encoding: aes128gcm\x00", length=16)
    nonce = _derive(shared, salt=salt, info=b"Content-Encoding: nonce\x00", length=12)
    # 2: the delimiter of the last record.
    sealed = AESGCM(key).encrypt(nonce, payload + b"\x02", None)
    header = salt + RECORD_SIZE.to_bytes(4, "big") + len(point).to_bytes(1, "big") + point
    return header + sealed


def authorization(*, audience: str, subject: str, expires: int, private: bytes) -> str:
    """Return the Authorization header that names the sender of a push message."""
    claims = {"aud": audience, "exp": expires, "sub": subject}
    parts = [encode(_json({"typ": "JWT", "alg": "ES256"})), encode(_json(claims))]
    signature = _private(private).sign(".".join(parts).encode(), ec.ECDSA(hashes.SHA256()))
    numbers = decode_dss_signature(signature)
    parts.append(encode(b"".join(number.to_bytes(32, "big") for number in numbers)))
    return f"vapid t={'.'.join(parts)}, k={encode(public_key(private))}"


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _derive(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def _private(value: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(value, "big"), CURVE)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
