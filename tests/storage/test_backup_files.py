"""Backup files that were cut, changed, mixed up, or made to do harm: refused in one sentence."""

from __future__ import annotations

import io
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from builders import NOW, make_class
from rollbook.errors import DecryptionFailed, InvalidInput
from rollbook.storage.backup import container
from rollbook.storage.backup.checking import read_contents
from rollbook.storage.backup.container import CHUNK, DATA, Head, Sealer, nonce, read_head
from rollbook.storage.backup.keying import SiteKeys
from rollbook.storage.backup.places import Place
from rollbook.storage.backup.rows import to_line
from rollbook.storage.backup.writing import Origin, no_progress, write_data
from rollbook.storage.database import Database
from rollbook.storage.keys import load_site_keys
from rollbook.storage.migrating import REVISIONS

KEYS = SiteKeys((Fernet.generate_key(),))
REFUSED = (DecryptionFailed, InvalidInput)


def head_of_file(file_id: str = "a" * 32, kind: str = DATA) -> Head:
    _, wrapped = KEYS.new_file_key(file_id)
    moment = NOW.isoformat()
    return Head(file_id, kind, "s" * 32, "0.1.0", REVISIONS[-1], moment, KEYS.key_id, wrapped)


def sealed(*lines: bytes, head: Head | None = None) -> bytes:
    """Return a file with these lines, sealed as Rollbook does it."""
    head, sink = head or head_of_file(), io.BytesIO()
    sealer = Sealer(sink, head, KEYS.file_key(head))
    for line in lines:
        sealer.write(line)
    sealer.finish()
    return sink.getvalue()


def read(text: bytes, keys: SiteKeys = KEYS) -> object:
    return read_contents(io.BytesIO(text), keys)


TABLES = {"heads": {"name": "text", "number": "int", "link": "bytes", "mac": "bytes"}}
HEAD_ROW = ["register", 0, "=AAAA", "=AAAA"]
WHOLE = (
    to_line({"tables": TABLES}),
    to_line({"table": "heads", "rows": [HEAD_ROW]}),
    to_line({"end": {"heads": 1}, "head": [0, "000000"]}),
)


def split_chunks(text: bytes) -> tuple[bytes, list[bytes]]:
    """Return what stands before the chunks, and the chunks with their lengths."""
    source = io.BytesIO(text)
    read_head(source)
    start, chunks = source.tell(), []
    while length := source.read(4):
        chunks.append(length + source.read(int.from_bytes(length, "big")))
    return text[:start], chunks


def long_file(file_id: str) -> bytes:
    """Return a file of several chunks."""
    filler = [to_line({"tables": {**TABLES, "plans": {"plan": "text"}}})]
    filler += [to_line({"table": "plans", "rows": [["x" * 1000] * 1]}) for _ in range(3300)]
    end = to_line({"end": {"heads": 1, "plans": 3300}, "head": [0, "000000"]})
    return sealed(*filler, WHOLE[1], end, head=head_of_file(file_id))


def test_a_whole_file_is_read() -> None:
    read(sealed(*WHOLE))
    read(long_file("b" * 32))


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_is_noticed(place: int, flip: int) -> None:
    text = bytearray(sealed(*WHOLE))
    text[place % len(text)] ^= flip
    with pytest.raises(REFUSED):
        read(bytes(text))


@given(st.integers(0, 10_000))
def test_any_cut_is_noticed(place: int) -> None:
    text = sealed(*WHOLE)
    with pytest.raises(REFUSED):
        read(text[: place % len(text)])


@given(st.binary(max_size=400), st.booleans())
def test_anything_else_is_no_backup(text: bytes, begins_well: bool) -> None:
    with pytest.raises(InvalidInput, match="not a backup"):
        read(container.MAGIC + text if begins_well else text)


@pytest.mark.parametrize(
    "change",
    [
        lambda chunks: chunks[:-1],
        lambda chunks: chunks[:1],
        lambda chunks: [],
        lambda chunks: chunks[1:],
        lambda chunks: [chunks[1], chunks[0], *chunks[2:]],
        lambda chunks: [chunks[0], chunks[0], *chunks[1:]],
        lambda chunks: [*chunks, chunks[-1]],
        lambda chunks: [*chunks[:1], split_chunks(long_file("c" * 32))[1][1], *chunks[2:]],
    ],
)
def test_parts_that_are_cut_moved_doubled_or_swapped_are_noticed(
    change: Callable[[list[bytes]], list[bytes]],
) -> None:
    start, chunks = split_chunks(long_file("b" * 32))
    assert len(chunks) > 3
    with pytest.raises(DecryptionFailed, match="damaged"):
        read(start + b"".join(change(chunks)))


