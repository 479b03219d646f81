"""Looks for planted values in files, in every spelling that programs give them."""

from __future__ import annotations

import base64
import json
import re
import struct
import urllib.parse
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

SHORTEST_WORD = 5  # letters; shorter words of a name stand in other texts too
SHORTEST_STREAM = 16  # bytes that a packed stream has to give to be one
LONGEST_STREAM = 8 * 1024 * 1024
STREAM = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08|PK\x03\x04")


def of_text(text: str) -> set[bytes]:
    """Return a text and its long words as they may lie in a file."""
    words = {text, *(word for word in text.split() if len(word) >= SHORTEST_WORD)}
    found: set[bytes] = set()
    for word in words:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le"):
            found |= set(of_bytes(word.encode(encoding)))
        found.add(json.dumps(word)[1:-1].encode())
        found.add(word.encode("unicode_escape"))
        found.add(urllib.parse.quote(word).encode())
    return found


def of_bytes(raw: bytes) -> Iterator[bytes]:
    """Yield bytes as they are, in hexadecimal, and what base64 makes of them at each offset."""
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + raw)
        inner = text[4 if offset else 0 : -4]
        if len(inner) >= 8:
            yield inner
            yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def of_template(values: npt.NDArray[np.float32]) -> set[bytes]:
    """Return pieces of a template: as numbers of several widths, and written out as text."""
    found: set[bytes] = set()
    for start in (0, len(values) // 2):
        part = values[start : start + 6]
        for kind in ("<f4", ">f4", "<f8", ">f8", "<f2"):
            found |= set(of_bytes(part.astype(kind).tobytes()))
    for value in values[:4]:
        found |= {repr(float(value))[:10].encode(), str(np.float32(value)).encode()}
    return {needle for needle in found if len(needle) >= 8}


def of_instant(seconds: float) -> set[bytes]:
    """Return a time since 1970 as number: seconds, milliseconds and microseconds."""
    micro = round(seconds * 1_000_000)
    packed = (struct.pack(f"{end}q", micro)[skip:] for end, skip in ((">", 2), ("<", 0)))
    return {str(micro).encode(), str(micro // 1000).encode(), *packed}


def of_digits(digits: str) -> set[bytes]:
    """Return digits that stand by themselves; random ids and tokens hold any digits."""
    return {f'"{digits}"'.encode(), f"={digits}".encode(), f" {digits}".encode()}


def leaks(files: Iterable[Path], secrets: Mapping[str, set[bytes]]) -> Iterator[str]:
    """Yield which secret lies readable in which file."""
    for file in files:
        told: set[str] = set()
        for data in layers(file.read_bytes()):
            told |= {what for what, found in secrets.items() if _any_in(data, found - EMPTY)}
        yield from (f"{what} in {file.name}" for what in sorted(told))


EMPTY = {b""}


def _any_in(data: bytes, needles: set[bytes]) -> bool:
    return any(needle in data for needle in needles)  # faster than one pattern of all


def layers(data: bytes) -> Iterator[bytes]:
    """Yield the data, and what every packed stream in it unpacks to."""
    yield data
    for match in STREAM.finditer(data):
        unpacked = _unpacked(data, match.start(), match.group())
        if len(unpacked) >= SHORTEST_STREAM:
            yield unpacked


def _unpacked(data: bytes, at: int, sign: bytes) -> bytes:
    if sign == b"PK\x03\x04":  # a member of a ZIP: raw deflate after its names
        name, more = struct.unpack_from("<HH", data, at + 26) if at + 30 <= len(data) else (0, 0)
        at, width = at + 30 + name + more, -15
    else:
        width = 31 if sign == b"\x1f\x8b\x08" else 15
    try:
        return zlib.decompressobj(width).decompress(memoryview(data)[at:], LONGEST_STREAM)
    except zlib.error:
        return b""


def files_in(*folders: Path, without: Iterable[str] = ()) -> list[Path]:
    """Return all files of these folders, except below those of these names."""
    left_out = set(without)
    return [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not left_out & set(path.parts)
    ]
