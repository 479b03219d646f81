"""Searching files for what must not be in them: words, templates, and sealed remains.

Sealed payloads are recognised by a digest of their beginning, so that what is searched for can be
kept without keeping anything of the person.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rollbook.domain.erasing import SHORTEST_WORD, Scan

HEAD = b"gAAAAAAAAAAA"  # every sealed payload begins with this: its version, and no time
RANDOM = 32  # characters after it, of the random start and the first block
SURE = 12  # bytes; what is so long is never there by chance
PIECE = 64  # bytes of a template that are searched for, from its middle
TEXT = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=")
WORD, TEMPLATE, SEALED = "word", "template", "sealed payload"


def token_mark(token: bytes) -> str | None:
    """Return what recognises this sealed payload again, or None when it is none."""
    if not token.startswith(HEAD) or len(token) < len(HEAD) + RANDOM:
        return None
    start = token[len(HEAD) : len(HEAD) + RANDOM]
    return hashlib.blake2b(start, digest_size=16).hexdigest()


def searchable(words: Iterable[str]) -> list[str]:
    """Return the words that are long enough not to be found by chance."""
    return [word for word in dict.fromkeys(words) if len(word.encode()) >= SHORTEST_WORD]


def scan_files(
    files: Iterable[Path],
    words: Sequence[str],
    tokens: frozenset[str],
    templates: Sequence[bytes] = (),
) -> Scan:
    """Search whole files; what vanishes meanwhile is passed over.

    Words that are too short are left out, as `searchable` does.
    """
    needles = [form for word in searchable(words) for form in _forms(word)]
    pieces = [_middle(template) for template in templates]
    count, size, unread = 0, 0, []
    found: dict[str, tuple[str, ...]] = {}
    for file in files:
        try:
            what = _scan_file(file, needles, pieces, tokens)
            size += file.stat().st_size
        except FileNotFoundError:
            continue
        except OSError:
            unread.append(file.name)
            continue
        count += 1
        if what:
            found[file.name] = tuple(sorted(what))
    return Scan(count, size, found, tuple(unread))


def _scan_file(
    file: Path, needles: Sequence[bytes], pieces: Sequence[bytes], tokens: frozenset[str]
) -> set[str]:
    if file.stat().st_size == 0:
        return set()
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found = {WORD for needle in needles if _has_word(data, needle)}
        found |= {TEMPLATE for piece in pieces if data.find(piece) >= 0}
        if tokens and any(mark in tokens for mark in _marks(data)):
            found.add(SEALED)
    return found


def _has_word(data: mmap.mmap, needle: bytes) -> bool:
    """Return whether the word is there; a short one must not be the middle of coded text."""
    place = data.find(needle)
    while place >= 0:
        if len(needle) >= SURE or not _inside_code(data, place, place + len(needle)):
            return True
        place = data.find(needle, place + 1)
    return False


def _inside_code(data: mmap.mmap, start: int, end: int) -> bool:
    return start > 0 and end < len(data) and data[start - 1] in TEXT and data[end] in TEXT


def _marks(data: mmap.mmap) -> Iterator[str]:
    for hit in re.finditer(re.escape(HEAD), data):
        mark = token_mark(data[hit.start() : hit.start() + len(HEAD) + RANDOM])
        if mark is not None:
            yield mark


def _forms(word: str) -> list[bytes]:
    """Return the ways in which programs write a word."""
    escaped = json.dumps(word)[1:-1]
    forms = (word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be"), escaped.encode())
    return list(dict.fromkeys(forms))


def _middle(template: bytes) -> bytes:
    start = max(0, len(template) // 2 - PIECE // 2)
    return template[start : start + PIECE]
