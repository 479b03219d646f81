"""Reading a data file from its first byte to its last, without writing anything."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from rollbook.errors import DecryptionFailed, InvalidInput
from rollbook.storage.backup.container import DATA, Head, Source, chunks, read_head
from rollbook.storage.backup.keying import SiteKeys
from rollbook.storage.backup.rows import LEFT_OUT, UNPACK, lines, unpacked
from rollbook.storage.migrating import REVISIONS

FILE = re.compile(r"lan-(ca|server)\.[a-z]{1,10}")
NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
NOTED = ("ledger", "heads", "data_keys", "subjects")  # tables of which something is remembered
MOST_FILE = 1 << 20  # bytes

Row = dict[str, Any]


@dataclass(frozen=True)
class Contents:
    """What a data file holds."""

    head: Head
    counts: dict[str, int]  # rows by table
    entries: int  # of the register
    link: str  # of its last entry, hex
    name: str = ""
    size: int = 0  # bytes
    files: dict[str, bytes] = field(default_factory=dict, repr=False)
    data_keys: dict[str, bytes] = field(default_factory=dict, repr=False)  # wrapped, by purpose
    people: frozenset[str] = field(default=frozenset(), repr=False)  # random ids

    @property
    def rows(self) -> int:
        return sum(self.counts.values())

    def named(self, name: str, size: int) -> Contents:
        return replace(self, name=name, size=size)

    def require_same(self, other: Contents) -> None:
        """Raises DecryptionFailed when the other one holds something else."""
        if (self.counts, self.entries, self.link) != (other.counts, other.entries, other.link):
            raise DecryptionFailed(
                "What was read back is not what was written. The disk may be broken: use another."
            )


def read_contents(
    source: Source, keys: SiteKeys, progress: Callable[[int], None] = lambda rows: None
) -> Contents:
    """Return what a data file holds, having opened every part of it.

    Raises:
        InvalidInput: it is no backup, or its parts do not fit together.
        DecryptionFailed: it was changed or cut, or another site key is needed.
    """
    head, records = opened(source, keys)
    reading = Reading(head)
    seen = 0
    for _, rows in reading.blocks(records):
        seen += len(rows)
        progress(seen)
    return reading.contents()


def opened(source: Source, keys: SiteKeys, kind: str = DATA) -> tuple[Head, Iterator[Row]]:
    """Return the head of a file and its records.

    Raises:
        InvalidInput: it is a file of another kind, or of a later version.
    """
    head, text = read_head(source)
    if head.kind != kind:
        raise InvalidInput(
            "This is a key bundle. Give the backup itself, a file named rollbook-….rbk."
            if kind == DATA
            else "This is not a key bundle. Its name begins with keys-."
        )
    if head.revision not in REVISIONS:
        raise InvalidInput(
            f"The backup was written by version {head.version} of Rollbook, which is later than "
            "this one. Install that version first, as docs/install.md says."
        )
    return head, lines(chunks(source, text, keys.file_key(head)))


class Reading:
    """One pass over the records of a data file; what does not fit is refused at once."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self.kinds: dict[str, dict[str, str]] = {}
        self.files: dict[str, bytes] = {}
        self.counts: dict[str, int] = {}
        self.data_keys: dict[str, bytes] = {}
        self.people: set[str] = set()
        self._end: Row | None = None
        self._last: tuple[int, str] = (0, "")  # newest entry that was seen
        self._said: tuple[int, str] = (0, "")  # what the table of heads says

    def blocks(self, records: Iterator[Row]) -> Iterator[tuple[str, list[Row]]]:
        """Yield tables and rows of theirs, as the database takes them."""
        for record in records:
            if self._end is not None:
                raise misfit("something comes after its end")
            if "rows" in record:
                yield self._block(record)
            elif "tables" in record and not self.kinds:
                self.kinds = _kinds(record["tables"])
                self.counts = dict.fromkeys(self.kinds, 0)
            elif "file" in record:
                self._file(record)
            elif "end" in record:
                self._end = record
            else:
                raise misfit("it holds something unknown")

    def contents(self) -> Contents:
        """Return what was read, once it is all there."""
        if self._end is None:
            raise misfit("its end is missing")
        if self._end.get("end") != self.counts:
            raise misfit("rows are missing")
        if self._end.get("head") != list(self._said) or self._last[0] > self._said[0]:
            raise misfit("the head of its register is another one")
        if self._last[0] == self._said[0] and self._last[0] and self._last != self._said:
            raise misfit("the head of its register is another one")
        return Contents(
            self._head,
            self.counts,
            *self._said,
            files=self.files,
            data_keys=self.data_keys,
            people=frozenset(self.people),
        )

    def _block(self, record: Row) -> tuple[str, list[Row]]:
        table = record.get("table")
        if not isinstance(table, str) or table not in self.kinds:
            raise misfit("a table was not announced")
        rows = unpacked(record["rows"], self.kinds[table])
        self.counts[table] += len(rows)
        if rows and table in NOTED:
            try:
                self._note(table, rows)
            except (KeyError, TypeError, AttributeError) as error:
                raise misfit(f"the table {table} is another one") from error
        return table, rows

    def _note(self, table: str, rows: list[Row]) -> None:
        if table == "ledger":
            newest = max(rows, key=lambda row: row["number"])
            self._last = max(self._last, (newest["number"], newest["link"].hex()))
        elif table == "heads":
            self._said = (rows[0]["number"], rows[0]["link"].hex())
        elif table == "subjects":
            self.people.update(row["subject_id"] for row in rows)
        else:
            self.data_keys |= {row["purpose"]: row["wrapped"] for row in rows}

    def _file(self, record: Row) -> None:
        name, content = record.get("file"), record.get("content")
        if not isinstance(name, str) or not FILE.fullmatch(name) or not isinstance(content, str):
            raise misfit("it holds a file that does not belong there")
        if len(content) > 2 * MOST_FILE:
            raise misfit("it holds a file that is too large")
        try:
            self.files[name] = base64.b64decode(content, validate=True)
        except ValueError as error:
            raise misfit("it holds a file that cannot be read") from error


def _kinds(tables: object) -> dict[str, dict[str, str]]:
    if not isinstance(tables, dict) or not tables:
        raise misfit("its tables are missing")
    for name, columns in tables.items():
        fine = isinstance(columns, dict) and columns and set(columns.values()) <= set(UNPACK)
        if not fine or name in LEFT_OUT or not all(map(NAME.fullmatch, (name, *columns))):
            raise misfit(f"the table {name[:40]!r} cannot be one of Rollbook")
    return tables


def misfit(why: str) -> InvalidInput:
    return InvalidInput(f"The backup is not whole: {why}. Use another one.")
