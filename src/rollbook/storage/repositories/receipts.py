"""Receipts, each signed, and sealed as a whole."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from rollbook.domain.receipts import Receipt, ReceiptKind
from rollbook.errors import NotFound
from rollbook.storage.codec import from_json, instant, iso, to_json
from rollbook.storage.tables import receipts
from rollbook.storage.vault import SqlVault

RECEIPT = "receipt"


class SqlReceipts:
    """What is signed is canonical JSON, so that a printed receipt can be checked by itself."""

    def __init__(self, connection: Connection, vault: SqlVault) -> None:
        self._connection = connection
        self._vault = vault

    def add(self, receipt: Receipt) -> Receipt:
        signed = replace(receipt, signature=self._vault.sign(RECEIPT, signed_text(receipt)))
        fields = {
            "at": iso(signed.at),
            "body": dict(signed.body),
            "signature": base64.b64encode(signed.signature).decode(),
        }
        row = {
            "receipt_id": signed.receipt_id,
            "kind": signed.kind.value,
            "payload": self._vault.seal(
                to_json(fields), purpose=RECEIPT, owner=f"{signed.kind.value} {signed.receipt_id}"
            ),
        }
        self._connection.execute(insert(receipts).values(row))
        return signed

    def get(self, receipt_id: str) -> Receipt:
        query = select(receipts).where(receipts.c.receipt_id == receipt_id)
        row = self._connection.execute(query).first()
        if row is None:
            raise NotFound("There is no such receipt.")
        return self._open(row)

    def all(self, kinds: Sequence[ReceiptKind] | None = None, limit: int = 500) -> list[Receipt]:
        query = select(receipts).order_by(receipts.c.number.desc()).limit(limit)
        if kinds is not None:
            query = query.where(receipts.c.kind.in_([kind.value for kind in kinds]))
        return [self._open(row) for row in self._connection.execute(query)]

    def _open(self, row: Row[Any]) -> Receipt:
        owner = f"{row.kind} {row.receipt_id}"
        fields = from_json(self._vault.open(bytes(row.payload), purpose=RECEIPT, owner=owner))
        return Receipt(
            receipt_id=row.receipt_id,
            kind=ReceiptKind(row.kind),
            at=instant(fields["at"]),
            body=fields["body"],
            signature=base64.b64decode(fields["signature"]),
        )


def signed_text(receipt: Receipt) -> bytes:
    """Return the bytes that the signature of a receipt is over."""
    said = {"receipt": receipt.receipt_id, "kind": receipt.kind.value, "at": iso(receipt.at)}
    return to_json({**said, "body": dict(receipt.body)})
