"""The names of backup files: what they are, when they were made, and a part of their id."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from rollbook.storage.backup.places import PART

PATTERN = re.compile(r"(rollbook|keys)-(\d{8}-\d{6})-[0-9a-f]{8}\.rbk")
STAMP = "%Y%m%d-%H%M%S"
PREFIX = {"data": "rollbook", "keys": "keys"}


def file_name(kind: str, at: datetime, file_id: str) -> str:
    """Return the name of a new file.

    >>> file_name("keys", datetime(2026, 3, 2, 7, 5, tzinfo=UTC), "0123456789abcdef")
    'keys-20260302-070500-01234567.rbk'
    """
    return f"{PREFIX[kind]}-{at.astimezone(UTC):{STAMP}}-{file_id[:8]}.rbk"


def of_kind(names: Iterable[str], kind: str) -> list[str]:
    """Return the names of this kind, newest first; what is not ours is passed over."""
    found = [
        name for name in names if (match := PATTERN.fullmatch(name)) and match[1] == PREFIX[kind]
    ]
    return sorted(found, key=made_at, reverse=True)


def left_over(names: Iterable[str]) -> list[str]:
    """Return the names of files that were begun and not finished."""
    return [name for name in names if PATTERN.fullmatch(name.removesuffix(PART)) and PART in name]


def made_at(name: str) -> datetime:
    """Return when a file was made, from its name."""
    match = PATTERN.fullmatch(name)
    if match is None:
        raise ValueError("not the name of a backup")
    return datetime.strptime(match[2], STAMP).replace(tzinfo=UTC)
