"""Rows of any table as lines of JSON, the same whether they come from SQLite or PostgreSQL."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Date, Integer, LargeBinary, MetaData, Table
from sqlalchemy import select as select_rows

from rollbook.errors import InvalidInput

BLOCK = 500  # rows that are fetched at once, and that a line holds at most
FULL = 2 << 20  # characters of payloads after which a line ends
MOST_LINE = 128 << 20  # bytes of a line: FULL, and one row with the largest thing that is kept
TOKEN = b"gAAAA"  # how each Fernet token begins; it is text already

KEYS_TABLE = "subject_keys"  # only ever in the key bundle
PASSING = frozenset({"web_sessions", "replies", "throttles", "tasks"})
"""What must not come back: sessions that were ended since, forms that were sent, work half done."""
LEFT_OUT = PASSING | {KEYS_TABLE, "alembic_version"}


def tables_of(connection: Connection) -> list[Table]:
    """Return the tables that a backup holds, parents before children, as the database has them.

    They are read from the database itself: before a migration they are those of an older version.
    """
    found = MetaData()
    found.reflect(bind=connection, only=lambda name, _: name not in LEFT_OUT)
    return found.sorted_tables


def kinds_of(table: Table) -> dict[str, str]:
    """Return the kind of each column by its name."""
    return {column.name: _kind(column) for column in table.columns}


def _kind(column: Column[Any]) -> str:
    for kind, name in ((LargeBinary, "bytes"), (Boolean, "bool"), (Date, "date"), (Integer, "int")):
        if isinstance(column.type, kind):
            return name
    return "text"


def lines_of(connection: Connection, table: Table) -> Iterator[tuple[int, bytes]]:
    """Yield the rows of a table in lines, each with how many it holds; memory stays small."""
    packers = [PACK.get(kind) for kind in kinds_of(table).values()]
    query = select_rows(table).execution_options(yield_per=BLOCK)
    for block in connection.execute(query).partitions():
        packed = [[_packed(p, v) for p, v in zip(packers, row, strict=True)] for row in block]
        for rows in _by_size(packed):
            yield len(rows), to_line({"table": table.name, "rows": rows})


def _by_size(rows: list[list[Any]]) -> Iterator[list[list[Any]]]:
    """Yield the rows in as many parts as keep each line short."""
    part: list[list[Any]] = []
    size = 0
    for row in rows:
        part.append(row)
        size += sum(len(value) for value in row if isinstance(value, str))
        if size > FULL:
            yield part
            part, size = [], 0
    if part:
        yield part


def _packed(packer: Callable[[Any], Any] | None, value: Any) -> Any:
    return value if value is None or packer is None else packer(value)


def _pack_bytes(value: Any) -> str:
    raw = bytes(value)
    return raw.decode() if raw.startswith(TOKEN) and raw.isascii() else "=" + _text64(raw)


def _text64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _unpack_bytes(value: Any) -> bytes:
    return base64.b64decode(value[1:], validate=True) if value[:1] == "=" else value.encode()


PACK: dict[str, Callable[[Any], Any]] = {"bytes": _pack_bytes, "date": date.isoformat}
UNPACK: dict[str, tuple[type, Callable[[Any], Any]]] = {
    "bytes": (str, _unpack_bytes),
    "date": (str, date.fromisoformat),
    "bool": (bool, bool),
    "int": (int, int),
    "text": (str, str),
}


def unpacked(rows: Any, kinds: dict[str, str]) -> list[dict[str, Any]]:
    """Return rows as the database takes them.

    Raises:
        InvalidInput: a row is not what its table holds.
    """
    try:
        return [
            {name: _unpacked(kinds[name], value) for name, value in zip(kinds, row, strict=True)}
            for row in rows
        ]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _misfit() from error


def _unpacked(kind: str, value: Any) -> Any:
    if value is None:
        return None
    expected, convert = UNPACK[kind]
    if type(value) is not expected:
        raise ValueError(kind)
    return convert(value)


def to_line(value: dict[str, Any]) -> bytes:
    """Return one line of JSON; JSON never holds a line's end within."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def lines(chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the objects of a stream of lines.

    Raises:
        InvalidInput: it is no such stream, or a line is longer than any that is written.
    """
    begun = bytearray()
    for chunk in chunks:
        *whole, rest = chunk.split(b"\n")
        for part in whole:
            yield _object(bytes(begun + part))
            begun.clear()
        begun += rest
        if len(begun) > MOST_LINE:
            raise _misfit()
    if begun:
        raise _misfit()


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _misfit() from error
    if not isinstance(found, dict):
        raise _misfit()
    return found


def known_columns(tables: Sequence[Table]) -> dict[str, dict[str, str]]:
    """Return the kinds of the columns by table."""
    return {table.name: kinds_of(table) for table in tables}


def _misfit() -> InvalidInput:
    return InvalidInput("What this backup holds does not fit its tables. Use another one.")
