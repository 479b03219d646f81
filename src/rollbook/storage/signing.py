"""Signatures that anybody can check who has the site's public key (Ed25519, RFC 8032)."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SEED = 32  # bytes of a private key
SIGNATURE = 64  # bytes


class SiteSigner:
    """Signs for the site. What is signed begins with its purpose, so none passes for another."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public_key(self) -> bytes:
        """The 32 bytes that others check with."""
        return self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, purpose: str, message: bytes) -> bytes:
        """Return 64 bytes."""
        return self._key.sign(_said(purpose, message))


def is_signed(public_key: bytes, purpose: str, message: bytes, signature: bytes) -> bool:
    """Return whether the site with this public key signed the message for this purpose."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, _said(purpose, message))
    except (InvalidSignature, ValueError):
        return False
    return True


def _said(purpose: str, message: bytes) -> bytes:
    return b"rollbook " + purpose.encode() + b"\0" + message
