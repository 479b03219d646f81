"""Months of facts, each sealed as one block: opening a thousand sheets would cost seconds."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, delete, insert, select, update

from rollbook.domain.facts import Block, Facts, SessionFact
from rollbook.storage.codec import from_json, from_micros, to_json, to_micros
from rollbook.storage.tables import blocks
from rollbook.storage.vault import SqlVault

BLOCK = "block"
ARRAYS = {  # name -> dtype of what lies in a block, little-endian
    "session": "<i4",
    "subject": "<i4",
    "status": "u1",
    "method": "u1",
    "arrival": "<i2",
    "score": "<f4",
    "threshold": "<f4",
}
HEAD = 4  # bytes that say how long the JSON before the arrays is


class SqlBlocks:
    def __init__(self, connection: Connection, vault: SqlVault) -> None:
        self._connection = connection
        self._vault = vault

    def put(self, block: Block) -> None:
        payload = self._vault.seal(
            _packed(block.facts), purpose=BLOCK, owner=_owner(block), key="book"
        )
        values = {"number": block.number, "payload": payload}
        changed = update(blocks).where(blocks.c.month == block.month).values(values)
        if self._connection.execute(changed).rowcount == 0:
            self._connection.execute(insert(blocks).values(month=block.month, **values))

    def numbers(self) -> dict[str, int]:
        query = select(blocks.c.month, blocks.c.number)
        return {month: number for month, number in self._connection.execute(query)}

    def some(self, months: Iterable[str]) -> list[Block]:
        query = select(blocks).where(blocks.c.month.in_(sorted(set(months))))
        return [self._open(row) for row in self._connection.execute(query.order_by(blocks.c.month))]

    def forget(self, month: str) -> None:
        self._connection.execute(delete(blocks).where(blocks.c.month == month))

    def _open(self, row: Row[Any]) -> Block:
        owner = f"{row.month} {row.number}"
        packed = self._vault.open(bytes(row.payload), purpose=BLOCK, owner=owner, key="book")
        return Block(row.month, row.number, _unpacked(packed))


def _owner(block: Block) -> str:
    return f"{block.month} {block.number}"


def _packed(facts: Facts) -> bytes:
    head = to_json(
        {
            "rows": len(facts),
            "subjects": list(facts.subjects),
            "sessions": [_session_values(one) for one in facts.sessions],
        }
    )
    arrays = [getattr(facts, name).astype(dtype).tobytes() for name, dtype in ARRAYS.items()]
    return zlib.compress(b"".join([len(head).to_bytes(HEAD, "big"), head, *arrays]), 1)


def _unpacked(packed: bytes) -> Facts:
    text = zlib.decompress(packed)
    place = HEAD + int.from_bytes(text[:HEAD], "big")
    head = from_json(text[HEAD:place])
    columns: dict[str, Any] = {}
    for name, dtype in ARRAYS.items():
        columns[name] = np.frombuffer(text, dtype, head["rows"], place)
        place += columns[name].nbytes
    sessions = tuple(_session(values) for values in head["sessions"])
    return Facts(sessions=sessions, subjects=tuple(head["subjects"]), **columns)


def _session_values(one: SessionFact) -> list[object]:
    return [
        one.session_id,
        one.group_id,
        one.day.isoformat(),
        to_micros(one.starts_at),
        to_micros(one.ends_at),
        one.title,
        one.late_after,
    ]


def _session(values: list[Any]) -> SessionFact:
    session_id, group_id, day, starts_at, ends_at, title, late_after = values
    return SessionFact(
        session_id=session_id,
        group_id=group_id,
        day=date.fromisoformat(day),
        starts_at=from_micros(starts_at),
        ends_at=from_micros(ends_at),
        title=title,
        late_after=late_after,
    )