def test_the_head_is_bound_to_the_parts() -> None:
    text = sealed(*WHOLE)
    with pytest.raises(REFUSED):
        read(text.replace(b'"version": "0.1.0"', b'"version": "0.1.1"'))


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    """Who has the key might seal a part that expands to a thousand times its size."""
    head, sink = head_of_file(), io.BytesIO()
    text = head.text()
    sink.write(container.MAGIC + len(text).to_bytes(4, "big") + text)
    import hashlib

    bomb = zlib.compress(b" " * (60 * CHUNK), 6)
    assert len(bomb) < CHUNK
    cipher = AESGCM(KEYS.file_key(head))
    part = cipher.encrypt(nonce(0, True), bomb, hashlib.sha256(text).digest())
    sink.write(len(part).to_bytes(4, "big") + part)
    tracemalloc.start()
    with pytest.raises(DecryptionFailed):
        read(sink.getvalue())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * CHUNK


def test_a_part_that_claims_to_be_huge_is_not_waited_for() -> None:
    start, _ = split_chunks(sealed(*WHOLE))
    with pytest.raises(DecryptionFailed):
        read(start + b"\xff\xff\xff\xff" + b"x" * 100)
    with pytest.raises(InvalidInput):
        read(container.MAGIC + b"\xff\xff\xff\xff" + b"{}")


ODD = [
    {"tables": {"../x": {"a": "int"}}},
    {"tables": {"subject_keys": {"subject_id": "text"}}},
    {"tables": {"heads": {"name": "pickle"}}},
    {"tables": {"heads": {"a; DROP TABLE heads": "int"}}},
    {"tables": []},
    {"tables": {"heads": []}},
    {"table": "unknown", "rows": [[1]]},
    {"table": "heads", "rows": [["register", "0", "=AAAA", "=AAAA"]]},
    {"table": "heads", "rows": [["register", True, "=AAAA", "=AAAA"]]},
    {"table": "heads", "rows": [["register", 0, "=####", "=AAAA"]]},
    {"table": "heads", "rows": [["register", None, None, None]]},
    {"table": "heads", "rows": [[]]},
    {"table": "heads", "rows": 7},
    {"table": "heads", "rows": None},
    {"file": "../../site.key", "content": "AAAA"},
    {"file": "site.key", "content": "AAAA"},
    {"file": "lan-ca.key", "content": 5},
    {"file": "lan-ca.key", "content": "####"},
    {"file": "lan-ca.key", "content": "A" * 5_000_000},
    {"strange": 1},
    {"end": {"heads": 99}, "head": [0, "000000"]},
    {"end": {"heads": 1}, "head": [5, "000000"]},
    {"end": None},
    {},
]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: str(odd)[:40])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_does_not_fit_is_refused(odd: dict[str, object], place: int) -> None:
    lines = list(WHOLE)
    lines[place:place] = [to_line(odd)]
    if place == 0 and "tables" in odd:
        lines[1:2] = []
    with pytest.raises(InvalidInput):
        read(sealed(*lines))


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_records_of_any_shape_are_refused(value: object) -> None:
    for key in ("tables", "rows", "file", "end", "table"):
        with pytest.raises(InvalidInput):
            read(sealed(WHOLE[0], to_line({key: value, "table": "heads"}), WHOLE[2]))


def test_lines_that_never_end_stay_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rollbook.storage.backup.rows.MOST_LINE", 3 * CHUNK)
    with pytest.raises(InvalidInput):
        read(sealed(b'{"tables":"' + b"x" * (5 * CHUNK)))
    with pytest.raises(InvalidInput):
        read(sealed(b"[" * 100_000 + b"\n"))


def test_no_name_and_no_token_is_readable_in_a_backup(
    database: Database, book: Path, tmp_path: Path
) -> None:
    make_class(database.uow, ["Ada Lovelace", "Grace Hopper"], "Class 5b")
    place = Place(str(tmp_path))
    keys = SiteKeys(tuple(load_site_keys(book / "keys")))
    origin = Origin(database.engine, keys, book / "keys", "s" * 32)
    first = write_data(origin, place, NOW, no_progress)
    second = write_data(origin, place, NOW, no_progress)
    texts = [(tmp_path / one.name).read_bytes() for one in (first, second)]
    for text in texts:
        for word in (b"Lovelace", b"Hopper", b"Class 5b", b"gAAAA", keys.present[0]):
            assert word not in split_chunks(text)[1][0]
    _, (one, *_) = split_chunks(texts[0])
    _, (two, *_) = split_chunks(texts[1])
    assert one != two  # the same data do not look the same
