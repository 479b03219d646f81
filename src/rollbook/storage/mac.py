"""Digests that only who has the key can compute."""

from __future__ import annotations

import hashlib


class Mac:
    """HMAC-SHA256 under one key: `hmac.digest`, with the key taken in once instead of each time.

    That is more than twice as fast, and a register of a million entries needs two million.
    """

    def __init__(self, key: bytes) -> None:
        block = hashlib.sha256(key).digest() if len(key) > 64 else key
        block = block.ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def digest(self, message: bytes) -> bytes:
        """Return 32 bytes that only who has the key can compute."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()
