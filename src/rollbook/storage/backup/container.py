"""The sealed file of a backup: a head in clear, then chunks that nobody can change, cut or swap.

The head says which key opens the file. Each chunk is AES-256-GCM under a key of this file alone;
its nonce is the chunk's number with a mark on the last one, and all of the head is authenticated
with each. So a chunk that is missing, doubled, moved or from another file does not open.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rollbook.errors import DecryptionFailed, InvalidInput

MAGIC = b"ROLLBOOK BACKUP 1\n"
DATA, KEYS = "data", "keys"
MOST_HEAD = 64 * 1024  # bytes of a head
CHUNK = 1 << 20  # bytes of a chunk before it is compressed
MOST_CHUNK = CHUNK + CHUNK // 100 + 1024  # bytes of one that does not get smaller
TAG = 16
SQUEEZE = 1  # zlib's quickest: nearly all are sealed payloads, whose base64 is what shrinks


class Sink(Protocol):
    def write(self, data: bytes, /) -> Any: ...


class Source(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Head:
    """What can be read without a key."""

    file_id: str  # 32 hex digits
    kind: str  # data or keys
    site: str  # random id of the site, so that two are not mixed up
    version: str  # of Rollbook
    revision: str  # of the tables
    made_at: str  # ISO, UTC
    key_id: str  # which site key opens it
    wrapped: bytes  # the file's own key, wrapped by that site key

    def text(self) -> bytes:
        """Return the head as it stands in the file."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        fields["wrapped"] = base64.b64encode(self.wrapped).decode()
        return json.dumps(fields, sort_keys=True).encode()

    @classmethod
    def of(cls, text: bytes) -> Head:
        """Raises InvalidInput when it is not the head of a backup."""
        try:
            fields = json.loads(text)
            fields["wrapped"] = base64.b64decode(fields["wrapped"], validate=True)
            found = cls(**fields)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise not_a_backup() from error
        named = [getattr(found, name) for name in cls.__slots__ if name != "wrapped"]
        if not all(isinstance(value, str) and len(value) <= 100 for value in named):
            raise not_a_backup()
        return found


class Sealer:
    """Writes a sealed file; what is written is compressed and sealed chunk by chunk."""

    def __init__(self, sink: Sink, head: Head, key: bytes) -> None:
        text = head.text()
        self._sink = sink
        self._cipher = AESGCM(key)
        self._bound = hashlib.sha256(text).digest()
        self._waiting = bytearray()
        self._number = 0
        self.size = len(MAGIC) + 4 + len(text)  # bytes written
        sink.write(MAGIC + len(text).to_bytes(4, "big") + text)

    def write(self, data: bytes) -> None:
        self._waiting += data
        while len(self._waiting) > CHUNK:
            self._seal(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]

    def finish(self) -> None:
        """Write the last chunk, without which the file is not whole."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, plain: bytes, *, last: bool) -> None:
        squeezed = zlib.compress(plain, SQUEEZE)
        sealed = self._cipher.encrypt(nonce(self._number, last), squeezed, self._bound)
        self._sink.write(len(sealed).to_bytes(4, "big") + sealed)
        self._number += 1
        self.size += 4 + len(sealed)


def nonce(number: int, last: bool) -> bytes:
    """Return 12 bytes that no other chunk of the file has."""
    return number.to_bytes(11, "big") + bytes([last])


def read_head(source: Source) -> tuple[Head, bytes]:
    """Return the head and its text, which the chunks are bound to.

    Raises:
        InvalidInput: it is not a backup, or of a later format.
    """
    if exactly(source, len(MAGIC)) != MAGIC:
        raise not_a_backup()
    length = int.from_bytes(exactly(source, 4), "big")
    if not 0 < length <= MOST_HEAD:
        raise not_a_backup()
    text = exactly(source, length)
    return Head.of(text), text


def chunks(source: Source, text: bytes, key: bytes) -> Iterator[bytes]:
    """Yield the plain chunks; `source` stands behind the head, whose text this is.

    Raises:
        DecryptionFailed: the file was changed, cut, or put together from several.
    """
    cipher, bound, number, last = AESGCM(key), hashlib.sha256(text).digest(), 0, False
    sealed = _sealed_chunk(source)
    while not last:
        if not sealed:
            raise _damaged(number)
        coming = _sealed_chunk(source)
        last = not coming
        try:
            squeezed = cipher.decrypt(nonce(number, last), sealed, bound)
        except InvalidTag as error:
            raise _damaged(number) from error
        yield _expand(squeezed, number)
        sealed, number = coming, number + 1


def _sealed_chunk(source: Source) -> bytes:
    """Return the next sealed chunk; empty at the end, or where the file is cut."""
    length = int.from_bytes(_up_to(source, 4), "big")
    if not TAG < length <= MOST_CHUNK:
        return b""
    found = _up_to(source, length)
    return found if len(found) == length else b""


def _expand(squeezed: bytes, number: int) -> bytes:
    worker = zlib.decompressobj()
    try:
        plain = worker.decompress(squeezed, CHUNK)
    except zlib.error as error:
        raise _damaged(number) from error
    if worker.unconsumed_tail or worker.unused_data or not worker.eof:
        raise _damaged(number)
    return plain


def exactly(source: Source, size: int) -> bytes:
    """Raises InvalidInput when there is less."""
    found = _up_to(source, size)
    if len(found) != size:
        raise not_a_backup()
    return found


def _up_to(source: Source, size: int) -> bytes:
    """Return so many bytes, fewer only at the end; a network gives them in pieces."""
    parts = bytearray()
    while len(parts) < size and (part := source.read(size - len(parts))):
        parts += part
    return bytes(parts)


def not_a_backup() -> InvalidInput:
    return InvalidInput(
        "This is not a backup of Rollbook, or one of a later version. Choose a file whose name "
        "ends in .rbk, or install the version that wrote it."
    )


def _damaged(number: int) -> DecryptionFailed:
    return DecryptionFailed(
        f"The backup is damaged at part {number + 1}: it was cut, changed, or put together from "
        "several files. Use another one."
    )
