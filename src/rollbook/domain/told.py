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
    """Return the bytes that hex digits stand for, as `hex` writes them.

    Raises ValueError, or TypeError.
    """
    found = bytes.fromhex(value)
    if len(found) != length or found.hex() != value:
        raise ValueError("of another length, or written in another way")
    return found


def instant(value: str) -> datetime:
    """Return an instant in UTC, as `isoformat` writes it.

    Raises ValueError, TypeError, or OverflowError.
    """
    found = datetime.fromisoformat(value)
    if found.tzinfo is None or found.isoformat() != value:
        raise ValueError("without a zone, or written in another way")
    return found.astimezone(UTC)
