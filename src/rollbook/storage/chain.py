"""The register's arithmetic: what is bound into an entry, and how entries are chained.

The chain runs over digests, not over ciphertext: keys can be rotated and people erased, and it
still holds. The digests need their own key, because whoever can open an entry could forge it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rollbook.errors import RegisterTampered
from rollbook.storage.mac import Mac

START = b"\x00" * 32  # the link before the first entry
PAD = 256  # bytes: the size of a sealed entry must not tell what it says


class Link(NamedTuple):
    """The digests of one entry."""

    content: bytes
    link: bytes


class Line(NamedTuple):
    """One entry as it lies in a sheet."""

    number: int
    kind: str
    body: bytes  # canonical JSON


class Chain:
    """Computes the register's digests."""

    def __init__(self, mac: Mac) -> None:
        self._mac = mac

    def content(
        self, number: int, kind: str, session_id: str | None, once: bytes | None, body: bytes
    ) -> bytes:
        """Return the digest of an entry, with its readable columns bound into it.

        What is digested is canonical JSON of the entry, with `body` being canonical already.
        """
        index = "null" if once is None else f'"{once.hex()}"'
        session = "null" if session_id is None else f'"{session_id}"'
        tail = f',"kind":"{kind}","number":{number},"once":{index},"session":{session}}}'
        return self._mac.digest(b'event:{"body":' + body + tail.encode())

    def link(self, previous: bytes, content: bytes) -> bytes:
        """Return the digest that binds an entry to the one before it."""
        return self._mac.digest(b"chain:" + previous + content)

    def head(self, number: int, link: bytes) -> bytes:
        """Return the digest that binds the number of entries to the last link."""
        return self._mac.digest(b"head:%d:" % number + link)


def pad(body: bytes) -> bytes:
    """Fill with spaces, which JSON allows, up to the next multiple of PAD."""
    return body.ljust(-(-len(body) // PAD) * PAD)


def unpad(text: bytes) -> bytes:
    return text.rstrip(b" ")


def pack_sheet(lines: Iterable[Line]) -> bytes:
    """Return all entries of a session as one compressed text, one a line."""
    text = b"".join(b"%d %s %s\n" % (n, kind.encode(), body) for n, kind, body in lines)
    return zlib.compress(text, 6)


def unpack_sheet(packed: bytes) -> Iterator[Line]:
    """Yield what `pack_sheet` packed, in order; JSON escapes its line breaks.

    Raises:
        RegisterTampered: it is not a sheet.
    """
    try:
        for text in zlib.decompress(packed).split(b"\n")[:-1]:
            number, kind, body = text.split(b" ", 2)
            yield Line(int(number), kind.decode(), body)
    except (zlib.error, ValueError) as error:
        raise RegisterTampered("A sheet of the register cannot be read.") from error
