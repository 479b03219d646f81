"""Files sealed with a passphrase: whoever knows it opens them, without any installation.

A line that names the format, a line of JSON with scrypt's parameters and the file's own key
(wrapped by what the passphrase gives), then chunks under AES-256-GCM. A chunk's nonce is its number
with a mark on the last one, and the second line is bound to each: so none can be missing, moved or
added.
"""

from __future__ import annotations

import hashlib
import io
import json
import secrets
from collections.abc import Iterator
from dataclasses import asdict

from cryptography.exceptions import InvalidTag
from cryptography.fernet import InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rollbook.domain.files import FileLock
from rollbook.errors import DecryptionFailed, InvalidInput
from rollbook.storage.backup.container import Sink, Source, nonce
from rollbook.storage.key_lock import Cost, new_cost, require_long

MAGIC = b"ROLLBOOK PASSPHRASE FILE 1\n"
CHUNK = 1 << 20  # bytes
TAG = 16
LONGEST_HEAD = 4_096  # bytes
KEY = 32  # bytes


class PassphraseSealer:
    """Seals files in memory for who knows a passphrase."""

    def new_lock(self, passphrase: str) -> FileLock:
        return new_lock(passphrase)

    def seal(self, lock: FileLock, data: bytes) -> bytes:
        sealed = io.BytesIO()
        seal_file(lock, io.BytesIO(data), sealed)
        return sealed.getvalue()


def new_lock(passphrase: str) -> FileLock:
    """Return what seals one file for who knows this passphrase.

    Raises:
        InvalidInput: it is too short.
    """
    require_long(passphrase)
    cost, key = new_cost(), secrets.token_bytes(KEY)
    wrapped = cost.key(passphrase).encrypt_at_time(key, 0).decode()
    return FileLock(json.dumps({"scrypt": asdict(cost), "key": wrapped}).encode() + b"\n", key)


def seal_file(lock: FileLock, source: Source, sink: Sink) -> None:
    """Write what can be read from `source`, sealed, chunk by chunk."""
    cipher, bound = AESGCM(lock.key), hashlib.sha256(lock.head).digest()
    sink.write(MAGIC + lock.head)
    number, chunk = 0, source.read(CHUNK)
    while True:
        following = source.read(CHUNK) if len(chunk) == CHUNK else b""
        last = not following
        sealed = cipher.encrypt(nonce(number, last), chunk, bound)
        sink.write(len(sealed).to_bytes(4, "big") + sealed)
        if last:
            return
        number, chunk = number + 1, following


def open_file(source: Source, passphrase: str) -> Iterator[bytes]:
    """Yield what was sealed; `source` stands behind MAGIC.

    Only the end tells that it is whole: nothing may be relied on before.

    Raises:
        InvalidInput: the head is not one.
        DecryptionFailed: another passphrase, or the file was changed or cut.
    """
    head = _head(source)
    cipher, bound = AESGCM(_key(head, passphrase)), hashlib.sha256(head).digest()
    number, sealed = 0, _chunk(source)
    while sealed:
        following = _chunk(source)
        try:
            yield cipher.decrypt(nonce(number, not following), sealed, bound)
        except InvalidTag as error:
            raise _damaged() from error
        number, sealed = number + 1, following
    if number == 0:
        raise _damaged()


def _head(source: Source) -> bytes:
    """Return the line of JSON, read byte by byte: what follows is not text."""
    head = bytearray()
    while not head.endswith(b"\n") and len(head) < LONGEST_HEAD:
        byte = source.read(1)
        if not byte:
            break
        head += byte
    return bytes(head)


def _key(head: bytes, passphrase: str) -> bytes:
    try:
        told = json.loads(head)
        wrapped = str(told["key"]).encode("ascii")
        opened = Cost.told(told["scrypt"]).key(passphrase)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidInput(
            "The beginning of this file is damaged, so it cannot be opened."
        ) from error
    try:
        return opened.decrypt(wrapped)
    except InvalidToken as error:
        raise DecryptionFailed(
            "The file does not open with this passphrase, or its beginning was changed."
        ) from error


def _chunk(source: Source) -> bytes:
    """Return the next sealed chunk; empty at the end.

    Raises:
        DecryptionFailed: the file was cut.
    """
    length = source.read(4)
    if not length:
        return b""
    size = int.from_bytes(length, "big")
    if len(length) != 4 or not TAG <= size <= CHUNK + TAG:
        raise _damaged()
    found = source.read(size)
    if len(found) != size:
        raise _damaged()
    return found


def _damaged() -> DecryptionFailed:
    return DecryptionFailed(
        "The file is damaged: it was cut or changed. Ask for it once more. Nothing was written."
    )
