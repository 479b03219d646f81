"""Files for who knows a passphrase: whole or not at all."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.domain.files import FileLock
from rollbook.errors import DecryptionFailed, InvalidInput
from rollbook.storage import key_lock, passphrase_files
from rollbook.storage.passphrase_files import MAGIC, PassphraseSealer, new_lock, open_file

WORDS = "four words without sense"


@pytest.fixture(autouse=True, scope="module")
def _quick() -> object:
    """Guessing costs nothing here, and chunks are tiny."""
    patch = pytest.MonkeyPatch()
    patch.setattr(passphrase_files, "CHUNK", 64)
    patch.setattr(passphrase_files, "new_cost", lambda: key_lock.Cost("c2FsdHNhbHRzYWx0c2E=", 16))
    yield
    patch.undo()


def opened(sealed: bytes, passphrase: str = WORDS) -> bytes:
    source = io.BytesIO(sealed)
    assert source.read(len(MAGIC)) == MAGIC
    return b"".join(open_file(source, passphrase))


def sealed(data: bytes, lock: FileLock | None = None) -> bytes:
    return PassphraseSealer().seal(lock or new_lock(WORDS), data)


@given(st.binary(max_size=300))
def test_what_was_sealed_comes_back_byte_for_byte(data: bytes) -> None:
    assert opened(sealed(data)) == data


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_file_that_was_changed_anywhere_is_refused(place: int, bits: int) -> None:
    whole = bytearray(sealed(b"x" * 200))
    place = len(MAGIC) + place % (len(whole) - len(MAGIC))
    whole[place] ^= bits
    with pytest.raises((DecryptionFailed, InvalidInput)):
        opened(bytes(whole))


@given(st.integers(0, 500))
def test_a_file_that_was_cut_anywhere_is_refused(end: int) -> None:
    whole = sealed(b"x" * 200)
    with pytest.raises((DecryptionFailed, InvalidInput)):
        opened(whole[: max(len(MAGIC), min(end, len(whole) - 1))])


def test_chunks_of_two_files_are_not_mixed() -> None:
    lock = new_lock(WORDS)
    first, second = sealed(b"a" * 128, lock), sealed(b"b" * 128, new_lock(WORDS))
    head = len(MAGIC) + len(lock.head)
    with pytest.raises(DecryptionFailed):
        opened(first[:head] + second[head:])


def test_another_passphrase_opens_nothing_and_a_short_one_seals_nothing() -> None:
    with pytest.raises(DecryptionFailed, match="does not open with this passphrase"):
        opened(sealed(b"secret"), "another passphrase")
    with pytest.raises(InvalidInput, match="at least"):
        new_lock("short")


@pytest.mark.parametrize(
    "own, other",
    [
        (b'"n": 16', b'"n": 1099511627776'),
        (b'"n": 16', b'"n": 4194304'),
        (b'"n": 16, "r": 8', b'"n": -2, "r": -1'),
        (b'"n": 16, "r": 8', b'"n": 8388608, "r": 1'),
        (b'"r": 8, "p": 1', b'"r": 4096, "p": 4096'),
        (b'"key": "', '"key": "é'.encode()),
    ],
)
def test_a_head_that_asks_for_what_it_may_not_is_refused(own: bytes, other: bytes) -> None:
    whole = sealed(b"x")
    assert own in whole
    with pytest.raises(InvalidInput, match="beginning of this file is damaged"):
        opened(whole.replace(own, other))
