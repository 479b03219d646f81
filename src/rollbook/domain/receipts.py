"""Receipts: what the site did about keys, copies and people's rights, signed by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class ReceiptKind(StrEnum):
    """What was done."""

    ERASURE = "erasure"
    PURGE = "purge"
    ROTATION = "rotation"
    BACKUP = "backup"
    RESTORE = "restore"
    LOSS = "loss"  # entries of the register are lost, and the site goes on without them
    ACCESS = "access"  # somebody was given all that is held about them


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt. `body` holds JSON values and names people by random id only."""

    receipt_id: str
    kind: ReceiptKind
    at: datetime  # UTC
    body: Mapping[str, object]
    signature: bytes = b""  # 64 bytes over `receipt_id`, kind, time and body, by the site


class Receipts(Protocol):
    """The receipts of a site."""

    def add(self, receipt: Receipt) -> Receipt:
        """Keep a receipt; return it with the site's signature."""
        ...

    def get(self, receipt_id: str) -> Receipt:
        """Raises NotFound."""
        ...

    def all(self, kinds: Sequence[ReceiptKind] | None = None, limit: int = 500) -> list[Receipt]:
        """Return the newest receipts, newest first."""
        ...
