"""Values out of small signed files, which anybody may have written: anchors and manifests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

FURTHEST = 2**53  # larger numbers are no entries, and no sizes


def number(value: Any) -> int:
    """Return a whole number from 0 to below FURTHEST. Raises ValueError."""
    if type(value) is not int or not 0 <= value < FURTHEST:
        raise ValueError("not a number")
    return int(value)


def octets(value: Any, length: int) -> bytes:
    """Return the bytes that hex digits stand for. Raises ValueError, or TypeError."""
    found = bytes.fromhex(value)
    if len(found) != length:
        raise ValueError("of another length")
    return found


def instant(value: str) -> datetime:
    """Return an instant in UTC. Raises ValueError, TypeError, or OverflowError."""
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError("without a zone")
    return found.astimezone(UTC)
