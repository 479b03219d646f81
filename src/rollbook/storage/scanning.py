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
from typing import NamedTuple

from rollbook.domain.erasing import SHORTEST_WORD, Scan, Wanted

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
    """Search whole files for what is of one person; as `scan_for_all`."""
    return scan_for_all(files, [Wanted(words, tokens, templates)])[0]


def scan_for_all(files: Iterable[Path], wanted: Sequence[Wanted]) -> list[Scan]:
    """Search whole files once, for everybody; what vanishes meanwhile is passed over.

    Words that are too short are left out, as `searchable` does.
    """
    sought = [_sought(one) for one in wanted]
    count, size, unread = 0, 0, list[str]()
    found: list[dict[str, tuple[str, ...]]] = [{} for _ in wanted]
    for file in files:
        try:
            held = _scan_file(file, sought)
            size += file.stat().st_size
        except FileNotFoundError:
            continue
        except OSError:
            unread.append(file.name)
            continue
        count += 1
        for places, what in zip(found, held, strict=True):
            if what:
                places[file.name] = tuple(sorted(what))
    return [Scan(count, size, places, tuple(unread)) for places in found]


class _Sought(NamedTuple):
    """What of one person is searched for, as bytes."""

    needles: Sequence[bytes]
    pieces: Sequence[bytes]
    tokens: frozenset[str]


def _sought(wanted: Wanted) -> _Sought:
    needles = [form for word in searchable(wanted.words) for form in _forms(word)]
    return _Sought(needles, [_middle(one) for one in wanted.templates], wanted.tokens)


def _scan_file(file: Path, sought: Sequence[_Sought]) -> list[set[str]]:
    """Return for each person what of them is in the file."""
    if file.stat().st_size == 0:
        return [set() for _ in sought]
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        tokens = frozenset[str]().union(*(one.tokens for one in sought))
        marks = {mark for mark in _marks(data) if mark in tokens} if tokens else set()
        return [_held(data, one, marks) for one in sought]


def _held(data: mmap.mmap, sought: _Sought, marks: set[str]) -> set[str]:
    found = {WORD for needle in sought.needles if _has_word(data, needle)}
    found |= {TEMPLATE for piece in sought.pieces if data.find(piece) >= 0}
    return found if sought.tokens.isdisjoint(marks) else found | {SEALED}


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
