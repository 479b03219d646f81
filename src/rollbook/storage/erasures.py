"""The list of who was erased, beside the keys: each line signed by the site, and chained.

A database that is put back from an old copy knows the erased people again. This list does not
come from there, so whoever restores applies it before anything is opened. It names random ids
alone. The union of two lists counts: nobody is ever taken off one.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rollbook.errors import StorageError, StorageUnavailable
from rollbook.storage.codec import from_json, instant, iso, to_json
from rollbook.storage.locking import locked
from rollbook.storage.signing import is_signed

FILE, LOCK = "erasures.jsonl", "erasures.lock"
PURPOSE = "erasure"
START = "0" * 64  # what the first line follows

Sign = Callable[[str, bytes], bytes]
"""Returns the site's signature for a purpose and a message, as `Vault.sign` does."""


class ErasureListDamaged(StorageError):
    """A line of the list was changed, removed or put in."""


@dataclass(frozen=True, slots=True)
class Erased:
    """One line: who was erased, when, and which receipt tells of it."""

    subject_id: str
    at: datetime  # UTC
    receipt_id: str


def parse(text: bytes, public_key: bytes) -> list[Erased]:
    """Return the lines of a list in order; an unfinished last one was never acknowledged.

    Raises:
        ErasureListDamaged: a line is not signed by this site, or does not follow the one before.
    """
    found, previous = [], START
    for number, line in enumerate(_whole_lines(text), 1):
        try:
            said, signature = _read(line)
            fits = said["previous"] == previous and said["number"] == number
            one = Erased(str(said["subject_id"]), instant(said["at"]), str(said["receipt_id"]))
        except (ValueError, KeyError, TypeError) as error:
            raise _damaged(number) from error
        if not fits or not is_signed(public_key, PURPOSE, to_json(said), signature):
            raise _damaged(number)
        found.append(one)
        previous = _link(line)
    return found


def erasures_file(keys_dir: Path) -> Path:
    """Return where the list lies."""
    return keys_dir / FILE


def erased_ids(text: bytes, public_key: bytes) -> frozenset[str]:
    """Return whom a list names. Raises ErasureListDamaged."""
    return frozenset(line.subject_id for line in parse(text, public_key))


def merged(text: bytes, new: Iterable[Erased], public_key: bytes, sign: Sign) -> bytes:
    """Return the whole lines of a list, followed by those who are not on it yet.

    Two copies of a list are united by `merged(a, parse(b, key), key, sign)`.

    Raises:
        ErasureListDamaged: the list was changed, so nothing is added to it.
    """
    known = set(parse(text, public_key))
    lines = _whole_lines(text)
    for one in new:
        if one not in known:
            known.add(one)
            lines.append(_line(len(lines) + 1, one, _link(lines[-1]) if lines else START, sign))
    return b"".join(line + b"\n" for line in lines)


class ErasureList:
    """The list of one site; processes may share it."""

    def __init__(self, keys_dir: Path, public_key: bytes, sign: Sign) -> None:
        self._file, self._lock = erasures_file(keys_dir), keys_dir / LOCK
        self._public_key = public_key
        self._sign = sign

    def lines(self) -> list[Erased]:
        """Return who was erased, in order; empty where nobody was.

        Raises:
            ErasureListDamaged: the list was changed.
        """
        return parse(self.text(), self._public_key)

    def erased_ids(self) -> frozenset[str]:
        """Return whom a restored database must not know. Raises ErasureListDamaged."""
        return frozenset(line.subject_id for line in self.lines())

    def text(self) -> bytes:
        """Return the list as it lies there, to be put into a bundle of keys."""
        try:
            return self._file.read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise _unreachable(self._file, error) from error

    def append(self, new: Iterable[Erased]) -> int:
        """Add those who are not on the list, durably; return how many that were.

        Raises:
            ErasureListDamaged: the list was changed, so nothing is added to it.
            StorageUnavailable: it cannot be written.
        """
        with locked(self._lock):
            text = self.text()
            whole = merged(text, new, self._public_key, self._sign)
            kept = text.rfind(b"\n") + 1
            if len(whole) > kept:
                self._add(whole[kept:], kept)
        return whole[kept:].count(b"\n")

    def merge(self, other: bytes) -> int:
        """Add whom another copy of this site's list names as well; return how many that were.

        Raises:
            ErasureListDamaged: that copy is not this site's, or was changed.
        """
        return self.append(parse(other, self._public_key))

    def _add(self, made: bytes, place: int) -> None:
        try:
            _append(self._file, place, made)
        except OSError as error:
            raise _unreachable(self._file, error) from error


def _line(number: int, one: Erased, previous: str, sign: Sign) -> bytes:
    said = {
        "number": number,
        "subject_id": one.subject_id,
        "at": iso(one.at),
        "receipt_id": one.receipt_id,
        "previous": previous,
    }
    signature = base64.b64encode(sign(PURPOSE, to_json(said))).decode()
    return to_json({**said, "signature": signature})


def _append(file: Path, kept: int, made: bytes) -> None:
    """Write after the last whole line, and return when it is on the disk."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(handle, "r+b") as stream:
        stream.truncate(kept)
        stream.seek(kept)
        stream.write(made)
        stream.flush()
        os.fsync(stream.fileno())


def _whole_lines(text: bytes) -> list[bytes]:
    return text.split(b"\n")[:-1]


def _read(line: bytes) -> tuple[dict[str, object], bytes]:
    said = dict(from_json(line))
    signature = base64.b64decode(str(said.pop("signature")), validate=True)
    return said, signature


def _link(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _damaged(number: int) -> ErasureListDamaged:
    return ErasureListDamaged(
        "Line %(number)s of the list of erased people (keys/erasures.jsonl) was changed. Put the "
        "list back from the newest backup of the keys.",
        number=number,
    )


def _unreachable(file: Path, error: OSError) -> StorageUnavailable:
    return StorageUnavailable(
        "%(file)s cannot be read or written: %(reason)s.", file=file, reason=error.strerror
    )
