"""The key bundle: the wrapped keys of all people, of which each run replaces the former one.

Data files never hold these keys. So when somebody is erased, the last copy of their key is gone
with the next bundle, however many data files of former days are kept.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from rollbook.domain.subjects import new_id
from rollbook.errors import DecryptionFailed, InvalidInput, RollbookError
from rollbook.storage.backup.checking import misfit, opened
from rollbook.storage.backup.container import DATA, KEYS, Head, Sealer, Source, read_head
from rollbook.storage.backup.keying import SiteKeys
from rollbook.storage.backup.naming import file_name, of_kind
from rollbook.storage.backup.places import PART, Place
from rollbook.storage.backup.rows import to_line
from rollbook.storage.backup.writing import Origin, new_head, snapshot
from rollbook.storage.erasures import erasures_file
from rollbook.storage.former_keys import FORMER, SITE, opened_former
from rollbook.storage.tables import data_keys, subject_keys

BLOCK = 1000  # keys in one line


@dataclass(frozen=True)
class Bundle:
    """What a key bundle holds; all of it is wrapped by the site key once more."""

    head: Head
    data_keys: dict[str, bytes] = field(repr=False)  # by purpose
    subject_keys: dict[str, bytes] = field(repr=False)  # by person
    erasures: bytes = field(repr=False)  # the list as it lay beside the keys
    name: str = ""

    def former_site_keys(self, keys: SiteKeys) -> tuple[bytes, ...]:
        """Return the site keys that were replaced, and that kept data files may need."""
        if FORMER not in self.data_keys:
            return ()
        kept = opened_former(keys.all, self.data_keys[FORMER])
        return tuple(one.key for one in kept.get(SITE, []))


def write_bundle(origin: Origin, place: Place, at: datetime) -> Bundle:
    """Write the bundle, read it back, and only then delete every former one.

    A kill leaves one valid bundle at least; the next run deletes what is older.

    Raises:
        StorageUnavailable: the place is full, gone, or may not be written.
    """
    file_id = new_id()
    name = file_name(KEYS, at, file_id)
    with place.writing(name + PART) as sink, snapshot(origin.engine) as connection:
        sealer = _sealer(origin, connection, sink, file_id, at)
        count = _write(origin, connection, sealer)
    try:
        found = read_bundle(place, name + PART, origin.keys)
        if len(found.subject_keys) != count:
            raise misfit("keys are missing")
        place.rename(name + PART, name)
    except BaseException:
        place.delete(name + PART)
        raise
    for former in of_kind(place.names(), KEYS):
        if former != name:
            place.delete(former)
    return found


def read_bundle(place: Place, name: str, keys: SiteKeys) -> Bundle:
    """Return what a bundle holds.

    Raises:
        InvalidInput: it is none.
        DecryptionFailed: it was changed or cut, or another site key is needed.
    """
    with place.reading(name) as source:
        return _read(source, keys, name)


def newest_bundle(place: Place, keys: SiteKeys) -> Bundle | None:
    """Return the newest bundle here that opens, or None.

    Raises:
        DecryptionFailed: there are some and none opens.
    """
    failed: RollbookError | None = None
    for name in of_kind(place.names(), KEYS):
        try:
            return read_bundle(place, name, keys)
        except (DecryptionFailed, InvalidInput) as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return None


def refuse_other_site(origin: Origin, place: Place) -> None:
    """Raises InvalidInput when the place holds backups of another site.

    One of the two would delete what the other one needs.
    """
    names = place.names()
    for name in (*of_kind(names, KEYS)[:1], *of_kind(names, DATA)[:1]):
        if _site_of(place, name) not in (None, origin.site):
            raise InvalidInput(
                "%(where)s holds the backups of another site. Choose another folder.",
                where=place.shown,
            )


def _site_of(place: Place, name: str) -> str | None:
    """Return whose backup a file is; None: its head cannot be read."""
    with place.reading(name) as source:
        try:
            return read_head(source)[0].site
        except InvalidInput:
            return None


def _sealer(
    origin: Origin, connection: Connection, sink: Any, file_id: str, at: datetime
) -> Sealer:
    head = new_head(origin, connection, KEYS, file_id, at)
    return Sealer(sink, head, origin.keys.file_key(head))


def _write(origin: Origin, connection: Connection, sealer: Sealer) -> int:
    """Write all keys; return how many people's."""
    purposes = connection.execute(select(data_keys.c.purpose, data_keys.c.wrapped))
    sealer.write(to_line({"data": {purpose: _text(key) for purpose, key in purposes}}))
    file = erasures_file(origin.keys_dir)
    erased = file.read_bytes() if file.is_file() else b""
    sealer.write(to_line({"erasures": erased.decode()}))
    query = select(subject_keys.c.subject_id, subject_keys.c.wrapped)
    count = 0
    for block in connection.execute(query.execution_options(yield_per=BLOCK)).partitions():
        sealer.write(to_line({"subjects": [[subject, _text(key)] for subject, key in block]}))
        count += len(block)
    sealer.write(to_line({"end": count}))
    sealer.finish()
    return count


def _read(source: Source, keys: SiteKeys, name: str) -> Bundle:
    head, records = opened(source, keys, KEYS)
    found: dict[str, Any] = {"subjects": {}}
    try:
        _collect(records, found)
        return Bundle(
            head,
            {purpose: _bytes(key) for purpose, key in found["data"].items()},
            found["subjects"],
            found["erasures"].encode(),
            name,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise misfit("its keys cannot be read") from error


def _collect(records: Iterator[dict[str, Any]], found: dict[str, Any]) -> None:
    for record in records:
        if "subjects" in record:
            found["subjects"].update(_pairs(record["subjects"]))
        else:
            found.update(record)
    if found.get("end") != len(found["subjects"]):
        raise misfit("keys are missing")


def _pairs(rows: Iterable[Any]) -> Iterator[tuple[str, bytes]]:
    for subject_id, key in rows:
        yield str(subject_id), _bytes(key)


def _text(key: bytes) -> str:
    return base64.b64encode(bytes(key)).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
